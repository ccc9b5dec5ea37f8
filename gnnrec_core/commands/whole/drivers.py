"""`drivers RUN`: what carries all lists together, with intervals over people."""

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
    parser.add_argument("run", type=Path, metavar="RUN", help="a run of a model whose scores have parts")
    parser.add_argument("--k", type=int, default=10, help="list length (default 10)")
    parser.add_argument(
        "--by",
        default="item",
        metavar="WHAT",
        help="item, relation, age, popularity, path, or a column of the items such as author (default item)",
    )
    parser.add_argument("--target", default="score", choices=("score", "margin"), help="scores, or leads over rank k+1")
    parser.add_argument("--group-by", metavar="COLUMN", help="the same for each group, as in `audit`")
    parser.add_argument("--segment", metavar="ITEMS", help="only places that hold such items: head, tail, COLUMN=VALUE")
    parser.add_argument("--top", type=int, metavar="N", help="in JSON, fold all drivers after the first N into one")
    parser.add_argument("--decides", type=int, default=0, metavar="N", help="recompute without each of the first N")
    parser.add_argument("--sample", type=int, default=100, help="people to recompute each for (default 100)")
    parser.add_argument(
        "--level", default="", help="of what they decide: in this model (default), foretold, trained again"
    )
    parser.add_argument("--against", type=Path, metavar="RUN2", help="how the shares of another run differ")
    parser.add_argument("--between", metavar="A,B", help="how the shares of two groups (of --group-by) differ")
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> Answer:
    """The shares as the contract has them."""
    from gnnrec_core.api.making import load
    from gnnrec_core.api.whole import drivers
    from gnnrec_core.base.errors import RequestError

    a = arguments
    opened = load(a.run, a.dataset)
    between = None if a.between is None else tuple(a.between.split(","))
    if between is not None and (len(set(between)) != 2 or len(between) != 2 or a.group_by is None):
        raise RequestError(
            "Two different groups are compared.", "Write --group-by COLUMN --between A,B.", value=a.between
        )
    differ = {
        "against": None if a.against is None else load(a.against, a.dataset),
        "between": between,
        "level": a.level,
    }
    chosen = {"group_by": a.group_by, "segment": a.segment, "decides": a.decides, "sample": a.sample, "top": a.top}
    return drivers(opened, a.by, a.k, a.target, seed=a.seed, **chosen, **differ).of(a.run)
