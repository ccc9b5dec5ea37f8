"""What a person sees before anything is imported: the guess, the first rows, and a draft to try choices on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from gnnrec_core.base.errors import DataError
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.data.formats import READERS, detect, load_reader
from gnnrec_core.data.formats.archive import unpacked
from gnnrec_core.data.formats.roles import propose_roles
from gnnrec_core.data.formats.source import SourceLog, as_file
from gnnrec_core.data.formats.text_file import file_dialect
from gnnrec_core.data.importing import build_dataset, read_source
from gnnrec_core.data.options import ImportOptions

N_ROWS = 20


@dataclass(frozen=True)
class Preview:
    """`columns` of the log in file order with the guessed column of each role (None: not found); `rows` are the first
    rows as text. `delimiter`, `has_header`, `skipped_lines` are for delimited text (else None, True, 0)."""

    source: str
    format: str
    format_title: str
    columns: tuple[str, ...]
    user: str | None
    item: str | None
    rating: str | None
    time: str | None
    rows: pl.DataFrame
    delimiter: str | None = None
    has_header: bool = True
    skipped_lines: int = 0
    columns_by_name: bool = True
    """May a person say which column is what (not where the layout fixes it)?"""


def preview_source(source: str | Path, options: ImportOptions | None = None) -> Preview:
    """A quick look: delimited text by its first 64 KB, other formats by reading them.

    Raises the errors of an import for what cannot be read at all; a missing user or item column is no error here.
    """
    options = options or ImportOptions()
    with unpacked(str(source)) as place:
        name = detect(place) if options.format == "auto" else options.format
        path = as_file(place)
        if name == "csv" and path is not None:
            return replace(_text_preview(path, options), source=str(source))
        log, known = _read(place, options.model_copy(update={"format": name}))
    part = log.parts[0]
    rows = part.table.frame.head(N_ROWS).cast(pl.String)
    roles = part.roles
    return Preview(
        str(source),
        name,
        READERS[name].title,
        roles.names or tuple(part.table.frame.columns),
        roles.user if known else None,
        roles.item if known else None,
        roles.rating,
        roles.time,
        rows,
        columns_by_name=getattr(load_reader(name), "columns_by_name", False),
    )


def _read(place: str, options: ImportOptions) -> tuple[SourceLog, bool]:
    """The source, and whether its columns were told; where not, the first two stand in so that it can be shown."""
    try:
        return read_source(place, options), True
    except DataError as error:
        names = error.details.get("columns", ())
        if len(names) < 2 or options.user_col or options.item_col:
            raise
        return read_source(place, options.model_copy(update={"user_col": names[0], "item_col": names[1]})), False


def _text_preview(path: Path, options: ImportOptions) -> Preview:
    dialect = file_dialect(path, options)
    width = len(dialect.names)
    cells = [(*row[:width], *[""] * (width - len(row))) for row in dialect.first_rows[:N_ROWS]]
    rows = pl.DataFrame(cells, schema=dict.fromkeys(dialect.names, pl.String), orient="row")
    guess = propose_roles(dialect.names, options, path.name, dialect.sample, dialect.has_header)
    return Preview(
        str(path),
        "csv",
        READERS["csv"].title,
        dialect.names,
        guess["user"],
        guess["item"],
        guess["rating"],
        guess["time"],
        rows,
        dialect.delimiter,
        dialect.has_header,
        dialect.skip,
    )


@dataclass(frozen=True)
class Draft:
    """A source that has been read once, to be built again and again with other choices. Nothing is stored."""

    source: str
    log: SourceLog

    def build(self, options: ImportOptions) -> Dataset:
        """The dataset that these choices make."""
        return build_dataset(self.log, self.source, options)


def read_draft(source: str | Path, options: ImportOptions | None = None) -> Draft:
    """Read `source` with the columns of `options`; graph choices and splits may be tried on the result at will."""
    return Draft(str(source), read_source(str(source), options or ImportOptions()))
