"""`as-of RUN --user ID --item ID --date YYYY-MM-DD`: graph, list, ledger and audit as they were."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from gnnrec_core.base.terminal import say
from gnnrec_core.commands.cases import add_pair, for_the_reader, show_contributions


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_pair(parser)
    parser.add_argument("--date", required=True, metavar="YYYY-MM-DD", help="the day at whose end it is asked (UTC)")
    parser.add_argument("--group-by", metavar="COLUMN", help="groups of the audit, as in `audit`")
    parser.add_argument("--top", type=int, default=10, help="contributions that are shown and checked (default 10)")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The case and the audit as of the day."""
    from gnnrec_core.change.as_of import as_of
    from gnnrec_core.data.moments import read_day
    from gnnrec_core.runs.run import load_run
    from gnnrec_core.views.over_time import as_of_json

    day = read_day(arguments.date)
    base = load_run(arguments.run, arguments.dataset)
    user, item = base.dataset.users.index(arguments.user), base.dataset.items.index(arguments.item)
    found = as_of(base, user, item, day, arguments.k, arguments.group_by, check_top=arguments.top)
    if found.explanation is not None:
        found = replace(found, explanation=for_the_reader(found.explanation, base.dataset, arguments))
    return {"run": str(arguments.run), **as_of_json(found, base.dataset, arguments.top)}


def show(result: dict[str, Any]) -> None:
    """The case, the ledger, the list, the audit."""
    graph, today = result["graph"], result["today"]
    say(f"{result['title']} for {result['user']} as of {result['date']}: rank {result['rank']}; today {today['rank']}.")
    say(f"Level: {result['level_means']}.")
    say(f"Then: {graph['n_train']:,} train interactions, {graph['n_users']:,} people; {graph['n_later']:,} came later.")
    if "contributions" in result:
        show_contributions(result)
    else:
        say(result["no_ledger"])
    for entry in result["items"]:
        say(f"  {entry['rank']:3}  {entry['title']}")
    for name in ("ndcg", "recall"):
        figure = result["audit"]["overall"].get(name)
        if figure:
            say(
                f"  {name} {figure['value']:.4f} [{figure['low']:.4f}, {figure['high']:.4f}] with the lists of that day"
            )
