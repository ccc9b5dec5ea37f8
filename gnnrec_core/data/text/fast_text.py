"""Delimited text, read by polars at full speed, and the proof that nothing was lost on the way.

polars fills short rows with nulls, and reads `007` as the number 7. Both are found by counting: the letters of all
cells, with their delimiters, quotes and line ends, must add up to the size of the file. A few rows with gaps are looked
at one by one. Where the sum does not agree, or polars objects, the answer is None and the careful reader has its turn.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gnnrec_core.data.clean.blocks import in_blocks, pieces
from gnnrec_core.data.clean.distinct import categories
from gnnrec_core.data.formats.source import Table
from gnnrec_core.data.text.dialect import Dialect
from gnnrec_core.data.text.odd_lines import OddLines, read_odd_lines
from gnnrec_core.data.text.plain import PlainText

MAX_FAST_COLUMNS = 24
MOST_ODD = 20_000
_INTEGER = re.compile(r"(0|-?[1-9]\d{0,17})$")


def read_fast(plain: PlainText, dialect: Dialect, columns: tuple[str, ...]) -> Table | None:
    """The `columns` of the file, or None where it is not provably read as it is written."""
    width = len(dialect.delimiter)
    if dialect.delimiter != dialect.delimiter[0] * width or len(dialect.names) * width > MAX_FAST_COLUMNS:
        return None
    if plain.n_lone_returns or dialect.escaped or plain.left_out or (dialect.is_plain and plain.n_quotes):
        return None
    tried: list[dict[str, pl.DataType]] = []
    for kind in (_narrow_type, _wide_type, _text_type):
        schema = {name: kind(dialect, place) for place, name in enumerate(dialect.names)}
        if schema in tried:
            continue
        tried.append(schema)
        frame = _scan(plain, dialect, schema)
        table = None if frame is None else _proved(frame, plain, dialect, columns)
        if table is not None:
            return table
    return None


def _scan(plain: PlainText, dialect: Dialect, schema: dict[str, pl.DataType]) -> pl.DataFrame | None:
    """The columns of `schema`. A delimiter such as `::` is read as one colon with empty columns between."""
    between = {f"\0{place}": pl.String() for place in range((len(dialect.names) - 1) * (len(dialect.delimiter) - 1))}
    spread: dict[str, pl.DataType] = {}
    for place, (name, kind) in enumerate(schema.items()):
        spread |= dict(list(between.items())[place - 1 : place]) if place and between else {}
        spread[name] = kind
    try:
        frame = pl.read_csv(
            plain.path,
            has_header=False,
            skip_lines=dialect.skip + dialect.has_header,
            separator=dialect.delimiter[0],
            quote_char='"' if plain.n_quotes and dialect.quoted else None,
            schema=spread,
            raise_if_empty=False,
        )
    except pl.exceptions.PolarsError:
        return None
    empty = all(frame[name].null_count() == frame.height for name in between)
    return frame.select(list(schema)) if empty else None


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


def _proved(frame: pl.DataFrame, plain: PlainText, dialect: Dialect, columns: tuple[str, ...]) -> Table | None:
    """The table, where all of it is accounted for: as it is, or after a look at the rows with gaps."""
    before = _before(plain, dialect)
    first_line = dialect.skip + dialect.has_header + 1
    if plain.n_newlines - first_line + 1 not in (frame.height, frame.height - 1):
        return None  # a line end inside a cell
    headers = _repeated_header(frame, dialect)
    if not headers.any() and _adds_up(frame, plain, dialect, [before]):
        return Table(plain.name, frame.select(columns), frame.height, first_line)
    odd = headers
    for place, series in enumerate(frame.iter_columns(), 1):
        if series.null_count() and (series.dtype.is_integer() or place == frame.width):
            odd = odd | series.is_null().to_numpy()
    rows = np.flatnonzero(odd)
    if not 0 < len(rows) <= MOST_ODD:
        return None
    found = read_odd_lines(plain, dialect, rows + first_line)
    if found is None or not _adds_up(frame.filter(~odd), plain, dialect, [before, *found.raw]):
        return None
    return _without(frame, rows, found, plain, dialect, columns)


def _without(
    frame: pl.DataFrame,
    rows: NDArray[Any],
    found: OddLines,
    plain: PlainText,
    dialect: Dialect,
    columns: tuple[str, ...],
) -> Table | None:
    """The table without the odd lines that are no rows; None where one of the others does not read as it stands."""
    stays = found.stays
    read = frame[rows[stays]].select(pl.all().cast(pl.String).fill_null("")).rows()
    if [tuple(row) for row in read] != [found.cells[place] for place in np.flatnonzero(stays)]:
        return None
    keep = np.ones(frame.height, bool)
    keep[rows[~stays]] = False
    first_line = dialect.skip + dialect.has_header + 1
    return Table(
        plain.name,
        frame.select(columns).filter(keep),
        frame.height - found.met.n_blank,
        lines=np.flatnonzero(keep) + first_line,
        problems=tuple(found.met.problems(plain.name, dialect, frame.height - found.met.n_blank)),
    )


def _before(plain: PlainText, dialect: Dialect) -> bytes:
    """What stands before the first row."""
    with plain.path.open("rb") as file:
        return b"".join(file.readline() for _ in range(dialect.skip + dialect.has_header))


def _repeated_header(frame: pl.DataFrame, dialect: Dialect) -> NDArray[np.bool_]:
    """Rows whose first cell is the name of the first column."""
    first = frame.to_series(0)
    if not dialect.has_header or first.dtype.is_integer():
        return np.zeros(frame.height, bool)
    again: NDArray[np.bool_] = (first.cast(pl.String).str.strip_chars() == dialect.names[0]).fill_null(False).to_numpy()
    return again


def _adds_up(frame: pl.DataFrame, plain: PlainText, dialect: Dialect, apart: list[bytes]) -> bool:
    """Do all cells, delimiters, quotes and line ends, and what stands `apart`, have exactly the size of the file?"""
    marks = {b"\n": plain.n_newlines, b"\r": plain.n_returns, b'"': plain.n_quotes if dialect.quoted else 0}
    cells = 0
    for series in frame.iter_columns():
        length = _text_length(series, [mark.decode() for mark in (b"\r", b'"') if marks[mark]])
        if length is None:
            return False
        cells += length
    n_marks = sum(count - sum(text.count(mark) for text in apart) for mark, count in marks.items() if count)
    delimiters = frame.height * (len(dialect.names) - 1) * len(dialect.delimiter)
    return sum(map(len, apart)) + cells + delimiters + n_marks == plain.size


def _text_length(series: pl.Series, marks: list[str]) -> int | None:
    """Bytes of the shortest text of each value, added up. None where an integer column has gaps, and where a cell
    holds one of the `marks` that are counted around cells."""
    if series.dtype.is_integer():
        return None if series.null_count() else sum(in_blocks(pieces(series), lambda piece: _digits(piece[1])))
    there = series.drop_nulls() if series.null_count() else series
    codes, texts = categories(there) if there.dtype == pl.Categorical else (None, there)
    if any(texts.str.contains(mark, literal=True).any() for mark in marks):
        return None
    if codes is None:
        return int(texts.str.len_bytes().sum())
    lengths = np.zeros(int(codes.max(initial=0)) + 1, np.int64)
    lengths[codes] = texts.str.len_bytes().to_numpy()
    return sum(in_blocks(pieces(there.to_physical()), lambda piece: int(lengths[piece[1]].sum())))


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
