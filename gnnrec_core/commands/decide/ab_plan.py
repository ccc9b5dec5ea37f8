"""`ab plan RUN ...`: people and days for an effect, planned looks, interleaving; from a log where there is one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from gnnrec_core.commands.log_columns import add_columns, columns_of, outcomes_of
from gnnrec_core.commands.paged import add_report, answered

if TYPE_CHECKING:
    from gnnrec_core.api.answers import Answer

RULES = ("effect", "power", "alpha", "arms", "metrics", "segments", "people_per_day", "days", "looks", "boundary")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("runs", type=Path, nargs="*", metavar="RUN", help="one run, or candidate and incumbent")
    parser.add_argument("--log", type=Path, metavar="FILE", help="a log of outcomes before or in an older experiment")
    add_columns(parser)
    parser.add_argument("--k", type=int, default=20, help="length of the runs' lists (default 20)")
    parser.add_argument("--effect", type=float, default=0.05, help="smallest effect of interest, a share of the mean")
    parser.add_argument("--power", type=float, default=0.8, help="probability to find it (default 0.8)")
    parser.add_argument("--alpha", type=float, default=0.05, help="chance of any false finding (default 0.05)")
    parser.add_argument("--arms", type=int, default=2, help="arms of equal size, the control among them (default 2)")
    parser.add_argument("--metrics", type=int, help="outcomes that are tested (default: those that are named)")
    parser.add_argument("--segments", type=int, default=0, help="groups that are tested too (default 0)")
    parser.add_argument("--people-per-day", type=float, help="new people a day (default: as in the log)")
    parser.add_argument("--days", type=int, default=14, help="days in hand (default 14)")
    parser.add_argument("--looks", type=int, default=5, help="planned looks (default 5)")
    parser.add_argument("--boundary", default="obrien-fleming", choices=("obrien-fleming", "pocock"))
    add_report(parser)
    parser.add_argument("--dataset", type=Path, help="where the data of the runs are, if no longer where they were")


def run(arguments: argparse.Namespace) -> Answer:
    """The plan, the comparison with interleaving for two runs, and the bandit for a log with arms."""
    from gnnrec_core.api.deciding import ab_plan
    from gnnrec_core.base.errors import RequestError
    from gnnrec_core.runs.run import load_run

    a = arguments
    if not a.runs and a.log is None:
        raise RequestError("There is nothing to plan on.", "Name a run, or a log with --log.")
    rules = {name: getattr(a, name) for name in RULES if getattr(a, name) is not None}
    runs = [load_run(folder, a.dataset) for folder in a.runs[:2]]
    return answered(
        a,
        lambda: ab_plan(*runs, log=a.log, outcomes=outcomes_of(a), columns=columns_of(a), k=a.k, seed=a.seed, **rules),
    )
