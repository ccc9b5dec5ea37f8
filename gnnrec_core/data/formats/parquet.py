"""Parquet files. The size that a file would unpack to is judged from its own metadata before a row is read."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from gnnrec_core.base import progress
from gnnrec_core.base.errors import DataError
from gnnrec_core.data.formats.looks import N_SAMPLE
from gnnrec_core.data.formats.packed import FREE_OUTPUT, MAX_RATIO
from gnnrec_core.data.formats.roles import guess_roles
from gnnrec_core.data.formats.source import Part, SourceLog, Table, as_file, need_file
from gnnrec_core.data.formats.typed import MAX_COLUMNS, decoded, refuse_type
from gnnrec_core.data.options import ImportOptions


class ParquetReader:
    """Reads one Parquet file; rows count from 1 in messages."""

    columns_by_name = True

    def matches(self, source: str) -> bool:
        path = as_file(source)
        if path is None:
            return False
        with path.open("rb") as file:
            return file.read(4) == b"PAR1"

    def read(self, source: str, options: ImportOptions) -> SourceLog:
        path = need_file(source)
        progress.report(0.0, 1, f"reading {path.name}")
        file = _opened(path)
        roles = guess_roles(file.schema_arrow.names, options, path.name, lambda name: _sample(file, name))
        table = _table(path, file, roles.columns, lists=False)
        return SourceLog(path.name, "parquet", (Part(table, roles),))

    def read_table(self, path: Path, options: ImportOptions) -> Table:
        """All columns of a table of attributes; list columns stay lists."""
        file = _opened(path)
        return _table(path, file, tuple(file.schema_arrow.names), lists=True)


def _opened(path: Path) -> pq.ParquetFile:
    with path.open("rb") as raw:
        if raw.read(4) != b"PAR1":
            raise DataError(f"{path.name} is not a Parquet file.", "Use --format auto.", file=path.name)
    try:
        file = pq.ParquetFile(path)
        names = file.schema_arrow.names
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0][:160]
        raise DataError(
            f"{path.name} is a damaged or cut off Parquet file: {reason}", "Write or download it again.", file=path.name
        ) from None
    if len(names) > MAX_COLUMNS or len(set(names)) < len(names):
        raise DataError(
            f"{path.name} has {len(names):,} columns, or one name twice.",
            "Write only the columns needed.",
            file=path.name,
        )
    if not file.metadata.num_rows:
        raise DataError(f"{path.name} has no data rows.", "Choose a file with interactions.", file=path.name)
    return file


def _sample(file: pq.ParquetFile, name: str) -> pl.Series:
    """The first cells of a column; nothing where they cannot be read (reading all of it will say why)."""
    kind = file.schema_arrow.field(name).type
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or isinstance(kind, pa.BaseExtensionType):
        return pl.Series(name, [], dtype=pl.String)
    try:
        batch = next(file.iter_batches(N_SAMPLE, row_groups=[0], columns=[name]))
        return pl.Series(name, pl.from_arrow(batch.column(0)))
    except (pa.ArrowException, OSError, ValueError, StopIteration, pl.exceptions.PolarsError):
        return pl.Series(name, [], dtype=pl.String)


def _table(path: Path, file: pq.ParquetFile, columns: tuple[str, ...], lists: bool) -> Table:
    fields = [file.schema_arrow.field(name) for name in columns]
    _refuse_bomb(path, file, len(columns))
    for field in fields:
        refuse_type(path, field, lists)
    text = [field.name for field in fields if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)]
    try:
        arrow = pq.read_table(path, columns=list(columns), read_dictionary=text)
        arrow.validate(full=True)  # damaged codes of a dictionary would stop polars, not only this import
        frame = pl.DataFrame(pl.from_arrow(arrow))
    except (pa.ArrowException, OSError, ValueError, pl.exceptions.PolarsError) as error:
        reason = str(error).splitlines()[0][:160]
        raise DataError(
            f"{path.name} cannot be read: {reason}", "Write or download it again.", file=path.name
        ) from None
    frame, problems = decoded(path, frame)
    return Table(path.name, frame.select(columns), frame.height, problems=problems)


def _refuse_bomb(path: Path, file: pq.ParquetFile, n_columns: int) -> None:
    size = path.stat().st_size
    meta = file.metadata
    declared = sum(meta.row_group(group).total_byte_size for group in range(meta.num_row_groups))
    expected = max(meta.num_rows * n_columns * 8, declared)
    if expected > FREE_OUTPUT and expected > MAX_RATIO * size:
        raise DataError(
            f"{path.name} ({size:,} bytes) would unpack to about {expected:,} bytes ({meta.num_rows:,} rows).",
            f"Files that unpack to more than {MAX_RATIO} times their size are refused; write it uncompressed.",
            file=path.name,
            value=str(meta.num_rows),
        )
