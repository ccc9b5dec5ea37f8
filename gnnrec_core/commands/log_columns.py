"""How a command is told which columns of an experiment's log hold what."""

from __future__ import annotations

import argparse
from typing import Any


def add_columns(parser: argparse.ArgumentParser) -> None:
    """Declare which columns of a log hold what."""
    parser.add_argument("--user-col", default="user", help="the person (default: user)")
    parser.add_argument("--arm-col", default="arm", help="the arm that they were shown (default: arm)")
    parser.add_argument("--outcome-col", action="append", metavar="NAME|TOP/BOTTOM",
                        help="summed a person, or a ratio of sums (BOTTOM may be `rows`); repeatable")  # fmt: skip
    parser.add_argument("--time-col", help="when: seconds since 1970, or dates")
    parser.add_argument("--before-col", action="append", default=[], metavar="NAME",
                        help="known of a person before the experiment, for CUPED; repeatable")  # fmt: skip
    parser.add_argument("--start", metavar="DATE", help="rows before it are the time before the experiment")
    parser.add_argument("--control", help="the arm that others are compared with")
    parser.add_argument("--crossed", default="refuse", choices=("refuse", "drop"), help="people shown several arms")


def columns_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """The arguments as settings of `decide.ab.log`, but for the outcomes."""
    return {
        "user": arguments.user_col, "arm": arguments.arm_col, "time": arguments.time_col,
        "before": arguments.before_col, "start": arguments.start, "control": arguments.control,
        "crossed": arguments.crossed,
    }  # fmt: skip


def outcomes_of(arguments: argparse.Namespace) -> list[str]:
    """The outcomes that were named."""
    return list(arguments.outcome_col or ["outcome"])
