"""`update RUN --with DATASET --out RUN2`: a run learns what is new in newer data, and keeps what it knew."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gnnrec_core.api.answers import Answer


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder made by `train`")
    parser.add_argument(
        "--with", dest="newer", type=Path, required=True, metavar="DATASET", help="the newer data, with all of before"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="RUN2", help="where the updated run and its data go")
    parser.add_argument("--replay", type=float, default=0.2, help="share of the old interactions learned again (0.2)")
    parser.add_argument("--epochs", type=int, default=10, help="passes over what is asked (default 10)")
    parser.add_argument("--k", type=int, default=10, help="length of the lists that are compared (default 10)")
    parser.add_argument("--overwrite", action="store_true", help="replace what is at RUN2")
    parser.add_argument("--dataset", type=Path, help="where the old dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> Answer:
    """What the update changed."""
    from gnnrec_core.api.changing import update
    from gnnrec_core.commands.opening import opened

    a = arguments
    return update(opened(a), a.newer, a.out, a.replay, a.epochs, a.k, a.seed, a.overwrite).of(a.out)
