"""`count DATASET`: users and items of a dataset."""

import argparse
from pathlib import Path
from typing import Any

from gnnrec_core.data.store import load_dataset


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("dataset", type=Path)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The two numbers."""
    dataset = load_dataset(arguments.dataset)
    return {"n_users": dataset.n_users, "n_items": dataset.n_items}
