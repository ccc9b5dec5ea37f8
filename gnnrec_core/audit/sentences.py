"""What a reader should see first: the leading verdicts of an audit, and what to know before believing its figures."""

from __future__ import annotations

from gnnrec_core.audit.evidence import Evidence
from gnnrec_core.audit.group_audit import GroupAudit
from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.audit.report import Difference, ImpactRatio

NO_DIFFERENCE = "No difference between groups stands up to the tests"
ORDER = ("worse", "lower", "better", "higher", "small")


def lead_sentences(differences: tuple[Difference, ...], practical: float) -> tuple[str, ...]:
    """What is worth reading first: harm, then other differences that stand; then, once, what cannot be told."""
    names = list(dict.fromkeys(d.metric for d in differences))
    ranked = sorted(
        (d for d in differences if d.stands),
        key=lambda d: (ORDER.index(d.finding), bool(d.caveat), names.index(d.metric), d.p_adjusted),
    )
    sentences = [d.sentence for d in ranked]
    if differences and not ranked:
        sentences.append(f"{NO_DIFFERENCE} (p under 0.05, adjusted for them all).")
    unknown = [d for d in differences if d.finding == "cannot tell"]
    return (*sentences, *([_cannot_tell(unknown, len(differences), practical)] if unknown else []))


def _cannot_tell(unknown: list[Difference], n: int, practical: float) -> str:
    """One sentence for all that cannot be told: how much of it, and what would be needed, by its first figure."""
    first = [d for d in unknown if d.metric == unknown[0].metric]
    groups = f"{first[0].group}" if len(first) == 1 else f"{len(first)} groups"
    title = METRICS[first[0].metric].title
    needed = max((d.decision.needed or 0 for d in first), default=0)
    most = f"; {title} would need about {needed:,} people on the smaller side" if needed else ""
    which = f"In {len(unknown):,} of {n:,} comparisons" if n > 1 else "Here"
    return (
        f"{which} one cannot tell whether there is a difference of {100 * practical:.0f} % "
        f"(of {title}: {groups}){most}."
    )


def impact_sentence(impact: ImpactRatio, differences: tuple[Difference, ...]) -> str:
    """The four-fifths ratio beside what the tests say of the same figure, which it does not know of."""
    title = METRICS[impact.metric].title.lower()
    tested = [d for d in differences if d.metric == impact.metric]
    if not tested:
        found = f"no difference in {title} was tested"
    elif any(d.stands for d in tested if d.group in (impact.lowest, impact.highest)):
        found = "the tests find a difference too"
    else:
        found = "the tests find no difference between the two and the others, so chance alone may make it"
    return (
        f"Lowest / highest {title} among groups of at least 50: {impact.value:.2f} ({impact.lowest} / "
        f"{impact.highest}); the four-fifths rule of thumb is 0.80; {found}."
    )


def warning_sentences(evidence: Evidence, figures: GroupAudit | None) -> tuple[str, ...]:
    """What a reader must know before believing the figures."""
    found = []
    excluded = int((~evidence.evaluable).sum())
    if excluded:
        found.append(
            f"{excluded:,} of {evidence.n:,} people have no held-out item and are left out of accuracy figures."
        )
    short = int((evidence.n_shown < evidence.k).sum())
    if short:
        found.append(f"{short:,} people have fewer than {evidence.k} items left to recommend.")
    skipped = [metric.title for metric in METRICS.values() if metric.default and metric.missing(evidence)]
    if skipped:
        found.append(
            f"Not computed, because the data or the model have nothing to compute them from: {', '.join(skipped)}."
        )
    if figures is not None:
        found += _group_warnings(evidence, figures)
    return tuple(found)


def _case_variants(labels: tuple[str, ...]) -> list[str]:
    """Labels that differ in capitals or blanks only: different groups that are hardly meant to be."""
    alike: dict[str, list[str]] = {}
    for label in labels:
        alike.setdefault(" ".join(label.casefold().split()), []).append(label)
    several = [names for names in alike.values() if len(names) > 1]
    return [
        f"The groups {', '.join(f'“{name}”' for name in names[:5])} differ in capitals or blanks only, and are told "
        "apart here: write them alike if they are one."
        for names in several[:3]
    ]


def _group_warnings(evidence: Evidence, figures: GroupAudit) -> list[str]:
    found = []
    grouping, threshold = figures.grouping, figures.settings.min_group_size
    if grouping.n_unknown:
        count = f"{grouping.n_unknown:,}" if grouping.n_unknown >= threshold else f"Fewer than {threshold}"
        found.append(f"{count} people have no known {grouping.name}; they count in the totals but in no group.")
    found += _case_variants(grouping.labels)
    hidden = figures.suppressed()
    if hidden:
        found.append(
            f"{len(hidden):,} groups are not shown: they have fewer than {threshold} people, or would let such a group "
            "be worked out by subtraction."
        )
    held_out = [g.n_held_out for g in figures.by_group() if g.n_held_out]
    if held_out and max(held_out) > 1.2 * min(held_out):
        found.append(
            f"Groups have {min(held_out):.1f} to {max(held_out):.1f} held-out items a person on average: precision and "
            "hit rate rise with that number and recall falls, whatever the model does. Read several metrics together."
        )
    return found
