"""`parameters RUN`: which inputs the lists rest on, by removing each."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gnnrec_core.api.answers import Answer


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder made by `train`")
    parser.add_argument("--k", type=int, default=10, help="list length (default 10)")
    parser.add_argument("--split", default="test", choices=("test", "validation"), help="the held-out part")
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> Answer:
    """Every input with its figures."""
    from gnnrec_core.api.making import load
    from gnnrec_core.api.whole import parameters

    a = arguments
    return parameters(load(a.run, a.dataset), a.k, a.split).of(a.run)
