"""`compare RUN RUN ...`: runs side by side with the baselines, paired differences, intervals, adjusted p-values."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gnnrec_core.base.terminal import say


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="run folders made by `train`, on one dataset")
    parser.add_argument("--k", type=int, default=20, help="list length (default 20)")
    parser.add_argument("--split", default="test", choices=("test", "validation"), help="the held-out part")
    parser.add_argument("--convention", default="ours", help="whose definitions: ours (default), RecBole, LensKit, ...")
    parser.add_argument("--metrics", metavar="A,B", help="what is tested (default: six figures)")
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The table and the differences."""
    from gnnrec_core.audit.studies.comparing import compare
    from gnnrec_core.runs.run import load_run

    found = compare(
        [load_run(folder, arguments.dataset) for folder in arguments.runs],
        arguments.k,
        split=arguments.split,
        convention=arguments.convention,
        tested=arguments.metrics.split(",") if arguments.metrics else None,
        seed=arguments.seed,
    )
    return found.to_dict()


def show(result: dict[str, Any]) -> None:
    """A line a run, then what can be said of the differences."""
    say(f"{result['dataset']}: lists of {result['k']}, judged on {result['split']}")
    names = ("ndcg", "recall", "hit_rate")
    width = max(len(row["run"]) for row in result["runs"])
    say(f"  {'':{width}} " + " ".join(f"{name:>26}" for name in names) + "   coverage")
    for row in result["runs"]:
        figures = (row["metrics"][name] for name in names)
        cells = (_cell(figure) for figure in figures)
        say(
            f"  {row['run']:{width}} "
            + " ".join(f"{cell:>26}" for cell in cells)
            + f"   {row['items']['coverage']:.4f}"
        )
    for entry in result["differences"]:
        say(f"  - {entry['sentence']}")
    for sentence in result["warnings"]:
        say(f"  ! {sentence}")


def _cell(figure: dict[str, Any]) -> str:
    value, low, high = (figure[name] for name in ("value", "low", "high"))
    if value != value:
        return "–"
    return f"{value:8.4f}" + ("" if low != low else f" [{low:.4f}, {high:.4f}]")
