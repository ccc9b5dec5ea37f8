"""Verbs about everybody at once: audit, compare, and the report of one case."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from gnnrec_core.api.answers import Answer
from gnnrec_core.api.asking import RunLike, opened, pair
from gnnrec_core.api.bringing import from_lists
from gnnrec_core.api.run import Id
from gnnrec_core.base.settings import read_settings
from gnnrec_core.data.dataset import SplitName
from gnnrec_core.runs.run import Run

if TYPE_CHECKING:
    import pandas as pd


def audit(
    run: RunLike | pd.DataFrame,
    by: str | None = None,
    k: int = 20,
    split: str = "test",
    min_group_size: int = 10,
    seed: int = 0,
    held_out: pd.DataFrame | None = None,
    history: pd.DataFrame | None = None,
    users: pd.DataFrame | None = None,
    items: pd.DataFrame | None = None,
    **options: Any,
) -> Answer:
    """Accuracy, coverage and exposure over everybody and by group, with intervals and tests.

    `by` is a column of the users, "activity", "taste", ..., or two joined by "+". Instead of a run, a table of lists
    (`user`, `item`, `rank` or `score`) from any recommender can be audited: then `held_out` says what people chose
    later, and `history`, `users`, `items` are what else is known (`from_lists`). Groups below `min_group_size` are not
    shown. Rows: group, figure, value, low, high, n_users ("all users" first).
    """
    from gnnrec_core.audit.auditing import audit as core
    from gnnrec_core.audit.group_audit import AuditSettings
    from gnnrec_core.render.charts.audit_charts import heat_map
    from gnnrec_core.views.audit_report import audit_sections

    if isinstance(run, (Run, str, Path)):
        run = opened(run)
    else:
        run = from_lists(run, held_out=held_out, history=history, users=users, items=items)
    settings = read_settings(AuditSettings, {"min_group_size": min_group_size})
    report = core(run, k, by, split=cast(SplitName, split), settings=settings, seed=seed, **options)
    content = report.to_dict()
    return Answer(
        f"Audit of {report.scope.run}",
        report,
        content,
        lambda: _audit_rows(content),
        lambda: audit_sections(report),
        (lambda: heat_map(report)) if report.grouping else None,
    )


def _audit_rows(content: dict[str, Any]) -> list[dict[str, Any]]:
    """A row a figure of everybody, then of each group."""
    n_users = content["scope"]["n_users"]
    rows = [
        {"group": "all users", "figure": name, **figure, "n_users": n_users}
        for name, figure in content["overall"].items()
    ]
    return rows + [
        {"group": group["group"], "figure": name, **figure, "n_users": group["n_users"]}
        for group in content["by_group"]
        for name, figure in group["metrics"].items()
    ]


def compare(*runs: RunLike, k: int = 20, split: str = "test", seed: int = 0, **options: Any) -> Answer:
    """Runs and baselines side by side on the same people, with paired differences; rows: run, figure, value, low, high.

    RunError where the runs were trained on different data.
    """
    from gnnrec_core.audit.studies.comparing import compare as core
    from gnnrec_core.render.charts.audit_charts import comparison_chart
    from gnnrec_core.views.comparison import comparison_sections

    found = core([opened(run) for run in runs], k, split=cast(SplitName, split), seed=seed, **options)
    content = found.to_dict()
    return Answer(
        f"{len(runs)} runs on {found.dataset}",
        found,
        content,
        lambda: (
            {"run": row["run"], "figure": name, **figure}
            for row in content["runs"]
            for name, figure in row["metrics"].items()
        ),
        lambda: comparison_sections(found),
        lambda: comparison_chart(found),
    )


def report(run: RunLike, user: Id, item: Id, out: str | Path, k: int = 10, overwrite: bool = False) -> Path:
    """Write the evidence of one case as a page that opens offline, and `FILE.json` beside it; the page's path.

    Other people appear under pseudonyms. RequestError where a file exists and `overwrite` is false.
    """
    from gnnrec_core.base.pseudonyms import load_pseudonyms
    from gnnrec_core.runs.workspace import workspace
    from gnnrec_core.views.evidence import gather
    from gnnrec_core.views.evidence_page import write_evidence

    run, here = opened(run), workspace()
    name_user = load_pseudonyms(here.home, here.read_only).name
    evidence = gather(run, *pair(run.dataset, user, item), name_user, k)
    return write_evidence(evidence, Path(out), overwrite=overwrite)
