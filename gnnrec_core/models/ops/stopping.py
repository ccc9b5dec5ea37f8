"""Ending a training before its time: Ctrl-C, a termination signal, a time limit."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Literal

Reason = Literal["", "cancelled", "time limit"]


@dataclass
class Stop:
    """Asked at every step. `reason` says why training was ended, '' where it was not."""

    deadline: float | None = None
    reason: Reason = ""

    def __call__(self) -> bool:
        if not self.reason and self.deadline is not None and time.monotonic() >= self.deadline:
            self.reason = "time limit"
        return bool(self.reason)


@contextmanager
def stop_on_signals(max_seconds: float | None) -> Iterator[Stop]:
    """A `Stop` that SIGINT and SIGTERM set while the block runs (the first one; a second acts as it always does)."""
    stop = Stop(None if max_seconds is None else time.monotonic() + max_seconds)
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}

    def ask(number: int, frame: FrameType | None) -> None:
        stop.reason = "cancelled"
        signal.signal(number, before[signal.Signals(number)])

    for number in numbers:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number in numbers:
            signal.signal(number, before[number])
