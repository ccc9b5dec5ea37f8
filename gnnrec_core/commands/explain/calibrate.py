"""`calibrate RUN`: measure on the run how well what is foretold agrees with training again, and keep it beside it.

With `--recourse` how often the links that bring items into more lists do so when the model is trained with them.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gnnrec_core.render.blocks import Facts, Section, Table

if TYPE_CHECKING:
    from gnnrec_core.api.answers import Answer


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder made by `train`")
    parser.add_argument(
        "--recourse",
        type=int,
        nargs="?",
        const=40,
        metavar="N",
        help="instead, how often recourse of items holds, measured on N of them (default 40; four trainings)",
    )
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> dict[str, Any] | Answer:
    """The calibration as the contract has it."""
    from gnnrec_core.explain.truth.calibration import calibrate
    from gnnrec_core.runs.run import load_run

    opened = load_run(arguments.run, arguments.dataset)
    if arguments.recourse is not None:
        from gnnrec_core.api.whole import measure_recourse

        return measure_recourse(opened, arguments.recourse, seed=arguments.seed).of(arguments.run)
    found = calibrate(opened, arguments.seed)
    told = found.model_dump(exclude={"format_version", "dataset_fingerprint", "created"})
    spans = {name: [interval.low, interval.high] for name, interval in found.intervals().items()}
    return {"run": str(arguments.run), **told, "intervals": spans}


def view(content: dict[str, Any]) -> tuple[Section, ...]:
    """How well predictions agree with trainings."""
    (low, high), signs, held = (content["intervals"][name] for name in ("spearman", "sign_rate", "coverage"))
    facts = (
        ("real changes, in times the raw prediction", content["slope"]),
        ("rank correlation of the two", f"{content['spearman']:.2f} ({low:.2f} to {high:.2f})"),
        ("same direction", f"{content['sign_rate']:.0%} ({signs[0]:.0%} to {signs[1]:.0%})"),
        ("held by the 80 % interval", f"{content['coverage']:.0%} ({held[0]:.0%} to {held[1]:.0%})"),
    )
    noise = Table(("rank", "moves by (sd)"), tuple(content["rank_noise"].items()), "Another seed alone moves ranks.")
    title = f"{content['n_people']} people, {content['n_pairs']} items, {content['trainings']} trainings"
    return (Section(title, (Facts(facts), noise)),)
