"""The audit of one run: all figures, by group, with intervals, tests and verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.audit.evidence import Evidence
from gnnrec_core.audit.gate import Gate, gate_of
from gnnrec_core.audit.group_audit import AuditSettings, GroupAudit
from gnnrec_core.audit.groups import Grouping, group_users
from gnnrec_core.audit.metrics import METRICS, Metric, default_tests, find_convention, find_metric, measurable
from gnnrec_core.audit.report import AuditReport, Scope
from gnnrec_core.audit.sentences import lead_sentences, warning_sentences
from gnnrec_core.audit.sources import gather
from gnnrec_core.audit.studies.judging import scorecard
from gnnrec_core.audit.studies.shown import shown_against_lists
from gnnrec_core.audit.worst import harm_of
from gnnrec_core.data.dataset import Dataset, SplitName
from gnnrec_core.ranking.intervals import Interval, jackknife_interval
from gnnrec_core.runs.recommend import empty_part
from gnnrec_core.runs.run import Run


def audit(
    run: Run,
    k: int = 20,
    group_by: str | Grouping | None = None,
    *,
    split: SplitName = "test",
    convention: str = "ours",
    tested: Sequence[str] | None = None,
    settings: AuditSettings | None = None,
    seed: int = 0,
    category_column: str | None = None,
    provider_column: str | None = None,
) -> AuditReport:
    """Audit `run` with lists of `k` against the held-out items of `split`.

    `group_by` is a column of the user table, a behaviour ("activity", "taste", "tenure", "niche_genres"), two of them
    joined by "+", or a `Grouping`; `tested` names the metrics whose differences are tested (None: those
    that declare it). Raises RequestError for an unknown column, metric, convention or an impossible k.
    """
    evidence = gather(run, k, split, category_column, provider_column)
    grouping = group_users(run.dataset, group_by) if isinstance(group_by, str) else group_by
    return audit_evidence(evidence, grouping, run, split, convention, tested, settings or AuditSettings(), seed)


def audit_evidence(
    evidence: Evidence,
    grouping: Grouping | None,
    run: Run,
    split: SplitName = "test",
    convention: str = "ours",
    tested: Sequence[str] | None = None,
    settings: AuditSettings | None = None,
    seed: int = 0,
) -> AuditReport:
    """The same for evidence that has been gathered already."""
    settings, convention = settings or AuditSettings(), find_convention(convention)
    metrics = measurable(evidence)
    of_users = [metric for metric in metrics if metric.level != "global"]
    parts = {metric.name: metric.parts(evidence, convention) for metric in of_users}
    chosen = [find_metric(name) for name in (default_tests("audit") if tested is None else tested)]
    gate = gate_of(run.dataset, settings.min_group_size) if evidence.n == run.dataset.n_users else None
    figures = GroupAudit(evidence, grouping, of_users, parts, chosen, settings, seed, gate) if grouping else None
    differences, omnibus = figures.differences() if figures else ((), {})
    report = AuditReport(
        scope=_scope(evidence, grouping, run, split, convention, settings, seed),
        overall={m.name: gate.interval(m, parts[m.name]) if gate else m.interval(parts[m.name]) for m in of_users},
        by_group=figures.by_group() if figures else (),
        suppressed=figures.suppressed() if figures else (),
        differences=differences,
        omnibus=omnibus,
        impact=figures.impact() if figures else None,
        items=item_figures(evidence, convention, seed, gate),
        verdicts=(*_nobody(evidence, run, split), *lead_sentences(differences, settings.practical)),
        warnings=(*warning_sentences(evidence, figures), *_renamed(run.dataset, grouping)),
        per_user={name: np.where(bottom > 0, top, np.nan) for name, (top, bottom) in parts.items()},
        evidence=evidence,
        grouping=grouping,
        run=run,
        shown=shown_against_lists(evidence, run.dataset, gate) if gate else None,
    )
    return replace(report, scorecard=scorecard(report, seed))


def most_telling(evidence: Evidence, groupings: Sequence[Grouping], seed: int = 0) -> str:
    """The name of the grouping with most to tell by a quick test (99 shuffles): where to look first. That is the one
    with the largest gap in accuracy that stands and is not made by the number of held-out items, then with most harms
    (`harm_of`). The first of several; "" without any grouping."""
    settings = AuditSettings(n_permutations=99)
    metrics = [metric for metric in measurable(evidence) if "audit" in metric.tested_in]
    parts = {metric.name: metric.parts(evidence) for metric in metrics}
    best, most = "", (-1.0, 0, 0)
    for grouping in groupings:
        differences, _ = GroupAudit(evidence, grouping, metrics, parts, metrics, settings, seed).differences()
        found = harm_of(differences)
        if found > most:
            best, most = grouping.name, found
    return best


def _nobody(evidence: Evidence, run: Run, split: SplitName) -> tuple[str, ...]:
    """Where nobody can be judged: that, and what to do."""
    return () if evidence.evaluable.any() else (" ".join(empty_part(run.dataset, split)),)


def _renamed(dataset: Dataset, grouping: Grouping | None) -> tuple[str, ...]:
    """Where a column of the grouping had another name in the source: which."""
    names = grouping.name.split("+") if grouping else []
    renamed = [p for p in dataset.problems if p.code == "renamed_attribute" and p.details.get("kind") == "user"]
    return tuple(p.message for p in renamed if p.details.get("called") in names)


def item_figures(
    evidence: Evidence, convention: str = "ours", seed: int = 0, gate: Gate | None = None
) -> dict[str, Interval]:
    """All figures of lists together, and those of popularity, which are means over people.

    Coverage and Gini have a `jackknife_interval`.
    The `gate` of the data leaves out those that are made of few people.
    """
    result = {}
    for metric in measurable(evidence):
        if metric.level == "global" or metric.family == "popularity":
            if metric.level != "global":
                parts = metric.parts(evidence, convention)
                result[metric.name] = gate.interval(metric, parts) if gate else metric.interval(parts)
            else:
                told = gate.value if gate else Metric.figure
                result[metric.name] = told(metric, evidence, convention)
    for name in ("coverage", "gini"):
        metric, value = METRICS[name], result[name].value

        def without(rows: NDArray[np.int64], metric: Metric = metric) -> float:
            return metric.value(evidence.subset(rows), convention)

        if np.isfinite(value):
            result[name] = jackknife_interval(value, without, evidence.n, seed=seed)
    return result


def _scope(
    evidence: Evidence,
    grouping: Grouping | None,
    run: Run,
    split: str,
    convention: str,
    settings: AuditSettings,
    seed: int,
) -> Scope:
    return Scope(
        run=run.name,
        model=run.record.model,
        dataset=run.dataset.name,
        fingerprint=run.dataset.fingerprint,
        k=evidence.k,
        split=split,
        convention=convention,
        group_by=grouping.name if grouping else "",
        group_definition=grouping.definition if grouping else "",
        seed=seed,
        n_users=evidence.n,
        n_evaluable=int(evidence.evaluable.sum()),
        n_unknown=grouping.n_unknown if grouping else 0,
        n_items=evidence.n_items,
        **settings.model_dump(),
    )
