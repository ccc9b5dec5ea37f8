"""Workspaces of the largest sizes that the interface promises: 30,000 people and 60,000 items, and a map of a million
dots; random numbers in all.

The model is LightGCN as it stands before training: what pages cost does not depend on what the numbers are.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from common import RESULTS  # noqa: F401  # puts the project on the path

from gnnrec_core.base.files import write_json
from gnnrec_core.data.dataset import Dataset, Interactions, Vocabulary
from gnnrec_core.data.store import save_dataset
from gnnrec_core.models.ops.checkpoint import save_tensors
from gnnrec_core.runs.record import RunRecord, library_versions

N_USERS, N_ITEMS, N_INTERACTIONS = 30_000, 60_000, 1_000_000
GENRES = ("comedy", "drama", "history", "poetry", "science", "travel", "war", "youth")
NAME, MILLION = "large", "million"


def large_dataset(
    seed: int = 0, n_users: int = N_USERS, n_items: int = N_ITEMS, n_interactions: int = N_INTERACTIONS
) -> Dataset:
    """Popularity of items falls as 1 / rank; everybody has at least one item; split 8:1:1."""
    rng = np.random.default_rng(seed)
    weight = 1 / np.arange(20, n_items + 20)
    item = rng.choice(n_items, n_interactions, p=weight / weight.sum())
    user = np.r_[np.arange(n_users), rng.integers(0, n_users, n_interactions - n_users)]
    pairs = np.unique(user * n_items + item)
    user, item = np.divmod(pairs, n_items)
    n = len(pairs)
    ids = [tuple(f"u{i:05}" for i in range(n_users)), tuple(f"i{i:05}" for i in range(n_items))]
    items = pl.DataFrame(
        {
            "item_index": range(n_items),
            "item_id": ids[1],
            "title": [f"Title {i:05} of the collection" for i in range(n_items)],
            "genre": [GENRES[i] for i in rng.integers(0, len(GENRES), n_items)],
        }
    )
    return Dataset(
        name="Large",
        users=Vocabulary("user", ids[0]),
        items=Vocabulary("item", ids[1]),
        interactions=Interactions(
            user,
            item,
            np.ones(n, np.float32),
            rng.choice(3, n, p=(0.8, 0.1, 0.1)).astype(np.int8),
            timestamp=rng.integers(1_500_000_000, 1_700_000_000, n),
            rating=rng.integers(1, 6, n).astype(np.float32),
        ),
        user_table=pl.DataFrame({"user_index": range(n_users), "user_id": ids[0]}),
        item_table=items,
    )


def make_workspace(home: Path, seed: int = 0) -> None:
    """`datasets/large` and `runs/large` in `home`, with a layout of the map."""
    dataset = large_dataset(seed)
    (home / "datasets").mkdir(parents=True, exist_ok=True)
    save_dataset(dataset, home / "datasets" / NAME)
    save_untrained(home / "runs" / NAME, dataset, f"../../datasets/{NAME}", 32, seed)
    save_layout(home / "runs" / NAME, seed)


def make_million(home: Path, n_items: int = 999_000, seed: int = 0) -> None:
    """`datasets/million` and `runs/million` in `home`: a million people and items with their layout beside the run."""
    dataset = large_dataset(seed, 1_000, n_items, 1_200_000)
    (home / "datasets").mkdir(parents=True, exist_ok=True)
    save_dataset(dataset, home / "datasets" / MILLION)
    save_untrained(home / "runs" / MILLION, dataset, f"../../datasets/{MILLION}", 8, seed)
    save_layout(home / "runs" / MILLION, seed)


def save_layout(folder: Path, seed: int) -> None:
    """A layout beside the run, as it lies there once it was worked out: each dot near one of 40 centres."""
    from gnnrec_core.runs.run import load_run
    from gnnrec_core.whole.map import layout

    run, rng = load_run(folder), np.random.default_rng(seed)
    centres = rng.uniform(-0.85, 0.85, (40, 2))
    position = centres[rng.integers(0, 40, run.dataset.n_users + run.dataset.n_items)]
    position = (position + rng.normal(0, 0.04, position.shape)).clip(-1, 1).astype(np.float32)
    card = {"embeddings": layout.fingerprint_of(run), "n_laid_out": layout.MOST_LAID_OUT, "seed": seed}
    save_tensors(run.place / layout.FILE, {"position": position}, card)


def save_untrained(run: Path, dataset: Dataset, dataset_path: str, dim: int, seed: int) -> None:
    """LightGCN in the folder `run` as it stands before training, at its start: what a question costs does not depend
    on how long its embeddings were trained. `dataset_path` is relative to `run`."""
    from gnnrec_core.models.lightgcn import LightGCN, LightGCNSettings

    settings = LightGCNSettings(embedding_dim=dim)
    run.mkdir(parents=True, exist_ok=True)
    card = {
        "model": "lightgcn",
        "settings": settings.model_dump(),
        "seed": seed,
        "dataset_fingerprint": dataset.fingerprint,
    }
    save_tensors(run / "model.safetensors", LightGCN.initial(dataset, settings, seed), card)
    record = RunRecord(
        dataset_name=dataset.name,
        dataset_path=dataset_path,
        device="cpu",
        state="finished",
        created="2026-01-01T00:00:00Z",
        versions=library_versions(),
        figures={"stopped": "", "epochs_run": 0},
        **card,
    )
    write_json(run / "run.json", record.to_dict())
