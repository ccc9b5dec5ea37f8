"""`item RUN --item ID`: one item from its own side; with `--provider COLUMN=VALUE` all items of one provider; with
`--new TITLE --attribute NAME=VALUE --readers ID,ID` an item that is not in the data yet."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from gnnrec_core.base.errors import RequestError
from gnnrec_core.commands.given import ids_of, pair_of, refuse_unused
from gnnrec_core.commands.people import add_identities, name_others

if TYPE_CHECKING:
    from gnnrec_core.api.answers import Answer

FOR_ITEM = ("more", "most", "links", "days", "surely")
FOR_NEW = ("attribute", "readers")
FOR_ONE = ("group_by", "trainings")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder made by `train`")
    whose = parser.add_mutually_exclusive_group(required=True)
    whose.add_argument("--item", metavar="ID", help="the item")
    whose.add_argument("--provider", metavar="COLUMN=VALUE", help="all items of an author, seller or label instead")
    whose.add_argument("--new", metavar="TITLE", help="an item that is not in the data, from the links given")
    parser.add_argument(
        "--attribute", action="append", metavar="NAME=VALUE", help="of the new item, as in the graph (repeatable)"
    )
    parser.add_argument("--readers", metavar="ID,ID", help="people who have the new item")
    parser.add_argument("--k", type=int, default=10, help="list length (default 10)")
    parser.add_argument("--group-by", metavar="COLUMN", help="who gets it, by groups as in `audit`")
    parser.add_argument("--more", type=int, metavar="N", help="bring it to N more people (default 5)")
    parser.add_argument("--most", type=int, metavar="N", help="by at most N added links (default 3; 0: look for none)")
    parser.add_argument(
        "--links", metavar="A,B", help="attributes that may be added (default: those of which an item can have several)"
    )
    parser.add_argument("--trainings", type=int, metavar="N", help="train the answer again with N seeds")
    parser.add_argument(
        "--surely",
        action="store_true",
        help="aim higher, so that it holds when trained again (after `calibrate RUN --recourse`)",
    )
    parser.add_argument("--days", type=int, metavar="N", help="who got it as of N days of the log")
    add_identities(parser)
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> Answer:
    """The item's side as the contract has it."""
    from gnnrec_core.api.making import load
    from gnnrec_core.api.whole import item, new_item, provider

    a = arguments
    if a.new is None:
        refuse_unused(a, FOR_NEW, "of an item that is in the data", "Ask with --new TITLE, or leave it out.")
    if a.item is None:
        what = "of a provider" if a.new is None else "of a new item"
        refuse_unused(a, FOR_ITEM, what, "Ask with --item ID, or leave it out.")
    if a.provider is not None:
        refuse_unused(a, FOR_ONE, "of a provider", "Ask with --item ID, or leave it out.")
        column, value = pair_of(a.provider, "--provider author=NAME")
        return provider(load(a.run, a.dataset), column, value, a.k, a.seed).of(a.run)
    opened = load(a.run, a.dataset)
    name = name_others(opened.dataset, a.identities)
    if a.new is not None:
        pairs = [pair_of(text, "--attribute genre=NAME") for text in a.attribute or ()]
        people = ids_of(a.readers)
        return new_item(opened, a.new, pairs, people, a.k, a.group_by, a.trainings or 0, a.seed, name).of(a.run)
    links = None if a.links is None else ids_of(a.links)
    asked = {"trainings": a.trainings or 0, "days": a.days or 0, "surely": a.surely}
    if a.days == 0:
        raise RequestError("0 days cannot be shown.", "Choose 1 to 100, or leave --days out.", value=0)
    if a.most == 0:
        unasked = ("more", "links", "trainings", "surely")
        refuse_unused(a, unasked, "where no link is looked for", "Leave it, or --most 0, out.")
    more, most = 5 if a.more is None else a.more, 3 if a.most is None else a.most
    return item(opened, a.item, a.k, a.group_by, more, most, a.seed, name, links, **asked).of(a.run)
