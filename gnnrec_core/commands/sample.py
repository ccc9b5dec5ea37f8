"""`sample`: make the shipped sample data again."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gnnrec_core.data.sample import save_sample


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--out", type=Path, required=True, metavar="DATASET", help="the dataset folder to write")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing folder")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Write the sample; the same bytes for the same seed."""
    dataset = save_sample(arguments.out, arguments.seed, arguments.overwrite)
    return {
        "dataset": str(arguments.out),
        "n_users": dataset.n_users,
        "n_items": dataset.n_items,
        "n_interactions": len(dataset.interactions),
        **{f"n_{split}": n for split, n in dataset.interactions.n_by_split.items()},
        "fingerprint": dataset.fingerprint,
        "relations": [{"name": relation.name, "n_edges": len(relation)} for relation in dataset.relations],
    }


def show(result: dict[str, Any]) -> None:
    """Print the answer for people."""
    print(
        f"{result['dataset']}: {result['n_interactions']:,} interactions of {result['n_users']:,} simulated readers "
        f"with {result['n_items']:,} real classics; fingerprint {result['fingerprint'][:12]}."
    )
