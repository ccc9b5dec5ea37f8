"""Pages are drawn one after the other, first come first served, as long as each is quick.

Fifty scripts at once would pass Python's one lock around between them, at every message that one of them sends, and all
would wait for all. A page that takes longer than its turn, because a question is being answered, holds nobody up.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

AT_ONCE = 1
TURN_SECONDS = 0.2


class Turns:
    """A line of threads, of which `at_once` go on at a time; one that takes more than `seconds` no longer counts.

    >>> turns = Turns(1, 60.0)
    >>> with turns.turn():
    ...     print("alone")
    alone
    """

    def __init__(self, at_once: int, seconds: float) -> None:
        self._at_once, self._seconds = at_once, seconds
        self._lock = threading.Lock()
        self._line: deque[threading.Event] = deque()
        self._ends: dict[threading.Event, float] = {}

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn, and give it back with the block."""
        mine = threading.Event()
        with self._lock:
            self._line.append(mine)
        while (wait := self._try(mine)) != 0:
            mine.wait(wait)
        try:
            yield
        finally:
            with self._lock:
                del self._ends[mine]
                self._call_first()

    def _try(self, mine: threading.Event) -> float | None:
        """0 where the turn has come; else how long to wait before asking again, None: until called."""
        with self._lock:
            mine.clear()
            if self._line[0] is not mine:
                return None
            now = time.monotonic()
            left = sorted(end - now for end in self._ends.values() if end > now)
            if len(left) >= self._at_once:
                return left[-self._at_once]
            self._line.popleft()
            self._ends[mine] = now + self._seconds
            self._call_first()
            return 0

    def _call_first(self) -> None:
        if self._line:
            self._line[0].set()


@st.cache_resource(show_spinner=False)
def line() -> Turns:
    """The one line of this server."""
    return Turns(AT_ONCE, TURN_SECONDS)
