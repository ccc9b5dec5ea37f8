"""A workspace of the largest size that the interface promises: 30,000 people and 60,000 items, random numbers in all.

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
NAME = "large"


def large_dataset(seed: int = 0) -> Dataset:
    """Popularity of items falls as 1 / rank; everybody has at least one item; split 8:1:1."""
    rng = np.random.default_rng(seed)
    weight = 1 / np.arange(20, N_ITEMS + 20)
    item = rng.choice(N_ITEMS, N_INTERACTIONS, p=weight / weight.sum())
    user = np.r_[np.arange(N_USERS), rng.integers(0, N_USERS, N_INTERACTIONS - N_USERS)]
    pairs = np.unique(user * N_ITEMS + item)
    user, item = np.divmod(pairs, N_ITEMS)
    n = len(pairs)
    ids = [tuple(f"u{i:05}" for i in range(N_USERS)), tuple(f"i{i:05}" for i in range(N_ITEMS))]
    items = pl.DataFrame(
        {
            "item_index": range(N_ITEMS),
            "item_id": ids[1],
            "title": [f"Title {i:05} of the collection" for i in range(N_ITEMS)],
            "genre": [GENRES[i] for i in rng.integers(0, len(GENRES), N_ITEMS)],
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
        user_table=pl.DataFrame({"user_index": range(N_USERS), "user_id": ids[0]}),
        item_table=items,
    )


def make_workspace(home: Path, seed: int = 0) -> None:
    """`datasets/large` and `runs/large` in `home`."""
    dataset = large_dataset(seed)
    (home / "datasets").mkdir(parents=True, exist_ok=True)
    save_dataset(dataset, home / "datasets" / NAME)
    save_untrained(home / "runs" / NAME, dataset, f"../../datasets/{NAME}", 32, seed)


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
