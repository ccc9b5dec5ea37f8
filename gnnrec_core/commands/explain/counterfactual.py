"""`counterfactual RUN`: the fewest interactions of the user without which the item leaves the list."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from gnnrec_core.commands.cases import add_pair
from gnnrec_core.commands.people import name_others

if TYPE_CHECKING:
    from gnnrec_core.api.answers import Answer


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_pair(parser)
    parser.add_argument(
        "--scope",
        choices=("own", "readers", "both"),
        default="own",
        help="whose interactions may go: the user's own, those of the item's readers, or both (default own)",
    )


def run(arguments: argparse.Namespace) -> Answer:
    """The counterfactual as the contract has it."""
    from gnnrec_core.api.asking import counterfactual
    from gnnrec_core.commands.opening import opened

    run = opened(arguments)
    name_user = name_others(run.dataset, arguments.identities, arguments.user)
    return counterfactual(run, arguments.user, arguments.item, arguments.k, arguments.scope, name_user)
