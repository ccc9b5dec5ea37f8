"""`evaluate RUN`: accuracy of a run's lists on held-out interactions."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gnnrec_core.api.answers import Answer

SHARES_PEOPLE = True
"""Under `torchrun` each process works for its share of the people."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder made by `train`")
    parser.add_argument("--k", type=int, default=20, help="list length (default 20)")
    parser.add_argument("--split", default="test", help="the held-out part: test (default) or validation")
    parser.add_argument(
        "--sample-users", type=int, metavar="N", help="judge N people with held-out items, drawn by --seed, not all"
    )
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> Answer:
    """The figures of the contract."""
    from gnnrec_core.api.asking import evaluate
    from gnnrec_core.runs.run import load_run

    run = load_run(arguments.run, arguments.dataset)
    return evaluate(run, arguments.k, arguments.split, arguments.sample_users, arguments.seed).of(arguments.run)
