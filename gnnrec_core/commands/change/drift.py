"""`drift RUN --user ID`: what one person chose over time, what carried their list, and when it changed; `drift RUN
--group-by COLUMN`: the gaps of groups over time, and when they changed."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from gnnrec_core.base.errors import RequestError

if TYPE_CHECKING:
    from gnnrec_core.api.answers import Answer


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder made by `train`")
    parser.add_argument("--user", metavar="ID", help="the user, as the data name them")
    parser.add_argument("--group-by", metavar="COLUMN", help="groups of people over time instead, as in `audit`")
    parser.add_argument("--metric", default="ndcg", metavar="NAME", help="the figure of the groups (default ndcg)")
    parser.add_argument("--days", type=int, default=10, help="days on which the groups are looked at (default 10)")
    parser.add_argument("--by", metavar="COLUMN", help="a column of the items (default: genres and the like)")
    parser.add_argument("--windows", type=int, default=6, help="parts that the history is cut into (default 6)")
    parser.add_argument("--k", type=int, default=10, help="list length (default 10)")
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> Answer:
    """The windows and the change; or the days and the changes of gaps."""
    from gnnrec_core.api.changing import drift, over_time
    from gnnrec_core.commands.opening import opened, told_run

    a = arguments
    if (a.user is None) == (a.group_by is None):
        raise RequestError(
            "Name one person or one grouping to follow over time.", "Give --user ID or --group-by COLUMN."
        )
    if a.user is None:
        return over_time(opened(a), a.group_by, a.days, a.metric, a.seed).of(told_run(a))
    asked = (arguments.user, arguments.by, arguments.windows, arguments.k, arguments.seed)
    return drift(opened(arguments), *asked).of(told_run(arguments))
