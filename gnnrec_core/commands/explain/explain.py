"""`explain RUN`: why this item, for this user?"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.settings import split_assignments
from gnnrec_core.commands.cases import add_pair, for_the_reader
from gnnrec_core.commands.opening import opened
from gnnrec_core.commands.people import name_others

if TYPE_CHECKING:
    from gnnrec_core.api.answers import Answer


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_pair(parser)
    parser.add_argument("--method", default="ledger", metavar="NAME", help="explanation method (default ledger)")
    parser.add_argument("--top", type=int, default=10, help="contributions shown and recomputed (default 10)")
    parser.add_argument(
        "--target",
        choices=("score", "margin"),
        default="score",
        help="score, or the lead over the item at rank k + 1 (default score)",
    )
    parser.add_argument(
        "--set", action="append", default=[], dest="assignments", metavar="NAME=VALUE", help="a setting of the method"
    )
    parser.add_argument(
        "--no-faithfulness",
        action="store_true",
        help="leave out the faithfulness panel (recomputing it takes a second)",
    )


def run(arguments: argparse.Namespace) -> Answer:
    """The explanation as the contract has it."""
    if arguments.top < 0:
        raise RequestError(f"--top {arguments.top} cannot be used.", "Choose 0 or more.")
    from gnnrec_core.api.asking import explained, explanation

    found = opened(arguments)
    answer = explanation(
        found,
        arguments.user,
        arguments.item,
        arguments.method,
        arguments.target,
        arguments.k,
        arguments.top,
        arguments.seed,
        not arguments.no_faithfulness,
        **split_assignments(arguments.assignments),
    )
    name = name_others(found.dataset, arguments.identities, arguments.user)
    return explained(found, for_the_reader(answer, found.dataset, arguments), arguments.top, name)
