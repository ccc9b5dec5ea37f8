"""Columns of files that say their types: which can be read, and as what."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow as pa

from gnnrec_core.base.errors import DataError
from gnnrec_core.data.dataset import Problem

MAX_COLUMNS = 1000


def refuse_type(path: Path, field: pa.Field, lists: bool) -> None:
    """DataError where a column does not hold one value a row (or, where `lists`, a list)."""
    kind = field.type
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    if (is_list and lists) or not (pa.types.is_nested(kind) or isinstance(kind, pa.BaseExtensionType)):
        return
    raise DataError(
        f"{path.name} column {field.name!r} holds {kind}, not one value a row.",
        "Explode lists to one row a pair first, or name another column.",
        file=path.name,
        column=field.name,
        value=str(kind),
    )


def decoded(path: Path, frame: pl.DataFrame) -> tuple[pl.DataFrame, tuple[Problem, ...]]:
    """Bytes as UTF-8 text, decimals as numbers, durations as seconds; DataError for bytes that are no text."""
    problems = []
    for name in frame.columns:
        column = frame[name]
        if column.dtype == pl.Decimal:
            frame = frame.with_columns(column.cast(pl.Float64))
        elif isinstance(column.dtype, pl.Duration):
            frame = frame.with_columns(column.dt.total_microseconds().cast(pl.Float64) / 1e6)
            message = f"Column {name!r} holds durations; they were read as seconds."
            problems.append(Problem("durations", "info", len(column), "repaired", message, path.name, column=name))
        elif column.dtype == pl.Binary:
            try:
                frame = frame.with_columns(column.cast(pl.String))
            except pl.exceptions.PolarsError:
                values = enumerate(column.to_list(), 1)
                row, value = next((r, v) for r, v in values if v is not None and not _is_text(v))
                raise DataError(
                    f"{path.name} row {row:,}, column {name!r}: {value[:40]!r} is no UTF-8 text.",
                    "Write ids as text or numbers.",
                    file=path.name,
                    line=row,
                    column=name,
                    value=repr(value[:40]),
                ) from None
            message = f"Column {name!r} holds bytes; they were read as UTF-8 text."
            problems.append(Problem("bytes_decoded", "info", len(column), "repaired", message, path.name, column=name))
    return frame, tuple(problems)


def _is_text(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
