"""Delimited text read row by row, where every repair is counted and every refusal names its line."""

from __future__ import annotations

import csv
from collections.abc import Iterator

import numpy as np
import polars as pl

from gnnrec_core.base.errors import DataError
from gnnrec_core.data.formats.dialect import Dialect
from gnnrec_core.data.formats.odd_lines import Met, is_blank
from gnnrec_core.data.formats.plain import MAX_LINE, PlainText
from gnnrec_core.data.formats.source import Table

CHUNK = 100_000


def read_careful(plain: PlainText, dialect: Dialect, columns: tuple[str, ...]) -> Table:
    """The `columns` of the file as text, with the line of each row.

    Rows with too few cells are left out and reported; DataError for rows with too many and for broken quotes.
    """
    places = [dialect.names.index(name) for name in columns]
    met, n_in = Met(), 0
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
        if not met.is_row(row, line, dialect):
            continue
        cells.append(row)
        at.append(line)
        if len(cells) == CHUNK:
            close()
    close()
    problems = tuple(met.problems(plain.name, dialect, n_in))
    return Table(plain.name, pl.concat(chunks), n_in, lines=np.concatenate(lines), problems=problems)


def _rows(plain: PlainText, dialect: Dialect, met: Met) -> Iterator[tuple[int, list[str]]]:
    """`(line, cells)` of everything below the header that is not blank."""
    n_columns = len(dialect.names)
    for number, (line, row) in enumerate(_parsed(plain, dialect)):
        if is_blank(row, dialect):
            met.n_blank += 1
        elif number > 0 or not dialect.has_header:
            yield line, row if len(row) <= n_columns else _without_empty_tail(row, n_columns, plain.name, line)


def _parsed(plain: PlainText, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """`(line on which the row starts, cells)` of everything after the preamble."""
    with plain.path.open(encoding="utf-8", newline="") as file:
        for _ in range(dialect.skip):
            file.readline()
        if len(dialect.delimiter) > 1 or not dialect.quoted:
            for line, text in enumerate(file, dialect.skip + 1):
                text = text.rstrip("\r\n")
                yield line, text.split(dialect.delimiter) if text else []
            return
        csv.field_size_limit(MAX_LINE)
        reader = csv.reader(file, delimiter=dialect.delimiter, strict=True)
        line = dialect.skip + 1
        try:
            for row in reader:
                yield line, row
                line = dialect.skip + reader.line_num + 1
        except csv.Error as error:
            raise _broken_quote(plain, line, str(error)) from None


def _broken_quote(plain: PlainText, line: int, why: str) -> DataError:
    never_closed = "unexpected end" in why or "field larger" in why
    what = "a quote that opens here is never closed" if never_closed else f"a quote is misplaced ({why})"
    text = _line_text(plain, line)
    return DataError(
        f"{plain.name} cannot be read from line {line:,} on: {what}.",
        'Close the quote, or write a quote inside a quoted cell twice ("").',
        file=plain.name,
        line=line,
        value=text,
    )


def _line_text(plain: PlainText, line: int) -> str:
    with plain.path.open(encoding="utf-8", newline="") as file:
        for number, text in enumerate(file, 1):
            if number == line:
                return text.rstrip("\r\n")[:200]
    return ""


def _without_empty_tail(row: list[str], n_columns: int, file: str, line: int) -> list[str]:
    if any(cell.strip() for cell in row[n_columns:]):
        raise DataError(
            f"{file} has {len(row)} cells on line {line:,} where its columns are {n_columns}.",
            "Quote the cell that holds the delimiter (a title, perhaps), or remove the extra cells.",
            file=file,
            line=line,
            column=f"column {n_columns + 1}",
            value=row[n_columns][:80],
        )
    return row[:n_columns]
