"""Five visitors at once on a server that has just started: before and after it has said that the app runs.

`/_stcore/script-health-check` draws the first page before it answers "ok"; a proxy or a container that asks it sends
people to a server that has loaded its libraries and the sample. The five pages are opened at the same moment.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np
from common import write

from tests.browser.app import serving
from tests.load.sessions import visit_together

PAGES = ("", "recommend", "explain", "audit", "what_if")


def main() -> None:
    """Measure and write `results/cold.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    before = os.getloadavg()[0]
    figures: dict[str, Any] = {}
    for name, waits_for_ok in (("at_once", False), ("after_ok", True)):
        seconds, checks = [], []
        for _ in range(asked.rounds):
            with tempfile.TemporaryDirectory() as folder, serving(Path(folder) / "home") as server:
                port = int(server.url.rsplit(":", 1)[1])
                if waits_for_ok:
                    start = time.perf_counter()
                    server_itself = HTTPConnection("127.0.0.1", port, timeout=60)
                    server_itself.request("GET", "/_stcore/script-health-check")
                    assert server_itself.getresponse().read() == b"ok"
                    checks.append(time.perf_counter() - start)
                visits = [(page, "") for page in PAGES]
                seconds += [runs[0].seconds for runs in asyncio.run(visit_together(port, visits, 1))]
        figures[name] = {f"p{q}": round(float(np.percentile(seconds, q)), 2) for q in (50, 95)}
        if checks:
            figures[name]["seconds_to_ok"] = round(float(np.median(checks)), 2)
    figures["load"] = {"before": round(before, 1), "after": round(os.getloadavg()[0], 1)}
    write("cold", vars(asked), figures, clock="wall time of the client")


if __name__ == "__main__":
    main()
