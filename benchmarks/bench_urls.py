"""Addresses that ask for too much: how long the answer takes, how much the server grows, and when it stops for nobody.

Each address is opened in a session of its own on a server that has seen the page before; the time is that of the whole
page. Then a comparison that has never been asked is begun, its browser leaves at once, and the server's processor time
in the seconds after says when the work has stopped.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from pathlib import Path
from typing import Any

import psutil
from common import write

from tests.browser.app import serving
from tests.load.sessions import Session

LONG = "9" * 5_000
RUNS = ",".join(["lightgcn", "gat"] * 250)
ADDRESSES = {
    "500 runs": ("compare", f"runs={RUNS}"),
    "k of 5,000 digits": ("recommend", f"k={LONG}"),
    "focus of 5,000 digits": ("recommend", f"focus=n{LONG}"),
    "off of 5,000 digits": ("what_if", f"off={LONG}"),
    "add of 5,000 digits": ("what_if", f"add={LONG}"),
    "user of 200,000 letters": ("recommend", "user=" + "x" * 200_000),
    "1 MB": ("audit", "group=" + "x" * 1_000_000),
}


def main() -> None:
    """Measure and write `results/urls.json`."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder) / "home") as server:
        process = psutil.Process(server.process.pid)
        figures = asyncio.run(_measure(int(server.url.rsplit(":", 1)[1]), process))
    figures["load"] = {"before": round(before, 1), "after": round(os.getloadavg()[0], 1)}
    write("urls", {}, figures, clock="wall time of the client; CPU time of the server")


async def _measure(port: int, server: psutil.Process) -> dict[str, Any]:
    for page in sorted({page for page, _ in ADDRESSES.values()}):
        await _opened(port, page, "")
    figures: dict[str, Any] = {"addresses": {}}
    for name, (page, query) in ADDRESSES.items():
        before = server.memory_info().rss
        seconds = await _opened(port, page, query)
        grown = (server.memory_info().rss - before) / 1e6
        figures["addresses"][name] = {"seconds": round(seconds, 2), "grown_mb": round(grown, 1)}
    figures["left_behind"] = await _left(port, server)
    return figures


async def _opened(port: int, page: str, query: str) -> float:
    session = await Session.open(port)
    seen = await session.visit(page, query)
    await session.close()
    return seen.seconds


async def _left(port: int, server: psutil.Process) -> dict[str, float]:
    """Processor seconds of the server in each second after the browser has gone, work being under way."""
    session = await Session.open(port)
    await session.ask("compare", "runs=lightgcn,gat,itemknn,popularity&k=37")
    await asyncio.sleep(0.3)
    await session.close()
    spent = {}
    for second in range(1, 5):
        before = sum(server.cpu_times()[:2])
        await asyncio.sleep(1)
        spent[f"second {second}"] = round(sum(server.cpu_times()[:2]) - before, 2)
    return spent


if __name__ == "__main__":
    main()
