"""Main parameters: each input of the model removed, everybody ranked again, and what that does to lists and accuracy.

The effect of an input on lists is 1 - overlap, the share of the places of a list of k that change; its effect on
accuracy is NDCG without it less NDCG with it, the same people compared with themselves. An input is called without
effect where the interval of the accuracy difference, widened for the number of inputs (Bonferroni), holds 0; lists may
have moved all the same, and the overlap says how far. This is what Article 27 of the Digital Services Act asks to name
("main parameters"); the list without profiling stands beside it for Article 38.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.base import progress
from gnnrec_core.data.dataset import SplitName
from gnnrec_core.ranking.accuracy import ACCURACY, hits, n_relevant
from gnnrec_core.ranking.intervals import UNIT, Interval, mean_interval
from gnnrec_core.ranking.matrix import interaction_matrix
from gnnrec_core.ranking.recommendations import NONE_LEFT, Recommendations
from gnnrec_core.ranking.topk import ScoreBlock, check_k, rank_items
from gnnrec_core.runs.recommend import left_out
from gnnrec_core.runs.run import Run
from gnnrec_core.whole.inputs import inputs_of

METRIC = "ndcg"
PairedBounds = (-1.0, 1.0)


@dataclass(frozen=True)
class Parameter:
    """One input. `overlap` is the mean share of places of a list that stay without it (NaN where no list is left);
    `accuracy` NDCG with it gone less NDCG with it, over people with held-out items. `why` says what stands in the way
    of a figure. `has_effect` is None where nothing can be said, True where no list is left without it."""

    name: str
    definition: str
    overlap: Interval
    accuracy: Interval
    has_effect: bool | None
    is_used: bool
    why: str

    @property
    def sentence(self) -> str:
        """What was measured, in words."""
        if not self.is_used:
            return f"{self.name}: not used by this model."
        if self.has_effect is None or np.isnan(self.overlap.value):
            return f"{self.name}: {self.why}"
        moved = f"without it {1 - self.overlap.value:.0%} of the places of a list change".replace("%", " %")
        if not self.has_effect:
            return f"{self.name}: without effect on accuracy; {moved}."
        way = "falls" if self.accuracy.value < 0 else "rises"
        ends = sorted((abs(self.accuracy.low), abs(self.accuracy.high)))  # both of one sign: there is an effect
        by = f"{abs(self.accuracy.value):.4f} ({ends[0]:.4f} to {ends[1]:.4f})"
        return f"{self.name}: {moved}, and NDCG {way} by {by}."


@dataclass(frozen=True)
class Parameters:
    """All inputs, the one whose removal changes most first. `accuracy` is NDCG as it is; `n_judged` of `n_users` people
    have held-out items. `without_profiling` is the most popular list for everybody, held against the run."""

    k: int
    split: SplitName
    n_users: int
    n_judged: int
    accuracy: Interval
    rows: tuple[Parameter, ...]
    without_profiling: Parameter


def main_parameters(run: Run, k: int = 10, split: SplitName = "test") -> Parameters:
    """Every input of the run's model removed in turn. RequestError for an impossible `k`."""
    check_k(k, run.dataset.n_items)
    judge = _Judge(run, k, split)
    found = list(inputs_of(run))
    level = 1.0 - 0.05 / max(1, sum(each.score is not None for each in found))
    rows = []
    for done, each in enumerate(found):
        progress.report(done, len(found) + 1)
        if each.score is None:
            unknown = Interval(float("nan"), reason=each.why)
            same = Interval(1.0) if not each.is_used else unknown
            none = Interval(0.0) if not each.is_used else unknown
            effect = True if each.leaves_none else None if each.is_used else False
            rows.append(Parameter(each.name, each.definition, same, none, effect, each.is_used, each.why))
        else:
            rows.append(judge.without(each.name, each.definition, each.score, level))
    rows.sort(key=lambda row: (-_moved(row), row.name))
    popular = run.graph.popularity.astype(np.float64)
    plain = judge.without(
        "a list without profiling",
        "the items with the most train interactions, the same for everybody",
        lambda users: np.tile(popular, (len(users), 1)),
        0.95,
    )
    return Parameters(k, split, run.dataset.n_users, judge.n_judged, judge.accuracy, tuple(rows), plain)


class _Judge:
    """Lists and accuracy as they are, to hold others against."""

    def __init__(self, run: Run, k: int, split: SplitName) -> None:
        self._everybody = np.arange(run.dataset.n_users)
        self._out, self._relevant = left_out(run.dataset, split), interaction_matrix(run.dataset, split)
        self._k = k
        self._lists = rank_items(run.model.score, self._everybody, self._out, k)
        self._values = self._measured(self._lists)
        self.n_judged = int(np.isfinite(self._values).sum())
        self.accuracy = mean_interval(self._values, bounds=UNIT)

    def without(self, name: str, definition: str, score: ScoreBlock, level: float) -> Parameter:
        """What these scores do to lists and accuracy."""
        lists = rank_items(score, self._everybody, self._out, self._k)
        if is_constant(score, self._everybody):
            why = "Without it there is no list: all items have the same score."
            unknown = Interval(float("nan"), reason=why)
            return Parameter(name, definition, unknown, unknown, True, True, why)
        overlap = mean_interval(overlaps(self._lists, lists), bounds=UNIT)
        lost = self._measured(lists) - self._values
        accuracy = mean_interval(lost, level, PairedBounds)
        if not np.any(lost[np.isfinite(lost)]):  # nobody's figure moved at all
            return Parameter(name, definition, overlap, accuracy, False if self.n_judged else None, True, "")
        effect = not accuracy.low <= 0 <= accuracy.high
        return Parameter(name, definition, overlap, accuracy, effect, True, "")

    def _measured(self, lists: Recommendations) -> NDArray[np.float64]:
        return ACCURACY[METRIC](hits(lists, self._relevant), n_relevant(lists, self._relevant))


def overlaps(first: Recommendations, second: Recommendations) -> NDArray[np.float64]:
    """Share of the places of each list of `first` whose item the same person's list of `second` holds `[n]`; NaN where
    the list is empty.

    >>> lists = [Recommendations(np.array([0]), np.array([items]), np.zeros((1, 2))) for items in ([3, 5], [5, 4])]
    >>> overlaps(*lists)
    array([0.5])
    """
    shape = (len(first.item_index), int(max(first.item_index.max(), second.item_index.max(), 0)) + 1)
    tables = []
    for lists in (first, second):
        rows, places = np.nonzero(lists.item_index != NONE_LEFT)
        tables.append(sp.csr_array((np.ones(len(rows)), (rows, lists.item_index[rows, places])), shape=shape))
    common: NDArray[np.float64] = np.asarray(tables[0].multiply(tables[1]).sum(axis=1)).ravel()
    length: NDArray[np.float64] = np.asarray(tables[0].sum(axis=1)).ravel()
    shares = np.full(len(length), np.nan)
    np.divide(common, length, out=shares, where=length > 0)
    return shares


def is_constant(score: ScoreBlock, users: NDArray[np.int64]) -> bool:
    """Whether all items have one score for each of the first people, so that their order means nothing."""
    some = np.asarray(score(users[:64]), np.float64)
    return bool((np.ptp(some, axis=1) <= 1e-9 * np.maximum(1e-12, np.abs(some).max(axis=1, initial=0.0))).all())


def _moved(row: Parameter) -> float:
    """How far lists move without it; farthest where none is left."""
    if not row.is_used:
        return -1.0
    if np.isnan(row.overlap.value):
        return 2.0 if row.has_effect else -0.5
    return 1.0 - row.overlap.value
