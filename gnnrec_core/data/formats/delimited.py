"""Delimited text: CSV, TSV, semicolons, `::`; with or without a header, packed with gzip or not."""

from __future__ import annotations

from gnnrec_core.base import progress
from gnnrec_core.data.dataset import Problem
from gnnrec_core.data.formats.roles import guess_roles
from gnnrec_core.data.formats.source import Part, Roles, SourceLog, as_file, need_file
from gnnrec_core.data.formats.text_file import file_dialect, read_text
from gnnrec_core.data.options import ImportOptions
from gnnrec_core.data.text.dialect import Dialect


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
