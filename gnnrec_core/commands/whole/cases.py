"""`cases RUN --shape NAME`: the places of lists whose explanation has a shape."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from gnnrec_core.commands.people import add_identities, name_others

if TYPE_CHECKING:
    from gnnrec_core.api.answers import Answer


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run of a model whose scores have parts")
    parser.add_argument(
        "--shape",
        required=True,
        metavar="NAME",
        help="one_item, friends, learned, contested, scattered, fails_random or fragile (over seeds; asks for `luck`)",
    )
    parser.add_argument("--k", type=int, default=10, help="list length (default 10)")
    parser.add_argument("--target", default="score", choices=("score", "margin"), help="scores, or leads over rank k+1")
    parser.add_argument("--group-by", metavar="COLUMN", help="how many in each group, as in `audit`")
    parser.add_argument("--most", type=int, default=50, metavar="N", help="cases that are listed (default 50)")
    add_identities(parser)
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> Answer:
    """The cases, counted and listed."""
    from gnnrec_core.api.making import load
    from gnnrec_core.api.whole import cases

    a = arguments
    opened = load(a.run, a.dataset)
    name = name_others(opened.dataset, a.identities)
    return cases(opened, a.shape, a.k, a.target, a.group_by, a.most, a.seed, name).of(a.run)
