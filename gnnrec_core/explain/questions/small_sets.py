"""All sets smaller than a known one: does removing any of them do it?

Sizes at which not even each competitor's own best set would bring enough competitors past the item are ruled out as a
whole. Otherwise every set of up to three interactions is tried with the predictor, and those that come near the border
are recomputed exactly. How near counts as near is a bound on the predictor's error where there is one: then what was
not recomputed is proved. Where there is none, only sets that were recomputed count as decided.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.base import progress
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.explain.scores.predictor import RemovalPredictor

Float = NDArray[np.float64]
SAFETY = 4.0
MAX_TRIED_SIZE = 3
MAX_SETS = 60_000
MAX_RECOMPUTED = 200
BLOCK = 2048


@dataclass(frozen=True)
class Doubt:
    """How wrong the predictor can be in the lead of each of its items over the last one.

    `bound(size)` `[n - 1]` holds for every set of `size` interactions and every item there is; None where no bound is
    known. `seen` is the largest error met when single interactions were removed: a guide to the search, no proof.
    """

    bound: Callable[[int], Float | None]
    seen: float

    def slack(self, size: int) -> tuple[Float | float, bool]:
        """What to allow for at `size`, and whether that is a bound."""
        bound = self.bound(size)
        if bound is None or not np.isfinite(bound).all():
            return SAFETY * size * self.seen, False
        return bound, True


@dataclass(frozen=True)
class SmallSets:
    """What trying small sets found: a set that works (positions in the predictor's edges) or None.

    `decided` sets of up to three interactions are known not to do it, `recomputed` of them because they were recomputed
    exactly; `complete_to` is the largest size up to which all sets were decided.
    """

    found: IntArray | None
    decided: int
    recomputed: int
    complete_to: int


def lead(scores: Float, need: int) -> Float:
    """How far the `need`-th best other item stands above the item, whose score is the last column: `[s, n]` to `[s]`.

    Positive: at least `need` others stand above, so the item is out.
    """
    others = scores[:, :-1]
    if others.shape[1] < need:
        return np.full(len(scores), -np.inf)
    level: Float = np.partition(others, -need, axis=1)[:, -need] - scores[:, -1]
    return level


def try_small_sets(
    predictor: RemovalPredictor, need: int, below_size: int, doubt: Doubt, works: Callable[[IntArray], bool]
) -> SmallSets:
    """Try all sets of size 1, 2, ... below `below_size`; stops at the first that works.

    `works` recomputes a set exactly.
    """
    n_edges, decided, recomputed, complete = len(predictor.edges), 0, 0, 0
    best = predictor.best_leads(below_size - 1)
    for size in range(1, min(below_size - 1, n_edges) + 1):
        n_sets = comb(n_edges, size)
        slack, is_bound = doubt.slack(size)
        possible = np.ones(predictor.own.shape[0] - 1, bool) if best is None else best[size - 1] > -slack
        out_of_reach = np.count_nonzero(possible) < need
        if not out_of_reach or not is_bound:
            left = MAX_RECOMPUTED - recomputed
            if n_sets <= left and not is_bound:
                near = _near(predictor, need, size, np.inf)
            elif out_of_reach or size > MAX_TRIED_SIZE or n_sets > MAX_SETS:
                break
            else:
                near = _near(_of_those(predictor, possible), need, size, _part(slack, possible))
            for chosen in near[:left]:
                recomputed += 1
                if works(chosen):
                    return SmallSets(chosen, decided, recomputed, complete)
            if len(near) > left or (not is_bound and len(near) < n_sets):
                if size <= MAX_TRIED_SIZE:
                    decided += min(left, len(near)) + (n_sets - len(near) if is_bound else 0)
                break
        decided += n_sets if size <= MAX_TRIED_SIZE else 0
        complete = size
    return SmallSets(None, decided, recomputed, complete)


def _of_those(predictor: RemovalPredictor, possible: NDArray[np.bool_]) -> RemovalPredictor:
    """The predictor of the competitors that can matter, and of the item in its last column."""
    return predictor.of_items(np.append(np.flatnonzero(possible), len(possible)))


def _part(slack: Float | float, possible: NDArray[np.bool_]) -> Float | float:
    return slack[possible] if isinstance(slack, np.ndarray) else slack


def _near(predictor: RemovalPredictor, need: int, size: int, slack: Float | float) -> IntArray:
    """Sets `[n, size]` that are past the border, or may be if each competitor gains its `slack`, most promising
    first."""
    sets = np.array(list(combinations(range(len(predictor.edges)), size)), dtype=np.int64).reshape(-1, size)
    blocks = [sets[start : start + BLOCK] for start in range(0, len(sets), BLOCK)]
    leads, at_best = [], []
    for block in blocks:
        progress.check()
        scores = predictor.of_sets(block)
        leads.append(lead(scores, need))
        scores[:, :-1] += slack
        at_best.append(lead(scores, need))
    told, most = np.concatenate(leads), np.concatenate(at_best)
    near = np.flatnonzero(most > 0) if np.isfinite(np.max(slack, initial=0.0)) else np.arange(len(sets))
    return sets[near[np.argsort(-told[near], kind="stable")]]
