"""A folder of tables that follows no known layout: shards of one log, and files about users, items and edges.

What a file is, is told by its name where that is plain (`users.csv`, `friends.csv`), else by its columns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gnnrec_core.base import progress
from gnnrec_core.base.errors import DataError, LensError
from gnnrec_core.data.attributes import read_attribute_file
from gnnrec_core.data.dataset import Problem, SplitName
from gnnrec_core.data.formats import detect, load_reader
from gnnrec_core.data.formats.roles import guess_column
from gnnrec_core.data.formats.source import EdgeTable, Part, Reader, SourceLog, Table, as_folder
from gnnrec_core.data.formats.text_file import file_dialect
from gnnrec_core.data.options import EDGE_KINDS, ImportOptions
from gnnrec_core.data.side_edges import read_edge_files

LOG, USERS, ITEMS, UNUSED = "log", "users", "items", "unused"
_HINTS = (
    (LOG, r"^(part|shard|chunk|log)[-_.]?\d+"),
    (USERS, r"^(user|customer|reader|member|people|person|kunde)s?([-_.]?(info|data|attributes|features|profiles?))?$"),
    ("user-user", r"friend|follow|trust|social"),
    ("item-item", r"similar|related|also"),
    (
        ITEMS,
        r"^(item|movie|book|product|title|artist|song|track|article|game|business|catalog|artikel)s?"
        r"([-_.]?(info|data|attributes|features|meta(data)?|titles))?$|^meta([-_.].*)?$",
    ),
    (UNUSED, r"^(readme|licen[cs]e|changelog|notice|checksums?)"),
)
_NO_TABLE = (".md", ".pdf", ".html", ".png", ".jpg", ".crc", ".sql", ".py", ".ipynb", ".docx")
_LIKELY = re.compile(r"rating|interact|event|review|purchase|order|histor|play|click|transact|behaviou?r|train|log")
_SPLITS: dict[str, SplitName] = {
    "train": "train",
    "training": "train",
    "valid": "validation",
    "validation": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
}
MOST_FILES = 2000


@dataclass(frozen=True)
class FileLook:
    """The columns of a file and what they could be; `names` is empty where it is no table."""

    path: Path
    names: tuple[str, ...]
    has_names: bool
    has: frozenset[str]
    """Which of user, item, rating and time have a column by name."""


class FolderReader:
    """Reads a folder of tables."""

    columns_by_name = True

    def matches(self, source: str) -> bool:
        folder = as_folder(source)
        return folder is not None and bool(table_files(folder))

    def read(self, source: str, options: ImportOptions) -> SourceLog:
        folder = as_folder(source)
        files = table_files(folder) if folder else []
        if not folder or not files:
            raise DataError(
                f"{source} is a folder of no known layout.",
                "Name one file, or a folder with MovieLens, RecBole or LightGCN files, or with shards of one log.",
                file=source,
            )
        parts = dict(options.files) if options.files else {}
        found = {path: parts.get(path.name, UNUSED) for path in files} if parts else parts_by_content(files, options)
        logs = [path for path, part in found.items() if part == LOG]
        if not logs:
            raise DataError(
                f"{source} is a folder of no known layout: none of its {len(files):,} files has users and items.",
                "Name the one file that is the log.",
                file=source,
                value=", ".join(path.name for path in files[:8]),
            )
        tables: list[Part] = []
        problems: list[Problem] = []
        for number, path in enumerate(logs):
            with progress.watched(lambda share, what: None):  # the share of one file is not that of the folder
                read = _reader(path).read(str(path), options)
            progress.report(0.35 * number / len(logs), 1, f"reading {path.name}")
            split = _SPLITS.get(_stem(path)) if _are_parts(logs) else None
            tables += [replace(part, split=split) for part in read.parts]
            problems += read.problems if number == 0 else ()
        users, items = (_attributes(found, part, options) for part in (USERS, ITEMS))
        edges = tuple(_edges(path, part, options) for path, part in found.items() if part in EDGE_KINDS)
        return SourceLog(
            folder.name, "folder", tuple(tables), users, items, edges, (*problems, _note(folder, found, logs))
        )


def table_files(folder: Path) -> list[Path]:
    """The files of a folder that may be tables, by name; of its only folder, where it holds nothing else."""
    inside = [path for path in sorted(folder.iterdir()) if not path.name.startswith((".", "_"))]
    if len(inside) == 1 and inside[0].is_dir():
        return table_files(inside[0])
    return [path for path in inside if path.is_file() and path.suffix.lower() not in _NO_TABLE][:MOST_FILES]


def parts_by_name(files: Sequence[Path]) -> dict[Path, str]:
    """What each file seems to be by its name; `log` for the largest of those that say nothing, where no name says so.

    >>> files = [Path("friends.csv"), Path("users.csv"), Path("x.csv")]
    >>> list(parts_by_name(files).values())
    ['user-user', 'users', 'log']
    """
    found = {path: _by_name(path) or UNUSED for path in files}
    silent = [path for path in files if _by_name(path) is None] or list(files)
    if LOG not in found.values():
        found[max(silent, key=lambda path: path.stat().st_size if path.is_file() else 0)] = LOG
    return found


def parts_by_content(files: Sequence[Path], options: ImportOptions) -> dict[Path, str]:
    """What each file is: by its name where that is plain, else by its columns. Files with the same columns as the log
    are shards of it."""
    found: dict[Path, str] = {}
    logs: list[FileLook] = []
    for path in files:
        part, look = _by_name(path), _look(path, options)
        if not look.names or part == UNUSED:
            found[path] = UNUSED
        elif part not in (None, LOG):
            found[path] = str(part)
        elif {"user", "item"} <= look.has or (not look.has_names and len(look.names) > 1):
            found[path] = UNUSED
            logs.append(look)
        else:
            found[path] = USERS if "user" in look.has else ITEMS if "item" in look.has else UNUSED
    for part in (USERS, ITEMS):  # the best named of several, or the largest
        several = [path for path in files if found[path] == part]
        for path in sorted(several, key=lambda path: (_by_name(path) != part, -path.stat().st_size))[1:]:
            found[path] = UNUSED
    groups: dict[tuple[str, ...], list[FileLook]] = {}
    for look in logs:  # columns with names may stand in another order from shard to shard
        groups.setdefault(tuple(sorted(look.names)) if look.has_names else look.names, []).append(look)
    for look in max(groups.values(), key=_likeness, default=[]):
        found[look.path] = LOG
    return found


def _likeness(group: list[FileLook]) -> tuple[bool, int, int]:
    """How much a group of files with the same columns is like a log: ratings and times, a telling name, size."""
    return (
        bool(_LIKELY.search(_stem(group[0].path))),
        len(group[0].has & {"rating", "time"}),
        sum(look.path.stat().st_size for look in group),
    )


def _by_name(path: Path) -> str | None:
    return next((part for part, words in _HINTS if re.search(words, _stem(path))), None)


def _stem(path: Path) -> str:
    return path.name.lower().split(".")[0]


def _are_parts(logs: Sequence[Path]) -> bool:
    """Do the names say which part each file is (train.csv, test.csv)?"""
    splits = [_SPLITS.get(_stem(path)) for path in logs]
    return len(logs) > 1 and "train" in splits and None not in splits and len(set(splits)) == len(splits)


def _look(path: Path, options: ImportOptions) -> FileLook:
    """The columns of one file; none where it cannot be read as a table."""
    try:
        reader = _reader(path)
        if hasattr(reader, "read_table"):
            table: Table = reader.read_table(path, options)
            names, has_names = tuple(table.frame.columns), True
        else:
            dialect = file_dialect(path, options)
            names, has_names = dialect.names, dialect.has_header
    except (LensError, OSError):
        return FileLook(path, (), False, frozenset())
    found: dict[str, str] = {}
    for role in ("user", "item", "rating", "time"):
        column = guess_column(role, names, tuple(found.values()))
        if column:
            found[role] = column
    asked = {"user": options.user_col, "item": options.item_col}
    has = {role for role, column in asked.items() if column in names} | set(found)
    return FileLook(path, names, has_names, frozenset(has) if has_names else frozenset())


def _reader(path: Path) -> Any:
    reader: Reader = load_reader(detect(str(path)))
    return reader


def _attributes(found: dict[Path, str], part: str, options: ImportOptions) -> Table | None:
    path = next((path for path, other in found.items() if other == part), None)
    return None if path is None else read_attribute_file(str(path), options, part.removesuffix("s"))


def _edges(path: Path, kind: str, options: ImportOptions) -> EdgeTable:
    source = {"path": str(path), "kind": kind}
    return read_edge_files(ImportOptions.model_validate({**options.model_dump(), "edges": [source]}))[0]


def _note(folder: Path, found: dict[Path, str], logs: list[Path]) -> Problem:
    others = [f"{path.name} = {part}" for path, part in found.items() if part not in (LOG, UNUSED)]
    unused = [path.name for path, part in found.items() if part == UNUSED]
    text = f"{len(logs):,} files are the log ({', '.join(path.name for path in logs[:5])}"
    text += f" and {len(logs) - 5:,} more)" if len(logs) > 5 else ")"
    text += f"; {', '.join(others)}" if others else ""
    text += f"; not used: {', '.join(unused[:8])}" if unused else ""
    doubtful = any(
        path.suffix == logs[0].suffix and _by_name(path) in (None, LOG) for path in found if found[path] == UNUSED
    )
    return Problem("folder", "warning" if doubtful else "info", len(found), "read", f"{text}.", folder.name)
