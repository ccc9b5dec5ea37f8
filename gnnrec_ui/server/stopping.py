"""A server that is asked to stop is gone within a few seconds, whatever its threads are doing.

Streamlit waits for requests that are under way, and Python for its threads: an upload that never ends, or work inside a
library, would hold the server for as long as they please. Nothing is lost by leaving them: files are written whole or
not at all, trainings are processes of their own.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

from streamlit.runtime import exists, get_instance

Handler = Callable[[int, FrameType | None], object]
GRACE_SECONDS = 3.0
"""What an orderly stop may take before the process leaves its threads behind."""


def install() -> None:
    """Give this server's stop its limit. Safe to call from a script's thread: only the main one may set handlers."""
    if exists():
        get_instance().stopped.get_loop().call_soon_threadsafe(_limit)  # type: ignore[attr-defined]


def _limit() -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)
        if not callable(before):
            continue

        def stop(number: int, frame: FrameType | None, before: Handler = before) -> None:
            clock = threading.Timer(GRACE_SECONDS, _leave)
            clock.daemon = True
            clock.start()
            before(number, frame)

        signal.signal(number, stop)


def _leave() -> None:
    os.write(2, b"  Work was still under way; it is left behind.\n")  # no lock of a logger, which that work may hold
    os._exit(0)
