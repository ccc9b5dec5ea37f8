"""`update RUN --with DATASET --out RUN2`: a run learns what is new in newer data, and keeps what it knew."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from gnnrec_core.base.errors import RequestError
from gnnrec_core.commands.people import add_identities, name_others

if TYPE_CHECKING:
    from gnnrec_core.api.answers import Answer


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder made by `train`")
    parser.add_argument("--with", dest="newer", type=Path, metavar="DATASET", help="newer data, with all of before")
    parser.add_argument("--validation", action="store_true", help="learn the validation part of the run's own instead")
    parser.add_argument("--out", type=Path, required=True, metavar="RUN2", help="where the updated run and its data go")
    parser.add_argument("--replay", type=float, default=0.2, help="share of the old interactions learned again (0.2)")
    parser.add_argument("--epochs", type=int, default=10, help="passes over what is asked (default 10)")
    parser.add_argument("--k", type=int, default=10, help="length of the lists that are compared (default 10)")
    parser.add_argument("--no-compare", action="store_true", help="do not make the same update without replay too")
    add_identities(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace what is at RUN2")
    parser.add_argument("--dataset", type=Path, help="where the old dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> Answer:
    """What the update changed."""
    from gnnrec_core.api.changing import told_update
    from gnnrec_core.change.updating import update, with_validation
    from gnnrec_core.commands.opening import opened
    from gnnrec_core.data.store import load_dataset

    a = arguments
    if (a.newer is None) != a.validation:
        raise RequestError("Name what is to be learned.", "Give --with DATASET, or --validation.")
    run = opened(a)
    data = with_validation(run.dataset) if a.validation else load_dataset(a.newer)
    made, found = update(run, data, a.out, a.replay, a.epochs, a.k, a.seed, a.overwrite, not a.no_compare)
    return told_update(run, made, found, name_others(run.dataset, a.identities)).of(a.out)
