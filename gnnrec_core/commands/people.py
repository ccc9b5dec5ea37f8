"""How a command names other people: by pseudonyms, unless `--identities` asks for their ids."""

from __future__ import annotations

import argparse

from gnnrec_core.base.pseudonyms import load_pseudonyms
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.runs.workspace import workspace
from gnnrec_core.views.privacy import NameUser


def add_identities(parser: argparse.ArgumentParser) -> None:
    """Declare `--identities`."""
    parser.add_argument("--identities", action="store_true", help="ids of other people, not pseudonyms")


def name_others(dataset: Dataset, identities: bool, own: str | None = None) -> NameUser:
    """What each person is called in the answer about `own`. The readers of the shipped sample are simulated and keep
    their ids."""
    here = workspace()
    if identities or any(entry.shipped and entry.fingerprint == dataset.fingerprint for entry in here.datasets()):
        return str
    names = load_pseudonyms(here.home, here.read_only)
    return lambda raw_id: raw_id if raw_id == own else names.name(raw_id)
