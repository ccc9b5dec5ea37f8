"""The service on ML-100K: the time of a ledger at 20 requests a second, and answers that are wrong among 10,000.

LightGCN with shipped settings and a few epochs (the time of a ledger does not depend on how well it was trained). The
service runs in a process of its own, as `gnnrec serve` starts it; each ledger is of another pair, so none is known from
before. Peer in the same run: `/health`, which computes nothing, under the same load.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from common import movielens, write

PORT, TOKEN = 8641, "a-token-for-the-benchmark"
A_SECOND, SECONDS = 20, 30
N_ANSWERS = 10_000


def milliseconds(values: list[float]) -> dict[str, float]:
    """Quantiles of what was answered, and how many questions were refused."""
    answered = [value for value in values if np.isfinite(value)]
    found = {f"p{q}": round(1000 * float(np.quantile(answered, q / 100)), 2) for q in (50, 95, 99)}
    return {**found, "n_refused": len(values) - len(answered)}


async def get(path: str) -> Any:
    """The JSON of one answer, over a connection of its own; ConnectionError for any status but 200."""
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    head = f"GET {path} HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    said, _, body = answer.partition(b"\r\n\r\n")
    if b" 200 " not in said.splitlines()[0]:
        raise ConnectionError(f"{path}: {answer[:300]!r}")
    return json.loads(body)


async def steady(questions: list[str]) -> list[float]:
    """Seconds of each answer where a question is sent every 1 / A_SECOND seconds, whatever is under way; infinite where
    the service was too busy (503)."""
    start = time.perf_counter()

    async def one(number: int, question: str) -> float:
        await asyncio.sleep(max(0.0, start + number / A_SECOND - time.perf_counter()))
        sent = time.perf_counter()
        try:
            await get(question)
        except ConnectionError as error:
            if " 503 " not in str(error):
                raise
            return float("inf")
        return time.perf_counter() - sent

    return list(await asyncio.gather(*(one(number, question) for number, question in enumerate(questions))))


async def wrong(lists: dict[str, list[str]]) -> int:
    """Answers that are not the person's own list, of `N_ANSWERS` with 50 under way at once."""
    people, gate = list(lists), asyncio.Semaphore(50)

    async def one(number: int) -> bool:
        async with gate:
            user = people[number % len(people)]
            found = await get(f"/recommend?user={user}&k=10&seed={number // len(people)}")
            return [entry["item"] for entry in found["items"]] != lists[user]

    return sum(await asyncio.gather(*map(one, range(N_ANSWERS))))


async def measured(server: psutil.Process, lists: dict[str, list[str]]) -> dict[str, Any]:
    """Both loads on the service that runs."""
    for _ in range(600):
        try:
            await get("/health")
            break
        except OSError:
            await asyncio.sleep(0.1)
    people = list(lists)[: A_SECOND * SECONDS]
    figures: dict[str, Any] = {"n_ledgers": len(people)}
    for name, more in (("ledger", "&top=0"), ("ledger_with_10_parts_checked_and_foretold", "")):
        await get(f"/explain?user={people[0]}&item={lists[people[0]][1]}{more}")
        before = sum(server.cpu_times()[:2])
        figures[f"{name}_ms"] = milliseconds(
            await steady([f"/explain?user={user}&item={lists[user][0]}{more}" for user in people])
        )
        figures[f"{name}_cpu_ms"] = round(1000 * (sum(server.cpu_times()[:2]) - before) / len(people), 2)
    figures["health_ms"] = milliseconds(await steady(["/health"] * len(people)))
    return {**figures, "n_answers": N_ANSWERS, "n_wrong": await wrong(lists)}


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
            figures = asyncio.run(measured(psutil.Process(server.pid), lists))
        finally:
            server.terminate()
            server.wait(30)
    settings = {"data": "ml-100k", "requests_a_second": A_SECOND, "workers": 2, "load": os.getloadavg()[0]}
    write("serve", settings, figures, "wall clock of the asker; CPU time of the service")


if __name__ == "__main__":
    main()
