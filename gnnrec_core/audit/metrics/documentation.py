"""The page `docs/metrics.md`, written from the table of metrics, so that it cannot say anything else than the code."""

from __future__ import annotations

import math

from gnnrec_core.audit.evidence import Evidence
from gnnrec_core.audit.metrics import METRICS, Metric
from gnnrec_core.audit.verdicts import of_people

HEAD = """# What every figure means

Written from `gnnrec_core/audit/metrics` by `python -m tests.audit.write_metrics_page`; a test compares the two.

What all figures share: lists leave out what a person has in train and (for test) validation; equal scores stand in the
order of item index; the discount is 1 / log2(rank + 1); popularity is the number of people who have an item in train;
the catalogue is all items, also those never trained or shown. People without held-out items are left out of accuracy
and counted beside it; they are in every figure of lists alone. A list may be shorter than k where nothing is left.

"In the small world" is the value for the 6 people, 8 items and lists of 3 in `tests/audit/oracle.json`, which was
worked out by explicit formulas and confirmed by independent implementations. `--convention` chooses another library's
definition where one name has several.
"""

TAIL = """
## Groups and tests

* A figure is the mean over its measurable people (ratio figures: sum / sum). Its 95 % interval, of all people and
  of a group alike, is Gaffke's where the figure has a range (for shares that is Clopper and Pearson's, or
  Wilson's where that is wider), else Student's t; why: `docs/decisions/0011-intervals.md`.
* A difference is signed: a group's figure minus that of all other people, in units of its error (Welch's, with
  the spread of four typical people added to each side). Its p-value shuffles group membership {n} times. The
  adjusted p-value is Westfall and Young's: how often the largest statistic of any difference of the report is
  at least this large; under 5 % it is read from the normal curve where fewer than 10 shuffles are beyond it.
  Two groups that are each other's rest count as one test. Runs are compared in the same way, by flipping the
  signs of paired differences.
* The interval of a difference holds for all differences of the report together and excludes 0 exactly where the
  adjusted p-value is under 5 %.
* The omnibus p-value asks whether the grouping matters at all: measurable people x (figure of the group - figure
  of all)^2, summed over groups, against shuffles. It is not adjusted and no finding rests on it.
* `detectable` is the true difference that the adjusted test finds with probability 0.8.
* Findings (`audit/decision.py`). "worse", "better" (figures with a direction), "lower", "higher" (figures
  without): the adjusted p-value is under 5 % and the difference at least the practical threshold (5 % of the
  others' figure). "small": under 5 %, but less. "none": not under 5 %, and the whole interval is inside the
  threshold. "cannot tell": everything else, with the people that would be needed. Fewer than 50 measurable people
  on a side qualify a finding; they never silence it. Where the others' figure is 0 there is no ratio, and words
  say so.
* Coverage and Gini have no bootstrap (a resample has 63 % of the people and covers less): their interval is +-1.96
  errors of a jackknife over 10 blocks of people, none where all blocks agree.
* Groups of fewer than 10 people (a setting) are never shown, nor groups that would let them be worked out by adding and
  subtracting what is shown; so a small group takes another one with it. Each person's own row stays available to the
  person who runs the audit.
* Where groups differ in the number of held-out items, precision and hit rate rise with that number and recall falls,
  whatever the model does: the report warns and shows the number.
"""


def metrics_page(small_world: Evidence) -> str:
    """The page as Markdown; `small_world` is the evidence of the oracle."""
    families: dict[str, list[Metric]] = {}
    for metric in METRICS.values():
        families.setdefault(metric.family, []).append(metric)
    parts = [HEAD]
    for family, metrics in families.items():
        parts.append(f"\n## {family.capitalize()}\n")
        parts += [_entry(metric, small_world) for metric in metrics]
    return "".join(parts) + TAIL.format(n="1,000")


def _entry(metric: Metric, world: Evidence) -> str:
    """One metric; its value in the small world where that has what it needs."""
    lines = [
        f"\n### {metric.title} (`{metric.name}`)\n",
        f"\n{metric.definition}\n\n",
        f"* Formula: {metric.formula}\n",
        f"* Range: {metric.range}. Better is: {metric.direction}.\n",
        f"* Over: {metric.denominator}.\n",
        f"* Source: {metric.source}.\n",
        f"* Example: {metric.example}\n",
    ]
    if not metric.missing(world):
        lines.append(f"* In the small world: {_number(metric.value(world))}\n")
    for variant in metric.variants:
        value = (
            "" if metric.missing(world) else f" In the small world: {_number(metric.value(world, variant.convention))}"
        )
        lines.append(f"* As {variant.convention} has it: {variant.definition}{value}\n")
    return of_people("".join(lines))


def _number(value: float) -> str:
    return "not measurable" if not math.isfinite(value) else f"{value:.6g}"
