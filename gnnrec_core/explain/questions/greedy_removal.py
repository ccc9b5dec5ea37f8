"""Which interactions to remove so that an item leaves the list, where the model can only be asked again.

Each interaction is first removed alone. Then the set grows by whatever, of the interactions that did most alone, moves
the item furthest in the model's own answer; what turns out not to be needed is put back. Nothing is predicted: every
set that is tried is scored.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gnnrec_core.data.dataset import IntArray
from gnnrec_core.explain.explanation import Case
from gnnrec_core.explain.scores.scoring import Rescorer
from gnnrec_core.ranking.topk import rank_of

MAX_SIZE = 20
MAX_ALONE = 500
"""Interactions that are removed alone, those that come last in the data where there are more."""
WIDTH = 4
"""Interactions that are tried in each step."""


@dataclass(frozen=True)
class Tried:
    """Without the edges at `places` the item has this score and rank, and lags the k-th best other item by `lag`."""

    places: tuple[int, ...]
    score: float
    rank: int
    lag: float


class GreedyRemoval:
    """One search over the user's interactions (side edges stay)."""

    def __init__(self, scorer: Rescorer, case: Case, excluded: IntArray) -> None:
        self.scorer, self.case, self.excluded = scorer, case, excluded
        graph = scorer.graph
        own = scorer.edges_of(case.user_index)
        self.edges = own[(graph.kinds(own) == 0) & (own < graph.n_edges // 2)]
        self.limit = min(MAX_SIZE, len(self.edges))
        first = max(0, len(self.edges) - MAX_ALONE)
        self.alone = [self.tried((place,)) for place in range(first, len(self.edges))]

    def tried(self, places: tuple[int, ...]) -> Tried:
        """What the model says without these."""
        scores = self.scorer.scores_without(self.case.user_index, self.edges[list(places)])
        others = scores.copy()
        others[np.append(self.excluded, self.case.item_index)] = -np.inf
        k = min(self.case.k, len(others))
        level = float(np.partition(others, -k)[-k])
        score = float(scores[self.case.item_index])
        return Tried(places, score, rank_of(scores, self.case.item_index, self.excluded), level - score)

    def search(self) -> Tried:
        """The smallest set found that takes the item out; where none does, the one that pushes it down furthest."""
        ranked = sorted(self.alone, key=lambda one: (-one.lag, one.places))
        best = self._furthest(ranked)
        if best.rank > self.case.k or not ranked:
            return best
        grown = ranked[0]
        while len(grown.places) < self.limit:
            rest = [one.places for one in ranked if one.places[0] not in grown.places][:WIDTH]
            if not rest:
                break
            grown = max((self.tried((*grown.places, *more)) for more in rest), key=lambda one: one.lag)
            best = self._furthest([best, grown])
            if grown.rank > self.case.k:
                return self._shrunk(grown)
        return best

    def n_smaller(self, best: Tried) -> int:
        """How many sets smaller than the answer are known not to do it: the single ones, where it is larger."""
        return len(self.alone) if len(best.places) != 1 else 0

    def is_proved(self, best: Tried) -> bool:
        """Whether no smaller set can do it: a single one has none, and of two all single ones were tried."""
        size = len(best.places)
        everything = len(self.alone) == len(self.edges)
        return best.rank > self.case.k and (size <= 1 or (size == 2 and everything))

    def _furthest(self, sets: list[Tried]) -> Tried:
        """Out of the list before in it, then by rank, then by lag; nothing removed where none moves it down."""
        moved = [one for one in sets if one.rank > self.case.rank]
        if not moved:
            return self.tried(())
        return max(moved, key=lambda one: (one.rank > self.case.k, one.rank, one.lag))

    def _shrunk(self, found: Tried) -> Tried:
        for place in found.places:
            fewer = tuple(other for other in found.places if other != place)
            without = self.tried(fewer) if len(fewer) > 1 else found
            if len(without.places) < len(found.places) and without.rank > self.case.k:
                found = without
        return found
