"""Worlds of all shapes for the audit, made of lists whose figures are chosen, and every place that speaks of them."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import scipy.sparse as sp
from hypothesis import strategies as st

from gnnrec_core.audit.auditing import audit_evidence
from gnnrec_core.audit.checks import check, parse_condition
from gnnrec_core.audit.evidence import Evidence
from gnnrec_core.audit.group_audit import AuditSettings
from gnnrec_core.audit.groups import Grouping, from_labels
from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.audit.report import AuditReport
from gnnrec_core.audit.sentences import NO_DIFFERENCE
from gnnrec_core.base.plain import plain
from gnnrec_core.base.text import for_html
from gnnrec_core.ranking.recommendations import Recommendations
from gnnrec_core.render.charts import audit_charts
from gnnrec_core.render.charts.chart_data import chart_table
from gnnrec_core.runs.run import Run
from gnnrec_core.views.audit_report import audit_page
from tests.audit.small_runs import trained
from tests.worlds import make_dataset

K, N_ITEMS = 3, 12
SERVED = ("all 0", "all 1", "mixed", "nobody")
TESTED = ("ndcg", "recall", "long_tail_share")
NUMBER = re.compile(r"(?<![A-Za-z])(nan|NaN|inf|Infinity)(?![A-Za-z])")

LABELS = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Co", "Cn"), exclude_characters="\x00"), min_size=1, max_size=60
)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[str], list[int], list[str], int, int]:
    """What `build` makes a world of: groups by their labels, each with a size and a way to be served."""
    n_groups = draw(st.sampled_from((1, 2, 2, 3, 5, 8, 50)))
    labels = draw(st.lists(LABELS, min_size=n_groups, max_size=n_groups, unique=True))
    most = 500 if n_groups < 8 else 40
    sizes = draw(st.lists(st.integers(0, most), min_size=n_groups, max_size=n_groups))
    served = draw(st.lists(st.sampled_from(SERVED), min_size=n_groups, max_size=n_groups))
    n_unknown = draw(st.sampled_from((0, 0, 3, 40)))
    return labels, sizes, served, n_unknown, draw(st.integers(0, 1000))


def build(
    labels: list[str], sizes: list[int], served: list[str], n_unknown: int, seed: int
) -> tuple[Evidence, Grouping, Run]:
    """The world itself: one held-out item a user, in the list or not; one item of history."""
    rng = np.random.default_rng(seed)
    ways = [*np.repeat(served, sizes), *["mixed"] * n_unknown]
    names = np.array([*np.repeat(np.array(labels, dtype=str), sizes), *[""] * n_unknown], dtype=str)
    n = max(1, len(ways))
    ways, names = (ways, names) if len(ways) else (["mixed"], np.array([""]))
    hit = np.array([way == "all 1" or (way == "mixed" and rng.random() < 0.4) for way in ways])
    lists = np.array([rng.permutation(N_ITEMS - 2)[:K] for _ in range(n)])
    relevant = np.zeros((n, N_ITEMS), dtype=bool)
    relevant[np.arange(n), np.where(hit, lists[np.arange(n), rng.integers(0, K, n)], N_ITEMS - 1)] = True
    relevant[np.array(ways) == "nobody"] = False
    train = np.zeros((n, N_ITEMS), dtype=bool)
    train[:, N_ITEMS - 2] = True
    scores = np.tile(np.linspace(1, 0, K, dtype=np.float32), (n, 1))
    evidence = Evidence(
        Recommendations(np.arange(n), lists, scores), sp.csr_array(train), sp.csr_array(relevant),
        np.arange(N_ITEMS)[::-1].astype(np.int64), n,
    )  # fmt: skip
    dataset = make_dataset([(user, N_ITEMS - 2, "train") for user in range(n)], n_items=N_ITEMS)
    return evidence, from_labels("grp", names), trained(dataset, "popularity")


def report_of(world: tuple[Evidence, Grouping, Run]) -> AuditReport:
    """Its audit."""
    evidence, grouping, run = world
    return audit_evidence(evidence, grouping, run, tested=TESTED, settings=AuditSettings(n_permutations=99))


def disagreements(report: AuditReport) -> list[str]:
    """Where two places of one audit do not say the same; empty where all do."""
    return [*_decisions(report), *_drawn(report), *_numbers(report)]


def _decisions(report: AuditReport) -> list[str]:
    found = []
    told = plain(report.to_dict())["differences"]
    stars = _stars(report)
    for d, entry in zip(report.differences, told, strict=True):
        excludes = not d.low <= 0 <= d.high if np.isfinite(d.low) else d.p_adjusted < 0.05
        said = d.sentence in report.verdicts
        unsure = "cannot tell" in d.sentence or "no difference in" in d.sentence
        views = (d.stands, d.p_adjusted < 0.05, excludes, said, not unsure, entry["stands"], stars[d.group, d.metric])
        if len(set(views)) > 1:
            found.append(f"{d.metric} of {d.group!r}: {views}, {d}")
        if d.decision.is_qualified != (d.stands and min(d.n_group, d.n_rest) < 50):
            found.append(f"{d.metric} of {d.group!r} is qualified wrongly")
    denied = any(NO_DIFFERENCE in sentence for sentence in report.verdicts)
    if report.differences and denied == any(d.stands for d in report.differences):
        found.append("the headline denies what stands, or does not say that nothing does")
    for metric in {d.metric for d in report.differences}:
        condition = parse_condition(f"{metric}.p.{report.scope.group_by}<0.05")
        failed = check(report, condition).failed
        if failed != any(d.stands for d in report.differences if d.metric == metric):
            found.append(f"--fail-if on {metric} disagrees")
    return found


def _stars(report: AuditReport) -> dict[tuple[str, str], bool]:
    if not report.differences:
        return {}
    cells = audit_charts.heat_map(report).data[0]
    metrics = list(dict.fromkeys(d.metric for d in report.differences))
    return {
        (group.group, metric): "★" in cells.text[row][column]
        for row, group in enumerate(report.by_group)
        for column, metric in enumerate(metrics)
    }


def _drawn(report: AuditReport) -> list[str]:
    """Every group that may be shown stands exactly once in each chart, under its whole name in the table."""
    figures = {"sizes": audit_charts.group_sizes(report)}
    if report.differences:
        figures |= {"heat map": audit_charts.heat_map(report), "forest": audit_charts.forest(report, TESTED[0])}
    names = [for_html(group.group) for group in report.by_group]
    found = []
    for kind, figure in figures.items():
        axis = figure.layout.yaxis
        if axis.tickvals != tuple(range(len(names))) or len(set(axis.ticktext)) != len(names):
            found.append(f"{kind}: {len(set(axis.ticktext))} names on the axis for {len(names)} groups")
        whole = [str(name) for name in figure.layout.meta["yaxis"]]
        expected = names if kind == "heat map" else names[::-1]
        if [name.rsplit(" (n = ", 1)[0] for name in whole] != expected:
            found.append(f"{kind}: other names than the groups'")
        if kind != "forest" and len(chart_table(figure)) != len(names):
            found.append(f"{kind}: {len(chart_table(figure))} rows in the table for {len(names)} groups")
    return found


def _numbers(report: AuditReport) -> list[str]:
    """No "nan" and no "inf" anywhere, and no value outside its range."""
    found = []
    content: Any = plain(report.to_dict())
    texts = [json.dumps(content, allow_nan=False), audit_page(report)]
    labels = {group.group for group in report.by_group} | set(report.suppressed)
    for text in texts:
        for label in sorted(labels, key=len, reverse=True):
            text = text.replace(for_html(label), "").replace(json.dumps(label)[1:-1], "")
        if any(label and NUMBER.search(label) for label in labels):
            continue
        if NUMBER.search(text):
            found.append(f"not a number in {text[max(0, NUMBER.search(text).start() - 80) :][:200]!r}")
    places = [report.overall | report.items, *(group.metrics for group in report.by_group)]
    for figures in places:
        for name, figure in figures.items():
            bounds = METRICS[name].bounds
            inside = [v for v in (figure.low, figure.value, figure.high) if np.isfinite(v)]
            if inside != sorted(inside) or (
                bounds and inside and not bounds[0] <= inside[0] <= inside[-1] <= bounds[1]
            ):
                found.append(f"{name} outside its range: {figure}")
            if not np.isfinite(figure.value) and not figure.reason:
                found.append(f"{name} has neither a value nor a reason")
    for d in report.differences:
        if not -1 <= d.value <= 1 or not d.low <= d.value + 1e-12 or not d.value - 1e-12 <= d.high:
            found.append(f"{d.metric} of {d.group!r} lies outside its interval or range: {d}")
    return found
