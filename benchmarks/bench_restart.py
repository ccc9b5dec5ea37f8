"""From the start of a server to a page that shows the training which the server before it has left running.

A training runs in the workspace, its server has been killed. Each round starts a new server, asks for its Train page as
soon as it listens, and ends when the page has named the epoch. The bound is 5 s at a load of 10; `--busy N` keeps N
processes counting meanwhile, so that there is one. Each is a session of its own, as the work of others is: Linux shares
the cores among sessions first, and what is started from one terminal would only slow down itself.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from common import write

from gnnrec_core.base.places import PROJECT
from gnnrec_core.runs import jobs
from gnnrec_core.runs.history import read_history
from gnnrec_core.runs.job_files import TrainRequest
from gnnrec_core.runs.workspace import Workspace
from tests.browser.app import serving
from tests.load.sessions import Session

ENDLESS = TrainRequest(
    str(PROJECT / "sample_data" / "classics"), "lightgcn", {"epochs": 10_000, "patience": 10_000, "embedding_dim": 4}
)
BOUND = 5.0


def main() -> None:
    """Measure and write `results/restart.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--busy", type=int, default=0)
    asked = parser.parse_args()
    busy = [multiprocessing.Process(target=_count, daemon=True) for _ in range(asked.busy)]
    with tempfile.TemporaryDirectory() as folder:
        place = Workspace(Path(folder) / "home")
        place.home.mkdir()
        job = jobs.start(place, ENDLESS)
        try:
            while not read_history(place.home / "runs" / job.id):
                time.sleep(0.2)
            for process in busy:
                process.start()
            load = os.getloadavg()[0]
            rounds = [_round(place) for _ in range(asked.rounds)]
        finally:
            for process in busy:
                process.kill()
            jobs._kill_session(job)
    shown = [after["shown"] for after in rounds]
    figures: dict[str, Any] = {
        name: [round(one[name], 2) for one in rounds] for name in ("listens", "shown", "page_alone")
    }
    figures |= {"median": round(float(np.median(shown)), 2), "worst": max(figures["shown"]), "bound": BOUND}
    figures["load"] = {"before": round(load, 1), "after": round(os.getloadavg()[0], 1)}
    write("restart", vars(asked), figures, clock="wall time from the start of the process")


def _round(place: Workspace) -> dict[str, float]:
    start = time.perf_counter()
    with serving(place.home) as server:
        listens = time.perf_counter() - start
        page = asyncio.run(_shown(int(server.url.rsplit(":", 1)[1])))
        shown = time.perf_counter() - start
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
    return {"listens": listens, "shown": shown, "page_alone": page}


async def _shown(port: int) -> float:
    """Seconds until the Train page has named an epoch of the training."""
    start = time.perf_counter()
    session = await Session.open(port)
    await session.until("train", "", "Epoch ")
    await session.close()
    return time.perf_counter() - start


def _count() -> None:
    os.setsid()
    while True:
        sum(range(100_000))


if __name__ == "__main__":
    main()
