"""Guesses from the first lines of a text: delimiter, quoting, preamble, header."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

import polars as pl

from gnnrec_core.base.errors import DataError
from gnnrec_core.data.formats.roles import is_role_name, plain_name

DELIMITERS = ("\t", ",", ";", "::", "|")
_EDGE_NAMES = ("source", "target", "src", "dst", "from", "to", "head", "tail", "id", "name")
COMMENTS = ("#", "//", "%")
BLANK = " "
"""Parts cells alone or in a row: files with aligned columns."""
MAX_COLUMNS = 1000
_ESCAPED = re.compile(r'"[^"]*[^"\\,;\t|]\\"[^,;\t|\r\n"]|[,;\t|]"\\"')
"""A backslash before a quote that does not end its cell."""
_NUMBER = re.compile(r"\s*[-+]?(\d[\d,. ]*|\.\d+|nan|inf)([eE][-+]?\d+)?\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class Dialect:
    """How a text is written. `skip` lines stand before the first row or header; `names` are its columns."""

    delimiter: str
    quoted: bool
    skip: int
    has_header: bool
    names: tuple[str, ...]
    first_rows: tuple[tuple[str, ...], ...]
    escaped: bool = False
    """A quote inside a quoted cell stands behind a backslash, not twice."""

    @property
    def is_plain(self) -> bool:
        """Do lines fall into cells at each delimiter, with no quotes to look at?"""
        return len(self.delimiter) > 1 or not self.quoted or self.delimiter == BLANK

    def cells(self, line: str) -> list[str]:
        """The cells of one line without its end, for a plain dialect. Blanks in a row are one delimiter."""
        if self.delimiter != BLANK:
            return line.split(self.delimiter) if line else []
        if '"' in line:
            try:
                return next(csv.reader([line.strip()], delimiter=BLANK, skipinitialspace=True, strict=True), [])
            except csv.Error:
                return line.split()
        return line.split()

    @property
    def csv_form(self) -> dict[str, Any]:
        """How Python's csv module is told to read it."""
        escape = {"escapechar": "\\", "doublequote": False} if self.escaped else {}
        return {"delimiter": self.delimiter, **escape}

    def sample(self, name: str) -> pl.Series:
        """The first cells of a column."""
        place = self.names.index(name)
        return pl.Series(name, [row[place] for row in self.first_rows if place < len(row)], dtype=pl.String)


def guess_dialect(
    text: str, file: str, delimiter: str | None = None, header: str = "auto", quoted: bool = True
) -> Dialect:
    """The dialect of a file that begins with `text`; what a person has named is taken as named.

    Raises DataError for blank files, for more than 1,000 columns and for a column name that stands twice.
    """
    lines = text.split("\n")
    lines = lines[:-1] if lines and not lines[-1] else lines
    if not any(line.strip() for line in lines):
        raise DataError(f"{file} holds nothing but blanks.", "Choose a file with interactions.", file=file)
    delimiter = delimiter or _guess_delimiter(lines)
    skip = _preamble(lines, delimiter)
    escaped = quoted and delimiter != BLANK and any(_ESCAPED.search(line) for line in lines)
    rows = split_lines(lines[skip : skip + 200], delimiter, quoted, escaped)
    if len(rows[0]) > MAX_COLUMNS:
        raise DataError(
            f"{file} has more than {MAX_COLUMNS:,} columns, and no more are read.",
            "Give a log with one row an interaction, not a matrix of users by items.",
            file=file,
            line=skip + 1,
        )
    has_header = header == "yes" or (header == "auto" and _looks_like_header(rows))
    names = _header_names(rows[0], file, skip + 1) if has_header else _numbered(len(rows[0]))
    return Dialect(delimiter, quoted, skip, has_header, names, tuple(tuple(row) for row in rows[has_header:]), escaped)


def split_lines(lines: list[str], delimiter: str, quoted: bool, escaped: bool = False) -> list[list[str]]:
    """Cells of the lines that are not blank; a delimiter of two characters knows no quotes."""
    lines = [line for line in lines if line.strip()]
    form = Dialect(delimiter, quoted, 0, False, (), (), escaped)
    if form.is_plain:
        return [form.cells(line) for line in lines]
    try:
        return list(csv.reader(lines, **form.csv_form))
    except csv.Error:
        return [line.split(delimiter) for line in lines]


def _guess_delimiter(lines: list[str]) -> str:
    """The delimiter that most lines have equally often; a comma where none is found."""
    if lines[0].lower().startswith("sep=") and len(lines[0]) == 5:
        return lines[0][4]
    sample = [line for line in lines[:100] if line.strip()]
    best, best_share, best_count = ",", 0.0, 0
    for delimiter in DELIMITERS:
        counts = [_outside_quotes(line).count(delimiter) for line in sample]
        count, n_lines = Counter(counts).most_common(1)[0]
        share = n_lines / len(sample)
        inside = best == "," and delimiter in (";", "|") and count > best_count > 0 and share > best_share - 0.05
        if count and (share > best_share + 0.05 or (inside and _holds_commas(sample, delimiter, count))):
            best, best_share, best_count = delimiter, share, count
    if not best_share and sum(len(line.split()) > 1 for line in sample) > 0.9 * len(sample):
        return BLANK
    return best


def _holds_commas(sample: list[str], delimiter: str, count: int) -> bool:
    """Do the commas stand inside the cells of `delimiter`, as decimal commas (4,5) or in dates (Apr 3, 2012)? So it is
    where the header has none, and where each cell with a comma is one of both."""
    first = _outside_quotes(sample[0])
    if first.count(delimiter) == count and "," not in first:
        return True
    rows = [line.split(delimiter) for line in map(_outside_quotes, sample)]
    cells = [cell for row in rows if len(row) == count + 1 for cell in row if "," in cell]
    return bool(cells) and all(_NUMBER.match(cell) or re.match(r"[^,]*\w, [^,]*\d{2}", cell) for cell in cells)


def _outside_quotes(line: str) -> str:
    return re.sub(r'"[^"]*"', "", line)


def _preamble(lines: list[str], delimiter: str) -> int:
    """Lines before the table: blank, comments, `sep=;`, and lone sentences above a wider table."""
    if delimiter == BLANK:
        widths = [max(len(line.split()) - 1, 0) for line in lines[:200]]
    else:
        widths = [_outside_quotes(line).count(delimiter) for line in lines[:200]]
    usual = Counter(width for width, line in zip(widths, lines, strict=False) if line.strip()).most_common(1)[0][0]
    for number, line in enumerate(lines[:100]):
        text = line.strip()
        lone = usual > 0 and widths[number] == 0
        if text and not text.startswith(COMMENTS) and not text.lower().startswith("sep=") and not lone:
            return number
    return 0


def _looks_like_header(rows: list[list[str]]) -> bool:
    """Names that we know, or text that is unlike what stands below it."""
    first, rest = rows[0], rows[1:21]
    if any(_NUMBER.match(cell) for cell in first if cell.strip()):
        return False
    if any(is_role_name(cell) or plain_name(cell) in _EDGE_NAMES for cell in first):
        return True
    return any(
        rest and _unlike(first[column], [row[column : column + 1] for row in rest]) for column in range(len(first))
    )


def _unlike(name: str, column: list[list[str]]) -> bool:
    """Text above numbers, or above values that come again and again while it does not."""
    cells = [cell[0] for cell in column if cell]
    if all(_NUMBER.match(cell) for cell in cells):
        return bool(cells)
    return len(set(cells)) <= len(cells) / 2 and name not in cells


def _header_names(cells: list[str], file: str, line: int) -> tuple[str, ...]:
    names = [cell.strip().lstrip("\ufeff").strip() or f"column_{number}" for number, cell in enumerate(cells, 1)]
    for name, count in Counter(names).items():
        if count > 1:
            places = " and ".join(str(number) for number, other in enumerate(names, 1) if other == name)
            raise DataError(
                f"{file} names column {name!r} {count} times (columns {places} of line {line}).",
                "Rename or remove one of them.",
                file=file,
                line=line,
                column=name,
                value=name,
            )
    return tuple(names)


def _numbered(n_columns: int) -> tuple[str, ...]:
    return tuple(f"column_{number}" for number in range(1, n_columns + 1))
