"""`retrain RUN`: train the model without some of a user's interactions, and see where the item then stands."""

from __future__ import annotations

import argparse
import csv
from dataclasses import asdict
from typing import Any

from gnnrec_core.base.terminal import say
from gnnrec_core.commands.cases import add_pair
from gnnrec_core.render.blocks import Section, Table, Text


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


def view(content: dict[str, Any]) -> tuple[Section, ...]:
    """The rank in this model, then of each training without the items and with everything."""
    removed = ", ".join(entry["title"] for entry in content["removed"])
    if content["exact"]:
        said = f"Rank {content['after'][0]['rank']}, score {content['after'][0]['score']:.4f} (exact: no luck in it)."
    else:
        n = len(content["after"])
        said = f"Rank {content['rank_low']} to {content['rank_high']} over {n} seed{'s' * (n > 1)}."
    rows = tuple(
        (after["seed"], after["rank"], control["rank"])
        for after, control in zip(content["after"], content["control"], strict=not content["exact"])
    )
    table = Table(("seed", "rank without them", "rank with everything"), rows)
    before = f"{content['title']} for {content['user']}: rank {content['before']['rank']} in this model"
    return (
        Section(before, ()),
        Section(f"Trained again without {removed}", (Text((said,)), *([table] if rows else []))),
    )
