"""Lists of 1,000,000 people x 20: how long import and audit take, and how much memory, in a process of its own.

Random lists over 50,000 items, written as Parquet (and CSV), beside a dataset of 5 train and 1 test interactions a
person. Peer in the same run: polars reading the same file into memory and nothing else. The wall clock is that of the
bound only where nothing else runs; how often the process gave up its core (for a disk, a lock) and how often it was
taken from it stand beside.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from common import write

N_USERS, N_ITEMS, LONG, N_TRAIN = 1_000_000, 50_000, 20, 5


def world(folder: Path) -> None:
    """The dataset and the lists."""
    from gnnrec_core.data.dataset import Dataset, Interactions, Vocabulary
    from gnnrec_core.data.store import save_dataset

    rng = np.random.default_rng(0)
    user = np.repeat(np.arange(N_USERS), N_TRAIN + 1)
    # Steps of at least 1 keep a person's items apart.
    item = (np.cumsum(rng.integers(1, N_ITEMS // 8, (N_USERS, N_TRAIN + 1)), axis=1) % N_ITEMS).ravel()
    split = np.tile(np.r_[np.zeros(N_TRAIN), 2].astype(np.int8), N_USERS)
    ids = [tuple(f"{kind}{index:07}" for index in range(n)) for kind, n in (("u", N_USERS), ("i", N_ITEMS))]
    pairs, first = np.unique(user * N_ITEMS + item, return_index=True)
    user, item, split = *np.divmod(pairs, N_ITEMS), split[first]
    items = pl.DataFrame({"item_index": range(N_ITEMS), "item_id": ids[1], "title": ids[1]})
    users = pl.DataFrame({"user_index": range(N_USERS), "user_id": ids[0]})
    log = Interactions(user, item, np.ones(len(user), np.float32), split)
    dataset = Dataset("lists", Vocabulary("user", ids[0]), Vocabulary("item", ids[1]), log, users, items)
    save_dataset(dataset, folder / "data")
    listed = np.cumsum(rng.integers(1, N_ITEMS // LONG, (N_USERS, LONG)), axis=1) % N_ITEMS
    table = pl.DataFrame(
        {
            "user": pl.Series(ids[0])[np.repeat(np.arange(N_USERS), LONG)],
            "item": pl.Series(ids[1])[listed.ravel()],
            "rank": np.tile(np.arange(1, LONG + 1), N_USERS),
        }
    )
    table.write_parquet(folder / "lists.parquet")


CHILD = """
import json, os, resource, sys, time
start = time.perf_counter()
{body}
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({{"seconds": round(time.perf_counter() - start, 1), "cpu_seconds": round(time.process_time(), 1),
                   "peak_gib": round(used.ru_maxrss / 2**20, 2), "load": round(os.getloadavg()[0], 1),
                   "times_it_waited": used.ru_nvcsw, "times_it_was_made_to_wait": used.ru_nivcsw}}))
"""
WHOLE = """
import gnnrec_core as gr
run = gr.import_run({data!r}, {out!r}, lists={lists!r})
print("imported", round(time.perf_counter() - start, 1), file=sys.stderr)
report = gr.audit(run, k=20)
"""
PEER = "import polars; frame = polars.read_parquet({lists!r})"


def child(body: str, **paths: str) -> dict[str, Any]:
    """What a process of its own says of itself."""
    root = Path(__file__).resolve().parents[1]
    code = CHILD.format(body=body.format(**paths))
    done = subprocess.run([sys.executable, "-c", code], cwd=root, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Make the world, import and audit it, and write `results/lists.json`."""
    with tempfile.TemporaryDirectory() as name:
        folder, start = Path(name), time.perf_counter()
        world(folder)
        print(f"made in {time.perf_counter() - start:.0f} s")
        paths = {"data": str(folder / "data"), "out": str(folder / "run"), "lists": str(folder / "lists.parquet")}
        figures = {"import_and_audit": child(WHOLE, **paths), "polars_read_only": child(PEER, **paths)}
    settings = {"n_users": N_USERS, "n_items": N_ITEMS, "list_length": LONG, "train_a_person": N_TRAIN}
    write("lists", settings, figures, "wall clock and CPU time of a process of its own")


if __name__ == "__main__":
    main()
