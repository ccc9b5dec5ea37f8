"""What all benchmarks share: where data lie, a clock, and how results are written.

Real data are read from `GNNREC_BENCH_DATA` (default: `../shared/data` beside the project) and never copied into it.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from gnnrec_core.data.dataset import Dataset, Interactions, Vocabulary  # noqa: E402
from gnnrec_core.runs.record import library_versions  # noqa: E402

DATA = Path(os.environ.get("GNNREC_BENCH_DATA", ROOT.parent / "shared" / "data"))
RESULTS = Path(__file__).parent / "results"


def seconds(action: Callable[[], Any], rounds: int = 7, warmup: int = 1) -> float:
    """Median seconds of one call. On one thread of CPU time, which is blind to what else the machine does; on several
    by the clock on the wall, for waiting threads burn time too."""
    import torch

    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    for _ in range(warmup):
        action()
    times = []
    for _ in range(rounds):
        start = clock()
        action()
        times.append(clock() - start)
    return statistics.median(times)


def write(
    name: str, settings: dict[str, Any], figures: dict[str, Any], clock: str = "CPU time of this process"
) -> None:
    """`results/NAME.json`: what was run, where, and what came out; also printed."""
    import torch

    content = {
        "benchmark": name,
        "measured": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "clock": clock,
        "threads": torch.get_num_threads(),
        "machine": {"system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count()},
        "versions": library_versions(),
        "settings": settings,
        "figures": figures,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=1))


def movielens(seed: int) -> Dataset:
    """MovieLens 100K, all ratings as interactions, split 8:1:1 at random within each user."""
    table = pl.read_csv(DATA / "ml-100k" / "ml-100k.inter", separator="\t")
    columns = {name.split(":")[0]: table[name].to_numpy() for name in table.columns}
    _, user = np.unique(columns["user_id"], return_inverse=True)
    _, item = np.unique(columns["item_id"], return_inverse=True)
    rng = np.random.default_rng(seed)
    split = np.zeros(len(user), np.int8)
    for one in range(user.max() + 1):
        rows = rng.permutation(np.flatnonzero(user == one))
        n = round(0.1 * len(rows))
        split[rows[:n]], split[rows[n : 2 * n]] = 2, 1
    time_, rating = columns["timestamp"].astype(np.int64), columns["rating"].astype(np.float32)
    return dataset_of("ml-100k", user, item, split, timestamp=time_, rating=rating)


def gowalla(validation_ratio: float = 0.0) -> Dataset:
    """Gowalla as published; with a ratio, that share of train becomes validation (each user keeps one item or more).

    Chosen by chance alone: ids grow as popularity falls, so that to keep everybody's first item, say, would leave a
    validation part with less popular items than test has, and choose settings for those.
    """
    parts = []
    for name, code in (("train", 0), ("test", 2)):
        for line in (DATA / "gowalla" / f"{name}.txt").read_text().splitlines():
            user, *items = map(int, line.split())
            parts.append(np.stack([np.full(len(items), user), items, np.full(len(items), code)]))
    user, item, split = np.concatenate(parts, axis=1)
    train = np.flatnonzero(split == 0)
    chosen = np.random.default_rng(0).random(len(train)) < validation_ratio
    left = np.bincount(user[train[~chosen]], minlength=user.max() + 1)
    chosen &= left[user[train]] > 0
    split[train[chosen]] = 1
    return dataset_of("gowalla", user, item, split.astype(np.int8))


def dataset_of(name: str, user: Any, item: Any, split: Any, **columns: Any) -> Dataset:
    """Interactions by index, as a dataset whose ids are the indices."""
    ids = [tuple(str(index) for index in range(int(part.max()) + 1)) for part in (user, item)]
    return Dataset(
        name=name,
        users=Vocabulary("user", ids[0]),
        items=Vocabulary("item", ids[1]),
        interactions=Interactions(user, item, np.ones(len(user), np.float32), split, **columns),
        user_table=pl.DataFrame({"user_index": range(len(ids[0])), "user_id": ids[0]}),
        item_table=pl.DataFrame({"item_index": range(len(ids[1])), "item_id": ids[1], "title": ids[1]}),
    )
