"""Delimited text: CSV, TSV, semicolons, `::`; with or without a header, packed with gzip or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from gnnrec_core.base import progress
from gnnrec_core.base.errors import DataError, RequestError
from gnnrec_core.data.dataset import Problem
from gnnrec_core.data.formats.roles import guess_roles
from gnnrec_core.data.formats.source import Part, Roles, SourceLog, Table, as_file, as_folder
from gnnrec_core.data.options import ImportOptions
from gnnrec_core.data.text.careful_text import read_careful
from gnnrec_core.data.text.dialect import Dialect, guess_dialect
from gnnrec_core.data.text.fast_text import read_fast
from gnnrec_core.data.text.plain import head_text, plain_text


class DelimitedReader:
    """Reads one file of delimited text."""

    columns_by_name = True

    def matches(self, source: str) -> bool:
        return as_file(source) is not None

    def read(self, source: str, options: ImportOptions) -> SourceLog:
        path = need_file(source)
        dialect = file_dialect(path, options)
        roles = guess_roles(dialect.names, options, path.name, dialect.sample, dialect.has_header, dialect.skip + 1)
        progress.report(0.0, 1, f"reading {path.name}")
        table = read_text(path, dialect, roles.columns, options.encoding, options.bad_rows == "drop")
        return SourceLog(path.name, "csv", (Part(table, roles),), problems=_header_note(path.name, dialect, roles))


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


def file_dialect(path: Path, options: ImportOptions, quoted: bool = True) -> Dialect:
    """How the file is written, as far as its first lines tell."""
    text = head_text(path, options.encoding)
    return guess_dialect(text, path.name, options.delimiter, options.header, quoted)


def read_text(
    path: Path, dialect: Dialect, columns: tuple[str, ...], encoding: str | None = None, drop_bad: bool = False
) -> Table:
    """The `columns` of a file of known dialect: at full speed where it is clean, else row by row."""
    with plain_text(path, encoding, drop_bad=drop_bad) as plain:
        table = read_fast(plain, dialect, columns) or read_careful(plain, dialect, columns, drop_bad)
        table = replace(table, problems=(*plain.problems, *table.problems))
    if not table.frame.height:
        raise DataError(f"{path.name} has no data rows.", "Choose a file with interactions.", file=path.name, line=1)
    return table


def read_attributes(path: Path, options: ImportOptions, keep: Callable[[tuple[str, ...]], tuple[str, ...]]) -> Table:
    """A table of attributes; `keep` chooses its columns by name."""
    plain = options.model_copy(update={"header": "auto", "delimiter": None})
    dialect = file_dialect(path, plain)
    return read_text(path, dialect, keep(dialect.names), options.encoding, options.bad_rows == "drop")


def _header_note(file: str, dialect: Dialect, roles: Roles) -> tuple[Problem, ...]:
    notes = []
    if not dialect.has_header:
        first = dialect.delimiter.join(dialect.first_rows[0])[:200] if dialect.first_rows else ""
        message = (
            f"There is no header: the first row was read as data, with {roles.says}. "
            "Where the item stands first, say --user-col 2 --item-col 1."
        )
        notes.append(Problem("no_header", "warning", 1, "kept", message, file, dialect.skip + 1, value=first))
    if dialect.skip:
        lines = "1 line before the table was" if dialect.skip == 1 else f"{dialect.skip} lines before the table were"
        notes.append(Problem("preamble", "info", dialect.skip, "skipped", f"{lines} skipped.", file, 1))
    if dialect.delimiter != ",":
        name = {"\t": "tab", " ": "blank"}.get(dialect.delimiter, dialect.delimiter)
        message = f"Cells are parted by {name!r}."
        notes.append(Problem("delimiter", "info", 1, "recognised", message, file, value=name))
    unnamed = [n for n in dialect.names if n.startswith("column_") or n.lower().startswith("unnamed")]
    if dialect.has_header and unnamed:
        message = f"{len(unnamed)} columns without a name were not read."
        notes.append(Problem("unnamed_column", "info", len(unnamed), "ignored", message, file, 1, unnamed[0]))
    return tuple(notes)
