"""What commands about one user and one item share: their arguments, names for other people, the table of parts."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gnnrec_core.base.terminal import say
from gnnrec_core.commands.people import add_identities, name_others

if TYPE_CHECKING:
    from gnnrec_core.data.dataset import Dataset
    from gnnrec_core.explain.explanation import Explanation


def add_pair(parser: argparse.ArgumentParser) -> None:
    """The arguments of every command about one user and one item."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder made by `train`")
    parser.add_argument("--user", required=True, metavar="ID", help="the user, as the data name them")
    parser.add_argument("--item", required=True, metavar="ID", help="the item, as the data name it")
    parser.add_argument("--k", type=int, default=10, help="list length (default 10)")
    add_identities(parser)
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def for_the_reader(explanation: Explanation, dataset: Dataset, arguments: argparse.Namespace) -> Explanation:
    """The explanation with other people under the names that the command line gives them."""
    from gnnrec_core.explain.narrative import narrate
    from gnnrec_core.views.privacy import pseudonymous

    name = name_others(dataset, arguments.identities, arguments.user)
    told = narrate(explanation, dataset, name) if explanation.narrative else ()
    return pseudonymous(replace(explanation, narrative=told), arguments.user, name)


def show_contributions(result: dict[str, Any]) -> None:
    """A table of the parts with what remains without each, and the sum that they make."""
    say(f"{'value':>10}  {'share':>7}  {'without it: score':>18} {'rank':>5}")
    if result["additive"] and result["baseline_name"]:
        share = _share(result, result["baseline"])
        say(f"{result['baseline']:10.4f}  {share}  {'':18} {'':5}  baseline: {result['baseline_name']}")
    for part in result["contributions"]:
        checked = part["checked"]
        after = f"{checked['score_without']:18.4f} {checked['rank_without']:5}" if checked else f"{'':18} {'':5}"
        share = _share(result, part["value"])
        say(f"{part['value']:10.4f}  {share}  {after}  {part['label']}")
    rest = result["n_contributions"] - len(result["contributions"])
    if rest > 0 and result["additive"]:
        value = result["sum_of_contributions"] - sum(part["value"] for part in result["contributions"])
        say(f"{value:10.4f}  {_share(result, value)}  {'':18} {'':5}  {rest:,} more")
    elif rest > 0:
        say(f"{'':10}  {'':7}  {'':18} {'':5}  {rest:,} more")
    if result["additive"]:
        say(f"Parts sum to the {result['target']} within {result['completeness_error']:.1e}.")
    say(f"Without it: the graph without that part, what hangs on it computed anew, {result['kept']} kept.")


def _share(result: dict[str, Any], value: float) -> str:
    """The share of the explained number; nothing where parts do not sum or that number is not above 0."""
    return f"{value / result['score']:7.2%}" if result["additive"] and result["score"] > 0 else " " * 7
