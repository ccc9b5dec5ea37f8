"""`forget RUN --user ID --out RUN2`: a run without a person (or an item), and a receipt."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gnnrec_core.base.errors import RequestError


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder made by `train`")
    parser.add_argument("--user", metavar="ID", help="the person to forget")
    parser.add_argument("--item", metavar="ID", help="the item to forget instead")
    parser.add_argument("--out", type=Path, required=True, metavar="RUN2", help="where the new run and its data go")
    parser.add_argument(
        "--method", default="", metavar="METHOD", help="refit, kept, again (default: refit, else again)"
    )
    parser.add_argument("--no-compare", action="store_true", help="do not train again to see how thorough it was")
    parser.add_argument("--k", type=int, default=10, help="length of the lists that are compared (default 10)")
    parser.add_argument("--overwrite", action="store_true", help="replace what is at RUN2")
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The receipt."""
    from gnnrec_core.change.forgetting import forget
    from gnnrec_core.runs.run import load_run

    if (arguments.user is None) == (arguments.item is None):
        raise RequestError("Name one person or one item to forget.", "Give --user ID or --item ID.")
    base = load_run(arguments.run, arguments.dataset)
    kind = "user" if arguments.item is None else "item"
    vocabulary, raw_id = (
        (base.dataset.users, arguments.user) if kind == "user" else (base.dataset.items, arguments.item)
    )
    _, receipt = forget(
        base,
        kind,
        vocabulary.index(raw_id),
        arguments.out,
        arguments.method,
        not arguments.no_compare,
        arguments.k,
        arguments.overwrite,
    )
    told = receipt.to_dict()
    against = told.pop("against")
    return {
        "run": str(arguments.out),
        "from": str(arguments.run),
        "dataset": str(arguments.out / "dataset"),
        kind: raw_id,
        **told,
        "largest_difference": None if against is None else against["largest_difference"],
        "overlap": None if against is None else against["overlap"],
        "share_kept": None if against is None else against["share_kept"],
        "membership": None if against is None else against["membership"],
        "membership_before": None if against is None else against["membership_before"],
        "still_there": [str(arguments.run), str((base.place / base.record.dataset_path).resolve())],
    }
