"""All sets of one, two or three interactions: does removing any of them do it?

Every set is tried with the predictor. Those that come near the border are recomputed exactly; how near counts as near
is measured on the removal of single interactions (several times the largest error seen there, for each element).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.data.values import IntArray
from gnnrec_core.explain.predictor import RemovalPredictor

Float = NDArray[np.float64]
SAFETY = 4.0
MAX_SETS = 60_000
MAX_RECOMPUTED = 200
BLOCK = 4096


@dataclass(frozen=True)
class SmallSets:
    """What trying small sets found: a set that works (positions in the predictor's edges) or None.

    `tried` sets, of which `recomputed` exactly; `complete_to` is the largest size all of whose sets were decided.
    """

    found: IntArray | None
    tried: int
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
    """Try all sets of size 1, 2, ... below `below_size`, at most 3; stops at the first that works.

    `error` is the largest error of the predictor seen for the removal of one interaction, in units of `lead`. `works`
    recomputes a set exactly.
    """
    n_edges, tried, recomputed, complete = len(predictor.edges), 0, 0, 0
    for size in range(1, min(below_size - 1, 3, n_edges) + 1):
        if tried + comb(n_edges, size) > MAX_SETS:
            break
        sets = np.array(list(combinations(range(n_edges), size)), dtype=np.int64).reshape(-1, size)
        blocks = [sets[start : start + BLOCK] for start in range(0, len(sets), BLOCK)]
        leads = np.concatenate([lead(predictor.of_sets(block), need) for block in blocks])
        tried += len(sets)
        near = np.flatnonzero(leads > -SAFETY * size * error)
        near = near[np.argsort(-leads[near], kind="stable")]
        for place in near[:MAX_RECOMPUTED]:
            recomputed += 1
            if works(sets[place]):
                return SmallSets(sets[place], tried, recomputed, complete)
        if len(near) > MAX_RECOMPUTED:
            break
        complete = size
    return SmallSets(None, tried, recomputed, complete)
