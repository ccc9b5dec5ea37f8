"""`why-not RUN`: what an item lacks against the last one of the list, and what would lift it in."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from gnnrec_core.base.errors import RequestError
from gnnrec_core.commands.cases import add_pair, for_the_reader

if TYPE_CHECKING:
    from gnnrec_core.api.answers import Answer


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_pair(parser)
    parser.add_argument("--top", type=int, default=10, help="contributions shown (default 10)")


def run(arguments: argparse.Namespace) -> Answer:
    """The contrast and the additions."""
    if arguments.top < 0:
        raise RequestError(f"--top {arguments.top} cannot be used.", "Choose 0 or more.")
    from gnnrec_core.api.asking import not_recommended, why_not
    from gnnrec_core.commands.opening import opened

    found = opened(arguments)
    answer = why_not(found, arguments.user, arguments.item, arguments.k, arguments.top).value
    answer = replace(answer, contrast=for_the_reader(answer.contrast, found.dataset, arguments))
    return not_recommended(found, answer, arguments.top)
