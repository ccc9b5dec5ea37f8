"""`compare RUN RUN ...`: runs side by side with the baselines, paired differences, intervals, adjusted p-values."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gnnrec_core.api.answers import Answer


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="run folders made by `train`, on one dataset")
    parser.add_argument("--k", type=int, default=20, help="list length (default 20)")
    parser.add_argument("--split", default="test", choices=("test", "validation"), help="the held-out part")
    parser.add_argument("--convention", default="ours", help="whose definitions: ours (default), RecBole, LensKit, ...")
    parser.add_argument("--metrics", metavar="A,B", help="what is tested (default: six figures)")
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> Answer:
    """The table and the differences."""
    from gnnrec_core.api.judging import compare
    from gnnrec_core.runs.run import load_run

    return compare(
        *(load_run(folder, arguments.dataset) for folder in arguments.runs),
        k=arguments.k,
        split=arguments.split,
        convention=arguments.convention,
        tested=arguments.metrics.split(",") if arguments.metrics else None,
        seed=arguments.seed,
    )
