"""`audit RUN`: figures, groups, differences with tests; a report to file; conditions that a pipeline fails on.

Exit 3 where a `--fail-if` condition holds (or cannot be measured): the command worked, the check failed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gnnrec_core.base.terminal import speaks

if TYPE_CHECKING:
    from collections.abc import Callable

    from gnnrec_core.api.answers import Answer


CHECK_FAILED = 3
SHARES_PEOPLE = True
"""Under `torchrun` each process works for its share of the people."""


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
    parser.add_argument(
        "--with",
        dest="attached",
        metavar="A,B",
        help="sections in the report too: over-time, robustness, rounds, update, forget",
    )
    parser.add_argument("--identities", action="store_true", help="user ids and groups in FILE.csv")
    parser.add_argument("--fail-if", action="append", default=[], metavar="CONDITION", help="ndcg.gap.gender>0.05")
    parser.add_argument("--overwrite", action="store_true", help="replace the files of an older report")
    parser.add_argument("--dataset", type=Path, help="where the dataset is, if it is no longer where it was")


def run(arguments: argparse.Namespace) -> Answer:
    """The figures of the contract, the checks, and the files that were written."""
    from gnnrec_core.api.judging import audit
    from gnnrec_core.audit.checks import check, parse_condition
    from gnnrec_core.base.pseudonyms import load_pseudonyms
    from gnnrec_core.commands.opening import opened
    from gnnrec_core.runs.workspace import workspace
    from gnnrec_core.views.audit_report import audit_sections, write_audit
    from gnnrec_core.views.facts import fact_sections

    conditions = [parse_condition(text) for text in arguments.fail_if]
    group_by = arguments.group_by or next((c.grouping for c in conditions if c.grouping), None)
    answer = audit(
        opened(arguments),
        group_by,
        arguments.k,
        arguments.split,
        arguments.min_group_size,
        arguments.seed,
        convention=arguments.convention,
        tested=arguments.metrics.split(",") if arguments.metrics else None,
        category_column=arguments.category_column,
        provider_column=arguments.provider_column,
    )
    report, attached = answer.value, attached_answers(arguments, group_by)
    checks = tuple(check(report, condition) for condition in conditions)
    files: tuple[Path, ...] = ()
    here = workspace()
    if arguments.report and speaks():
        files = write_audit(
            report,
            arguments.report,
            checks,
            identities=arguments.identities,
            overwrite=arguments.overwrite,
            names=load_pseudonyms(here.home, here.read_only),
            attached={name: (each.sections, each.content) for name, each in attached.items()},
        )
    written = {"report": [str(file) for file in files]}
    return replace(
        answer,
        content={**answer.content, "checks": [vars(entry) for entry in checks], **written},
        blocks=lambda: (*audit_sections(report, checks), *(fact_sections(written, "Written") if files else ())),
    )


def attached_answers(arguments: argparse.Namespace, group_by: str | None) -> dict[str, Answer]:
    """The other questions that go into the report, answered. RequestError for an unknown one."""
    from gnnrec_core.api.changing import made_by_forgetting, made_by_update, over_time, robustness, rounds
    from gnnrec_core.base.errors import RequestError
    from gnnrec_core.base.registry import did_you_mean
    from gnnrec_core.commands.opening import opened

    verbs: dict[str, Callable[..., Answer]] = {
        "over-time": over_time,
        "robustness": robustness,
        "rounds": rounds,
        "update": made_by_update,
        "forget": made_by_forgetting,
    }
    names = [name.strip() for name in (arguments.attached or "").split(",") if name.strip()]
    for name in names:
        if name not in verbs:
            raise RequestError(f"There is no section {name!r}.", did_you_mean(name, tuple(verbs)), value=name)
    if names and not arguments.report:
        raise RequestError("There is no report to put sections into.", "Name it with --report FILE.html.")
    return {name: verbs[name](opened(arguments), by=group_by, seed=arguments.seed) for name in names}


def exit_code(result: dict[str, Any]) -> int:
    """3 where a check failed, else 0."""
    return CHECK_FAILED if any(entry["failed"] for entry in result["checks"]) else 0
