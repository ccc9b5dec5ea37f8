"""Files reach the disk whole or not at all: temporary file, fsync, rename, fsync of the folder."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import socket
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import psutil

from gnnrec_core.base import clock
from gnnrec_core.base.errors import RequestError

_FULL = {getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG") if hasattr(errno, name)}
_DAY = 24 * 3600.0
_TEMPORARY = re.compile(r"^\..*\.([0-9a-f]{8})-(\d+)\.[^.]*\.tmp$")


def write_bytes(path: Path, content: bytes | memoryview) -> None:
    """Replace `path` by `content`; after a crash the file is the old one or the new one, never a mixture.

    Raises RequestError where the disk is full or the folder cannot be written to; the old file is kept.
    """
    write_parts(path, (content,))


def write_parts(path: Path, parts: Sequence[bytes | memoryview]) -> None:
    """The same for content that lies in several pieces."""
    with new_file(path, sum(len(part) for part in parts)) as file:
        for part in parts:
            file.write(part)


@contextmanager
def new_file(path: Path, needed: int = 0) -> Iterator[BinaryIO]:
    """A file to write, about `needed` bytes long, that becomes `path` when the block ends well."""
    with _readable_errors(path, needed):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.{_owner()}.", suffix=".tmp")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(0o644)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def write_json(path: Path, value: Any) -> None:
    """`value` as readable JSON (sorted by nothing: the order of the mapping is kept), written atomically."""
    write_bytes(path, json_bytes(value))


def json_bytes(value: Any) -> bytes:
    """What `write_json` writes."""
    return (json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def write_together(contents: dict[Path, bytes]) -> None:
    """Write several files of one folder so that never those of two reports stand side by side.

    All are written under temporary names first; then the old ones go, the last one first, and the new ones take their
    places, the last one last. So where the last file is there, all others are, and they are of one report, whenever the
    process is killed.
    """
    temporary: dict[Path, Path] = {}
    try:
        for path, content in contents.items():
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.{_owner()}.", suffix=".tmp")
            temporary[path] = Path(name)
            with _readable_errors(path, len(content)), os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary[path].chmod(0o644)
        for path in reversed(contents):
            path.unlink(missing_ok=True)
        for path, written in temporary.items():
            written.replace(path)
            sync_folder(path.parent)
    finally:
        for written in temporary.values():
            written.unlink(missing_ok=True)


def stamp(path: Path) -> tuple[int, int, int]:
    """What changes whenever the file is written anew: its number on the disk, its time in nanoseconds, its size."""
    found = path.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size


def tail(path: Path, most: int) -> str:
    """The last `most` bytes of a text file, however long it is; empty where there is none."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - most))
        return file.read(most).decode("utf-8", errors="replace")


def append_line(path: Path, line: str) -> None:
    """Add `line` (without its end) to a text file, durably; where that fails the file stays as it was.

    Raises RequestError where the disk is full or the file cannot be written to.
    """
    content = f"{line}\n".encode()
    with _readable_errors(path, len(content)), path.open("ab", buffering=0) as file:
        before = file.tell()
        try:
            if file.write(content) < len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(file.fileno())
        except OSError:
            file.truncate(before)
            raise


def sync_folder(folder: Path) -> None:
    """Make a rename inside `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def new_folder(path: Path, overwrite: bool = False) -> Iterator[Path]:
    """A temporary folder that becomes `path` when the block ends well, and vanishes when it does not.

    Raises RequestError where `path` exists and `overwrite` is false, and where the disk is full; what was there stays.
    """
    refuse_existing(path, overwrite)
    with _readable_errors(path, 0):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.{_owner()}.", suffix=".tmp"))
    try:
        yield temporary
        for file in temporary.rglob("*"):
            if file.is_file():
                with file.open("rb") as opened:
                    os.fsync(opened.fileno())
        temporary.chmod(0o755)
        refuse_existing(path, overwrite)
        old = None
        if path.exists():
            old = (
                Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.old.{_owner()}.", suffix=".tmp"))
                / path.name
            )
            path.replace(old)
        temporary.replace(path)
        sync_folder(path.parent)
        if old is not None:
            shutil.rmtree(old.parent)
    except BaseException as error:
        written = folder_bytes(temporary)
        shutil.rmtree(temporary, ignore_errors=True)
        if _is_full(error):
            raise _unwritable(path, error, written) from error
        raise


def folder_bytes(folder: Path) -> int:
    """Bytes of all files below `folder`; what vanishes meanwhile counts nothing."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            continue
    return total


def refuse_existing(path: Path, overwrite: bool) -> None:
    """RequestError where `path` is there already and must not be replaced."""
    if path.exists() and not overwrite:
        raise RequestError(
            f"{path} exists already.",
            "Choose another name, or pass --overwrite to replace it.",
            file=str(path),
        )


def first_within(folder: Path, paths: Iterable[Path]) -> Path | None:
    """The first of `paths` that is `folder` or lies in it, and would go with it where it is replaced."""
    place = folder.resolve()
    return next((path for path in paths if path.resolve().is_relative_to(place)), None)


def sweep_temporaries(folder: Path) -> int:
    """Remove what writers below `folder` left behind when they were killed; the number of entries removed.

    A temporary file or folder goes when the process that made it no longer runs on this machine; one of another machine
    after a day. A folder that was moved aside to be replaced, and whose replacement never came, is put back.
    """
    found = [path for path in folder.rglob(".*.tmp") if _is_abandoned(path)] if folder.is_dir() else []
    for path in found:
        for kept in path.iterdir() if ".old." in path.name and path.is_dir() else ():
            if path.name.startswith(f".{kept.name}.old.") and not (path.parent / kept.name).exists():
                kept.replace(path.parent / kept.name)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(found)


def _is_abandoned(path: Path) -> bool:
    named = _TEMPORARY.match(path.name)
    if named and named[1] == _machine():
        return not psutil.pid_exists(int(named[2]))
    try:
        return clock.age(path) > _DAY
    except FileNotFoundError:
        return False


def _owner() -> str:
    """Who writes: this machine and this process."""
    return f"{_machine()}-{os.getpid()}"


def _machine() -> str:
    return f"{zlib.crc32(socket.gethostname().encode()):08x}"


@contextmanager
def _readable_errors(path: Path, needed: int) -> Iterator[None]:
    """Turn what the system says about writing `needed` bytes to `path` into a sentence with a hint."""
    try:
        yield
    except OSError as error:
        raise _unwritable(path, error, needed) from error


def _unwritable(path: Path, error: BaseException, needed: int) -> RequestError:
    full, free = _is_full(error), shutil.disk_usage(path.parent).free if path.parent.is_dir() else 0
    why = os.strerror(errno.ENOSPC) if full else getattr(error, "strerror", None) or str(error)
    room = f"It needs at least {needed:,} bytes; {free:,} are free there."
    hint = f"Make room on that disk, then try again. {room}" if full else "Check that the folder may be written to."
    return RequestError(f"{path} could not be written: {why}.", hint, file=str(path), needed=needed, free=free)


def _is_full(error: BaseException) -> bool:
    """Whether the disk has no room; Polars says so in words only."""
    return getattr(error, "errno", None) in _FULL or f"(os error {errno.ENOSPC})" in str(error)
