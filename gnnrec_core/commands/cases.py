"""What commands about one user and one item share: their arguments and names for other people."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from gnnrec_core.commands.opening import add_run
from gnnrec_core.commands.people import add_identities, name_others

if TYPE_CHECKING:
    from gnnrec_core.data.dataset import Dataset
    from gnnrec_core.explain.explanation import Explanation


def add_pair(parser: argparse.ArgumentParser) -> None:
    """The arguments of every command about one user and one item."""
    add_run(parser)
    parser.add_argument("--user", required=True, metavar="ID", help="the user, as the data name them")
    parser.add_argument("--item", required=True, metavar="ID", help="the item, as the data name it")
    parser.add_argument("--k", type=int, default=10, help="list length (default 10)")
    add_identities(parser)


def for_the_reader(explanation: Explanation, dataset: Dataset, arguments: argparse.Namespace) -> Explanation:
    """The explanation with other people under the names that the command line gives them."""
    from gnnrec_core.explain.narrative import narrate
    from gnnrec_core.views.privacy import pseudonymous

    name = name_others(dataset, arguments.identities, arguments.user)
    told = narrate(explanation, dataset, name) if explanation.narrative else ()
    return pseudonymous(replace(explanation, narrative=told), arguments.user, name)
