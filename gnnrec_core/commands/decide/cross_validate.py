"""`cross-validate DATASET --model NAME`: the same training on several splits, and how far what comes out differs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gnnrec_core.render.blocks import Section, Table


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("dataset", type=Path, metavar="DATASET", help="a dataset folder; its own parts are not used")
    parser.add_argument("--model", required=True, metavar="NAME", help="the model")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting; repeatable")
    parser.add_argument("--folds", type=int, default=5, help="how many trainings (default 5)")
    parser.add_argument("--kind", default="folds", choices=("folds", "cuts"), help="at random, or cuts in time")
    parser.add_argument("--k", type=int, default=20, help="list length (default 20)")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Figures of each fold and their spread."""
    from gnnrec_core.base.settings import split_assignments
    from gnnrec_core.data.store import load_dataset
    from gnnrec_core.decide.folds import cross_validate

    return cross_validate(
        load_dataset(arguments.dataset),
        arguments.model,
        split_assignments(arguments.set),
        arguments.folds,
        arguments.kind,
        arguments.k,
        arguments.seed,
        arguments.device,
    ).to_dict()


def view(content: dict[str, Any]) -> tuple[Section, ...]:
    """A row a figure."""
    rows = tuple((name, f["mean"], f["low"], f["high"], f["sd"]) for name, f in content["metrics"].items())
    caption = "The 95 % interval is that of the mean; the last column is how far one training differs from another."
    table = Table(("figure", "mean", "low", "high", "standard deviation"), rows, caption)
    parts = f"{len(content['folds'])} {content['kind']}, lists of {content['k']}"
    title = f"{content['model']} on {content['dataset']}: {parts}"
    return (Section(title, (table,)),)
