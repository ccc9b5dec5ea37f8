"""The group part of an audit: who may be shown, figures with intervals, differences with tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from gnnrec_core.audit.disclosure import showable
from gnnrec_core.audit.evidence import Evidence
from gnnrec_core.audit.gate import Gate
from gnnrec_core.audit.groups import Grouping
from gnnrec_core.audit.metrics import Metric
from gnnrec_core.audit.report import Difference, GroupFigures, ImpactRatio
from gnnrec_core.audit.stats.statistics import (
    GroupTests,
    bootstrap_ratios,
    holm,
    percentile_interval,
    permutation_tests,
)
from gnnrec_core.audit.verdicts import MIN_FOR_VERDICT, finding_of, sentence_of
from gnnrec_core.base.settings import Settings
from gnnrec_core.ranking.intervals import Interval


class AuditSettings(Settings):
    """The rules of an audit."""

    min_group_size: int = Field(default=10, ge=2, le=1000, description="groups of fewer people are never shown")
    practical: float = Field(default=0.05, ge=0.0, le=1.0, description="relative difference from which one matters")
    n_bootstrap: int = Field(default=1000, ge=100, le=20000, description="bootstrap draws of users")
    n_permutations: int = Field(default=1000, ge=99, le=100000, description="shuffles of group labels")


class GroupAudit:
    """What the groups of one audit have in common: who may be shown, bootstrap draws, tests."""

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
        self.intervals, self.gap_bounds = self._bootstrap()

    def _shown(self, counted: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """By the gate of the data; without one (evidence of nobody's data) by this grouping alone."""
        if self.gate is None:
            return showable(self.grouping.member, counted, self.settings.min_group_size)
        return self.gate.shown(self.grouping, counted, self.settings.min_group_size)

    def _measurable(self) -> NDArray[np.bool_]:
        """Which group may be shown in which metric `[n_metrics, n_groups]`; metrics of the same users are alike."""
        masks, place = np.unique(self.bottom > 0, axis=1, return_inverse=True)
        return np.stack([self._shown(mask) for mask in masks.T])[place.ravel()]

    def _bootstrap(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Bounds of each figure `[2, n_metrics, n_groups]` and of each group minus its rest."""
        own, n_groups = self.grouping.member, self.grouping.member.shape[1]
        rest = ~own
        draws = bootstrap_ratios(
            self.top, self.bottom, np.concatenate([own, rest], axis=1), self.settings.n_bootstrap, self.seed
        )
        figures, others = draws[:, :, :n_groups], draws[:, :, n_groups:]
        return np.stack(percentile_interval(figures)), np.stack(percentile_interval(figures - others))

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
        figures = {}
        for number, metric in enumerate(self.metrics):
            if self.measurable[number, group] and self.bottom[rows, number].sum() > 0:
                low, high = self.intervals[:, number, group] + metric.offset
                figures[metric.name] = Interval(self.figure(number, rows), float(low), float(high))
            else:
                figures[metric.name] = Interval(float("nan"))
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
        )
        allowed = self.measurable[columns][:, groups]
        mirrored = self._mirrored(groups)
        adjusted = holm(np.where(allowed & (mirrored < 0), tests.p_value, np.nan))
        adjusted[:, mirrored >= 0] = adjusted[:, mirrored[mirrored >= 0]]
        found = [
            self._difference(tests, adjusted, (number, place), (column, int(group)))
            for number, column in enumerate(columns)
            for place, group in enumerate(groups)
            if allowed[number, place] and np.isfinite(tests.difference[number, place])
        ]
        omnibus = {self.metrics[column].name: float(tests.omnibus[n]) for n, column in enumerate(columns)}
        return tuple(found), omnibus

    def _mirrored(self, groups: NDArray[np.int64]) -> NDArray[np.int64]:
        """For each of `groups` the earlier one that is exactly its rest, else -1: the two are one and the same test."""
        member = self.grouping.member[:, groups]
        found = np.full(len(groups), -1)
        for place in range(1, len(groups)):
            same = np.flatnonzero((member[:, :place] != member[:, place, None]).all(0))
            found[place] = same[0] if len(same) else -1
        return found

    def _difference(
        self, tests: GroupTests, adjusted: NDArray[np.float64], cell: tuple[int, int], where: tuple[int, int]
    ) -> Difference:
        column, group = where
        metric, own = self.metrics[column], self.grouping.member[:, group]
        others = ~own
        sides = [int((self.bottom[rows, column] > 0).sum()) for rows in (own, others)]
        value, p = float(tests.difference[cell]), float(adjusted[cell])
        base = self.figure(column, others) - metric.offset
        relative = value / base if base else float("nan")
        low, high = (float(bound) for bound in self.gap_bounds[:, column, group])
        detectable = float(tests.smallest_detectable[cell])
        finding = finding_of(metric, value, relative, p, min(sides), detectable, self.settings.practical)
        label = self.grouping.labels[group]
        sentence = sentence_of(
            metric, label, self.figure(column, own), min(sides) if min(sides) < MIN_FOR_VERDICT else sides[0],
            (value, low, high), relative, p, finding, detectable,
        )  # fmt: skip
        return Difference(
            metric.name, label, value, low, high, relative, float(tests.p_value[cell]), p,
            sides[0], sides[1], detectable, finding, sentence,
        )  # fmt: skip

    def impact(self, name: str = "hit_rate") -> ImpactRatio | None:
        """Lowest / highest hit rate among shown groups with at least 50 evaluable users."""
        column = [metric.name for metric in self.metrics].index(name)
        n = (self.grouping.member & (self.bottom[:, column] > 0)[:, None]).sum(0)
        groups = np.flatnonzero(self.measurable[column] & (n >= MIN_FOR_VERDICT))
        if len(groups) < 2:
            return None
        values = np.array([self.figure(column, self.grouping.member[:, group]) for group in groups])
        low, high = groups[values.argmin()], groups[values.argmax()]
        ratio = float(values.min() / values.max()) if values.max() > 0 else float("nan")
        return ImpactRatio(name, ratio, self.grouping.labels[low], self.grouping.labels[high])
