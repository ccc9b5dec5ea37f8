"""`ab read FILE`: effects with intervals, over days, for whom; with propensities, what other lists would earn."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gnnrec_core.base.terminal import say


def add_columns(parser: argparse.ArgumentParser) -> None:
    """Declare which columns of a log hold what; shared by `ab plan`."""
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


def log_of(arguments: argparse.Namespace, file: Path, fewest_arms: int = 2) -> Any:
    """The log in `file` as the arguments describe it."""
    from gnnrec_core.base.settings import read_settings
    from gnnrec_core.decide.ab.log import LogSettings, read_log

    columns = {
        "user": arguments.user_col, "arm": arguments.arm_col, "time": arguments.time_col,
        "outcomes": arguments.outcome_col or ["outcome"], "before": arguments.before_col, "start": arguments.start,
        "control": arguments.control, "crossed": arguments.crossed,
    }  # fmt: skip
    return read_log(file, read_settings(LogSettings, columns), fewest_arms)


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
    parser.add_argument("--report", type=Path, metavar="FILE.html", help="write one page that opens offline")
    parser.add_argument("--overwrite", action="store_true", help="replace an older report")
    parser.add_argument("--dataset", type=Path, help="where the data of the runs are, if no longer where they were")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The reading of the contract; with `--policy` only what its lists would have earned."""
    from gnnrec_core.base.files import refuse_existing, write_bytes
    from gnnrec_core.base.settings import read_settings
    from gnnrec_core.decide.ab.reading import ReadSettings, read_experiment
    from gnnrec_core.decide.ab.traits import traits_of
    from gnnrec_core.render import html
    from gnnrec_core.runs.run import load_run
    from gnnrec_core.views.experiment import reading_sections

    if arguments.policy:
        return _policy(arguments)
    if arguments.report:
        refuse_existing(arguments.report, arguments.overwrite)
    log = log_of(arguments, arguments.file)
    rules = {"adjust": arguments.adjust, "planned_people": arguments.planned_people}
    if arguments.shares:
        rules["shares"] = arguments.shares.split(",")
    known = load_run(arguments.run, arguments.dataset) if arguments.run else None
    traits = traits_of(log, arguments.group_col, known, arguments.k)
    found = read_experiment(log, read_settings(ReadSettings, rules), traits, arguments.seed)
    if arguments.report:
        page = html.page(
            f"What {arguments.file.name} says", reading_sections(found), " against ".join(found.arms[::-1])
        )
        write_bytes(arguments.report, page.encode("utf-8", "replace"))
    return {**found.to_dict(), "report": str(arguments.report) if arguments.report else None}


def _policy(arguments: argparse.Namespace) -> dict[str, Any]:
    from gnnrec_core.base.settings import read_settings
    from gnnrec_core.decide.ab.off_policy import PolicySettings, off_policy
    from gnnrec_core.runs.run import load_run

    columns = {"user": arguments.user_col, "item": arguments.item_col or "item",
               "outcome": (arguments.outcome_col or ["outcome"])[0],
               "propensity": arguments.propensity_col}  # fmt: skip
    chosen = load_run(arguments.policy, arguments.dataset)
    found = off_policy(arguments.file, chosen, read_settings(PolicySettings, columns), arguments.k)
    return {"off_policy": found.to_dict()}


def show(result: dict[str, Any]) -> None:
    """Sentences first, then the effects."""
    if "off_policy" in result:
        _show_policy(result["off_policy"])
        return
    for sentence in (*result["sentences"], *result["notes"]):
        say(f"  - {sentence}")
    say(f"  sample ratio: {', '.join(map(str, result['srm']['counts']))}, p = {result['srm']['p_value']:.3g}")
    for effect in result["effects"]:
        always = effect["always_valid"]
        say(
            f"  {effect['metric']:20} {effect['arm']:12} {effect['difference']:+.4g} "
            f"[{effect['low']:+.4g}, {effect['high']:+.4g}]  at all times [{always['low']:+.4g}, {always['high']:+.4g}]"
        )
        if effect["cuped"]:
            cuped = effect["cuped"]
            say(
                f"  {'':20} {'with CUPED':12} {cuped['difference']:+.4g} [{cuped['low']:+.4g}, {cuped['high']:+.4g}], "
                f"{cuped['variance_left']:.0%} of the variance is left"
            )
    if result["report"]:
        say(f"  wrote {result['report']}")


def _show_policy(found: dict[str, Any]) -> None:
    say(f"{found['run']}, lists of {found['k']}: {found['n_rows']:,} rows worth {found['effective']:,.0f}")
    for name in ("logged", "ips", "snips", "dr"):
        worth = found[name]
        say(f"  {name:7} {worth['value']:.4g} [{worth['low']:.4g}, {worth['high']:.4g}]")
    for sentence in found["warnings"]:
        say(f"  ! {sentence}")
