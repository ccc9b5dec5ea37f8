"""`calibrate RUN`: measure on the run how well what is foretold agrees with training again, and keep it beside it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gnnrec_core.render.blocks import Facts, Section, Table


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder made by `train`")
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The calibration as the contract has it."""
    from gnnrec_core.explain.truth.calibration import calibrate
    from gnnrec_core.runs.run import load_run

    found = calibrate(load_run(arguments.run, arguments.dataset), arguments.seed)
    return {"run": str(arguments.run), **found.model_dump(exclude={"format_version", "dataset_fingerprint", "created"})}


def view(content: dict[str, Any]) -> tuple[Section, ...]:
    """How well predictions agree with trainings."""
    facts = (
        ("real changes, in times the raw prediction", content["slope"]),
        ("rank correlation of the two", content["spearman"]),
        ("same direction", f"{content['sign_rate']:.0%}"),
        ("held by the 80 % interval", f"{content['coverage']:.0%}"),
    )
    noise = Table(("rank", "moves by (sd)"), tuple(content["rank_noise"].items()), "Another seed alone moves ranks.")
    title = f"{content['n_people']} people, {content['n_pairs']} items, {content['trainings']} trainings"
    return (Section(title, (Facts(facts), noise)),)
