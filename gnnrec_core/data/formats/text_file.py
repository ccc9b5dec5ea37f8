"""Files of delimited text, whichever format they belong to: how one is written, and its columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from gnnrec_core.base.errors import DataError
from gnnrec_core.data.formats.source import Table
from gnnrec_core.data.options import ImportOptions
from gnnrec_core.data.text.careful_text import read_careful
from gnnrec_core.data.text.dialect import Dialect, guess_dialect
from gnnrec_core.data.text.fast_text import read_fast
from gnnrec_core.data.text.plain import head_text, plain_text


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
