"""What commands that train, or try a training, share: which model, with which settings, on which data."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gnnrec_core.base.settings import split_assignments
from gnnrec_core.data.card import CARD
from gnnrec_core.models import FIRST_CHOICE, LARGE_CHOICE, MODELS, first_choice
from gnnrec_core.models.presets import PRESETS, preset_settings


def configure_model(parser: argparse.ArgumentParser, modules: bool = False) -> None:
    """Declare what is trained: dataset, model (or a module of one's own), settings, device."""
    parser.add_argument("dataset", type=Path, help="a dataset folder made by `data import`")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--model", help=f"{', '.join(MODELS.names)} (default {FIRST_CHOICE}; {LARGE_CHOICE} for large data)"
    )
    if modules:
        what.add_argument(
            "--module",
            metavar="FILE.py:CLASS",
            help="a torch module (x, edge_index[, edge_attr]) -> [n_nodes, d]; the file is run, so name your own only",
        )
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
    if arguments.model is None and getattr(arguments, "module", None) is None:
        card = arguments.dataset / "dataset.json"
        arguments.model = first_choice(CARD.read(card)["n_train"]) if card.is_file() else FIRST_CHOICE
    if arguments.model is not None:
        MODELS[arguments.model]
    given: dict[str, Any] = dict(split_assignments(arguments.set))
    if "preset" in given and arguments.model is not None:
        given = {**preset_settings(given.pop("preset"), arguments.model), **given}
    return given
