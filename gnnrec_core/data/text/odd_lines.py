"""Single lines of a text, looked at one by one: which are rows, and which are short, blank or a header again."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.base.errors import DataError
from gnnrec_core.data.dataset import IntArray, Problem
from gnnrec_core.data.formats.packed import BLOCK
from gnnrec_core.data.text.dialect import Dialect
from gnnrec_core.data.text.plain import PlainText


@dataclass
class Met:
    """What was met and left out: lines of short rows, repeated headers and unusable rows, and how many
    lines were blank."""

    short: list[int] = field(default_factory=list)
    headers: list[int] = field(default_factory=list)
    long: list[int] | None = None
    """Lines with too many cells or a broken quote, where a person wants such rows left out."""
    short_example: str = ""
    n_blank: int = 0

    def is_row(self, cells: list[str], line: int, dialect: Dialect) -> bool:
        """Is this a row of data? Where not, it is noted."""
        if is_blank(cells, dialect):
            self.n_blank += 1
        elif len(cells) < len(dialect.names):
            self.short_example = self.short_example or dialect.delimiter.join(cells)[:80]
            self.short.append(line)
        elif dialect.has_header and cells[0].strip() == dialect.names[0] and _stripped(cells) == dialect.names:
            self.headers.append(line)
        else:
            return True
        return False

    def problems(self, file: str, dialect: Dialect, n_in: int) -> Iterator[Problem]:
        """The account; DataError where most of the `n_in` rows are short."""
        if len(self.short) > n_in / 2:
            raise DataError(
                f"{file} has fewer than {len(dialect.names)} cells in {len(self.short):,} of {n_in:,} rows.",
                "Is the delimiter right? Name it with --delimiter.",
                file=file,
                line=self.short[0],
                value=self.short_example,
            )
        if self.short:
            yield dropped_rows(self.short, file, "rows have too few cells", "short_rows", self.short_example)
        if self.headers:
            yield dropped_rows(self.headers, file, "rows repeat the header", "repeated_header", dialect.names[0])
        if self.long:
            yield dropped_rows(self.long, file, "rows have too many cells or a broken quote")
        if self.n_blank:
            message = f"{self.n_blank:,} blank lines were skipped."
            yield Problem("blank_lines", "info", self.n_blank, "skipped", message, file)


def is_blank(cells: list[str], dialect: Dialect) -> bool:
    """Does nothing stand on this line?"""
    return not cells or (len(cells) == 1 and not cells[0].strip() and len(dialect.names) > 1)


def _stripped(cells: list[str]) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in cells)


@dataclass(frozen=True)
class OddLines:
    """`raw` bytes and `cells` of each line, which of them are rows (`stays`), and what the others are."""

    raw: list[bytes]
    cells: list[tuple[str, ...]]
    stays: NDArray[np.bool_]
    met: Met


def read_odd_lines(plain: PlainText, dialect: Dialect, lines: IntArray) -> OddLines | None:
    """The lines of these numbers (ascending, from 1); None where one has too many cells or a broken quote."""
    raw = line_bytes(plain.path, lines)
    met, cells, stays = Met(), [], []
    for number, content in zip(lines.tolist(), raw, strict=True):
        found = _cells(content.decode().rstrip("\r\n"), dialect)
        if found is None or len(found) > len(dialect.names):
            return None
        cells.append(tuple(found))
        stays.append(met.is_row(found, number, dialect))
    return OddLines(raw, cells, np.array(stays, bool), met)


def _cells(text: str, dialect: Dialect) -> list[str] | None:
    if dialect.is_plain:
        return dialect.cells(text)
    try:
        return next(csv.reader([text], strict=True, **dialect.csv_form), [])
    except csv.Error:
        return None


def line_bytes(path: Path, lines: IntArray) -> list[bytes]:
    """The bytes of lines (ascending numbers from 1) with their line ends."""
    if not len(lines):
        return []
    ends = np.unique(np.concatenate([lines - 1, lines]))  # line n lies between the ends of lines n - 1 and n
    offsets, n_lines, start = {0: 0}, 0, 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            here = np.flatnonzero(np.frombuffer(block, np.uint8) == 10)
            for end in ends[
                np.searchsorted(ends, n_lines, "right") : np.searchsorted(ends, n_lines + len(here), "right")
            ]:
                offsets[int(end)] = start + int(here[end - n_lines - 1]) + 1
            n_lines += len(here)
            start += len(block)
        found = []
        for line in lines.tolist():
            file.seek(offsets[line - 1])
            found.append(file.read(offsets.get(line, start) - offsets[line - 1]))
    return found


def dropped_rows(lines: list[int], file: str, what: str, code: str = "bad_rows", value: str | None = None) -> Problem:
    """The account of rows that were left out."""
    count = len(lines)
    return Problem(
        code,
        "warning",
        count,
        "dropped",
        f"{count:,} {what} and were left out.",
        file,
        lines[0],
        value=value,
        lines=tuple(lines[:10]),
        rows_removed=count,
    )
