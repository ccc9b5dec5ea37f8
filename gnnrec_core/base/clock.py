"""A clock that nobody sets: seconds since the machine started."""

from __future__ import annotations

import re
import secrets
import time
import zlib
from functools import cache
from pathlib import Path

import psutil

_STAMPED = re.compile(r"[a-z]-([0-9a-f]{8})-(\d{1,12})-[0-9a-f]{32}")


def now() -> float:
    """Seconds on the clock that all processes of this machine share until it starts again."""
    return time.monotonic()


@cache
def boot() -> str:
    """Which start of the machine this is: eight letters that the next start will not have."""
    path = Path("/proc/sys/kernel/random/boot_id")
    known = path.read_text() if path.is_file() else str(round(psutil.boot_time()))
    return f"{zlib.crc32(known.encode()):08x}"


def stamped(letter: str) -> str:
    """A fresh name that nobody can guess (128 random bits) and that says when it was made: see `age`."""
    return f"{letter}-{boot()}-{int(now())}-{secrets.token_hex(16)}"


def age(path: Path) -> float:
    """Seconds since the file or folder was made. A `stamped` one of this start of the machine knows; the others are
    believed what the disk says of their last change."""
    made = _STAMPED.fullmatch(path.name)
    if made and made[1] == boot():
        return now() - int(made[2])
    return time.time() - path.lstat().st_mtime
