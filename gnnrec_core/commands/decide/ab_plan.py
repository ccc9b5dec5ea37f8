"""`ab plan RUN ...`: people and days for an effect, planned looks, interleaving; from a log where there is one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gnnrec_core.base.terminal import say
from gnnrec_core.commands.decide.ab_read import add_columns, log_of

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
    parser.add_argument("--report", type=Path, metavar="FILE.html", help="write one page that opens offline")
    parser.add_argument("--overwrite", action="store_true", help="replace an older report")
    parser.add_argument("--dataset", type=Path, help="where the data of the runs are, if no longer where they were")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The plan, the comparison with interleaving for two runs, and the bandit for a log with arms."""
    from gnnrec_core.base.errors import RequestError
    from gnnrec_core.base.files import refuse_existing, write_bytes
    from gnnrec_core.base.settings import read_settings
    from gnnrec_core.decide.ab.desk import plan_experiment
    from gnnrec_core.decide.ab.planning import PlanSettings
    from gnnrec_core.render import html
    from gnnrec_core.runs.run import load_run
    from gnnrec_core.views.experiment import plan_sections

    if not arguments.runs and arguments.log is None:
        raise RequestError("There is nothing to plan on.", "Name a run, or a log with --log.")
    if arguments.report:
        refuse_existing(arguments.report, arguments.overwrite)
    rules = {name: getattr(arguments, name) for name in RULES if getattr(arguments, name) is not None}
    found = plan_experiment(
        [load_run(folder, arguments.dataset) for folder in arguments.runs[:2]],
        log_of(arguments, arguments.log, 1) if arguments.log else None,
        read_settings(PlanSettings, rules),
        arguments.k,
        arguments.seed,
    )
    if arguments.report:
        write_bytes(arguments.report, html.page("How large an experiment", plan_sections(found)).encode("utf-8"))
    return {**found.to_dict(), "report": str(arguments.report) if arguments.report else None}


def show(result: dict[str, Any]) -> None:
    """A line an outcome, then looks and interleaving."""
    say(f"{result['n_tests']} tests, each at {result['alpha_each']:.4g}")
    for entry in result["outcomes"]:
        days = "" if entry["days"] is None else f", {entry['days']:,.1f} days"
        say(
            f"  {entry['metric']}: {entry['people']:,} people for {entry['effect']:.4g}; with what is known before "
            f"{entry['people_cuped']:,}{days}; power {entry['power_formula']:.3f}, simulated "
            f"{entry['power_simulated']:.3f}"
        )
        if entry["mde"] is not None:
            say(f"  in {result['settings']['days']} days it finds an effect of {entry['mde']:.2%}")
    for look in result["looks"]:
        say(f"  look at {look['share']:.0%}: stop beyond z = {look['z']:.3f}, reached in {look['stopped']:.0%}")
    pair = result["interleaving"]
    if pair and pair["times_fewer"]:
        say(f"  interleaving: {pair['people_interleaved']:,} people, an A/B test {pair['people_ab']:,}")
    for sentence in result["notes"]:
        say(f"  ! {sentence}")
    if result["report"]:
        say(f"  wrote {result['report']}")
