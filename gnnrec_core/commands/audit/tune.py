"""`tune RUN --set degree_power=-0.2`: other settings of the operator without training, and the run they make."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gnnrec_core.api.answers import Answer


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder made by `train`")
    parser.add_argument(
        "--set", action="append", required=True, metavar="NAME=VALUE", help="degree_power, half_life_days"
    )
    parser.add_argument("--k", type=int, default=20, help="list length (default 20)")
    parser.add_argument("--group-by", metavar="COLUMN", help="groups whose figures are compared, as in `audit`")
    parser.add_argument("--split", default="test", choices=("test", "validation"), help="the held-out part")
    parser.add_argument("--out", type=Path, metavar="RUN", help="save the run with these settings")
    parser.add_argument("--overwrite", action="store_true", help="replace the run at --out")
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> Answer:
    """Every figure before and after."""
    from gnnrec_core.api.whole import tune
    from gnnrec_core.base.settings import split_assignments
    from gnnrec_core.commands.opening import opened, told_run

    a = arguments
    asked = (split_assignments(a.set), a.k, a.group_by, a.split, a.out, a.overwrite, a.seed)
    return tune(opened(a), *asked).of(told_run(a))
