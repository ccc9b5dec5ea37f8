"""What commands that write a dataset say of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gnnrec_core.data.dataset import Dataset


def size_of(dataset: Dataset, folder: Path) -> dict[str, Any]:
    """What the contract tells of a dataset that was written to `folder`."""
    return {
        "dataset": str(folder),
        "n_users": dataset.n_users,
        "n_items": dataset.n_items,
        "n_interactions": len(dataset.interactions),
        **{f"n_{split}": n for split, n in dataset.interactions.n_by_split.items()},
        "fingerprint": dataset.fingerprint,
        "relations": [{"name": relation.name, "n_edges": len(relation)} for relation in dataset.relations],
    }
