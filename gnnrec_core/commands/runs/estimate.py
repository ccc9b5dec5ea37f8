"""`estimate DATASET --model NAME`: how long a training would take here and how much memory, measured in a few steps."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from gnnrec_core.base.terminal import say
from gnnrec_core.commands.trainings import configure_model, settings_given


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    configure_model(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure on a model that is thrown away; nothing is written."""
    from gnnrec_core.data.store import load_dataset
    from gnnrec_core.models.ops.device import choose_device
    from gnnrec_core.runs.estimating import estimate

    given = settings_given(arguments)
    device = choose_device(arguments.device)
    found = estimate(load_dataset(arguments.dataset), arguments.model, given, device)
    return {"model": arguments.model, "device": device, **asdict(found), "fits": found.fits}


def show(result: dict[str, Any]) -> None:
    """The estimate in two lines."""
    if result["seconds_per_epoch"] is None:
        say(f"{result['model']} has no epochs: it is fitted in one go." if result["fits"] else "Not tried.")
    else:
        epoch, most = result["seconds_per_epoch"], result["seconds_at_most"]
        say(f"{result['model']} on {result['device']}: about {epoch:.3g} s an epoch, {most:,.0f} s if all epochs run")
    if result["n_bytes"]:
        enough = "" if result["fits"] else ": too little"
        say(f"  at most {result['n_bytes'] / 1e9:.2f} GB, {result['free_bytes'] / 1e9:.2f} GB are free{enough}")
