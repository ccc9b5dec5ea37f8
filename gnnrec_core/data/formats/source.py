"""What readers hand over: text columns with the lines they stood on, and which column is what."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gnnrec_core.base.errors import RequestError
from gnnrec_core.data.dataset import IntArray, Problem, SplitName
from gnnrec_core.data.options import EdgeKind, ImportOptions

"""Called with the share done (0..1) and what is being done."""


@dataclass(frozen=True)
class Table:
    """Rows of one file as columns of text. A column may be `String`, `Categorical`, or a number type where the reader
    has proved that the text can be written back from it letter for letter (`Int64`), or the file is typed (Parquet).

    `lines` holds the physical line of each row, or is None where row r stands on line `first_line + r`.
    `n_in` counts rows of the file, those included that the reader removed (and reports in `problems`).
    """

    file: str
    frame: pl.DataFrame
    n_in: int
    first_line: int = 1
    lines: IntArray | None = None
    problems: tuple[Problem, ...] = ()
    codes: tuple[str, ...] = ()
    amounts: tuple[str, ...] = ()
    """Columns that the source declares to hold codes, or amounts, whatever their letters are."""

    def line(self, row: int) -> int:
        """The line of the file, from 1, on which `row` starts."""
        return int(self.lines[row]) if self.lines is not None else self.first_line + int(row)

    def text(self, column: str, row: int) -> str:
        """The first 80 letters of a cell; empty where nothing stands."""
        value = self.frame[column][int(row)]
        return "" if value is None else str(value)[:80]

    def keeping(self, mask: NDArray[np.bool_]) -> Table:
        """The rows that a mask keeps, with their lines; `n_in` stays."""
        if mask.all():
            return self
        lines = self.lines[mask] if self.lines is not None else np.flatnonzero(mask) + self.first_line
        return replace(self, frame=self.frame.filter(pl.Series(mask)), lines=lines)

    def where(self, rows: IntArray, limit: int = 10) -> tuple[int, ...]:
        """The lines of the first `limit` rows."""
        return tuple(self.line(row) for row in np.asarray(rows)[:limit])


@dataclass(frozen=True)
class Roles:
    """Which column is the user, the item, the rating and the time.

    `extra` are columns that conditions and behaviour weights need; `behaviours` columns that may say what happened;
    `other_times` columns that hold times and are not read; `names` all columns of the table.
    """

    user: str
    item: str
    rating: str | None = None
    time: str | None = None
    extra: tuple[str, ...] = ()
    behaviours: tuple[str, ...] = ()
    other_times: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read, in role order, each once."""
        wanted = (self.user, self.item, self.rating, self.time, *self.extra, *self.behaviours)
        return tuple(dict.fromkeys(name for name in wanted if name is not None))

    @property
    def says(self) -> str:
        """`user = 'a', item = 'b', ...`: for messages."""
        found = zip(("user", "item", "rating", "time"), (self.user, self.item, self.rating, self.time), strict=True)
        return ", ".join(f"{role} = {column!r}" for role, column in found if column)


@dataclass(frozen=True)
class Part:
    """One table of interactions; `split` where the source says which part it is."""

    table: Table
    roles: Roles
    split: SplitName | None = None


@dataclass(frozen=True)
class EdgeTable:
    """Side edges that a source brings: columns `source`, `target` and perhaps `weight`."""

    name: str
    kind: EdgeKind
    table: Table


@dataclass(frozen=True)
class SourceLog:
    """A source, read: its interactions and what it says of users and items (first column: the id)."""

    name: str
    format: str
    parts: tuple[Part, ...]
    users: Table | None = None
    items: Table | None = None
    edges: tuple[EdgeTable, ...] = ()
    problems: tuple[Problem, ...] = ()
    shown: pl.DataFrame | None = None
    """Pairs `user`, `item` that were shown, chosen or not, where the source says so."""
    location: str = ""
    """What is written into `dataset.json` as the source, where that is not what was typed (no passwords)."""


class Reader(Protocol):
    """A plug-in that reads one format."""

    def matches(self, source: str) -> bool:
        """Does the content of `source` look like this format? Looks at a few kilobytes, never raises."""
        ...

    def read(self, source: str, options: ImportOptions) -> SourceLog:
        """Read all of `source`; DataError naming file, line, column and value where it cannot be used."""
        ...


def as_file(source: str) -> Path | None:
    """The path of a source that is a file on disk, else None (folders, URLs, names)."""
    try:
        path = Path(source)
        return path if path.is_file() else None
    except (OSError, ValueError):
        return None


def as_folder(source: str) -> Path | None:
    """The path of a source that is a folder, else None."""
    try:
        path = Path(source)
        return path if path.is_dir() else None
    except (OSError, ValueError):
        return None


def need_file(source: str) -> Path:
    """The path of `source`; RequestError where there is no such file, or where it is a folder."""
    path = as_file(source)
    if path is None:
        if as_folder(source):
            raise RequestError(
                f"{source} is a folder of no known layout.",
                "Name one file, or a folder with MovieLens, RecBole or LightGCN files.",
                file=source,
            )
        raise RequestError(f"There is no file or folder {source!r}.", "Check the path.", file=source)
    return path
