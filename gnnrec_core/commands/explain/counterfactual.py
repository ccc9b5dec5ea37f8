"""`counterfactual RUN`: the fewest interactions of the user without which the item leaves the list."""

from __future__ import annotations

import argparse
from typing import Any

from gnnrec_core.base.terminal import say
from gnnrec_core.commands.explain.explain import add_pair


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_pair(parser)
    parser.add_argument(
        "--scope",
        choices=("own", "readers", "both"),
        default="own",
        help="whose interactions may go: the user's own, those of the item's readers, or both (default own)",
    )


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The counterfactual as the contract has it."""
    from gnnrec_core.commands.opening import opened
    from gnnrec_core.explain.questions.both_ends import ends_counterfactual
    from gnnrec_core.explain.questions.counterfactual import find_counterfactual
    from gnnrec_core.explain.serialise import counterfactual_json
    from gnnrec_core.ranking.topk import check_k

    found = opened(arguments)
    check_k(arguments.k, found.dataset.n_items)
    user, item = found.dataset.users.index(arguments.user), found.dataset.items.index(arguments.item)
    if arguments.scope == "own":
        answer = find_counterfactual(found, user, item, arguments.k)
    else:
        answer = ends_counterfactual(found.model, found.dataset, user, item, arguments.k, arguments.scope)
    return {**counterfactual_json(answer, found.dataset, found.graph), "scope": arguments.scope}


def show(result: dict[str, Any]) -> None:
    """The answer for people."""
    removed = ", ".join(_name(entry, result) for entry in result["removed"])
    places = f"from rank {result['rank_before']} to {result['rank_after']}"
    if result["found"]:
        say(f"Without {removed}, {result['title']} falls {places}, out of the top {result['k']}, in this model.")
        say(f"Recomputed on the graph without them, embeddings kept; {result['minimality']}", end=" ")
        say(f"({result['checked_smaller_sets']:,} smaller sets tried).")
        _show_trained_again(result)
        return
    say(f"No set of up to {result['limit']} interactions was found that takes {result['title']}", end=" ")
    say(f"out of the top {result['k']} in this model, whose embeddings are kept as they were trained.")
    if removed:
        say(f"The set that pushes it furthest takes it {places}: {removed}.")
    else:
        say("None was found that moves it down at all.")
    _show_trained_again(result)


def _name(entry: dict[str, Any], result: dict[str, Any]) -> str:
    return str(entry["title"]) if entry["user"] == result["user"] else f"{entry['title']} of {entry['user']}"


def _show_trained_again(result: dict[str, Any]) -> None:
    """What would do when the model is trained again."""
    again = result["trained_again"]
    if again is None:
        return
    removed = ", ".join(entry["title"] for entry in again["removed"])
    level = "exact" if again["exact"] else "foretold"
    n = len(again["removed"])
    say(f"If the model is trained again, {n} suffice{'s' * (n == 1)}: without {removed}", end=" ")
    say(f"it stands at about rank {again['rank_foretold']} ({level}).")
