"""`ab read FILE`: effects with intervals, over days, for whom; with propensities, what other lists would earn."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gnnrec_core.commands.log_columns import add_columns, columns_of, outcomes_of
from gnnrec_core.commands.paged import add_report, answered

if TYPE_CHECKING:
    from gnnrec_core.api.answers import Answer
    from gnnrec_core.runs.run import Run


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("file", type=Path, metavar="FILE", help="a log: CSV, Parquet or JSON lines")
    add_columns(parser)
    parser.add_argument("--group-col", action="append", default=[], metavar="NAME", help="groups of people; repeatable")
    parser.add_argument(
        "--run", type=Path, metavar="RUN", help="a run that knows these people: groups, covariates, why"
    )
    parser.add_argument("--k", type=int, default=20, help="length of the run's lists (default 20)")
    parser.add_argument("--adjust", default="holm", choices=("holm", "bh", "maxt"), help="for all effects together")
    parser.add_argument("--shares", metavar="A,B", help="shares of the arms, the control first (default equal)")
    parser.add_argument("--planned-people", type=int, default=10_000, help="the always-valid interval is least there")
    parser.add_argument("--item-col", help="the item shown, for what another list would have earned")
    parser.add_argument("--propensity-col", help="the probability with which it was shown")
    parser.add_argument("--policy", type=Path, metavar="RUN", help="the run whose lists are asked about")
    add_report(parser)
    parser.add_argument("--dataset", type=Path, help="where the data of the runs are, if no longer where they were")


def run(arguments: argparse.Namespace) -> Answer:
    """The reading of the contract; with `--policy` only what its lists would have earned."""
    from gnnrec_core.api.deciding import ab_read, off_policy

    a = arguments
    if a.policy:
        columns = {"user": a.user_col, "item": a.item_col or "item", "propensity": a.propensity_col}
        return answered(a, lambda: off_policy(a.file, _run(a.policy, a), outcomes_of(a)[0], k=a.k, **columns))
    rules: dict[str, Any] = {"adjust": a.adjust, "planned_people": a.planned_people}
    if a.shares:
        rules["shares"] = a.shares.split(",")
    known = _run(a.run, a) if a.run else None
    return answered(
        a, lambda: ab_read(a.file, outcomes_of(a), a.group_col, known, a.k, a.seed, **columns_of(a), **rules)
    )


def _run(folder: Path, arguments: argparse.Namespace) -> Run:
    from gnnrec_core.runs.run import load_run

    return load_run(folder, arguments.dataset)
