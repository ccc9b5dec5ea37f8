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
    from gnnrec_core.api.answers import Answer
    from gnnrec_core.change.as_of import as_of
    from gnnrec_core.data.moments import read_day
    from gnnrec_core.runs.run import load_run
    from gnnrec_core.views.over_time import as_of_json, as_of_sections

    day = read_day(arguments.date)
    base = load_run(arguments.run, arguments.dataset)
    user, item = base.dataset.users.index(arguments.user), base.dataset.items.index(arguments.item)
    found = as_of(base, user, item, day, arguments.k, arguments.group_by, check_top=arguments.top)
    if found.explanation is not None:
        found = replace(found, explanation=for_the_reader(found.explanation, base.dataset, arguments))
    content = as_of_json(found, base.dataset, arguments.top)
    return Answer(
        f"{content['title']} for {arguments.user} as of {day}",
        found,
        content,
        lambda: content["items"],
        lambda: as_of_sections(found, base.dataset, arguments.top),
    ).of(arguments.run)
