"""LightGCN text: `train.txt` and `test.txt`, a line a user: `user item item ...`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from gnnrec_core.base import progress
from gnnrec_core.base.errors import DataError, LensError
from gnnrec_core.data.dataset import Problem, SplitName
from gnnrec_core.data.formats.source import Part, Roles, SourceLog, Table, as_file, as_folder
from gnnrec_core.data.options import ImportOptions
from gnnrec_core.data.text.plain import first_bytes, plain_text

_FILES: tuple[tuple[str, SplitName], ...] = (
    ("train.txt", "train"),
    ("valid.txt", "validation"),
    ("val.txt", "validation"),
    ("test.txt", "test"),
)
_ROLES = Roles("user", "item", names=("user", "item"))


class LightGCNReader:
    """Reads a folder with `train.txt` (and `test.txt`, `valid.txt`), or one such file."""

    def matches(self, source: str) -> bool:
        folder = as_folder(source)
        if folder is not None:
            return (folder / "train.txt").is_file() and _is_adjacency(folder / "train.txt", in_folder=True)
        path = as_file(source)
        return path is not None and path.suffix == ".txt" and _is_adjacency(path)

    def read(self, source: str, options: ImportOptions) -> SourceLog:
        folder = as_folder(source)
        files: list[tuple[Path, SplitName | None]] = [(Path(source), None)]
        if folder:
            files = [(folder / name, split) for name, split in _FILES]
        parts: list[Part] = []
        for path, split in files:
            if path.is_file():
                progress.report(0.1 * len(parts), 1, f"reading {path.name}")
                parts.append(Part(_table(path, options.encoding), _ROLES, split))
        if not parts:
            raise DataError(f"{source} holds no train.txt.", "Name a folder with train.txt and test.txt.", file=source)
        return SourceLog((folder or Path(source)).name, "lightgcn", tuple(parts))


def _is_adjacency(path: Path, in_folder: bool = False) -> bool:
    """Blank-parted whole numbers, of different length from line to line; in a folder with the right names, lines may be
    of one length where each begins with another user (pairs `user item` read the same either way)."""
    try:
        head = first_bytes(path)
    except (LensError, OSError):
        return False
    lines = head.split(b"\n")[: -1 if len(head) == 65_536 else None]
    cells = [line.split() for line in lines[:200] if line.strip()]
    whole = all(cell.isdigit() for row in cells for cell in row)
    if not cells or not whole:
        return False
    if in_folder and len({row[0] for row in cells}) == len(cells):
        return True
    return len({len(row) for row in cells} - {1}) >= min(2, len(cells))


def _table(path: Path, encoding: str | None) -> Table:
    """One row a pair, with the line it stands on. Lines of a user without items are reported."""
    with plain_text(path, encoding) as plain:
        text = plain.path.read_text(encoding="utf-8")
        problems = list(plain.problems)
    users: list[str] = []
    items: list[str] = []
    lengths: list[int] = []
    empty: list[int] = []
    for number, line in enumerate(text.split("\n"), 1):
        cells = line.split()
        if len(cells) == 1:
            empty.append(number)
        lengths.append(max(len(cells) - 1, 0))
        users.extend(cells[:1] * lengths[-1])
        items.extend(cells[1:])
    if not items:
        raise DataError(
            f"{path.name} has no data rows.", "Write a line a user: user item item ...", file=path.name, line=1
        )
    if empty:
        message = f"{len(empty):,} lines name a user without items."
        problems.append(
            Problem(
                "user_without_items",
                "info",
                len(empty),
                "skipped",
                message,
                path.name,
                empty[0],
                lines=tuple(empty[:10]),
            )
        )
    lines = np.repeat(np.arange(1, len(lengths) + 1), lengths)
    frame = pl.DataFrame({"user": users, "item": items})
    return Table(path.name, frame, frame.height, lines=lines, problems=tuple(problems))
