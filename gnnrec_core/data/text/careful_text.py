"""Delimited text read row by row, where every repair is counted and every refusal names its line."""

from __future__ import annotations

import csv
from collections.abc import Iterator

import numpy as np
import polars as pl

from gnnrec_core.base.errors import DataError
from gnnrec_core.data.clean.bad_rows import LEAVE_OUT
from gnnrec_core.data.formats.source import Table
from gnnrec_core.data.text.dialect import Dialect
from gnnrec_core.data.text.odd_lines import Met, is_blank
from gnnrec_core.data.text.plain import MAX_LINE, PlainText

CHUNK = 100_000


def read_careful(plain: PlainText, dialect: Dialect, columns: tuple[str, ...], drop_bad: bool = False) -> Table:
    """The `columns` of the file as text, with the line of each row.

    Rows with too few cells are left out and reported; DataError for rows with too many and for broken quotes, unless
    `drop_bad`: then they are left out, too.
    """
    places = [dialect.names.index(name) for name in columns]
    met, n_in = Met(long=[] if drop_bad else None), len(plain.left_out)
    chunks: list[pl.DataFrame] = []
    lines: list[np.ndarray] = []
    cells: list[list[str]] = []
    at: list[int] = []
    schema = dict.fromkeys(columns, pl.String)

    def close() -> None:
        chunks.append(pl.DataFrame([[row[p] for row in cells] for p in places], schema=schema))
        lines.append(np.array(at, np.int64))
        cells.clear()
        at.clear()

    for line, row in _rows(plain, dialect, met):
        n_in += 1
        if row is None or not met.is_row(row, line, dialect):
            continue
        cells.append(row)
        at.append(line)
        if len(cells) == CHUNK:
            close()
    close()
    problems = tuple(met.problems(plain.name, dialect, n_in))
    return Table(plain.name, pl.concat(chunks), n_in, lines=np.concatenate(lines), problems=problems)


def _rows(plain: PlainText, dialect: Dialect, met: Met) -> Iterator[tuple[int, list[str] | None]]:
    """`(line, cells)` of everything below the header that is not blank; None for a row that is to be left out."""
    n_columns = len(dialect.names)
    for number, (line, row) in enumerate(_parsed(plain, dialect, met.long is not None)):
        if row is not None and is_blank(row, dialect):
            met.n_blank += line not in plain.left_out
        elif number == 0 and dialect.has_header:
            continue
        elif row is not None and (len(row) <= n_columns or not any(cell.strip() for cell in row[n_columns:])):
            yield line, row[:n_columns]
        elif met.long is None:
            raise _too_many_cells(row or [], n_columns, plain.name, line)
        else:
            met.long.append(line)
            yield line, None


def _parsed(plain: PlainText, dialect: Dialect, drop_bad: bool) -> Iterator[tuple[int, list[str] | None]]:
    """`(line on which the row starts, cells)` of everything after the preamble. Where a quote is broken and `drop_bad`,
    every line is a row of its own, and one that cannot be read is None."""
    if drop_bad and not dialect.is_plain and not _quotes_close(plain, dialect):
        yield from _line_by_line(plain, dialect)
        return
    with plain.path.open(encoding="utf-8", newline="") as file:
        for _ in range(dialect.skip):
            file.readline()
        if dialect.is_plain:
            for line, text in enumerate(file, dialect.skip + 1):
                yield line, dialect.cells(text.rstrip("\r\n"))
            return
        csv.field_size_limit(MAX_LINE)
        reader = csv.reader(file, strict=True, **dialect.csv_form)
        line = dialect.skip + 1
        try:
            for row in reader:
                yield line, row
                line = dialect.skip + reader.line_num + 1
        except csv.Error as error:
            raise _broken_quote(plain, line, str(error)) from None


def _quotes_close(plain: PlainText, dialect: Dialect) -> bool:
    try:
        return all(True for _ in _parsed(plain, dialect, False))
    except DataError:
        return False


def _line_by_line(plain: PlainText, dialect: Dialect) -> Iterator[tuple[int, list[str] | None]]:
    with plain.path.open(encoding="utf-8", newline="") as file:
        for line, text in enumerate(file, 1):
            if line > dialect.skip:
                try:
                    yield line, next(csv.reader([text.rstrip("\r\n")], strict=True, **dialect.csv_form), [])
                except csv.Error:
                    yield line, None


def _broken_quote(plain: PlainText, line: int, why: str) -> DataError:
    never_closed = "unexpected end" in why or "field larger" in why
    what = "a quote that opens here is never closed" if never_closed else f"a quote is misplaced ({why})"
    text = _line_text(plain, line)
    return DataError(
        f"{plain.name} cannot be read from line {line:,} on: {what}.",
        f'Close the quote, or write a quote inside a quoted cell twice (""), {LEAVE_OUT}.',
        file=plain.name,
        line=line,
        value=text,
        bad_rows=1,
    )


def _line_text(plain: PlainText, line: int) -> str:
    with plain.path.open(encoding="utf-8", newline="") as file:
        for number, text in enumerate(file, 1):
            if number == line:
                return text.rstrip("\r\n")[:200]
    return ""


def _too_many_cells(row: list[str], n_columns: int, file: str, line: int) -> DataError:
    return DataError(
        f"{file} has {len(row)} cells on line {line:,} where its columns are {n_columns}.",
        f"Quote the cell that holds the delimiter (a title, perhaps), or remove the extra cells, {LEAVE_OUT}.",
        file=file,
        line=line,
        column=f"column {n_columns + 1}",
        value=row[n_columns][:80],
        bad_rows=1,
    )
