"""`attack RUN --item ID`: how many fake accounts bring an item into the lists of how many people."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gnnrec_core.api.answers import Answer


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run of a model that refits at once")
    parser.add_argument("--item", required=True, metavar="ID", help="the item that is pushed")
    parser.add_argument("--profile", default="random", metavar="NAME", help="random, average, bandwagon, segment")
    parser.add_argument("--people", type=int, default=0, metavar="N", help="people to be reached (default 100, or all)")
    parser.add_argument("--k", type=int, default=10, help="list length (default 10)")
    parser.add_argument("--accounts", metavar="N,N", help="numbers of accounts (default 0,1,2,5,10,20,50)")
    parser.add_argument("--size", type=int, default=0, help="other items an account has (default: the median person's)")
    parser.add_argument(
        "--no-suspicion", action="store_true", help="do not look which accounts the suspicion score finds"
    )
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> Answer:
    """A step for each number of accounts."""
    from gnnrec_core.api.changing import attack
    from gnnrec_core.base.errors import RequestError
    from gnnrec_core.change.attack import N_FAKES
    from gnnrec_core.commands.opening import opened, told_run

    a = arguments
    words = [word.strip() for word in (a.accounts or "").split(",") if word.strip()]
    if not all(word.isdecimal() for word in words):
        raise RequestError(f"{a.accounts!r} are no numbers of accounts.", "Write them as 0,5,50.")
    numbers = [int(word) for word in words] or list(N_FAKES)
    asked = (a.item, a.profile, a.people, a.k, numbers, a.size, not a.no_suspicion, a.seed)
    return attack(opened(a), *asked).of(told_run(a))
