"""What commands that train, or try a training, share: which model, with which settings, on which data."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gnnrec_core.base.settings import split_assignments
from gnnrec_core.models import MODELS
from gnnrec_core.models.presets import PRESETS, preset_settings


def configure_model(parser: argparse.ArgumentParser) -> None:
    """Declare what is trained: dataset, model, settings, device."""
    parser.add_argument("dataset", type=Path, help="a dataset folder made by `data import`")
    parser.add_argument("--model", required=True, help=", ".join(MODELS.names))
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=f"a setting of the model (repeatable); preset={'|'.join(PRESETS)} starts from settings for known data",
    )
    parser.add_argument("--device", default="auto", help="auto (CUDA where there is one), cpu or cuda")


def settings_given(arguments: argparse.Namespace) -> dict[str, Any]:
    """The values of `--set`, over those of a preset where one is named. RequestError for an unknown model or preset."""
    MODELS[arguments.model]
    given: dict[str, Any] = dict(split_assignments(arguments.set))
    if "preset" in given:
        given = {**preset_settings(given.pop("preset"), arguments.model), **given}
    return given
