"""Garbage is collected now and then, without anybody's click."""

import gc
import time
import weakref

from gnnrec_ui.server import garbage


class Ring:
    def __init__(self):
        self.me = self


def test_what_nobody_holds_is_given_back_after_a_while(monkeypatch):
    monkeypatch.setattr(garbage, "SECONDS", 0.02)
    gc.disable()
    try:
        left = weakref.ref(Ring())
        assert left() is not None  # a ring that only the collector finds
        garbage.install()
        end = time.monotonic() + 240
        while left() is not None and time.monotonic() < end:
            time.sleep(0.02)
        assert left() is None
    finally:
        gc.enable()
