"""`drivers RUN`: what carries all lists together, with intervals over people."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from gnnrec_core.base.errors import RequestError
from gnnrec_core.commands.given import refuse_unused

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
    parser.add_argument("--top", type=int, metavar="N", help="fold all drivers after the first N into one")
    parser.add_argument("--decides", type=int, default=0, metavar="N", help="recompute without each of the first N")
    parser.add_argument("--sample", type=int, metavar="N", help="people to recompute each for (default 100)")
    parser.add_argument(
        "--level", metavar="LEVEL", help="of what they decide: in this model (default), foretold, trained again"
    )
    parser.add_argument("--against", type=Path, metavar="RUN2", help="how the shares of another run differ")
    parser.add_argument("--between", metavar="A,B", help="how the shares of two groups (of --group-by) differ")
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> Answer:
    """The shares as the contract has them."""
    from gnnrec_core.api.making import load
    from gnnrec_core.api.whole import drivers
    from gnnrec_core.whole.decided import SAMPLE

    a = arguments
    if not a.decides:
        refuse_unused(a, ("sample", "level"), "where no driver is taken away", "Ask with --decides N, or leave it out.")
    between = _between(a)
    opened = load(a.run, a.dataset)
    return drivers(
        opened, a.by, a.k, a.target, a.group_by, a.segment, a.decides, SAMPLE if a.sample is None else a.sample, a.top,
        a.seed, None if a.against is None else load(a.against, a.dataset), between, a.level or "",
    ).of(a.run)  # fmt: skip


def _between(arguments: argparse.Namespace) -> tuple[str, str] | None:
    """The two groups to compare."""
    text = arguments.between
    if text is None:
        return None
    names = [name.strip() for name in text.split(",")]
    if len(set(names)) != 2 or len(names) != 2 or arguments.group_by is None:
        raise RequestError("Two different groups are compared.", "Write --group-by COLUMN --between A,B.", value=text)
    return names[0], names[1]
