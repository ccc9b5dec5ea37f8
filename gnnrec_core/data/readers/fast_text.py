"""Clean delimited text, read by polars at full speed, and the proof that nothing was lost on the way.

polars fills short rows with nulls, and reads `007` as the number 7. Both are found by counting: the letters of all
cells, with their delimiters and line ends, must add up to the size of the file. Where they do not, or polars objects,
the answer is None and the careful reader has its turn.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gnnrec_core.data.blocks import in_blocks, pieces
from gnnrec_core.data.distinct import categories
from gnnrec_core.data.readers.dialect import Dialect
from gnnrec_core.data.readers.plain import PlainText
from gnnrec_core.data.readers.values import Table

MAX_FAST_COLUMNS = 12
_INTEGER = re.compile(r"(0|-?[1-9]\d{0,17})$")


def read_fast(plain: PlainText, dialect: Dialect, columns: tuple[str, ...]) -> Table | None:
    """The `columns` of the file, or None where it is not provably clean."""
    endings = 2 if plain.n_returns else 1
    if (
        plain.n_quotes
        or len(dialect.delimiter) != 1
        or len(dialect.names) > MAX_FAST_COLUMNS
        or (plain.n_returns and plain.n_returns != plain.n_newlines)
    ):
        return None
    tried: list[dict[str, pl.DataType]] = []
    for kind in (_narrow_type, _wide_type, _text_type):
        schema = {name: kind(dialect, place) for place, name in enumerate(dialect.names)}
        if schema in tried:
            continue
        tried.append(schema)
        frame = _scan(plain, dialect, schema)
        if frame is not None and _adds_up(frame, plain, dialect, endings):
            first_line = dialect.skip + dialect.has_header + 1
            return Table(plain.name, frame.select(columns), frame.height, first_line)
    return None


def _scan(plain: PlainText, dialect: Dialect, schema: dict[str, pl.DataType]) -> pl.DataFrame | None:
    try:
        return pl.read_csv(
            plain.path,
            has_header=False,
            skip_lines=dialect.skip + dialect.has_header,
            separator=dialect.delimiter,
            quote_char=None,
            schema=schema,
            raise_if_empty=False,
        )
    except pl.exceptions.PolarsError:
        return None


def _narrow_type(dialect: Dialect, place: int) -> pl.DataType:
    """Int32 where the first rows hold integers that fit with ease: it halves the memory of a large log."""
    kind = _wide_type(dialect, place)
    fits = kind == pl.Int64 and all(abs(int(cell)) < 2_000_000_000 for cell in _first_cells(dialect, place))
    return pl.Int32() if fits else kind


def _wide_type(dialect: Dialect, place: int) -> pl.DataType:
    """Int64 where the first rows hold integers that are written the one canonical way."""
    cells = _first_cells(dialect, place)
    return pl.Int64() if cells and all(_INTEGER.match(cell) for cell in cells) else _text_type(dialect, place)


def _first_cells(dialect: Dialect, place: int) -> list[str]:
    return [row[place] for row in dialect.first_rows if place < len(row) and row[place]]


def _text_type(dialect: Dialect, place: int) -> pl.DataType:
    """Categorical where values come again and again in the first rows (it keeps each text once)."""
    cells = [row[place] for row in dialect.first_rows if place < len(row)]
    return pl.Categorical() if len(set(cells)) < 0.9 * len(cells) else pl.String()


def _adds_up(frame: pl.DataFrame, plain: PlainText, dialect: Dialect, endings: int) -> bool:
    """Do all cells, delimiters and line ends together have exactly the size of the file?"""
    with plain.path.open("rb") as file:
        before = sum(len(file.readline()) for _ in range(dialect.skip + dialect.has_header))
    n_lines = plain.n_newlines - dialect.skip - dialect.has_header
    cells = 0
    for series in frame.iter_columns():
        length = _text_length(series)
        if length is None:
            return False
        cells += length
    delimiters = frame.height * (len(dialect.names) - 1)
    return n_lines in (frame.height, frame.height - 1) and before + cells + delimiters + n_lines * endings == plain.size


def _text_length(series: pl.Series) -> int | None:
    """Bytes of the shortest text of each value, added up; None where an integer column has gaps."""
    if series.dtype.is_integer():
        return None if series.null_count() else sum(in_blocks(pieces(series), lambda piece: _digits(piece[1])))
    if series.dtype == pl.Categorical:
        there = series.drop_nulls() if series.null_count() else series
        codes, texts = categories(there)
        lengths = np.zeros(int(codes.max(initial=0)) + 1, np.int64)
        lengths[codes] = texts.str.len_bytes().to_numpy()
        return sum(in_blocks(pieces(there.to_physical()), lambda piece: int(lengths[piece[1]].sum())))
    return int(series.str.len_bytes().sum())


def _digits(values: NDArray[Any]) -> int:
    """Letters that all integers of a block together need in canonical form."""
    low, high = int(values.min()), int(values.max())
    total = len(values) + (int(np.count_nonzero(values < 0)) if low < 0 else 0)
    size = np.abs(values.astype(np.int64)) if low < 0 else values
    top = max(abs(low), abs(high))
    power = 10
    while power <= top:
        total += len(values) if low >= power else int(np.count_nonzero(size >= power))
        power *= 10
    return total
