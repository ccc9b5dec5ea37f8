"""`train DATASET --model NAME --out RUN`: train a model, with live progress on standard error."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gnnrec_core.base.terminal import say, speaks
from gnnrec_core.commands.trainings import configure_model, settings_given
from gnnrec_core.render.blocks import Section, Text

if TYPE_CHECKING:
    from gnnrec_core.models.protocol import Epoch

MOST_CALIBRATED = 200_000
"""Train interactions up to which a run is calibrated without being asked."""
PRINTED = ("n_parameters", "epochs_run", "best_epoch", "seconds", "seconds_per_epoch", "validation", "stopped")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    configure_model(parser, modules=True)
    parser.add_argument("--out", required=True, type=Path, help="the run folder to make")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out where it stopped")
    parser.add_argument("--max-seconds", type=float, help="end after this time with the best epoch so far")
    parser.add_argument(
        "--divide", action="store_true", help="under torchrun: each process holds its part of the tables, not all"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the run in --out")
    parser.add_argument(
        "--calibrate",
        choices=("auto", "yes", "no"),
        default="auto",
        help="two more trainings that measure how true foretold figures are; auto: up to "
        f"{MOST_CALIBRATED:,} train interactions (default auto)",
    )


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Train and answer with the figures of the contract."""
    from gnnrec_core.runs.training import train

    given, model = settings_given(arguments), arguments.model
    if arguments.module is not None:
        from gnnrec_core.runs.bringing.modules import model_of

        model, origin = model_of(arguments.module)
        given |= origin
    else:
        _caution(arguments, given)
    progress = _Progress()
    record = train(
        arguments.dataset,
        model,
        given,
        arguments.out,
        seed=arguments.seed,
        device=arguments.device,
        resume=arguments.resume,
        max_seconds=arguments.max_seconds,
        overwrite=arguments.overwrite,
        on_epoch=progress,
        divide=arguments.divide,
    )
    progress.end()
    is_done = record.state == "finished" and not record.figures["stopped"] and speaks()
    calibration = _calibration(arguments) if is_done and arguments.calibrate != "no" else None
    beside = _standing(arguments) if is_done else None
    return {
        "run": str(arguments.out),
        "model": record.model,
        "settings": record.settings,
        "seed": record.seed,
        "device": record.device,
        "state": record.state,
        **{name: record.figures.get(name) for name in PRINTED},
        "calibration": calibration,
        "standing": beside,
    }


def _caution(arguments: argparse.Namespace, given: dict[str, Any]) -> None:
    """Before the start: whether the data do not suit the model."""
    from gnnrec_core.base.settings import read_settings
    from gnnrec_core.data.store import load_dataset
    from gnnrec_core.models import MODELS
    from gnnrec_core.models.protocol import CautiousRecommender
    from gnnrec_core.runs.estimating import caution

    kind: Any = MODELS.load(arguments.model)
    is_cautious = isinstance(kind, CautiousRecommender)
    if is_cautious:
        said = caution(load_dataset(arguments.dataset), kind, read_settings(kind.settings_type, given))
        if said:
            say(said, error=True)


def _calibration(arguments: argparse.Namespace) -> dict[str, Any] | None:
    """The calibration of the new run, where it is wanted and there is something to calibrate."""
    from gnnrec_core.base.errors import RequestError, UnsupportedError
    from gnnrec_core.explain.truth.calibration import calibrate, load_calibration
    from gnnrec_core.runs.run import load_run

    found = load_run(arguments.out, arguments.dataset)
    known = load_calibration(found)
    if known is not None:
        return known.told()
    is_large = found.dataset.interactions.n_by_split["train"] > MOST_CALIBRATED
    if is_large and arguments.calibrate == "auto":
        return None
    try:
        return calibrate(found).told()
    except (RequestError, UnsupportedError) as error:
        if arguments.calibrate == "yes":
            raise
        say(f"Not calibrated: {error.message}", error=True)
        return None


def _standing(arguments: argparse.Namespace) -> dict[str, Any] | None:
    """Where the new run stands beside baselines, on validation; kept in `run.json`."""
    from gnnrec_core.decide.standing import standing
    from gnnrec_core.runs.run import load_run
    from gnnrec_core.runs.training import keep_figures

    run = load_run(arguments.out, arguments.dataset)
    known: dict[str, Any] | None = run.record.figures.get("standing")
    if known is None:
        found = standing(run)
        known = None if found is None else found.to_dict()
        keep_figures(arguments.out, standing=known)
    return known


def view(content: dict[str, Any]) -> tuple[Section, ...]:
    """The result in a few lines."""
    validation = ", ".join(f"{name} {value:.4f}" for name, value in (content["validation"] or {}).items())
    said: tuple[str, ...] = (
        f"{content['n_parameters']:,} parameters, {content['epochs_run']} epochs in {content['seconds']:.1f} s",
        f"best epoch {content['best_epoch']}: {validation or 'no validation part'}",
    )
    said += (content["standing"]["sentence"],) if content["standing"] else ()
    return (Section(f"{content['model']} in {content['run']}: {content['state']}", (Text(said),)),)


class _Progress:
    """One line an epoch: rewritten in place on a terminal, a new one every ten seconds elsewhere."""

    def __init__(self) -> None:
        self.terminal = sys.stderr.isatty()
        self.last = 0.0
        self.best = ""

    def __call__(self, epoch: Epoch) -> None:
        """Show `epoch`."""
        figures = "  ".join(f"{name} {value:.4f}" for name, value in epoch.validation.items())
        if epoch.is_best and figures:
            self.best = f"  best {figures.split('  ')[0]} in epoch {epoch.epoch}"
        loss = "" if epoch.loss is None else f"  loss {epoch.loss:.4f}"
        line = f"epoch {epoch.epoch}{loss}  {figures}{self.best}  {epoch.seconds:.2f} s"
        if self.terminal:
            say(line, end="", error=True, again=True)
        elif time.monotonic() - self.last > 10:
            self.last = time.monotonic()
            say(line, error=True)

    def end(self) -> None:
        """Leave the line."""
        if self.terminal:
            say(error=True)
