"""The Netflix Prize layout: a line `1:` names a movie, the lines below it are `user,rating,date` of that movie."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import polars as pl

from gnnrec_core.base import progress
from gnnrec_core.base.errors import DataError, LensError
from gnnrec_core.data.dataset import Problem
from gnnrec_core.data.formats.source import Part, Roles, SourceLog, Table, as_file, as_folder
from gnnrec_core.data.options import ImportOptions
from gnnrec_core.data.text.odd_lines import dropped_rows
from gnnrec_core.data.text.plain import first_bytes, plain_text

_COLUMNS = ("user", "rating", "date")
_MOVIE = r"^\s*(\S+):\s*$"
_HEAD = re.compile(rb"\s*[^\s,:]+:\r?\n[^\s,:]+,[^,\n]+(,[^,\n]+)?\r?\n")


class NetflixReader:
    """Reads one such file, or a folder of them (`combined_data_1.txt` ..., `mv_0000001.txt` ...)."""

    def matches(self, source: str) -> bool:
        folder, path = as_folder(source), as_file(source)
        if folder is not None:
            return any(_is_one(file) for file in sorted(folder.glob("*.txt"))[:1])
        return path is not None and _is_one(path)

    def read(self, source: str, options: ImportOptions) -> SourceLog:
        folder, path = as_folder(source), as_file(source)
        files = [file for file in sorted(folder.glob("*.txt")) if _is_one(file)] if folder else [path] if path else []
        if not files:
            raise DataError(
                f"{source} holds no file of lines such as '1:' with 'user,rating,date' below them.",
                "Use --format auto.",
                file=source,
            )
        parts = []
        for number, file in enumerate(files):
            progress.report(number / len(files) * 0.3, 1, f"reading {file.name}")
            parts.append(_part(file, options))
        name = (folder or files[0]).name
        message = "Lines such as '1:' name the item of the lines below them."
        note = Problem("item_lines", "info", len(parts), "read", message, files[0].name, 1)
        return SourceLog(name, "netflix", tuple(parts), problems=(note,))


def _is_one(path: Path) -> bool:
    try:
        return bool(_HEAD.match(first_bytes(path, 4096)))
    except (LensError, OSError):
        return False


def _part(path: Path, options: ImportOptions) -> Part:
    drop = options.bad_rows == "drop"
    with plain_text(path, options.encoding, drop_bad=drop) as plain:
        lines = pl.Series("line", plain.path.read_text(encoding="utf-8").split("\n"), dtype=pl.String).str.strip_chars()
    movie = lines.str.extract(_MOVIE, 1).fill_null(strategy="forward")
    rows = np.flatnonzero(((lines != "") & ~lines.str.contains(_MOVIE)).to_numpy())
    cells = lines.gather(rows).str.split(",")
    width = int(cells.list.len().max() or 0)  # type: ignore[arg-type]
    bad = np.flatnonzero(((cells.list.len() < 2) | (cells.list.len() > 3) | movie.gather(rows).is_null()).to_numpy())
    if len(bad) and not drop:
        line = int(rows[bad[0]]) + 1
        raise DataError(
            f"{path.name} line {line:,} is neither an item ('1:') nor 'user,rating,date'.",
            "Repair the line, or leave such rows out with --bad-rows drop.",
            file=path.name,
            line=line,
            value=lines[line - 1][:80],
            bad_rows=len(bad),
        )
    good = np.delete(np.arange(len(rows)), bad)
    names = _COLUMNS[: max(width, 2)]
    frame = pl.DataFrame({name: cells.list.get(place, null_on_oob=True) for place, name in enumerate(names)})
    frame = frame[good].with_columns(movie.gather(rows[good]).alias("item"))
    roles = Roles("user", "item", "rating", "date" if "date" in frame.columns else None, names=tuple(frame.columns))
    if options.rating_col == "none" or options.time_col == "none":
        time = None if options.time_col == "none" else roles.time
        roles = Roles("user", "item", None if options.rating_col == "none" else "rating", time, names=roles.names)
    where = [int(row) + 1 for row in rows[bad]]
    note = (dropped_rows(where, path.name, "rows are neither an item nor 'user,rating,date'"),) if where else ()
    n_in = len(rows) + len(plain.left_out)
    return Part(Table(path.name, frame, n_in, lines=rows[good] + 1, problems=(*plain.problems, *note)), roles)
