"""`drift RUN --user ID`: what one person chose over time, what carried their list, and when it changed."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gnnrec_core.base.terminal import say


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder made by `train`")
    parser.add_argument("--user", required=True, metavar="ID", help="the user, as the data name them")
    parser.add_argument("--by", metavar="COLUMN", help="a column of the items (default: genres and the like)")
    parser.add_argument("--windows", type=int, default=6, help="parts that the history is cut into (default 6)")
    parser.add_argument("--k", type=int, default=10, help="list length (default 10)")
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The windows and the change."""
    from gnnrec_core.change.drift import drift
    from gnnrec_core.runs.run import load_run
    from gnnrec_core.views.over_time import drift_json, turn_sentence

    base = load_run(arguments.run, arguments.dataset)
    user = base.dataset.users.index(arguments.user)
    found = drift(base, user, arguments.by, arguments.windows, arguments.k, seed=arguments.seed)
    return {"run": str(arguments.run), **drift_json(found, base.dataset), "verdict": turn_sentence(found)}


def show(result: dict[str, Any]) -> None:
    """One line a window."""
    say(result["verdict"])
    for window in result["windows"]:
        chosen = ", ".join(f"{name} {share:.0%}" for name, share in list(window["chosen"].items())[:3])
        say(f"  {window['from']} to {window['to']} ({window['n']:3}): {chosen}")
        if window["first_reason"]:
            say(f"      first item {window['first_item']}, carried most by {window['first_reason']}")
    say(f"Lists: {result['level_means']}.")
