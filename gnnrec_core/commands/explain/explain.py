"""`explain RUN`: why this item, for this user?"""

from __future__ import annotations

import argparse
from typing import Any

from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.settings import split_assignments
from gnnrec_core.base.terminal import say
from gnnrec_core.commands.cases import add_pair, for_the_reader, show_contributions

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


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The explanation as the contract has it."""
    if arguments.top < 0:
        raise RequestError(f"--top {arguments.top} cannot be used.", "Choose 0 or more.")
    from gnnrec_core.explain.explaining import explain, with_faithfulness
    from gnnrec_core.explain.serialise import explanation_json
    from gnnrec_core.runs.run import load_run

    found = load_run(arguments.run, arguments.dataset)
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
