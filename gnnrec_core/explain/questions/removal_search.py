"""The search behind a counterfactual: which set of a user's interactions takes an item out of the list.

For one competitor the best set of m interactions is the m largest differences of contributions, so lines of such sets
are walked first. Where several items must overtake at once, greedy steps and exchanges follow. All of them are led by
the predictor; whatever is kept was recomputed.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.data.dataset import IntArray
from gnnrec_core.explain.explanation import Case
from gnnrec_core.explain.questions.exchange import exchanged, without_least
from gnnrec_core.explain.questions.small_sets import MAX_TRIED_SIZE, Doubt, SmallSets, lead, try_small_sets
from gnnrec_core.explain.scores.linear import LinearScorer
from gnnrec_core.explain.scores.predictor import RemovalPredictor, removal_predictor
from gnnrec_core.explain.scores.removal_bounds import removal_bound
from gnnrec_core.explain.scores.scoring import Scorer
from gnnrec_core.ranking.topk import rank_of

Float = NDArray[np.float64]
MAX_SIZE = 40
N_COMPETITORS = 300
VERIFIED_PER_SIZE = 6
REACH = 0.01
"""Competitors that by the predictor stay this share of the item's score behind under every set are not aimed at. What
is proved does not rest on it."""
MOST_PARTS = 2e7
"""Parts (interactions times items) that a proof may hold at once: above, nothing is proved."""
ROUNDING = 1e-6
"""Of scores that are sums in single precision, as a share of the largest."""


class RemovalSearch:
    """One search: the predictor on the item and its nearest competitors, and exact recomputation."""

    def __init__(self, scorer: Scorer, case: Case, excluded: IntArray) -> None:
        self.scorer, self.case, self.excluded = scorer, case, excluded
        scores = scorer.scores(case.user_index)
        scores[excluded] = -np.inf
        scores[case.item_index] = -np.inf
        order = np.argsort(-scores, kind="stable")
        ahead = order[np.isfinite(scores[order])]
        # The item's competitors, best first, and the item itself in the last column.
        self.ahead = ahead
        items = np.append(ahead[: case.k + N_COMPETITORS], case.item_index)
        predictor = removal_predictor(scorer, case.user_index, items)
        self.limit = min(MAX_SIZE, len(predictor.edges))
        self.items, self.predictor = _within_reach(predictor, items, case, self.limit)
        # Lines aim at competitors that stand below now. Where several must overtake, one that is out of reach itself
        # can still show the way for those that are not.
        aims = self.predictor if case.rank == case.k else predictor
        self.aims: Float = aims.linear[:, -1:] - aims.linear[:, case.rank - 1 : -1]  # [m, c]

    def scores_without(self, chosen: IntArray) -> Float:
        """Exact scores of all items without these positions of the predictor's edges."""
        return self.scorer.scores_without(self.case.user_index, self.predictor.edges[chosen])

    def works(self, chosen: IntArray) -> bool:
        """Whether the item is out of the top k on the recomputed graph."""
        scores = self.scores_without(chosen)
        return rank_of(scores, self.case.item_index, self.excluded) > self.case.k

    @cached_property
    def lines(self) -> tuple[IntArray, Float, IntArray]:
        """For each competitor the edges that speak most for the item against it, strongest first `[c, limit]`; and
        when the first 1, 2, ... of them are gone, by the predictor, the lead of the k-th best other item and how many
        others stand above the item, `[c, limit]` each."""
        orders = np.argsort(-self.aims, axis=0, kind="stable")[: self.limit].T
        scores = [self.predictor.of_prefixes(order) for order in orders]
        leads = [lead(found, self.case.k) for found in scores]
        above = [np.count_nonzero(found[:, :-1] > found[:, -1:], axis=1) for found in scores]
        shape = (len(orders), self.limit)
        return orders, np.array(leads).reshape(shape), np.array(above, dtype=np.int64).reshape(shape)

    def from_competitors(self) -> Iterator[IntArray]:
        """Sets that should work, smallest first, a few of each size."""
        orders, leads, _ = self.lines
        for size in range(1, self.limit + 1):
            ready = np.flatnonzero(leads[:, size - 1] > 0)
            ready = ready[np.argsort(-leads[ready, size - 1], kind="stable")]
            sets = dict.fromkeys(tuple(np.sort(orders[competitor, :size]).tolist()) for competitor in ready)
            for chosen in list(sets)[:VERIFIED_PER_SIZE]:
                yield np.array(chosen, dtype=np.int64)

    def greedy(self) -> IntArray | None:
        """Take what raises the k-th best other item most over the item, until it is out; then drop what is not needed.

        For places where several items must overtake at once, which no single competitor's line aims at.
        """
        predictor, chosen = self.predictor, np.zeros(0, np.int64)
        for _ in range(self.limit):
            rest = np.setdiff1d(np.arange(len(predictor.edges)), chosen)
            sets = np.concatenate([np.tile(chosen, (len(rest), 1)), rest[:, None]], axis=1)
            leads = lead(predictor.of_sets(sets), self.case.k)
            chosen = sets[np.argmax(leads)]
            if leads.max() > 0 and self.works(chosen):
                return self._shrunk(chosen)
        return None

    def _shrunk(self, chosen: IntArray) -> IntArray:
        for edge in chosen:
            fewer = chosen[chosen != edge]
            if len(fewer) and lead(self.predictor.of_sets(fewer[None]), self.case.k)[0] > 0 and self.works(fewer):
                chosen = fewer
        return np.sort(chosen)

    def fewer(self, chosen: IntArray) -> IntArray:
        """`chosen`, or a smaller set reached by leaving one out and exchanging others, as long as that works."""
        while len(chosen) > 1:
            smaller = exchanged(self.predictor, without_least(self.predictor, chosen, self.case.k), self.case.k)
            if lead(self.predictor.of_sets(smaller[None]), self.case.k)[0] <= 0 or not self.works(smaller):
                break
            chosen = smaller
        return chosen

    def nearly(self) -> IntArray | None:
        """The nearest set after exchanges, where it works: the predictor may have seen it just inside."""
        nearest = self.nearest()
        if not len(nearest):
            return None
        nearest = exchanged(self.predictor, nearest, self.case.k)
        return nearest if self.works(nearest) else None

    def strongest(self) -> IntArray:
        """The set up to the limit that pushes the item down furthest, by the predictor; empty where none does."""
        _, leads, above = self.lines
        if above.max(initial=0) < self.case.rank:
            return np.zeros(0, np.int64)
        return self._best_of(np.where(above == above.max(), leads, -np.inf))

    def nearest(self) -> IntArray:
        """The set that comes nearest to pushing the item out, or goes furthest past, by the predictor."""
        leads = self.lines[1]
        return self._best_of(leads) if leads.size else np.zeros(0, np.int64)

    def _best_of(self, figures: Float) -> IntArray:
        competitor, size = np.unravel_index(int(np.argmax(figures)), figures.shape)
        return np.sort(self.lines[0][competitor, : int(size) + 1])

    @cached_property
    def of_all(self) -> RemovalPredictor | None:
        """The predictor for every item that could overtake, nearest first; None where that is too much to hold."""
        if len(self.ahead) * len(self.predictor.parts) * len(self.predictor.edges) > MOST_PARTS:
            return None
        return removal_predictor(self.scorer, self.case.user_index, np.append(self.ahead, self.case.item_index))

    @cached_property
    def doubt(self) -> Doubt:
        """How wrong the predictor `of_all` can be."""
        case, predictor = self.case, self.predictor
        if isinstance(self.scorer, LinearScorer):
            found = removal_bound(self.scorer.prepared, case.user_index, case.item_index, predictor.edges)
            if found is not None:
                return Doubt(lambda size: found.of_size(size)[self.ahead], self.error)
        elif not predictor.alpha.any():  # parts simply add up
            rounding = ROUNDING * float(np.abs(self.scorer.scores(case.user_index)).max())
            return Doubt(lambda size: np.full(len(self.ahead), rounding), rounding)
        return Doubt(lambda size: None, self.error)

    @cached_property
    def error(self) -> float:
        """The largest error of the predictor, in a difference of two items, over removals of one interaction."""
        predictor = self.predictor
        fast = self.scorer.has_fast_leave_one_out
        n_edges, n_items = len(predictor.edges), min(len(self.items) - 1, self.case.k + (40 if fast else 300))
        strongest = np.argsort(-np.abs(predictor.linear[:, -1]), kind="stable")
        singles = np.sort(strongest[: n_edges if fast else 8])
        items = np.append(self.items[:n_items], self.case.item_index)
        exact = self.scorer.scores_without_each(self.case.user_index, predictor.edges[singles], items)
        guessed = predictor.of_sets(singles[:, None])[:, [*range(n_items), -1]]
        wrong = (exact - exact[:, -1:]) - (guessed - guessed[:, -1:])
        return float(np.abs(wrong).max(initial=0.0))


def _within_reach(
    predictor: RemovalPredictor, items: IntArray, case: Case, limit: int
) -> tuple[IntArray, RemovalPredictor]:
    """Only the competitors that some set could bring past the item, and the k best; the others change nothing."""
    best = predictor.best_leads(limit)
    if best is None or not limit:
        return items, predictor
    possible = (best > -REACH * np.abs(predictor.own + predictor.total[0])[-1]).any(axis=0)
    possible[: case.k] = True
    columns = np.append(np.flatnonzero(possible), len(items) - 1)
    return items[columns], predictor.of_items(columns)


def smallest_set(search: RemovalSearch) -> tuple[IntArray | None, SmallSets]:
    """The smallest working set that the searches find, and what trying all smaller sets showed."""
    found = next((chosen for chosen in search.from_competitors() if search.works(chosen)), None)
    if found is None or (len(found) > 1 and search.case.rank < search.case.k):
        other = search.greedy()
        if other is not None and (found is None or len(other) < len(found)):
            found = other
    found = search.nearly() if found is None else found
    if found is not None and len(found) > MAX_TRIED_SIZE:
        found = search.fewer(found)
    size = search.limit + 1 if found is None else len(found)
    if size == 1:  # without anything taken away the item is in
        return found, SmallSets(None, 0, 0, 0)
    predictor = search.of_all
    if predictor is None:
        nearest, unproved = search.predictor, Doubt(lambda size: None, search.error)
        small = try_small_sets(nearest, search.case.k, size, unproved, search.works)
    else:
        small = try_small_sets(predictor, search.case.k, size, search.doubt, search.works)
    return (found if small.found is None else small.found), small
