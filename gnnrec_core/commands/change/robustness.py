"""`robustness RUN --kind drop|add|rewire|one|seed --share x`: what shaken data do to lists, figures and reasons."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gnnrec_core.base.terminal import say
from gnnrec_core.commands.people import add_identities, name_others


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder made by `train`")
    parser.add_argument("--kind", default="drop", metavar="KIND", help="drop (default), add, rewire, one, seed")
    parser.add_argument("--share", type=float, default=0.05, metavar="X", help="share of the edges (default 0.05)")
    parser.add_argument("--k", type=int, default=10, help="list length (default 10)")
    parser.add_argument("--group-by", metavar="COLUMN", help="groups, as in `audit`")
    parser.add_argument("--draws", type=int, default=0, metavar="N", help="shakings (default 5; 20 for one)")
    parser.add_argument("--level", default="", metavar="LEVEL", help="again (train again) or kept (parameters kept)")
    add_identities(parser)
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The figures with their intervals."""
    from gnnrec_core.change.robustness import robustness
    from gnnrec_core.runs.run import load_run
    from gnnrec_core.views.stress import robustness_json, robustness_sentence

    base = load_run(arguments.run, arguments.dataset)
    asked = (arguments.kind, arguments.share, arguments.k, arguments.group_by, arguments.draws, arguments.level)
    found = robustness(base, *asked, seed=arguments.seed)
    told = robustness_json(found, base.dataset, name_others(base.dataset, arguments.identities))
    return {"run": str(arguments.run), **told, "verdict": robustness_sentence(found)}


def show(result: dict[str, Any]) -> None:
    """The sentence, the figures, the groups."""
    say(result["verdict"])
    say(f"Level: {result['level_means']}. Lists of {result['k']}, {result['n_draws']} draws.")
    for name in ("overlap", "jaccard", "accuracy", "exposure", "reasons", "own"):
        figure = result[name]
        if figure is not None:
            span = "" if figure["low"] is None else f"[{figure['low']:.4f}, {figure['high']:.4f}]"
            say(f"  {name:9} {figure['value']:8.4f} {span}")
    for group in result["groups"]:
        random = f"random groups {group['random_low']:+.4f} to {group['random_high']:+.4f}"
        say(f"  {group['group']:20} {group['difference']:+.4f} ({random}), adjusted p {group['p_adjusted']:.3f}")
    people = ", ".join(f"{person['user']} {person['overlap']:.2f}" for person in result["least_stable"][:5])
    say(f"  least stable: {people}")
