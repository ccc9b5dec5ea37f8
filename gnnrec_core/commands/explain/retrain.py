"""`retrain RUN`: train the model without some of a user's interactions, and see where the item then stands."""

from __future__ import annotations

import argparse
import csv
from dataclasses import asdict
from typing import Any

from gnnrec_core.base.terminal import say
from gnnrec_core.commands.explain.explain import add_pair


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_pair(parser)
    parser.add_argument(
        "--without",
        required=True,
        metavar="ID,ID,...",
        help="items of the user's history; an id with a comma in quotes",
    )
    parser.add_argument(
        "--seeds", type=int, default=1, metavar="N", help="trainings, each with another seed (default 1)"
    )


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The retraining as the contract has it."""
    from gnnrec_core.commands.opening import opened
    from gnnrec_core.explain.truth.retraining import retrain

    found = opened(arguments)
    dataset = found.dataset
    user, item = dataset.users.index(arguments.user), dataset.items.index(arguments.item)
    ids = [word.strip() for word in next(csv.reader([arguments.without]), []) if word.strip()]
    answer = retrain(
        found, user, item, [dataset.items.index(word) for word in ids], arguments.seeds, arguments.k, _tell
    )
    return {
        "user": arguments.user,
        "item": arguments.item,
        "title": dataset.title(item),
        "removed": [{"item": dataset.items.ids[index], "title": dataset.title(index)} for index in answer.removed],
        "k": arguments.k,
        "before": {"score": answer.case.score, "rank": answer.case.rank},
        "after": [asdict(outcome) for outcome in answer.after],
        "control": [asdict(outcome) for outcome in answer.control],
        "rank_mean": answer.rank_mean,
        "rank_low": answer.rank_low,
        "rank_high": answer.rank_high,
        "exact": answer.exact,
        "seconds": answer.seconds,
    }


def _tell(outcome: Any) -> None:
    say(f"seed {outcome.seed}: rank {outcome.rank}", error=True)


def show(result: dict[str, Any]) -> None:
    """The answer for people."""
    removed = ", ".join(entry["title"] for entry in result["removed"])
    say(f"{result['title']} for {result['user']}: rank {result['before']['rank']} in this model.")
    if result["exact"]:
        after = result["after"][0]
        say(
            f"Trained again without {removed}: rank {after['rank']}, score {after['score']:.4f} (exact: no luck in it)."
        )
        return
    for after, control in zip(result["after"], result["control"], strict=True):
        say(f"  seed {after['seed']}: without {removed} rank {after['rank']}; with everything {control['rank']}")
    n = len(result["after"])
    places = f"rank {result['rank_low']} to {result['rank_high']}"
    say(f"Trained again without {removed}: {places} over {n} seed{'s' * (n > 1)}.")
