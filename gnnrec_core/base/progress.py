"""How far long work has come, told to whoever watches it; a watcher may stop it by raising CancelledError.

Long loops call `report`, or `check` where they do not know their share; they know neither who watches nor whether
somebody does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Watcher = Callable[[float, str], None]
_WATCHER: ContextVar[Watcher | None] = ContextVar("watcher", default=None)
_STOPPER: ContextVar[Callable[[], None] | None] = ContextVar("stopper", default=None)


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Within the block (in this thread), `watcher` hears the share that is done, in 0..1, and what is done now.

    >>> heard = []
    >>> with watched(lambda share, what: heard.append((share, what))):
    ...     report(1, 4, "reading")
    >>> heard
    [(0.25, 'reading')]
    """
    token = _WATCHER.set(watcher)
    try:
        yield
    finally:
        _WATCHER.reset(token)


@contextmanager
def part(number: int, of: int) -> Iterator[None]:
    """What is reported within the block is the share of part `number` (from 0) of `of` equal parts.

    >>> heard = []
    >>> with watched(lambda share, what: heard.append(share)):
    ...     with part(1, 2):
    ...         report(1, 2)
    >>> heard
    [0.5, 0.75]
    """
    outer = _WATCHER.get()
    if outer is None:
        yield
        return
    with watched(lambda share, what: outer((number + share) / of, what)):
        outer(number / of, "")
        yield


def report(done: float, of: float, what: str = "") -> None:
    """Tell the watcher, where there is one, that `done` of `of` steps are done, and `what` comes now."""
    check()
    watcher = _WATCHER.get()
    if watcher is not None:
        watcher(done / of, what)


@contextmanager
def stoppable(stopper: Callable[[], None]) -> Iterator[None]:
    """Within the block (in this thread), loops ask `stopper` now and then; it raises CancelledError to end them."""
    token = _STOPPER.set(stopper)
    try:
        yield
    finally:
        _STOPPER.reset(token)


def check() -> None:
    """Go on, or raise CancelledError where whoever asked has gone."""
    stopper = _STOPPER.get()
    if stopper is not None:
        stopper()
