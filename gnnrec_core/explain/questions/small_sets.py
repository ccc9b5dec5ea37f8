"""All sets smaller than a known one: does removing any of them do it?

Sizes at which not even each competitor's own best set would bring enough competitors past the item are ruled out as a
whole. Otherwise every set of up to three interactions is tried with the predictor, and those that come near the border
are recomputed exactly; how near counts as near is measured on the removal of single interactions (several times the
largest error seen there, for each element).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.data.dataset import IntArray
from gnnrec_core.explain.scores.predictor import RemovalPredictor

Float = NDArray[np.float64]
SAFETY = 4.0
MAX_TRIED_SIZE = 3
MAX_SETS = 60_000
MAX_RECOMPUTED = 200
BLOCK = 2048


@dataclass(frozen=True)
class SmallSets:
    """What trying small sets found: a set that works (positions in the predictor's edges) or None.

    `decided` sets of up to three interactions do not do it, of which `recomputed` were recomputed exactly;
    `complete_to` is the largest size up to which all sets were decided.
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
    predictor: RemovalPredictor,
    need: int,
    below_size: int,
    error: float,
    works: Callable[[IntArray], bool],
) -> SmallSets:
    """Try all sets of size 1, 2, ... below `below_size`; stops at the first that works.

    `error` is the largest error of the predictor seen for the removal of one interaction, in units of `lead`. `works`
    recomputes a set exactly.
    """
    n_edges, decided, recomputed, complete = len(predictor.edges), 0, 0, 0
    best = predictor.best_leads(below_size - 1)
    for size in range(1, min(below_size - 1, n_edges) + 1):
        n_sets, slack = comb(n_edges, size), SAFETY * size * error
        if best is None or np.count_nonzero(best[size - 1] > -slack) >= need:
            if size > MAX_TRIED_SIZE or n_sets > MAX_SETS:
                break
            near = _near(predictor, need, size, slack)
            for chosen in near[:MAX_RECOMPUTED]:
                recomputed += 1
                if works(chosen):
                    return SmallSets(chosen, decided, recomputed, complete)
            if len(near) > MAX_RECOMPUTED:
                break
        decided += n_sets if size <= MAX_TRIED_SIZE else 0
        complete = size
    return SmallSets(None, decided, recomputed, complete)


def _near(predictor: RemovalPredictor, need: int, size: int, slack: float) -> IntArray:
    """Sets `[n, size]` that the predictor sees past the border or within `slack` of it, most promising first."""
    sets = np.array(list(combinations(range(len(predictor.edges)), size)), dtype=np.int64).reshape(-1, size)
    blocks = [sets[start : start + BLOCK] for start in range(0, len(sets), BLOCK)]
    leads = np.concatenate([lead(predictor.of_sets(block), need) for block in blocks])
    near = np.flatnonzero(leads > -slack)
    return sets[near[np.argsort(-leads[near], kind="stable")]]
