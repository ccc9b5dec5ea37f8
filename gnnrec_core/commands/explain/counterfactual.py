"""`counterfactual RUN`: the fewest interactions of the user without which the item leaves the list."""

from __future__ import annotations

import argparse
from typing import Any

from gnnrec_core.base.terminal import say
from gnnrec_core.commands.explain.explain import add_pair


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_pair(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The counterfactual as the contract has it."""
    from gnnrec_core.explain.questions.counterfactual import find_counterfactual
    from gnnrec_core.explain.serialise import counterfactual_json
    from gnnrec_core.ranking.topk import check_k
    from gnnrec_core.runs.run import load_run

    found = load_run(arguments.run, arguments.dataset)
    check_k(arguments.k, found.dataset.n_items)
    user, item = found.dataset.users.index(arguments.user), found.dataset.items.index(arguments.item)
    return counterfactual_json(find_counterfactual(found, user, item, arguments.k), found.dataset)


def show(result: dict[str, Any]) -> None:
    """The answer for people."""
    removed = ", ".join(entry["title"] for entry in result["removed"])
    places = f"from rank {result['rank_before']} to {result['rank_after']}"
    if result["found"]:
        say(f"Without {removed}, {result['title']} falls {places}, out of the top {result['k']}.")
        say(f"Recomputed on the graph without them; {result['minimality']}", end=" ")
        say(f"({result['checked_smaller_sets']:,} smaller sets tried).")
        return
    say(f"No set of up to {result['limit']} interactions was found that takes {result['title']}", end=" ")
    say(f"out of the top {result['k']}: what the model learned about the user in training carries it.")
    if removed:
        say(f"The set that pushes it furthest takes it {places}: {removed}.")
    else:
        say("None was found that moves it down at all.")
