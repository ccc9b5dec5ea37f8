"""`item RUN --item ID`: one item from its own side; with `--provider COLUMN=VALUE` all items of one provider."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from gnnrec_core.commands.people import add_identities, name_others

if TYPE_CHECKING:
    from gnnrec_core.api.answers import Answer


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder made by `train`")
    whose = parser.add_mutually_exclusive_group(required=True)
    whose.add_argument("--item", metavar="ID", help="the item")
    whose.add_argument("--provider", metavar="COLUMN=VALUE", help="all items of an author, seller or label instead")
    parser.add_argument("--k", type=int, default=10, help="list length (default 10)")
    parser.add_argument("--group-by", metavar="COLUMN", help="who gets it, by groups as in `audit`")
    parser.add_argument("--more", type=int, default=5, metavar="N", help="bring it to N more people (default 5)")
    parser.add_argument("--most", type=int, default=3, metavar="N", help="by at most N added links (default 3)")
    parser.add_argument(
        "--links", metavar="A,B", help="attributes that may be added (default: those of which an item can have several)"
    )
    parser.add_argument("--trainings", type=int, default=0, metavar="N", help="train the answer again with N seeds")
    parser.add_argument("--days", type=int, default=0, metavar="N", help="who got it as of N days of the log")
    add_identities(parser)
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> Answer:
    """The item's side as the contract has it."""
    from gnnrec_core.api.making import load
    from gnnrec_core.api.whole import item, provider

    a = arguments
    opened = load(a.run, a.dataset)
    if a.provider is not None:
        column, _, value = a.provider.partition("=")
        return provider(opened, column.strip(), value.strip(), a.k, a.seed).of(a.run)
    name = name_others(opened.dataset, a.identities)
    links = None if a.links is None else [name for name in a.links.split(",") if name]
    return item(opened, a.item, a.k, a.group_by, a.more, a.most, a.seed, name, links, a.trainings, a.days).of(a.run)
