"""Python's full garbage collection every few seconds, instead of after every run of every page.

Streamlit's own (`runner.postScriptGC`, off in `config.toml`) walks through the loaded data and models after each click:
13 ms of the 50 that a click costs on the sample. Collecting now and then gives back as much memory, a little later.
"""

from __future__ import annotations

import gc
import threading
import time

SECONDS = 10.0


def install() -> None:
    """Begin, in a thread that ends with the server."""
    threading.Thread(target=_collect, name="garbage", daemon=True).start()


def _collect() -> None:
    while True:
        time.sleep(SECONDS)
        gc.collect()
