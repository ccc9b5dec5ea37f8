"""How alike two ranked lists are: rank-biased overlap and Jaccard's index."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.data.dataset import IntArray
from gnnrec_core.ranking.recommendations import NONE_LEFT

Values = NDArray[np.float64]
PERSISTENCE = 0.9
"""How likely a reader goes on to the next place: with 0.9 the first ten places carry 86 % of the weight."""


def rank_biased_overlap(first: IntArray, second: IntArray, persistence: float = PERSISTENCE) -> Values:
    """RBO of each pair of lists `[n]`, 0 (nothing in common) to 1 (the same order), for lists `[n, k]`.

    With X_d items in common among the first d places, p the persistence and k the places that both lists fill,
    X_k / k p^k + (1 - p) / p sum over d = 1..k of (X_d / d) p^d: Webber, Moffat and Zobel (2010), extrapolated. NaN for
    two empty lists.

    >>> rank_biased_overlap(np.array([[1, 2, 3]]), np.array([[1, 2, 3]])).tolist()
    [1.0]
    >>> rank_biased_overlap(np.array([[1, 2]]), np.array([[2, 1]]), 0.5).tolist()
    [0.5]
    """
    n, k = first.shape
    length = np.minimum((first != NONE_LEFT).sum(1), (second != NONE_LEFT).sum(1))
    total, common = np.zeros(n), np.zeros(n)
    for place in range(k):
        inside = place < length
        new, old = first[:, place], second[:, place]
        gained = (new == old).astype(np.float64)
        gained += (new[:, None] == second[:, :place]).any(1)
        gained += (old[:, None] == first[:, :place]).any(1)
        common += np.where(inside, gained, 0.0)
        total += np.where(inside, common / (place + 1) * persistence ** (place + 1), 0.0)
    result = np.full(n, np.nan)
    some = length > 0
    tail = common[some] / length[some] * persistence ** length[some]
    result[some] = tail + (1 - persistence) / persistence * total[some]
    capped: Values = np.minimum(result, 1.0)
    return capped


def jaccard(first: IntArray, second: IntArray) -> Values:
    """Items in both lists / items in either, of each pair of lists `[n, k]`, 0..1 `[n]`; NaN for two empty lists.

    >>> jaccard(np.array([[1, 2, 3]]), np.array([[3, 4, 1]])).tolist()
    [0.5]
    """
    shared = ((first[:, :, None] == second[:, None, :]) & (first != NONE_LEFT)[:, :, None]).any(2).sum(1)
    either = (first != NONE_LEFT).sum(1) + (second != NONE_LEFT).sum(1) - shared
    found: Values = np.divide(shared, either, out=np.full(len(first), np.nan), where=either > 0)
    return found
