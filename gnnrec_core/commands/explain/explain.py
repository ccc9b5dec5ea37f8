"""`explain RUN`: why this item, for this user?"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.settings import split_assignments
from gnnrec_core.commands.people import add_identities, name_others

if TYPE_CHECKING:
    from gnnrec_core.api.answers import Answer
    from gnnrec_core.data.dataset import Dataset
    from gnnrec_core.explain.explanation import Explanation


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


def add_pair(parser: argparse.ArgumentParser) -> None:
    """The arguments of every command about one user and one item."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder made by `train`")
    parser.add_argument("--user", required=True, metavar="ID", help="the user, as the data name them")
    parser.add_argument("--item", required=True, metavar="ID", help="the item, as the data name it")
    parser.add_argument("--k", type=int, default=10, help="list length (default 10)")
    add_identities(parser)
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> Answer:
    """The explanation as the contract has it."""
    if arguments.top < 0:
        raise RequestError(f"--top {arguments.top} cannot be used.", "Choose 0 or more.")
    from gnnrec_core.api.asking import explain, explained
    from gnnrec_core.runs.run import load_run

    found = load_run(arguments.run, arguments.dataset)
    answer = explain(
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
    return explained(found, for_the_reader(answer.value, found.dataset, arguments), arguments.top, name)


def for_the_reader(explanation: Explanation, dataset: Dataset, arguments: argparse.Namespace) -> Explanation:
    """The explanation with other people under the names that the command line gives them."""
    from gnnrec_core.explain.narrative import narrate
    from gnnrec_core.views.privacy import pseudonymous

    name = name_others(dataset, arguments.identities, arguments.user)
    told = narrate(explanation, dataset, name) if explanation.narrative else ()
    return pseudonymous(replace(explanation, narrative=told), arguments.user, name)
