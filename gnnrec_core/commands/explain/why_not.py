"""`why-not RUN`: what an item lacks against the last one of the list, and what would lift it in."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.terminal import say
from gnnrec_core.commands.explain.explain import add_pair, for_the_reader, show_contributions


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_pair(parser)
    parser.add_argument("--top", type=int, default=10, help="contributions shown (default 10)")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The contrast and the additions."""
    if arguments.top < 0:
        raise RequestError(f"--top {arguments.top} cannot be used.", "Choose 0 or more.")
    from gnnrec_core.commands.opening import opened
    from gnnrec_core.explain.questions.why_not import why_not
    from gnnrec_core.explain.serialise import why_not_json
    from gnnrec_core.ranking.topk import check_k

    found = opened(arguments)
    check_k(arguments.k, found.dataset.n_items)
    user, item = found.dataset.users.index(arguments.user), found.dataset.items.index(arguments.item)
    answer = why_not(found, user, item, arguments.k)
    answer = replace(answer, contrast=for_the_reader(answer.contrast, found.dataset, arguments))
    return why_not_json(answer, found.dataset, arguments.top)


def show(result: dict[str, Any]) -> None:
    """The answer for people."""
    contrast = result["contrast"]
    say(f"{result['title']} stands at rank {result['rank']} for {result['user']}.")
    say(f"Against {contrast['reference_title']} at rank {result['k']} it lacks {-contrast['score']:.4f}:", end="\n\n")
    show_contributions(contrast)
    say()
    added = ", ".join(entry["title"] for entry in result["added"])
    if result["found"]:
        say(f"With {added} added, it rises to rank {result['rank_after']} in this model as it stands (recomputed).")
        if result["rank_foretold"] is not None:
            say(f"Trained with them: about rank {result['rank_foretold']} (foretold).")
    else:
        say(f"No set of up to {result['limit']} additions was found that lifts it into the top {result['k']}.")
        if added:
            say(f"The best one takes it to rank {result['rank_after']}: {added}.")
