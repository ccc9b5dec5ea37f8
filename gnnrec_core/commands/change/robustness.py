"""`robustness RUN --kind drop|add|rewire|one|seed --share x`: what shaken data do to lists, figures and reasons."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from gnnrec_core.change.shaking import KINDS
from gnnrec_core.commands.people import add_identities, name_others

if TYPE_CHECKING:
    from gnnrec_core.api.answers import Answer


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder made by `train`")
    parser.add_argument("--kind", default="drop", metavar="KIND", help=", ".join(KINDS) + " (default drop)")
    parser.add_argument("--share", type=float, default=0.05, metavar="X", help="share of the edges (default 0.05)")
    parser.add_argument("--k", type=int, default=10, help="list length (default 10)")
    parser.add_argument("--group-by", metavar="COLUMN", help="groups, as in `audit`")
    parser.add_argument("--draws", type=int, default=0, metavar="N", help="shakings (default 5; 20 for one)")
    parser.add_argument("--level", default="", metavar="LEVEL", help="again (train again) or kept (parameters kept)")
    add_identities(parser)
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> Answer:
    """The figures with their intervals."""
    from gnnrec_core.api.changing import told_robustness
    from gnnrec_core.change.robustness import robustness
    from gnnrec_core.commands.opening import opened, told_run

    base = opened(arguments)
    asked = (arguments.kind, arguments.share, arguments.k, arguments.group_by, arguments.draws, arguments.level)
    found = robustness(base, *asked, seed=arguments.seed)
    name = name_others(base.dataset, arguments.identities)
    return told_robustness(base, found, name).of(told_run(arguments))
