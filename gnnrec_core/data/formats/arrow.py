"""Arrow files (Feather 2 is one) and Arrow streams: columns with types, read batch by batch under a cap."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.ipc as ipc

from gnnrec_core.base import progress
from gnnrec_core.base.errors import DataError
from gnnrec_core.data.formats.packed import refuse_bomb
from gnnrec_core.data.formats.roles import guess_roles
from gnnrec_core.data.formats.source import Part, SourceLog, Table, as_file, need_file
from gnnrec_core.data.formats.typed import MAX_COLUMNS, decoded, refuse_type
from gnnrec_core.data.options import ImportOptions

_STREAM = b"\xff\xff\xff\xff"


class ArrowReader:
    """Reads one file; rows count from 1 in messages."""

    columns_by_name = True

    def matches(self, source: str) -> bool:
        path = as_file(source)
        return path is not None and bool(_kind(path))

    def read(self, source: str, options: ImportOptions) -> SourceLog:
        path = need_file(source)
        progress.report(0.0, 1, f"reading {path.name}")
        whole = _whole(path)
        roles = guess_roles(
            whole.column_names, options, path.name, lambda name: _frame(path, whole.slice(0, 500), (name,), True)[name]
        )
        return SourceLog(path.name, "arrow", (Part(_table(path, whole, roles.columns, lists=False), roles),))

    def read_table(self, path: Path, options: ImportOptions) -> Table:
        """All columns of a table of attributes; list columns stay lists."""
        whole = _whole(path)
        return _table(path, whole, tuple(whole.column_names), lists=True)


def _kind(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith(b"ARROW1"):
        return "file"
    return "stream" if head.startswith(_STREAM) else ""


def _whole(path: Path) -> pa.Table:
    """All of the file. DataError where it is damaged, empty, too wide, or unpacks to more than the cap."""
    kind = _kind(path)
    if not kind:
        raise DataError(f"{path.name} is no Arrow or Feather file.", "Use --format auto.", file=path.name)
    try:
        table = pa.Table.from_batches(*_batches(path, kind))
        table.validate(full=True)  # damaged offsets would stop polars, not only this import
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        reason = (str(error).splitlines() or ["no reason given"])[0][:160]
        raise DataError(
            f"{path.name} is a damaged or cut off Arrow file: {reason}", "Write or download it again.", file=path.name
        ) from None
    names = table.column_names
    if len(names) > MAX_COLUMNS or len(set(names)) < len(names):
        raise DataError(
            f"{path.name} has {len(names):,} columns, or one name twice.", "Write only those needed.", file=path.name
        )
    if not table.num_rows:
        raise DataError(f"{path.name} has no data rows.", "Choose a file with interactions.", file=path.name)
    return table


def _batches(path: Path, kind: str) -> tuple[list[pa.RecordBatch], pa.Schema]:
    with pa.memory_map(str(path)) as source:
        reader = ipc.open_file(source) if kind == "file" else ipc.open_stream(source)
        found, n_bytes = [], 0
        for batch in _each(reader):
            n_bytes += batch.nbytes
            refuse_bomb(path.name, n_bytes, path.stat().st_size)
            found.append(batch)
        return found, reader.schema


def _each(reader: ipc.RecordBatchFileReader | ipc.RecordBatchStreamReader) -> Iterator[pa.RecordBatch]:
    if isinstance(reader, ipc.RecordBatchFileReader):
        for number in range(reader.num_record_batches):
            yield reader.get_batch(number)
    else:
        yield from reader


def _table(path: Path, whole: pa.Table, columns: tuple[str, ...], lists: bool) -> Table:
    for name in columns:
        refuse_type(path, whole.schema.field(name), lists)
    frame, problems = decoded(path, _frame(path, whole, columns, lists))
    return Table(path.name, frame, frame.height, problems=problems)


def _frame(path: Path, whole: pa.Table, columns: tuple[str, ...], lists: bool) -> pl.DataFrame:
    try:
        return pl.DataFrame(pl.from_arrow(whole.select(list(columns))))
    except (pa.ArrowException, ValueError, pl.exceptions.PolarsError) as error:
        reason = str(error).splitlines()[0][:160]
        raise DataError(f"{path.name} cannot be read: {reason}", "Write it with plain types.", file=path.name) from None
