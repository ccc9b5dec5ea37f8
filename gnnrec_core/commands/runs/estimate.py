"""`estimate DATASET --model NAME`: how long a training would take here and how much memory, measured in a few steps."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from gnnrec_core.commands.trainings import configure_model, settings_given
from gnnrec_core.render.blocks import Section, Text


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


def view(content: dict[str, Any]) -> tuple[Section, ...]:
    """Time and memory."""
    epoch, said = content["seconds_per_epoch"], ["Not tried."]
    if epoch is not None:
        said = [f"About {epoch:.3g} s an epoch, {content['seconds_at_most']:,.0f} s if all epochs run."]
    elif content["fits"]:
        said = ["It has no epochs: it is fitted in one go."]
    if content["n_bytes"]:
        enough = "" if content["fits"] else ": too little"
        said.append(
            f"At most {content['n_bytes'] / 1e9:.2f} GB, {content['free_bytes'] / 1e9:.2f} GB are free{enough}."
        )
    said += content["warnings"]
    if content["proposed"]:
        said.append("This would fit: " + " ".join(f"--set {name}={v}" for name, v in content["proposed"].items()) + ".")
    if content["models"]:
        said.append(f"Fitted in one go, and small enough: {', '.join(content['models'])}.")
    return (Section(f"{content['model']} on {content['device']}", (Text(tuple(said)),)),)
