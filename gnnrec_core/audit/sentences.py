"""What a reader should see first: the leading verdicts of an audit, and what to know before believing its figures."""

from __future__ import annotations

from gnnrec_core.audit.evidence import Evidence
from gnnrec_core.audit.group_audit import GroupAudit
from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.audit.report import Difference


def lead_sentences(differences: tuple[Difference, ...], omnibus: dict[str, float]) -> tuple[str, ...]:
    """The sentences worth reading first: harm, then other real differences, then what cannot be told."""
    order = ("worse", "lower", "better", "higher", "small", "cannot tell")
    names = list(omnibus)
    found = [
        d for d in differences if d.finding in order and (d.finding != "cannot tell" or d.metric == names[0])
    ]  # one "cannot tell" a group is enough: that of the first metric
    ranked = sorted(found, key=lambda d: (order.index(d.finding), names.index(d.metric), d.p_adjusted))
    sentences = [d.sentence for d in ranked]
    if differences and not any(d.finding in order[:5] for d in differences):
        sentences.insert(0, "No difference between groups stands up to the tests (Holm-adjusted p under 0.05).")
    return tuple(sentences)


def warning_sentences(evidence: Evidence, figures: GroupAudit | None) -> tuple[str, ...]:
    """What a reader must know before believing the figures."""
    found = []
    excluded = int((~evidence.evaluable).sum())
    if excluded:
        found.append(
            f"{excluded:,} of {evidence.n:,} users have no held-out item and are left out of accuracy figures."
        )
    short = int((evidence.n_shown < evidence.k).sum())
    if short:
        found.append(f"{short:,} users have fewer than {evidence.k} items left to recommend.")
    skipped = [metric.title for metric in METRICS.values() if metric.default and metric.missing(evidence)]
    if skipped:
        found.append(
            f"Not computed, because the data or the model have nothing to compute them from: {', '.join(skipped)}."
        )
    if figures is not None:
        found += _group_warnings(evidence, figures)
    return tuple(found)


def _group_warnings(evidence: Evidence, figures: GroupAudit) -> list[str]:
    found = []
    grouping, threshold = figures.grouping, figures.settings.min_group_size
    if grouping.n_unknown:
        count = f"{grouping.n_unknown:,}" if grouping.n_unknown >= threshold else f"Fewer than {threshold}"
        found.append(f"{count} users have no known {grouping.name}; they count in the totals but in no group.")
    hidden = figures.suppressed()
    if hidden:
        found.append(
            f"{len(hidden):,} groups are not shown: they have fewer than {threshold} people, or would let such a group "
            "be worked out by subtraction."
        )
    held_out = [g.n_held_out for g in figures.by_group() if g.n_held_out]
    if held_out and max(held_out) > 1.2 * min(held_out):
        found.append(
            f"Groups have {min(held_out):.1f} to {max(held_out):.1f} held-out items a user on average: precision and "
            "hit rate rise with that number and recall falls, whatever the model does. Read several metrics together."
        )
    return found
