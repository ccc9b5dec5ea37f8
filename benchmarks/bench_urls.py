"""Addresses that ask for too much: how long the answer takes, how much the server grows, and when it stops for nobody.

Each address is opened in a session of its own on a server that has seen the page before; the time is that of the whole
page. Then questions that have never been asked are begun, their browser leaves meanwhile, and the server's
processor time in the seconds after says when the work has stopped.
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
UNDER_WAY = 0.2
"""Processor seconds after which work is taken to be under way."""
LEFT = {
    "a comparison": ("compare", "runs=lightgcn,gat,itemknn,popularity&k=37"),
    "an audit": ("audit", "run=lightgcn&k=37"),
    "a re-ranking": ("audit", "run=lightgcn&k=33&section=fix&method=calibrated"),
    "a search for sets": ("explain", "run=gat&user=reader-0003&view=What+would+change+it"),
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
    figures["left_behind"] = {name: await _left(port, server, *asked) for name, asked in LEFT.items()}
    return figures


async def _opened(port: int, page: str, query: str) -> float:
    session = await Session.open(port)
    seen = await session.visit(page, query)
    await session.close()
    return seen.seconds


async def _left(port: int, server: psutil.Process, page: str, query: str) -> dict[str, float]:
    """Processor seconds of the server until the browser goes (which is when the work has taken `UNDER_WAY`), in each
    second after it has gone, and what the whole answer takes for somebody who stays."""

    def spent() -> float:
        return float(sum(server.cpu_times()[:2]))

    session = await Session.open(port)
    start = spent()
    await session.ask(page, query)
    for _ in range(3000):
        if spent() - start >= UNDER_WAY:
            break
        await asyncio.sleep(0.02)
    figures = {"before_it_goes": round(spent() - start, 2)}
    await session.close()
    for second in range(1, 5):
        before = spent()
        await asyncio.sleep(1)
        figures[f"second {second}"] = round(spent() - before, 2)
    before = spent()
    await _opened(port, page, query)
    return {**figures, "whole_answer": round(spent() - before, 2)}


if __name__ == "__main__":
    main()
