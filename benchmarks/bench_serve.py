"""The service on ML-100K: the time of a ledger at 20 requests a second, and answers that are wrong among 10,000.

LightGCN with shipped settings and a few epochs (the time of a ledger does not depend on how well it was trained). The
service runs in a process of its own, as `gnnrec serve` starts it; each ledger is of another pair, so none is known from
before. Peer in the same run: `/health`, which computes nothing, under the same load.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from common import movielens, write

PORT, TOKEN = 8641, "a-token-for-the-benchmark"
A_SECOND, SECONDS = 20, 30
N_ANSWERS = 10_000


def milliseconds(values: list[float]) -> dict[str, float]:
    """Quantiles."""
    return {f"p{q}": round(1000 * float(np.quantile(values, q / 100)), 2) for q in (50, 95, 99)}


async def steady(client: httpx.AsyncClient, questions: list[str]) -> list[float]:
    """Seconds of each answer where a question is sent every 1 / A_SECOND seconds, whatever is under way."""
    start = time.perf_counter()

    async def one(number: int, question: str) -> float:
        await asyncio.sleep(max(0.0, start + number / A_SECOND - time.perf_counter()))
        sent = time.perf_counter()
        (await client.get(question)).raise_for_status()
        return time.perf_counter() - sent

    return list(await asyncio.gather(*(one(number, question) for number, question in enumerate(questions))))


async def wrong(client: httpx.AsyncClient, lists: dict[str, list[str]]) -> int:
    """Answers that are not the person's own list, of `N_ANSWERS` with 50 under way at once."""
    people, gate = list(lists), asyncio.Semaphore(50)

    async def one(number: int) -> bool:
        async with gate:
            user = people[number % len(people)]
            found = (await client.get(f"/recommend?user={user}&k=10&seed={number // len(people)}")).json()
            return [entry["item"] for entry in found["items"]] != lists[user]

    return sum(await asyncio.gather(*map(one, range(N_ANSWERS))))


async def measured(lists: dict[str, list[str]]) -> dict[str, Any]:
    """Both loads on the service that runs."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{PORT}", headers=headers, timeout=60) as client:
        for _ in range(600):
            try:
                await client.get("/health")
                break
            except httpx.TransportError:
                await asyncio.sleep(0.1)
        people = list(lists)[: A_SECOND * SECONDS]
        ledgers = [f"/explain?user={user}&item={lists[user][0]}" for user in people]
        await client.get(f"/explain?user={people[0]}&item={lists[people[0]][1]}")
        figures = {"ledger_ms": milliseconds(await steady(client, ledgers))}
        figures["health_ms"] = milliseconds(await steady(client, ["/health"] * len(ledgers)))
        return {**figures, "n_ledgers": len(ledgers), "n_answers": N_ANSWERS, "n_wrong": await wrong(client, lists)}


def main() -> None:
    """Serve, ask, and write `results/serve.json`."""
    import gnnrec_core as gr

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        run = gr.fit(movielens(0), "lightgcn", epochs=4).save(place / "run")
        frame = gr.recommend(run, k=10).to_frame()
        lists = {user: own["item"].tolist() for user, own in frame.groupby("user")}
        (place / "tokens").write_text(TOKEN, encoding="utf-8")
        words = [sys.executable, "-m", "gnnrec_core", "serve", str(place / "run"), "--port", str(PORT)]
        words += ["--token-file", str(place / "tokens"), "--rate", "100000"]
        root = str(Path(__file__).resolve().parents[1])
        server = subprocess.Popen(words, cwd=root, env={**os.environ, "OMP_NUM_THREADS": "1"})
        try:
            figures = asyncio.run(measured(lists))
        finally:
            server.terminate()
            server.wait(30)
    write("serve", {"data": "ml-100k", "requests_a_second": A_SECOND, "workers": 2}, figures)


if __name__ == "__main__":
    main()
