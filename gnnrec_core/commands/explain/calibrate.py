"""`calibrate RUN`: measure on the run how well what is foretold agrees with training again, and keep it beside it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gnnrec_core.base.terminal import say


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder made by `train`")
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The calibration as the contract has it."""
    from gnnrec_core.explain.truth.calibration import calibrate
    from gnnrec_core.runs.run import load_run

    found = calibrate(load_run(arguments.run, arguments.dataset), arguments.seed)
    told = found.model_dump(exclude={"format_version", "dataset_fingerprint", "created"})
    spans = {name: [interval.low, interval.high] for name, interval in found.intervals().items()}
    return {"run": str(arguments.run), **told, "intervals": spans}


def show(result: dict[str, Any]) -> None:
    """The result in a few lines."""
    say(f"{result['n_people']} people, {result['n_pairs']} items, {result['trainings']} trainings.")
    say(f"  Real changes are {result['slope']:.2f} times the raw prediction,", end=" ")
    (low, high), signs, held = (result["intervals"][name] for name in ("spearman", "sign_rate", "coverage"))
    say(f"with a rank correlation of {result['spearman']:.2f} ({low:.2f} to {high:.2f})")
    say(f"  and the same direction in {result['sign_rate']:.0%} ({signs[0]:.0%} to {signs[1]:.0%}).")
    say(f"  The 80 % interval holds {result['coverage']:.0%} ({held[0]:.0%} to {held[1]:.0%}).")
    noise = ", ".join(f"{rank}: {sd:.1f}" for rank, sd in result["rank_noise"].items())
    say(f"  Another seed moves ranks by (sd, by rank) {noise}.")
