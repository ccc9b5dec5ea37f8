"""The gate: which sets of people a figure may be about, so that no small set can be worked out from all answers.

Whoever asks for every group of every grouping of a dataset learns the sums of a figure over many sets of people, and
can add and subtract them. What can be worked out is the span of the sets' indicators. The gate lets sets in one after
the other, in one fixed order, as long as no combination of all of them rests on fewer people than the threshold.

With L the projection onto the span `[n, n]`, a combination v that rests on a set D of people satisfies v = L v, so for
the person i in D where |v| is largest, the sum over j in D of |L_ij| is at least 1 (Gershgorin's circle of L restricted
to D). Where L_ii plus the threshold - 2 largest of the other |L_ij| stays under 1 for everybody, there is no such D of
fewer people than the threshold. The rule is sufficient, not necessary: it may hide a set that would do no harm.

The family of sets depends on nothing but the data, the people whom a figure is made of, and the threshold: not on k,
the run, or who asked what before. So answers under different groupings, lengths and runs fit together.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.audit.disclosure import showable
from gnnrec_core.audit.evidence import Evidence
from gnnrec_core.audit.groups import MANY_VALUES, Grouping, available_groupings, group_users
from gnnrec_core.audit.metrics import Metric
from gnnrec_core.audit.segments import history_bins
from gnnrec_core.audit.sources import column_values
from gnnrec_core.base import progress
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.ranking.intervals import Interval
from gnnrec_core.ranking.matrix import interaction_matrix

Flags = NDArray[np.bool_]
Matrix = NDArray[np.float64]
Values = NDArray[np.float64]
THRESHOLD = 10
"""No figure is about fewer people. A lower `min_group_size` opens the gate; a higher one hides more."""
MOST_SETS = 500
"""Groups of one grouping that are looked at, the largest first; the others are not shown."""
MOST_CHECKS = 1500
CERTAIN = 1.0 - 1e-7
TOO_FEW = "too few people to be said of"
HISTORY = "length of history"
"""The bins of the chart of new users, which are groups of people like any other."""


@dataclass(frozen=True)
class Gate:
    """What may be said about the people of one dataset. Get one with `gate_of`."""

    dataset: Dataset
    threshold: int
    _families: dict[bytes, Family] = field(default_factory=dict, repr=False)
    _turn: threading.RLock = field(default_factory=threading.RLock, repr=False, compare=False)

    def shown(self, grouping: Grouping, counted: Flags, min_group_size: int = THRESHOLD) -> Flags:
        """Which groups of `grouping` `[n_groups]` a figure over the `counted` people `[n_users]` may be shown for.

        A group without any counted person is shown, as not measurable. `min_group_size` hides smaller groups as well.
        """
        if self.threshold <= 1:
            return np.ones(grouping.member.shape[1], dtype=bool)
        strict: Flags = showable(grouping.member, counted, max(self.threshold, min_group_size))
        empty = ~(grouping.member & counted[:, None]).any(0)
        while not self._turn.acquire(timeout=0.2):
            progress.check()
        try:
            family = self._family(counted)
            if not family.know(grouping.name, grouping.member[counted]):
                family = family.with_sets(grouping.member[counted])
            allowed: Flags = strict & (family.allows(grouping.member[counted]) | empty)
        finally:
            self._turn.release()
        return allowed

    def is_enough(self, counted: Flags) -> bool:
        """Whether a figure over all `counted` people `[n_users]` may be said: of nobody, enough, or all."""
        n = int(counted.sum())
        return n >= self.threshold or n in (0, self.dataset.n_users)

    def interval(self, metric: Metric, parts: tuple[Values, Values]) -> Interval:
        """A figure of all users with its interval; none where too few can be measured."""
        return metric.interval(parts) if self.is_enough(parts[1] > 0) else Interval(float("nan"), reason=TOO_FEW)

    def value(self, metric: Metric, evidence: Evidence, convention: str = "ours") -> Interval:
        """A figure of all lists together; none where a set of people that it is made of may not be spoken of."""
        if metric.people is not None and evidence.n >= self.threshold:
            sets = metric.people(evidence)
            if not self.shown(_by_hand(metric.name, sets), evidence.evaluable).all():
                return Interval(float("nan"), reason=TOO_FEW)
        return metric.figure(evidence, convention)

    def _family(self, counted: Flags) -> Family:
        key = np.packbits(counted).tobytes()
        if key not in self._families:
            if len(self._families) >= 8:
                self._families.pop(next(iter(self._families)))
            sets = {name: member[counted] for name, member in _singles(self.dataset, self.threshold).items()}
            bins = history_bins(np.diff(interaction_matrix(self.dataset, "train").indptr)[counted])
            sets[HISTORY] = bins[:, None] == np.unique(bins)
            self._families[key] = Family(sets, self.threshold)
        return self._families[key]


class Family:
    """The sets that are allowed for the figures of the same people: those of single groupings first, then crossings."""

    def __init__(self, singles: dict[str, Flags], threshold: int, extra: Flags | None = None) -> None:
        self._singles, self._threshold, self._checks = singles, threshold, MOST_CHECKS
        n_people = len(next(iter(singles.values()))) if singles else len(extra) if extra is not None else 0
        parts = [*singles.values(), *([] if extra is None else [extra])]
        joined = np.concatenate([np.ones((n_people, 1), bool), *parts], axis=1)
        _, self._first, weight = np.unique(np.packbits(joined, axis=1), axis=0, return_index=True, return_counts=True)
        self._weight = weight.astype(np.float64)
        root = np.sqrt(self._weight)
        self._basis: Matrix = (root / np.linalg.norm(root))[None, :] if n_people else np.zeros((0, 0))
        self._allowed: set[bytes] = {np.packbits(np.ones(n_people, bool)).tobytes()}
        for member in singles.values():
            self._offer(member)
        self._known = set(singles)
        self._pairs = list(combinations([name for name in singles if name != HISTORY], 2))

    def know(self, name: str, member: Flags) -> bool:
        """Whether the grouping of that name is one of the data's own, with these sets; lets in crossings up to it."""
        if name in self._singles:
            return self._is_own(self._singles[name], member)
        pair = next((p for p in self._pairs if name in ("+".join(p), "+".join(p[::-1]))), None)
        if pair is None:
            return False
        while "+".join(pair) not in self._known:
            first, second = self._pairs[len(self._known) - len(self._singles)]
            before = self._basis, set(self._allowed), self._checks
            try:
                self._offer(_crossed(self._singles[first], self._singles[second]))
            except BaseException:  # whoever asked has gone: all of this crossing is offered again, or nothing
                self._basis, self._allowed, self._checks = before
                raise
            self._known.add(f"{first}+{second}")
        return self._is_own(_crossed(self._singles[pair[0]], self._singles[pair[1]]), member)

    def with_sets(self, member: Flags) -> Family:
        """A family that lets in the single groupings, and after them these sets of somebody's own."""
        family = Family(self._singles, self._threshold, member)
        family._offer(member)
        return family

    def allows(self, member: Flags) -> Flags:
        """Which of the sets `[n_people, n_sets]` have been let in."""
        return np.array([np.packbits(column).tobytes() in self._allowed for column in member.T], dtype=bool)

    def _is_own(self, own: Flags, member: Flags) -> bool:
        """Whether every large set of `member` is one of `own`: somebody may bring a grouping of the same name."""
        known = {np.packbits(column).tobytes() for column in own.T}
        large = member[:, member.sum(0) >= self._threshold]
        return all(np.packbits(column).tobytes() in known for column in large.T)

    def _offer(self, member: Flags) -> None:
        """Let in as many sets as may be, the largest first; all at once where they may."""
        sizes, n_people = member.sum(0), len(member)
        rest = n_people - sizes
        order = np.argsort(-sizes, kind="stable")
        order = order[(sizes[order] >= self._threshold) & ((rest[order] >= self._threshold) | (rest[order] == 0))]
        if len(order) and not self._let_in(member[:, order]):
            for place in order:
                self._let_in(member[:, place, None])

    def _let_in(self, member: Flags) -> bool:
        if self._checks <= 0:
            return False
        progress.check()
        self._checks -= 1
        basis = _extended(self._basis, member[self._first].T.astype(np.float64) * np.sqrt(self._weight))
        if len(basis) > len(self._basis) and not is_safe(basis, self._weight, self._threshold):
            return False
        self._basis = basis
        self._allowed |= {np.packbits(column).tobytes() for column in member.T}
        return True


def is_safe(basis: Matrix, weight: NDArray[np.float64], threshold: int) -> bool:
    """Whether no combination of the rows of `basis` rests on fewer than `threshold` people.

    `basis` orthonormal `[rank, n_atoms]`, columns scaled by the square root of `weight`, the people of each atom.
    """
    people = basis / np.sqrt(weight)  # one column for each person of the atom
    own = np.square(people).sum(0)
    suspects = np.flatnonzero(own >= CERTAIN / max(1, threshold - 1))  # the others cannot reach 1, by Cauchy-Schwarz
    copies = np.minimum(weight, threshold - 1).astype(np.int64)
    everybody = np.repeat(np.arange(len(weight)), copies)
    for start in range(0, len(suspects), 256):
        progress.check()
        block = suspects[start : start + 256]
        shares = np.abs(people[:, block].T @ people)[:, everybody]
        n_largest = min(threshold - 1, shares.shape[1])
        # The person themselves stands among the shares; count them in any case, and the largest of the others.
        largest = np.partition(shares, shares.shape[1] - n_largest, axis=1)[:, -n_largest:]
        total = largest.sum(1) + np.where(own[block] < largest.min(1), own[block] - largest.min(1), 0.0)
        if (total >= CERTAIN).any():
            return False
    return True


@lru_cache(maxsize=4)
def _gate(key: _ById, threshold: int) -> Gate:
    return Gate(key.dataset, threshold)


class _ById:
    """A dataset as the key of a cache: the very same object."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    def __hash__(self) -> int:
        return id(self.dataset)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ById) and self.dataset is other.dataset


def gate_of(dataset: Dataset, min_group_size: int = THRESHOLD) -> Gate:
    """The gate of a dataset. A `min_group_size` below 10 opens it that far: answers under both can be combined."""
    return _gate(_ById(dataset), min(THRESHOLD, min_group_size))


def history_groups(member: Flags) -> Grouping:
    """Bins of people by length of history as a grouping that the gate knows."""
    return _by_hand(HISTORY, member)


def _by_hand(name: str, member: Flags) -> Grouping:
    known = np.asarray(member.any(1))
    return Grouping(name, ("",) * member.shape[1], member, known, "behaviour", "", is_ordered=True)


def _singles(dataset: Dataset, threshold: int) -> dict[str, Flags]:
    """The groups of at least `threshold` people of every grouping that the data have, in the order of the menus."""
    found = {}
    for choice in available_groupings(dataset):
        if choice.kind == "attribute":
            member = _attribute(dataset, choice.name, threshold)
        else:
            member = group_users(dataset, choice.name).member
        found[choice.name] = member
    return found


def _attribute(dataset: Dataset, column: str, threshold: int) -> Flags:
    """As `groups.by_attribute`, without a column for each of the many labels that few people have."""
    values = dataset.user_table[column]
    if values.dtype.is_numeric() and values.n_unique() > MANY_VALUES:
        return group_users(dataset, column).member
    rows, labels, codes = column_values(dataset.user_table, column)
    counts = np.bincount(codes, minlength=len(labels))
    kept = np.flatnonzero(counts >= threshold)
    kept = np.sort(kept[np.argsort(-counts[kept], kind="stable")][:MOST_SETS])
    place = np.full(len(labels) + 1, -1)
    place[kept] = np.arange(len(kept))
    member = np.zeros((dataset.n_users, len(kept)), dtype=bool)
    inside = place[codes] >= 0
    member[rows[inside], place[codes[inside]]] = True
    return member


def _crossed(first: Flags, second: Flags) -> Flags:
    """Every pair of groups that has somebody `[n_people, n_pairs]`, the largest `MOST_SETS` of them."""
    sizes = first.T.astype(np.int64) @ second.astype(np.int64)
    a, b = np.nonzero(sizes)
    order = np.sort(np.argsort(-sizes[a, b], kind="stable")[:MOST_SETS])
    return first[:, a[order]] & second[:, b[order]]


def _extended(basis: Matrix, rows: Matrix) -> Matrix:
    """An orthonormal basis of the span of `basis` and `rows`."""
    left = rows - (rows @ basis.T) @ basis
    left -= (left @ basis.T) @ basis
    _, values, right = np.linalg.svd(left, full_matrices=False)
    scale = max(1.0, float(np.linalg.norm(rows, axis=1).max(initial=0.0)))
    return np.concatenate([basis, right[values > 1e-9 * scale]])
