"""`evaluate RUN`: accuracy of a run's lists on held-out interactions."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gnnrec_core.base.terminal import say


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder made by `train`")
    parser.add_argument("--k", type=int, default=20, help="list length (default 20)")
    parser.add_argument("--split", default="test", help="the held-out part: test (default) or validation")
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The figures of the contract."""
    from gnnrec_core.runs.recommend import evaluate
    from gnnrec_core.runs.run import load_run
    from gnnrec_core.views.lists import evaluation_json

    found = evaluate(load_run(arguments.run, arguments.dataset), arguments.k, arguments.split)
    return {"run": str(arguments.run), **evaluation_json(found)}


def show(result: dict[str, Any]) -> None:
    """A table for people."""
    say(f"{result['run']}: lists of {result['k']}, {result['n_users']:,} users with {result['split']} items")
    for name, figure in result["metrics"].items():
        interval = f"  [{figure['low']:.4f}, {figure['high']:.4f}]" if _is_known(figure["low"]) else ""
        value = f"{figure['value']:10.4f}" if _is_known(figure["value"]) else f"{'–':>10}"
        say(f"  {name:10} {value}{interval}")


def _is_known(value: float | None) -> bool:
    return value is not None and value == value
