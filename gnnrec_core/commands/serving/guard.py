"""Who may ask, and how often."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from gnnrec_core.base.errors import RequestError

SHORTEST = 16
"""Characters of a token."""


def read_tokens(path: Path) -> tuple[bytes, ...]:
    """Digests of the tokens in a file (one a line, `#` for comments); RequestError where none can be used."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"{path} cannot be read: {error}.", "Write one token a line.", file=str(path)) from error
    tokens = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    for number, token in enumerate(tokens, start=1):
        if len(token) < SHORTEST or not token.isascii() or " " in token:
            raise RequestError(
                f"Token {number} in {path} cannot be used.",
                f"Use {SHORTEST} or more letters and digits, such as those of `python -m secrets`.",
                file=str(path),
            )
    if not tokens:
        raise RequestError(f"{path} holds no token.", "Write one token a line.", file=str(path))
    return tuple(_digest(token) for token in tokens)


def holder(tokens: tuple[bytes, ...], header: str) -> int | None:
    """Whose `Authorization` header this is: a place in `tokens`, or None. Every token is compared, in constant time."""
    scheme, _, token = header.partition(" ")
    given, found = _digest(token.strip()), None
    for place, known in enumerate(tokens):
        if hmac.compare_digest(given, known):
            found = place
    return found if scheme.lower() == "bearer" else None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


@dataclass
class Rate:
    """A bucket of requests for each token: `per_second` flow in, at most `burst` stand in it."""

    per_second: float
    burst: float
    now: Callable[[], float] = time.monotonic
    _left: dict[int, tuple[float, float]] = field(default_factory=dict)

    def wait(self, who: int) -> float:
        """0 where the request may go on; else the seconds until one may."""
        now = self.now()
        left, since = self._left.get(who, (self.burst, now))
        left = min(self.burst, left + (now - since) * self.per_second)
        if left < 1:
            self._left[who] = (left, now)
            return (1 - left) / self.per_second
        self._left[who] = (left - 1, now)
        return 0.0
