"""Zip archives of tables: unpacked into a folder that vanishes, under caps, with names that lead nowhere else."""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from gnnrec_core.base.errors import DataError
from gnnrec_core.data.formats.excel import is_workbook
from gnnrec_core.data.formats.packed import refuse_bomb
from gnnrec_core.data.formats.source import as_file

MOST_FILES = 500
_IGNORED = re.compile(r"(^|/)(__MACOSX/|\.|_SUCCESS|_committed|_started)")


@contextmanager
def unpacked(source: str) -> Iterator[str]:
    """The one file in the zip archive `source`, or a folder with its files; `source` itself where it is no archive.

    DataError for archives that are encrypted, damaged, hold too much, or name places outside.
    """
    path = as_file(source)
    if path is None or not _is_archive(path):
        yield source
        return
    with tempfile.TemporaryDirectory(prefix="gnnrec-zip-") as place:
        folder = Path(place) / (re.sub(r"[^\w.-]+", "_", path.stem) or "archive")
        folder.mkdir()
        files = _extract(path, folder)
        yield str(files[0] if len(files) == 1 else folder)


def _is_archive(path: Path) -> bool:
    with path.open("rb") as file:
        if file.read(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
            return False
    return zipfile.is_zipfile(path) and not is_workbook(path)


def _extract(path: Path, folder: Path) -> list[Path]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            _refuse(path, entries)
            wanted = [entry for entry in entries if not _IGNORED.search(entry.filename)]
            return _written(archive, wanted, path, folder)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError, RuntimeError) as error:
        raise DataError(
            f"{path.name} is a damaged ZIP archive: {str(error)[:120]}.", "Copy or download it again.", file=path.name
        ) from None


def _refuse(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    names = ", ".join(repr(entry.filename[:80]) for entry in entries[:5])
    why = ""
    if any(".." in PurePosixPath(e.filename).parts or e.filename.startswith(("/", "\\")) for e in entries):
        why = f"is a ZIP archive with entries that lead outside of it ({names})"
    elif all(_IGNORED.search(entry.filename) for entry in entries):
        why = f"is a ZIP archive without tables ({names})"
    elif any(entry.flag_bits & 1 for entry in entries):
        why = f"is an encrypted ZIP archive ({names})"
    elif len(entries) > MOST_FILES:
        why = f"is a ZIP archive with {len(entries):,} files; at most {MOST_FILES} are read"
    elif any(entry.filename.lower().endswith((".zip", ".npy", ".pkl")) for entry in entries):
        why = f"is a ZIP archive of archives, arrays or pickles ({names}), which are not opened"
    if why:
        raise DataError(f"{path.name} {why}.", "Unpack it, and import the tables in it.", file=path.name)
    refuse_bomb(path.name, sum(entry.file_size for entry in entries), path.stat().st_size)


def _written(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], path: Path, folder: Path) -> list[Path]:
    files: list[Path] = []
    n_out = 0
    for number, entry in enumerate(entries):
        name = re.sub(r"[^\w. -]+", "_", PurePosixPath(entry.filename).name) or f"file_{number}"
        target = folder / name if folder / name not in files else folder / f"{number}_{name}"
        with archive.open(entry) as packed, target.open("wb") as out:
            while block := packed.read(1 << 18):
                n_out += len(block)
                refuse_bomb(path.name, n_out, path.stat().st_size)
                out.write(block)
        files.append(target)
    return files
