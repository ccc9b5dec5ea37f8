"""RecBole atomic files: `.inter`, `.user`, `.item`, `.net`, each with a header of `name:type` cells, parted by tabs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl

from gnnrec_core.base import progress
from gnnrec_core.base.errors import DataError, LensError
from gnnrec_core.data.dataset import Problem, SplitName
from gnnrec_core.data.formats.roles import guess_roles, plain_name
from gnnrec_core.data.formats.source import EdgeTable, Part, SourceLog, Table, as_file, as_folder
from gnnrec_core.data.formats.text_file import read_text
from gnnrec_core.data.options import ImportOptions
from gnnrec_core.data.text.dialect import guess_dialect
from gnnrec_core.data.text.plain import first_bytes, head_text

TYPES = ("token", "token_seq", "float", "float_seq")
_PARTS: dict[str, SplitName] = {"train": "train", "valid": "validation", "validation": "validation", "test": "test"}
_TITLES = ("title", "movietitle", "name", "itemname", "booktitle", "producttitle")


class RecBoleReader:
    """Reads a folder of atomic files, or one `.inter` file."""

    columns_by_name = True

    def matches(self, source: str) -> bool:
        folder = as_folder(source)
        if folder is not None:
            return any(_is_atomic(path) for path in folder.glob("*.inter"))
        path = as_file(source)
        return path is not None and _is_atomic(path)

    def read(self, source: str, options: ImportOptions) -> SourceLog:
        folder = as_folder(source)
        files = sorted(folder.glob("*.inter")) if folder else [Path(source)]
        files = [path for path in files if path.is_file()]
        if not files:
            raise DataError(f"{source} holds no .inter file.", "Name a folder of RecBole atomic files.", file=source)
        parts = [_PARTS.get(path.stem.rsplit(".", 1)[-1]) for path in files] if folder else [None]
        if len(files) > 1 and None in parts:
            shown = ", ".join(path.name for path in files[:5])
            raise DataError(f"{source} holds several logs: {shown}.", "Name one of the .inter files.", file=source)
        progress.report(0.0, 1, f"reading {files[0].name}")
        tables = tuple(_interactions(path, part, options) for path, part in zip(files, parts, strict=True))
        beside = {ending: _beside(folder, ending) for ending in ("user", "item", "net")}
        users, items = (self.read_table(path, options) if path else None for path in (beside["user"], beside["item"]))
        problems = tuple(_unused(folder)) if folder else ()
        return SourceLog(
            (folder or Path(source)).name,
            "recbole",
            tables,
            users,
            items,
            _network(beside["net"], options),
            problems,
        )

    def read_table(self, file: Path, options: ImportOptions) -> Table:
        """A `.user` or `.item` file by itself; sequences become lists, but for titles, which are sentences."""
        table, types = _read(file, None, options)
        lists = [
            pl.col(name).cast(pl.String).str.strip_chars().str.split(" ")
            for name, kind in zip(table.frame.columns, types)
            if kind.endswith("_seq") and plain_name(name) not in _TITLES
        ]
        codes = tuple(name for name, kind in zip(table.frame.columns, types) if kind == "token")
        amounts = tuple(name for name, kind in zip(table.frame.columns, types) if kind == "float")
        return replace(table, frame=table.frame.with_columns(lists), codes=codes, amounts=amounts)


def _is_atomic(path: Path) -> bool:
    try:
        line = first_bytes(path, 4096).split(b"\n")[0].decode("utf-8", "replace").strip().lstrip("\ufeff")
    except (LensError, OSError):
        return False
    cells = line.split("\t")
    return len(cells) >= 2 and all(cell.rpartition(":")[2] in TYPES for cell in cells)


def _beside(folder: Path | None, ending: str) -> Path | None:
    found = sorted(folder.glob(f"*.{ending}")) if folder else []
    return found[0] if found else None


def _unused(folder: Path) -> list[Problem]:
    names = [path.name for path in sorted(folder.iterdir()) if path.suffix in (".kg", ".link", ".weight")]
    message = f"{len(names)} files of the folder are not used: {', '.join(names)}."
    return [Problem("unused_files", "info", len(names), "ignored", message, folder.name)] if names else []


def _read(path: Path, keep: int | None, options: ImportOptions) -> tuple[Table, tuple[str, ...]]:
    """A file with its columns renamed to what stands before the colon, and their types. `keep` limits the columns."""
    dialect = guess_dialect(head_text(path, options.encoding), path.name, "\t", "yes", quoted=False)
    table = read_text(path, dialect, dialect.names[:keep], options.encoding, options.bad_rows == "drop")
    names = [name.rpartition(":")[0] or name for name in table.frame.columns]
    types = tuple(name.rpartition(":")[2] for name in table.frame.columns)
    return replace(table, frame=table.frame.rename(dict(zip(table.frame.columns, names)))), types


def _interactions(path: Path, split: SplitName | None, options: ImportOptions) -> Part:
    dialect = guess_dialect(head_text(path, options.encoding), path.name, "\t", "yes", quoted=False)
    if not all(":" in name for name in dialect.names):
        raise DataError(
            f"{path.name} has no typed header such as user_id:token.",
            "Use --format csv for plain delimited text.",
            file=path.name,
            line=1,
            value=dialect.names[0],
        )
    roles = guess_roles(dialect.names, options, path.name, dialect.sample)
    return Part(read_text(path, dialect, roles.columns, options.encoding, options.bad_rows == "drop"), roles, split)


def _network(path: Path | None, options: ImportOptions) -> tuple[EdgeTable, ...]:
    if path is None:
        return ()
    table, _ = _read(path, 2, options)
    return (EdgeTable("friend", "user-user", table),)
