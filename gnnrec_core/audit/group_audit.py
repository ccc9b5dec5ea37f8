"""The group part of an audit: who may be shown, figures with intervals, differences with tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from gnnrec_core.audit.decision import FEW, POWER, PRACTICAL, Effect, decide, interval_from_test, side_by_side
from gnnrec_core.audit.disclosure import showable
from gnnrec_core.audit.evidence import Evidence
from gnnrec_core.audit.gate import Gate
from gnnrec_core.audit.groups import Grouping
from gnnrec_core.audit.metrics import Metric
from gnnrec_core.audit.metrics.definition import EVALUABLE
from gnnrec_core.audit.report import Difference, GroupFigures, ImpactRatio
from gnnrec_core.audit.stats.statistics import ALPHA, GroupTests, permutation_tests
from gnnrec_core.audit.verdicts import group_sentence
from gnnrec_core.base.settings import Settings
from gnnrec_core.ranking.intervals import Interval


class AuditSettings(Settings):
    """The rules of an audit."""

    min_group_size: int = Field(default=10, ge=2, le=1000, description="groups of fewer people are never shown")
    practical: float = Field(
        default=PRACTICAL, ge=0.0, le=1.0, description="relative difference from which one matters"
    )
    n_permutations: int = Field(default=1000, ge=99, le=100000, description="shuffles of group labels")


class GroupAudit:
    """What the groups of one audit have in common: who may be shown, figures, tests."""

    def __init__(
        self,
        evidence: Evidence,
        grouping: Grouping,
        metrics: list[Metric],
        parts: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]],
        tested: list[Metric],
        settings: AuditSettings,
        seed: int,
        gate: Gate | None = None,
    ) -> None:
        self.evidence, self.grouping, self.settings, self.seed = evidence, grouping, settings, seed
        self.gate = gate
        self.metrics = metrics
        self.tested = [metric for metric in tested if metric.name in parts]
        self.top = np.stack([parts[metric.name][0] for metric in metrics], axis=1)
        self.bottom = np.stack([parts[metric.name][1] for metric in metrics], axis=1)
        everybody = np.ones(evidence.n, dtype=bool)
        self.shown = self._shown(everybody)
        self.measurable = self._measurable() & self.shown

    def _shown(self, counted: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """By the gate of the data; without one (evidence of nobody's data) by this grouping alone."""
        if self.gate is None:
            return showable(self.grouping.member, counted, self.settings.min_group_size)
        return self.gate.shown(self.grouping, counted, self.settings.min_group_size)

    def _measurable(self) -> NDArray[np.bool_]:
        """Which group may be shown in which metric `[n_metrics, n_groups]`; metrics of the same users are alike.

        Accuracy is about those with held-out items, also where a convention counts the others as 0.
        """
        judged = np.array([metric.denominator == EVALUABLE for metric in self.metrics])
        counted = (self.bottom > 0) & (self.evidence.evaluable[:, None] | ~judged)
        masks, place = np.unique(counted, axis=1, return_inverse=True)
        return np.stack([self._shown(mask) for mask in masks.T])[place.ravel()]

    def figure(self, metric: int, rows: NDArray[np.bool_]) -> float:
        """A metric of some users."""
        bottom = self.bottom[rows, metric].sum()
        return float(self.top[rows, metric].sum() / bottom) + self.metrics[metric].offset if bottom else float("nan")

    def suppressed(self) -> tuple[str, ...]:
        """Groups that are not shown."""
        return tuple(label for label, shown in zip(self.grouping.labels, self.shown, strict=True) if not shown)

    def by_group(self) -> tuple[GroupFigures, ...]:
        """The groups that may be shown: by their scale where they are steps of one, else the largest first."""
        sizes = self.grouping.sizes
        order = np.arange(len(sizes)) if self.grouping.is_ordered else np.argsort(-sizes, kind="stable")
        return tuple(self._group(int(group)) for group in order if self.shown[group])

    def _group(self, group: int) -> GroupFigures:
        rows = self.grouping.member[:, group]
        counted = rows & self.evidence.evaluable
        n = int(counted.sum())
        accuracy_shown = self.measurable[[m.name for m in self.metrics].index("ndcg"), group]
        figures = {
            metric.name: metric.interval((self.top[rows, number], self.bottom[rows, number]))
            if self.measurable[number, group]
            else Interval(float("nan"), reason="too few measurable users to be shown")
            for number, metric in enumerate(self.metrics)
        }
        note = "not measurable (0 evaluable users)" if n == 0 else "" if accuracy_shown else "too few evaluable users"
        return GroupFigures(
            self.grouping.labels[group],
            int(rows.sum()),
            n if accuracy_shown else None,
            float(self.evidence.n_relevant[counted].mean()) if accuracy_shown and n else None,
            figures,
            note,
        )

    def differences(self) -> tuple[tuple[Difference, ...], dict[str, float]]:
        """Signed differences of the shown groups from their rest, and the omnibus p-value of each tested metric."""
        columns = [self.metrics.index(metric) for metric in self.tested]
        groups = np.flatnonzero(self.shown & (self.grouping.sizes < self.evidence.n))
        if not len(groups) or not columns:
            return (), {}
        tests = permutation_tests(
            self.top[:, columns],
            self.bottom[:, columns],
            self.grouping.member[:, groups],
            self.settings.n_permutations,
            self.seed,
            self.measurable[columns][:, groups],
        )
        found = [
            self._difference(tests, (number, place), (column, int(group)))
            for number, column in enumerate(columns)
            for place, group in enumerate(groups)
            if np.isfinite(tests.p_adjusted[number, place])
        ]
        omnibus = {self.metrics[column].name: float(tests.omnibus[n]) for n, column in enumerate(columns)}
        return tuple(found), omnibus

    def _difference(self, tests: GroupTests, cell: tuple[int, int], where: tuple[int, int]) -> Difference:
        column, group = where
        metric, own = self.metrics[column], self.grouping.member[:, group]
        error, p_adjusted = float(tests.error[cell]), float(tests.p_adjusted[cell])
        figures = (self.figure(column, own), self.figure(column, ~own))
        value = figures[0] - figures[1]
        outer, span = self._outer(column, own, 1 - ALPHA / tests.n_tests)
        low, high = interval_from_test(value, tests.critical * error, p_adjusted, outer, span)
        n_group, n_rest = ((self.bottom[rows, column] > 0).sum() for rows in (own, ~own))
        effect = Effect(
            value, low, high, float(tests.p_value[cell]), p_adjusted, figures[1] - metric.offset,
            int(n_group), int(n_rest), (tests.critical + POWER) * error,
        )  # fmt: skip
        decision = decide(metric, effect, self.settings.practical)
        label = self.grouping.labels[group]
        sentence = group_sentence(metric, label, figures, effect, decision, self.settings.practical)
        caveat = self._caveat(metric, own, value)
        return Difference(
            metric.name, label, value, low, high, effect.relative, effect.p_value, p_adjusted,
            effect.n_group, effect.n_rest, effect.detectable, *figures, decision,
            " ".join(part for part in (sentence, caveat) if part), caveat,
        )  # fmt: skip

    def _outer(self, column: int, own: NDArray[np.bool_], level: float) -> tuple[tuple[float, float] | None, float]:
        """An interval from those of both sides where the metric is bounded, and the greatest possible difference."""
        metric, top, bottom = self.metrics[column], self.top[:, column], self.bottom[:, column]
        if metric.level != "user" or metric.bounds is None or not metric.fits(top[bottom > 0]):
            return None, float("inf")
        sides = [metric.interval((top[rows], bottom[rows]), level) for rows in (own, ~own)]
        return side_by_side(*sides), metric.bounds[1] - metric.bounds[0]

    def _caveat(self, metric: Metric, own: NDArray[np.bool_], value: float) -> str:
        """Where a figure moves with the number of held-out items by itself, and in this direction: that number."""
        if not metric.with_held_out:
            return ""
        n = self.evidence.n_relevant
        mine, theirs = (float(n[rows & self.evidence.evaluable].mean()) for rows in (own, ~own))
        if max(mine, theirs) < 1.2 * min(mine, theirs):
            return ""
        if np.sign(value) != np.sign(mine - theirs) * metric.with_held_out:
            return ""
        way = "rises" if metric.with_held_out > 0 else "falls"
        return (
            f"Read it with care: {metric.title} {way} with the number of held-out items by itself, and they have "
            f"{mine:.1f} each against {theirs:.1f}."
        )

    def impact(self, name: str = "hit_rate") -> ImpactRatio | None:
        """Lowest / highest hit rate among shown groups with at least 50 evaluable users."""
        column = [metric.name for metric in self.metrics].index(name)
        n = (self.grouping.member & (self.bottom[:, column] > 0)[:, None]).sum(0)
        groups = np.flatnonzero(self.measurable[column] & (n >= FEW))
        if len(groups) < 2:
            return None
        values = np.array([self.figure(column, self.grouping.member[:, group]) for group in groups])
        low, high = groups[values.argmin()], groups[values.argmax()]
        if values.max() <= 0:
            return None
        ratio = float(values.min() / values.max())
        return ImpactRatio(name, ratio, self.grouping.labels[low], self.grouping.labels[high])
