"""`rounds RUN --n 10`: people choose from their lists, the model learns from it, and so on."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gnnrec_core.base.terminal import say


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder made by `train`")
    parser.add_argument("--n", type=int, default=10, help="rounds (default 10)")
    parser.add_argument("--k", type=int, default=10, help="list length (default 10)")
    parser.add_argument("--influence", type=float, default=0.8, help="chance that a choice comes from the list (0.8)")
    parser.add_argument("--sharpness", type=float, default=3.0, help="how much taste decides (default 3)")
    parser.add_argument("--group-by", metavar="COLUMN", help="groups, as in `audit`")
    parser.add_argument("--seeds", type=int, default=3, help="times that all is played (default 3)")
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Figures by round."""
    from gnnrec_core.change.rounds import rounds
    from gnnrec_core.runs.run import load_run
    from gnnrec_core.views.stress import rounds_json

    base = load_run(arguments.run, arguments.dataset)
    found = rounds(
        base,
        arguments.n,
        arguments.k,
        arguments.influence,
        arguments.sharpness,
        arguments.group_by,
        arguments.seeds,
        arguments.seed,
    )
    return {"run": str(arguments.run), **rounds_json(found)}


def show(result: dict[str, Any]) -> None:
    """What drifted, and the groups."""
    for sentence in result["verdicts"]:
        say(f"  - {sentence}")
    for track in result["tracks"]:
        first, last = track["mean"][0], track["mean"][-1]
        say(f"  {track['title']:40} {first:9.4f} to {last:9.4f}; without influence {track['control'][-1]:9.4f}")
    for group in result["groups"]:
        say(f"  {group['group']:20} more than others {group['more_than_others']['value']:+.4f}")
    say(f"Level: {result['words']}; {result['seeds']} seeds.")
