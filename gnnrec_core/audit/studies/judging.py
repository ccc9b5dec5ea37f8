"""The five verdicts on the lists of a run, each against a yardstick of the same people.

Yardsticks, so that no figure needs a threshold that somebody made up: lists of what is popular (the best that works
without knowing anybody), and as many items drawn from a person's own history (what they choose themselves).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from scipy.stats import norm

from gnnrec_core.audit.decision import FEW, POWER, Decision, Effect, decide
from gnnrec_core.audit.evidence import Evidence
from gnnrec_core.audit.gate import Gate
from gnnrec_core.audit.metrics import METRICS, Metric
from gnnrec_core.audit.report import AuditReport, Difference
from gnnrec_core.audit.scorecard import QUESTIONS, Answer, Quality, Scorecard, Verdict, WorstGroup
from gnnrec_core.audit.studies.comparing import Case, PairedDifference, paired_differences
from gnnrec_core.audit.studies.yardsticks import own_lists, popular_lists
from gnnrec_core.audit.verdicts import figure, p_text, span_text
from gnnrec_core.audit.worst import worst_group
from gnnrec_core.data.dataset import IntArray, SplitName
from gnnrec_core.ranking.intervals import grouped_jackknife
from gnnrec_core.runs.recommend import left_out

POPULAR, OWN = "lists of bestsellers", "items drawn from their own histories"


def scorecard(report: AuditReport, seed: int = 0) -> Scorecard:
    """The verdicts on what `report` audited, by our own definitions. Paired tests over the same people, adjusted for
    each other; of coverage the interval is +-1.96 jackknife errors. Of evidence of nobody's data: nothing measured."""
    gate, evidence = report.gate, report.evidence
    verdicts: dict[Quality, Verdict] = {"fair": _fair(report)}
    if gate is None:
        verdicts |= {quality: _missing(quality, "the lists are not those of a dataset") for quality in PAIRED}
        verdicts["broad"] = _missing("broad", "the lists are not those of a dataset")
    else:
        popular = popular_lists(evidence, left_out(report.run.dataset, cast(SplitName, report.scope.split)))
        known = {POPULAR: evidence.with_lists(popular), OWN: evidence.with_lists(own_lists(evidence, seed))}
        verdicts |= _paired(evidence, known, gate, report, seed)
        verdicts["broad"] = _broad(evidence, known[OWN], gate, report, seed)
    unknown = sum(d.finding == "cannot tell" for d in report.differences)
    ordered = tuple(verdicts[quality] for quality in QUESTIONS)
    return Scorecard(ordered, worst_group(report.differences), unknown, len(report.differences))


@dataclass(frozen=True)
class _Yardstick:
    """How one quality is measured: by the first of `metrics` that can be, against lists of the same people."""

    metrics: tuple[str, ...]
    against: str
    must_be_better: bool
    best: str


PAIRED: dict[Quality, _Yardstick] = {
    "accurate": _Yardstick(("ndcg",), POPULAR, True, "1 is a perfect list, 0 finds nothing"),
    "diverse": _Yardstick(("ild", "ild_embedding"), OWN, False, "1: no two items are alike"),
    "calibrated": _Yardstick(("calibration_js", "upd"), POPULAR, True, "0 is exactly the person's own mix"),
}


def _paired(
    evidence: Evidence, known: dict[str, Evidence], gate: Gate, report: AuditReport, seed: int
) -> dict[Quality, Verdict]:
    found: dict[Quality, Verdict] = {}
    cases: dict[Quality, Case] = {}
    for quality, how in PAIRED.items():
        metric = next((METRICS[name] for name in how.metrics if not METRICS[name].missing(evidence)), None)
        if metric is None:
            found[quality] = _missing(quality, "items have no labels and the model no vectors of them")
        else:
            after, before = metric.parts(evidence), metric.parts(known[how.against])
            cases[quality] = Case(metric, report.scope.run, how.against, after, before)
    tests = paired_differences(tuple(cases.values()), gate, report.scope.n_permutations, seed, report.scope.practical)
    for (quality, case), test in zip(cases.items(), tests, strict=True):
        if test is None:
            found[quality] = _missing(quality, "too few people can be judged")
        else:
            found[quality] = _verdict(quality, case, test)
    return found


def _verdict(quality: Quality, case: Case, test: PairedDifference) -> Verdict:
    how, metric = PAIRED[quality], case.metric
    both = (case.after[1] > 0) & (case.before[1] > 0)
    own, other = (metric.interval((top[both], bottom[both])).value for top, bottom in (case.after, case.before))
    finding = test.decision.finding if test.n_better or test.n_worse else "none"
    if finding == "cannot tell":
        answer: Answer = "cannot tell"
    else:
        answer = "yes" if finding == "better" or (finding != "worse" and not how.must_be_better) else "no"
    good = f"{how.best}; {_way(metric)}."
    reason = f"{metric.title} {figure(own)}, {_against(own, other, finding)} {how.against} ({figure(other)})."
    sure = _certainty(finding, test.low, test.high, test.p_adjusted, test.n_users, test.decision)
    return Verdict(
        quality, QUESTIONS[quality], answer, metric.name, own, how.against, other, test.low, test.high,
        good, reason, sure,
    )  # fmt: skip


def _way(metric: Metric) -> str:
    return {"higher": "higher is better", "lower": "lower is better", "neither": "neither end is better as such"}[
        metric.direction
    ]


def _against(value: float, other: float, finding: str) -> str:
    if finding == "none" or value == other:
        return "no different from"
    share = f"{100 * abs(value - other) / abs(other):.0f} % " if other else ""
    return f"{share}{'above' if value > other else 'below'}"


def _certainty(finding: str, low: float, high: float, p: float, n: int, decision: Decision) -> str:
    span = f"difference {span_text(low, high)}" if np.isfinite(low) else "no interval"
    over = f"n = {n:,}"
    if finding == "cannot tell":
        more = f", about {decision.needed:,} would settle it" if decision.needed else ""
        return f"Not sure: {span}; {over}{more}."
    few = f" Few people (under {FEW}), so its size is uncertain." if decision.is_qualified else ""
    return f"Sure: {span}; p {p_text(p)}, {over}.{few}" if finding != "none" else f"Sure: {span}; {over}."


def _missing(quality: Quality, why: str) -> Verdict:
    nothing = float("nan")
    return Verdict(
        quality, QUESTIONS[quality], "not measured", "", nothing, "", nothing, nothing, nothing, "",
        f"Not measured: {why}.", "",
    )  # fmt: skip


def _broad(evidence: Evidence, own: Evidence, gate: Gate, report: AuditReport, seed: int) -> Verdict:
    """Coverage against that of as many items drawn from people's own histories."""
    metric = METRICS["coverage"]
    ours, theirs = gate.value(metric, evidence), gate.value(metric, own)
    if not (np.isfinite(ours.value) and np.isfinite(theirs.value)):
        return _missing("broad", ours.reason or theirs.reason)

    def without(rows: IntArray) -> float:
        return metric.value(evidence.subset(rows)) - metric.value(own.subset(rows))

    value, n = ours.value - theirs.value, evidence.n
    error = grouped_jackknife(without, n, 10, seed) if n >= 20 else 0.0
    reach = 1.96 * error if error > 0 else float("nan")
    p = float(2 * norm.sf(abs(value) / error)) if error > 0 else float("nan")
    effect = Effect(value, value - reach, value + reach, p, p, theirs.value, n, n, (1.96 + POWER) * error)
    decision = decide(metric, effect, report.scope.practical)
    finding = decision.finding
    answer: Answer = "cannot tell" if finding == "cannot tell" else "no" if finding == "worse" else "yes"
    never = int((evidence.counts == 0).sum())
    percent = [f"{100 * share:.0f} %" for share in (ours.value, theirs.value)]
    return Verdict(
        "broad", QUESTIONS["broad"], answer, metric.name, ours.value, OWN, theirs.value, effect.low, effect.high,
        "1 shows every item; higher is better.",
        f"{percent[0]} of the items stand in somebody's list, {never:,} in nobody's; of items drawn from histories "
        f"{percent[1]} would.",
        _certainty(finding, effect.low, effect.high, p, n, decision),
    )  # fmt: skip


def _fair(report: AuditReport) -> Verdict:
    """Whether a group is served worse; accuracy speaks first, and what the number of held-out items makes by itself
    is no reason."""
    differences, worst = report.differences, worst_group(report.differences)
    if worst is None:
        return _missing("fair", "no two groups are large enough to be compared" if report.grouping else "no groups")
    metric, chosen = METRICS[worst.metric], _find(differences, worst)
    judged = [d for d in differences if METRICS[d.metric].family == "accuracy" and not d.caveat]
    is_open = not judged or any(d.finding == "cannot tell" for d in judged)
    answer: Answer = "no" if worst.stands else "cannot tell" if is_open else "yes"
    how = f"{metric.title} {figure(chosen.own)} against {figure(chosen.rest)} of all others"
    certainty = _certainty(
        chosen.finding, chosen.low, chosen.high, chosen.p_adjusted, chosen.n_group + chosen.n_rest, chosen.decision
    )
    least = f"{'Worst' if worst.stands else 'Lowest'}: {worst.group} (n = {worst.n:,})"
    return Verdict(
        "fair", QUESTIONS["fair"], answer, worst.metric, chosen.own, "all others", chosen.rest, chosen.low, chosen.high,
        f"No gap is best; under {100 * report.scope.practical:.0f} % does not matter.",
        f"{least}, {how}{_gap(worst.relative)}.", certainty,
    )  # fmt: skip


def _gap(relative: float) -> str:
    return f", {100 * abs(relative):.0f} % {'below' if relative < 0 else 'above'}" if np.isfinite(relative) else ""


def _find(differences: tuple[Difference, ...], worst: WorstGroup) -> Difference:
    return next(d for d in differences if (d.group, d.metric) == (worst.group, worst.metric))
