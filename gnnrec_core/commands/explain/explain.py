"""`explain RUN`: why this item, for this user?"""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.settings import split_assignments
from gnnrec_core.base.terminal import say
from gnnrec_core.commands.opening import add_run, opened
from gnnrec_core.commands.people import add_identities, name_others

if TYPE_CHECKING:
    from gnnrec_core.data.dataset import Dataset
    from gnnrec_core.explain.explanation import Explanation

SHOWN_PATHS = 10


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_pair(parser)
    parser.add_argument("--method", default="ledger", metavar="NAME", help="explanation method (default ledger)")
    parser.add_argument("--top", type=int, default=10, help="contributions shown and recomputed (default 10)")
    parser.add_argument(
        "--target",
        choices=("score", "margin"),
        default="score",
        help="score, or the lead over the item at rank k + 1 (default score)",
    )
    parser.add_argument(
        "--set", action="append", default=[], dest="assignments", metavar="NAME=VALUE", help="a setting of the method"
    )
    parser.add_argument(
        "--no-faithfulness",
        action="store_true",
        help="leave out the faithfulness panel (recomputing it takes a second)",
    )


def add_pair(parser: argparse.ArgumentParser) -> None:
    """The arguments of every command about one user and one item."""
    add_run(parser)
    parser.add_argument("--user", required=True, metavar="ID", help="the user, as the data name them")
    parser.add_argument("--item", required=True, metavar="ID", help="the item, as the data name it")
    parser.add_argument("--k", type=int, default=10, help="list length (default 10)")
    add_identities(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The explanation as the contract has it."""
    if arguments.top < 0:
        raise RequestError(f"--top {arguments.top} cannot be used.", "Choose 0 or more.")
    from gnnrec_core.explain.explaining import explain, with_faithfulness
    from gnnrec_core.explain.serialise import explanation_json
    from gnnrec_core.ranking.topk import check_k

    found = opened(arguments)
    check_k(arguments.k, found.dataset.n_items)
    explanation = explain(
        found,
        found.dataset.users.index(arguments.user),
        found.dataset.items.index(arguments.item),
        arguments.method,
        arguments.target,
        arguments.k,
        split_assignments(arguments.assignments),
        arguments.seed,
        check_top=arguments.top,
    )
    if not arguments.no_faithfulness:
        explanation = with_faithfulness(found.model, found.dataset, explanation, arguments.seed)
    explanation = for_the_reader(explanation, found.dataset, arguments)
    return explanation_json(explanation, found.dataset, arguments.top)


def for_the_reader(explanation: Explanation, dataset: Dataset, arguments: argparse.Namespace) -> Explanation:
    """The explanation with other people under the names that the command line gives them."""
    from gnnrec_core.explain.narrative import narrate
    from gnnrec_core.views.privacy import pseudonymous

    name = name_others(dataset, arguments.identities, arguments.user)
    told = narrate(explanation, dataset, name) if explanation.narrative else ()
    return pseudonymous(replace(explanation, narrative=told), arguments.user, name)


def show(result: dict[str, Any]) -> None:
    """The explanation for people."""
    what = "score" if result["target"] == "score" else f"lead over {result['reference_title']}"
    say(f"{result['title']} for {result['user']}: rank {result['rank']}, {what} {result['score']:.4f}")
    say(f"by {result['method']}{'' if result['exact'] else ' (not exact)'}", end="\n\n")
    for line in result["narrative"]:
        say(line)
    if result["narrative"]:
        say()
    show_contributions(result)
    for path in result["paths"][:SHOWN_PATHS]:
        say(f"{path['value']:10.4f}  {path['share']:7.2%}  " + " → ".join(node["title"] for node in path["nodes"]))
    if result["path_share_shown"] is not None:
        say(f"{'':10}  {result['path_share_shown']:7.2%}  carried by the paths shown")
    for warning in result["warnings"]:
        say(f"Note: {warning}")


def show_contributions(result: dict[str, Any]) -> None:
    """A table of the parts with what remains without each, and the sum that they make."""
    say(f"{'value':>10}  {'share':>7}  {'without it: score':>18} {'rank':>5}")
    if result["additive"]:
        share = result["baseline"] / result["score"] if result["score"] else 0.0
        say(f"{result['baseline']:10.4f}  {share:7.2%}  {'':18} {'':5}  baseline: taste in the own embedding")
    for part in result["contributions"]:
        checked = part["checked"]
        after = f"{checked['score_without']:18.4f} {checked['rank_without']:5}" if checked else f"{'':18} {'':5}"
        share = f"{part['share']:7.2%}" if part["share"] else " " * 7  # what does not sum has none
        say(f"{part['value']:10.4f}  {share}  {after}  {part['label']}")
    rest = result["n_contributions"] - len(result["contributions"])
    if rest > 0 and result["additive"]:
        value = result["sum_of_contributions"] - sum(part["value"] for part in result["contributions"])
        share = value / result["score"] if result["score"] else 0.0
        say(f"{value:10.4f}  {share:7.2%}  {'':18} {'':5}  {rest:,} more")
    elif rest > 0:
        say(f"{'':10}  {'':7}  {'':18} {'':5}  {rest:,} more")
    if result["additive"]:
        say(f"Parts sum to the {result['target']} within {result['completeness_error']:.1e}.")
    say("Without it: the graph without that part, degrees computed anew, the trained embeddings kept.")
