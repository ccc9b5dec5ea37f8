"""`as-of RUN --user ID --item ID --date YYYY-MM-DD`: graph, list, ledger and audit as they were."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from gnnrec_core.commands.cases import add_pair, for_the_reader

if TYPE_CHECKING:
    from gnnrec_core.api.answers import Answer


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_pair(parser)
    parser.add_argument("--date", required=True, metavar="YYYY-MM-DD", help="the day at whose end it is asked (UTC)")
    parser.add_argument("--group-by", metavar="COLUMN", help="groups of the audit, as in `audit`")
    parser.add_argument("--top", type=int, default=10, help="contributions that are shown and checked (default 10)")


def run(arguments: argparse.Namespace) -> Answer:
    """The case and the audit as of the day."""
    from gnnrec_core.api.changing import as_of, told_as_of
    from gnnrec_core.commands.opening import opened, told_run

    base = opened(arguments)
    asked = (arguments.user, arguments.item, arguments.date, arguments.k, arguments.group_by, arguments.top)
    found = as_of(base, *asked).value
    if found.explanation is not None:
        found = replace(found, explanation=for_the_reader(found.explanation, base.dataset, arguments))
    return told_as_of(base, found, arguments.top).of(told_run(arguments))
