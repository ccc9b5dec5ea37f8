"""Fifty people at once: how long each waits for a rerun, what a rerun costs the processor, what an idle session holds.

A rerun is another person chosen on Recommend, Explain or What if, asked over Streamlit's own WebSocket protocol; its
time ends with the script. Two loads: everybody in the same instant, again and again (the worst case: pages are drawn
one after the other, so the last one waits for all), and everybody at moments of their own, one rerun in `--think`
seconds.
Memory is the growth of another server's resident size by `--idle` sessions that saw an explanation and do nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from common import write

from tests.browser.app import serving
from tests.load.sessions import Session

PAGES = ("recommend", "explain", "what_if")


def main() -> None:
    """Measure and write `results/sessions.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--think", type=float, default=20.0)
    parser.add_argument("--idle", type=int, default=100)
    asked = parser.parse_args()
    before = os.getloadavg()[0]
    figures: dict[str, Any] = {}
    for measure in (_reruns, _idle):
        with tempfile.TemporaryDirectory() as folder, serving(Path(folder) / "home") as server:
            port = int(server.url.rsplit(":", 1)[1])
            figures |= asyncio.run(measure(port, psutil.Process(server.process.pid), asked))
    figures["load"] = {"before": round(before, 1), "after": round(os.getloadavg()[0], 1)}
    write("sessions", vars(asked), figures, clock="wall time of the client; CPU time of the server")


async def _reruns(port: int, server: psutil.Process, asked: argparse.Namespace) -> dict[str, Any]:
    sessions = [await Session.open(port) for _ in range(asked.sessions)]
    for number, session in enumerate(sessions):
        await session.visit(PAGES[number % len(PAGES)], f"user=reader-{number + 1:04d}")
    found: dict[str, Any] = {}
    for name, think in (("together", 0.0), ("apart", asked.think)):
        cpu, waits = _cpu(server), []
        for turns in [[turn] for turn in range(asked.rounds)] if think == 0 else [range(asked.rounds)]:
            people = (_person(session, number, turns, think) for number, session in enumerate(sessions))
            waits += [wait for person in await asyncio.gather(*people) for wait in person]
        found[name] = {
            "rerun_seconds": {f"p{q}": round(float(np.percentile(waits, q)), 3) for q in (50, 95)},
            "cpu_seconds_a_rerun": round((_cpu(server) - cpu) / len(waits), 4),
            "reruns": len(waits),
        }
    for session in sessions:
        await session.close()
    return found


async def _person(session: Session, number: int, turns: Iterable[int], think: float) -> list[float]:
    draw, waits = random.Random(number), []
    await asyncio.sleep(draw.uniform(0, think))
    for turn in turns:
        seen = await session.visit(PAGES[number % len(PAGES)], f"user=reader-{(number + 7 * turn) % 300 + 1:04d}")
        waits.append(seen.seconds)
        await asyncio.sleep(draw.uniform(0.5, 1.5) * think)
    return waits


async def _idle(port: int, server: psutil.Process, asked: argparse.Namespace) -> dict[str, float]:
    """Megabytes of the server for each open session that waits; the answer it has seen was known before."""

    async def opened(n: int) -> list[Session]:
        sessions = [await Session.open(port) for _ in range(n)]
        for session in sessions:
            await session.visit("explain", "user=reader-0001")
        return sessions

    warm = await opened(10)
    before = server.memory_info().rss
    idle = await opened(asked.idle)
    await asyncio.sleep(2)
    growth = (server.memory_info().rss - before) / 1e6 / len(idle)
    for session in [*warm, *idle]:
        await session.close()
    return {"idle_session_mb": round(growth, 2)}


def _cpu(server: psutil.Process) -> float:
    times = server.cpu_times()
    return float(times.user + times.system)


if __name__ == "__main__":
    main()
