"""Does a history hang together? Profiles that were made up to push an item hold what has nothing to do with each other.

The coherence of a person is the mean, over their items, of how the item ranks by the person's other items among the
`NEAR` items on either side of it in popularity that the person does not have: 1 where it is always before them, 0.5
where it might as well have been drawn. What ranks is the sum of cosines of co-occurrence among all other people, so
neither popularity nor the person's own history tells the place.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.stats import binom

from gnnrec_core.base import progress
from gnnrec_core.data.dataset import IntArray

Floats = NDArray[np.float64]
NEAR = 10
LEAST = 5
"""Histories of fewer items are not judged."""
BLOCK = 256
MOST_WORK = 2e11
"""Users times interactions; above it would take minutes, and is not measured."""
CHANCE = 0.5
NORMAL_95 = 1.645
CERTAIN = 0.01
"""Chance that a log without any attack has an item that counts as pushed (all items together, by Bonferroni)."""
AROUND = 50
"""Items on either side in popularity that say how many incoherent readers an item would have by chance: who is
incoherent reads the popular more, or less, than others do."""
LEAST_SHARE = 1e-4


def coherence(log: sp.csr_array) -> Floats:
    """Coherence of each row of the boolean log `[n_users, n_items]`; NaN for those of fewer than `LEAST` items."""
    log = log.astype(np.float32)
    n_users, n_items = log.shape
    popularity = np.bincount(log.indices, minlength=n_items).astype(np.float64)
    log = sp.csr_array(log[:, np.argsort(-popularity, kind="stable")])  # neighbours in popularity are neighbours now
    popularity = -np.sort(-popularity)
    scaled = sp.csr_array(log @ sp.diags_array(1 / np.sqrt(np.maximum(popularity, 1)), dtype=np.float32))
    found = np.full(n_users, np.nan)
    for start in range(0, n_users, BLOCK):
        progress.report(start, n_users, "how histories hang together")
        people = np.arange(start, min(start + BLOCK, n_users))
        alike = (log @ scaled[people].T).toarray()  # [n_users, b]: what another person has in common
        alike[people, np.arange(len(people))] = 0.0  # their own history is no witness
        scores = np.asarray(scaled.T @ alike)  # [n_items, b]
        for place, person in enumerate(people):
            own = log.indices[log.indptr[person] : log.indptr[person + 1]]
            if len(own) >= LEAST:
                found[person] = _places(scores[:, place], own, popularity)
    return found


def _places(scores: NDArray[np.float32], own: NDArray[Any], popularity: Floats) -> float:
    """Mean place of the person's `own` items among the others of their popularity; NaN where there are no others."""
    others = np.ones(len(scores), bool)
    others[own] = False
    near = own[:, None] + np.r_[-NEAR:0, 1 : NEAR + 1]
    there = (near >= 0) & (near < len(scores))
    near = np.where(there, near, 0)
    there &= others[near]
    rest = popularity[own] - 1  # an item is no witness for itself, and its reader is none
    mine = (scores[own] - rest / popularity[own]) * np.sqrt(popularity[own] / np.maximum(rest, 1))
    mine = (mine * len(own) / (len(own) - 1))[:, None]  # of one item fewer than the scores of the others
    before = np.where(there, (mine > scores[near]) + 0.5 * (mine == scores[near]), 0.0).sum(1)
    n = there.sum(1)
    return float((before[n > 0] / n[n > 0]).mean()) if (n > 0).any() else float("nan")


def incoherence_limit(n_items: IntArray) -> Floats:
    """The highest coherence of histories of `n_items` that chance gives in 95 of 100 (the mean of n even draws has the
    variance 1 / 12 n)."""
    return np.asarray(CHANCE + NORMAL_95 / np.sqrt(12.0 * np.maximum(n_items, 1)))


def pushed_items(log: sp.csr_array, incoherent: NDArray[np.bool_]) -> IntArray:
    """Items that more incoherent people hold than their share among the readers of items of like popularity makes
    likely (binomial tail, all items together under `CERTAIN`): int64 indices, ascending.

    The least likely one first; the others then without its people, so that what made-up profiles hold beside the item
    that they push is not taken for pushed as well.
    """
    readers, left, found = np.bincount(log.indices, minlength=log.shape[1]), incoherent.copy(), list[int]()
    by_item, order = log.tocsc(), np.argsort(readers, kind="stable")
    while len(found) < log.shape[1]:
        odd = np.bincount(log[np.flatnonzero(left)].indices, minlength=log.shape[1])
        share = _around(odd, order) / np.maximum(_around(readers, order), 1)
        tail = np.where(odd > 1, binom.sf(odd - 1, readers, np.maximum(share, LEAST_SHARE)), 1.0)
        least = int(tail.argmin())
        if tail[least] >= CERTAIN / log.shape[1]:
            break
        found.append(least)
        left[by_item.indices[by_item.indptr[least] : by_item.indptr[least + 1]]] = False
    return np.array(sorted(found), np.int64)


def _around(counts: IntArray, order: IntArray) -> Floats:
    """For each item the sum of `counts` over the `AROUND` items on either side of it in `order`."""
    sums, at = np.concatenate([[0], np.cumsum(counts[order])]), np.arange(len(order))
    found = np.empty(len(order))
    window = sums[np.minimum(at + AROUND + 1, len(order))] - sums[np.maximum(at - AROUND, 0)]
    found[order] = window - counts[order]
    return found
