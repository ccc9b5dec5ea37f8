"""Segments of items by popularity: head and tail under several definitions, and the three bins of UPD."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.data.dataset import IntArray

BINS = ("head", "middle", "tail")


def by_popularity(popularity: IntArray) -> IntArray:
    """Item indices, most popular first, ties by ascending index `[n_items]`."""
    return np.argsort(-popularity, kind="stable").astype(np.int64)


def head(popularity: IntArray, share: float = 0.2) -> NDArray[np.bool_]:
    """The ceil(share * n_items) most popular items `[n_items]`; all others are the tail.

    >>> head(np.array([1, 9, 3, 2, 2])).tolist()
    [False, True, False, False, False]
    """
    chosen = np.zeros(len(popularity), dtype=bool)
    chosen[by_popularity(popularity)[: int(np.ceil(share * len(popularity) - 1e-9))]] = True
    return chosen


def prefix_holding(popularity: IntArray, share: float) -> NDArray[np.bool_]:
    """The shortest run of most popular items that holds at least `share` of all interactions `[n_items]`.

    >>> prefix_holding(np.array([5, 3, 2]), 0.6).tolist()
    [True, True, False]
    """
    order = by_popularity(popularity)
    total = np.cumsum(popularity[order])
    length = int(np.searchsorted(total, share * total[-1] - 1e-9)) + 1 if len(total) and total[-1] > 0 else 0
    chosen = np.zeros(len(popularity), dtype=bool)
    chosen[order[:length]] = True
    return chosen


def popularity_bins(popularity: IntArray) -> IntArray:
    """0 head (the items that hold the first 20 % of interactions), 1 middle, 2 tail (outside the first 80 %)."""
    bins = np.ones(len(popularity), dtype=np.int64)
    bins[~prefix_holding(popularity, 0.8)] = 2
    bins[prefix_holding(popularity, 0.2)] = 0
    return bins


def one_hot(codes: IntArray, n: int) -> NDArray[np.float64]:
    """`[len(codes), n]` with a 1 at each code; a negative code gives a row of zeros."""
    result = np.zeros((len(codes), n))
    known = np.flatnonzero(codes >= 0)
    result[known, codes[known]] = 1.0
    return result


def fifths(values: NDArray[np.float64], n_bins: int = 5) -> IntArray:
    """Which of `n_bins` parts of about equal size each value lies in, from 0 `[n]`; equal values stay together. NaN is
    left out of the cuts.

    >>> fifths(np.array([1.0, 2, 2, 3, 4, 5])).tolist()
    [0, 0, 0, 1, 2, 3]
    """
    known = values[np.isfinite(values)]
    inner = np.quantile(known, np.arange(1, n_bins) / n_bins) if len(known) else np.zeros(0)
    return np.asarray(np.searchsorted(np.unique(inner), values, side="left"), dtype=np.int64)


HISTORY_BINS = 8


def history_bins(n_history: IntArray, n_bins: int = HISTORY_BINS) -> IntArray:
    """The bin of each user by train items `[n]`: about equal numbers of users, none cut for fewer than 10."""
    n_bins = max(1, min(n_bins, len(n_history) // 10))
    edges = np.unique(np.quantile(n_history, np.arange(1, n_bins) / n_bins)) if len(n_history) else np.zeros(0)
    return np.searchsorted(edges, n_history, side="left").astype(np.int64)
