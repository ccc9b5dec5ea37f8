"""`audit RUN`: figures, groups, differences with tests; a report to file; conditions that a pipeline fails on.

Exit 3 where a `--fail-if` condition holds (or cannot be measured): the command worked, the check failed.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gnnrec_core.base.terminal import say

CHECK_FAILED = 3


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder made by `train`")
    parser.add_argument("--k", type=int, default=20, help="list length (default 20)")
    parser.add_argument(
        "--group-by", metavar="COLUMN", help="a user column, activity, taste, tenure, niche_genres, a+b"
    )
    parser.add_argument("--split", default="test", choices=("test", "validation"), help="the held-out part")
    parser.add_argument("--convention", default="ours", help="whose definitions: ours (default), RecBole, LensKit, ...")
    parser.add_argument("--metrics", metavar="A,B", help="whose differences are tested (default: six of them)")
    parser.add_argument("--min-group-size", type=int, default=10, help="smaller groups are never shown (default 10)")
    parser.add_argument("--category-column", metavar="COLUMN", help="labels of items (default: genres and the like)")
    parser.add_argument("--provider-column", metavar="COLUMN", help="providers of items (default: author and the like)")
    parser.add_argument("--report", type=Path, metavar="FILE.html", help="write FILE.html, FILE.json and FILE.csv")
    parser.add_argument("--identities", action="store_true", help="user ids and groups in FILE.csv")
    parser.add_argument("--fail-if", action="append", default=[], metavar="CONDITION", help="ndcg.gap.gender>0.05")
    parser.add_argument("--overwrite", action="store_true", help="replace the files of an older report")
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The figures of the contract, the checks, and the files that were written."""
    from gnnrec_core.audit.auditing import TESTED, audit
    from gnnrec_core.audit.checks import check, parse_condition
    from gnnrec_core.audit.group_audit import AuditSettings
    from gnnrec_core.base.pseudonyms import load_pseudonyms
    from gnnrec_core.base.settings import read_settings
    from gnnrec_core.commands.opening import opened
    from gnnrec_core.runs.workspace import workspace
    from gnnrec_core.views.audit_report import write_audit

    conditions = [parse_condition(text) for text in arguments.fail_if]
    group_by = arguments.group_by or next((c.grouping for c in conditions if c.grouping), None)
    report = audit(
        opened(arguments),
        arguments.k,
        group_by,
        split=arguments.split,
        convention=arguments.convention,
        tested=arguments.metrics.split(",") if arguments.metrics else TESTED,
        settings=read_settings(AuditSettings, {"min_group_size": arguments.min_group_size}),
        seed=arguments.seed,
        category_column=arguments.category_column,
        provider_column=arguments.provider_column,
    )
    checks = tuple(check(report, condition) for condition in conditions)
    files: tuple[Path, ...] = ()
    here = workspace()
    if arguments.report:
        files = write_audit(
            report,
            arguments.report,
            checks,
            identities=arguments.identities,
            overwrite=arguments.overwrite,
            names=load_pseudonyms(here.home, here.read_only),
        )
    return {
        **report.to_dict(),
        "checks": [vars(entry) for entry in checks],
        "report": [str(file) for file in files],
    }


def exit_code(result: dict[str, Any]) -> int:
    """3 where a check failed, else 0."""
    return CHECK_FAILED if any(entry["failed"] for entry in result["checks"]) else 0


def show(result: dict[str, Any]) -> None:
    """Findings first, then tables."""
    scope = result["scope"]
    say(f"{scope['run']} ({scope['model']}) on {scope['dataset']}: lists of {scope['k']}, {scope['n_users']:,} users")
    for sentence in result["verdicts"]:
        say(f"  - {sentence}")
    for name, figure in result["overall"].items():
        say(f"  {name:18} {_number(figure['value'])} {_span(figure)}{_reason(figure)}")
    for name, value in result["items"].items():
        if name not in result["overall"]:
            say(f"  {name:18} {_number(value)} {_reason(result['items_intervals'][name])}".rstrip())
    for group in result["by_group"]:
        ndcg = group["metrics"].get("ndcg", {}).get("value")
        say(f"  {group['group']:24} {group['n_users']:7,} users  NDCG {_number(ndcg)}  {group['note']}")
    for sentence in result["warnings"]:
        say(f"  ! {sentence}")
    for entry in result["checks"]:
        say(f"  {'FAILED' if entry['failed'] else 'passed'}: {entry['expression']} ({entry['reason']})")
    for file in result["report"]:
        say(f"  wrote {file}")


def _span(figure: dict[str, Any]) -> str:
    low, high = figure["low"], figure["high"]
    return "" if low is None or low != low else f"[{_number(low)}, {_number(high)}]"


def _reason(figure: dict[str, Any]) -> str:
    return f"({figure['reason']})" if "reason" in figure else ""


def _number(value: float | None) -> str:
    return "      –" if value is None or value != value else f"{value:7.4f}"
