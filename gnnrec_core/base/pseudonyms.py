"""Keyed pseudonyms: other people in an explanation or an export are named by these, never by their id.

A pseudonym is the start of HMAC-SHA256(key, kind | id). Without the key it cannot be computed from a list of ids; with
the key one person has one name in every report, so reports can be compared. A pseudonym is not anonymity: a
rare history can still point to a person.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gnnrec_core.base.errors import RequestError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KEY_BYTES = 32
KEY_FILE = "pseudonym.key"


@dataclass(frozen=True)
class Pseudonyms:
    """Names for raw ids under one secret `key`."""

    key: bytes

    def name(self, raw_id: str, kind: str = "user") -> str:
        """The pseudonym of `raw_id`, such as "user-7c2f91d04b".

        Ten hexadecimal digits: among 100,000 people the chance that any two share a name is about 0.5 %.

        >>> Pseudonyms(b"0" * 32).name("42") == Pseudonyms(b"0" * 32).name("42")
        True
        """
        message = f"{kind}|{raw_id}".encode("utf-8", "surrogatepass")
        return f"{kind}-{hmac.new(self.key, message, hashlib.sha256).hexdigest()[:10]}"

    def order(self, raw_ids: Sequence[str], of: str = "order") -> NDArray[np.int64]:
        """A place 0..n-1 for each of the ids `[n]`, which says nothing about them to who has not the key.

        Another `of` gives an order of its own, so that two lists cannot be laid side by side.
        """
        import numpy as np

        digests = [  # in one call each: three times as quick as an object
            hmac.digest(self.key, f"{of}|{raw_id}".encode("utf-8", "surrogatepass"), "sha256") for raw_id in raw_ids
        ]
        place = np.empty(len(digests), dtype=np.int64)
        place[sorted(range(len(digests)), key=digests.__getitem__)] = np.arange(len(digests))
        return place


def load_pseudonyms(home: Path, read_only: bool = False) -> Pseudonyms:
    """The pseudonyms of the workspace `home`; its key is drawn on first use and readable by its owner only.

    A read-only workspace without a key gives names that hold until the process ends. Raises RequestError where the key
    file is damaged.
    """
    path = home / KEY_FILE
    if not path.exists():
        if read_only:
            return Pseudonyms(secrets.token_bytes(KEY_BYTES))
        home.mkdir(parents=True, exist_ok=True)
        _draw_key(path)
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise RequestError(
            f"{path} is not a pseudonym key: it has {len(key)} bytes, not {KEY_BYTES}.",
            "Remove it; a new key gives everybody new pseudonyms.",
            file=str(path),
        )
    return Pseudonyms(key)


def _draw_key(path: Path) -> None:
    """A whole key appears at `path`, or the one that another process put there first stays."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(name, path)
    finally:
        Path(name).unlink()
