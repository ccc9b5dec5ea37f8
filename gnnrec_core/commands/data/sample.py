"""`sample`: make the shipped sample data again."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gnnrec_core.commands.written import size_of
from gnnrec_core.data.sample import save_sample
from gnnrec_core.render.blocks import Section, Text


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--out", type=Path, required=True, metavar="DATASET", help="the dataset folder to write")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing folder")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Write the sample; the same bytes for the same seed."""
    dataset = save_sample(arguments.out, arguments.seed, arguments.overwrite)
    return size_of(dataset, arguments.out)


def view(content: dict[str, Any]) -> tuple[Section, ...]:
    """What was written."""
    said = (
        f"{content['n_interactions']:,} interactions of {content['n_users']:,} simulated readers with "
        f"{content['n_items']:,} real classics; fingerprint {content['fingerprint'][:12]}."
    )
    return (Section(content["dataset"], (Text((said,)),)),)
