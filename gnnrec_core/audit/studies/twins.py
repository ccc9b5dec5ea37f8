"""Twins: users with the same, or nearly the same, history."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.base import progress
from gnnrec_core.data.dataset import IntArray

PerUser = NDArray[np.float64]

BLOCK = 2048


@dataclass(frozen=True)
class Twins:
    """Pairs of rows (`first` < `second`) whose histories overlap, with the Jaccard overlap of the histories."""

    first: IntArray
    second: IntArray
    history_overlap: PerUser


def find_twins(train: sp.csr_array, min_overlap: float = 0.99) -> Twins:
    """All pairs of users whose train items have a Jaccard overlap of at least `min_overlap` (above 0.5).

    Two sets can only overlap that much where their sizes are near, and where a difference of one item would already be
    too much they must be equal; so short histories are compared as wholes and only long ones by a product.
    """
    size = np.diff(train.indptr)
    tolerant = np.flatnonzero(size * (1 - min_overlap) >= min_overlap - 1e-12)
    first, second, overlap = _near(train, tolerant, min_overlap)
    equal_first, equal_second = _equal(train, np.setdiff1d(np.flatnonzero(size > 0), tolerant))
    left = np.concatenate([first, equal_first])
    right = np.concatenate([second, equal_second])
    order = np.lexsort((right, left))
    return Twins(left[order], right[order], np.concatenate([overlap, np.ones(len(equal_first))])[order])


def _equal(train: sp.csr_array, rows: IntArray) -> tuple[IntArray, IntArray]:
    groups: dict[bytes, list[int]] = {}
    for row in rows.tolist():
        history = np.sort(train.indices[train.indptr[row] : train.indptr[row + 1]])
        groups.setdefault(history.tobytes(), []).append(row)
    pairs = [(a, b) for members in groups.values() for n, a in enumerate(members) for b in members[n + 1 :]]
    both = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _near(train: sp.csr_array, rows: IntArray, min_overlap: float) -> tuple[IntArray, IntArray, PerUser]:
    order = rows[np.argsort(np.diff(train.indptr)[rows], kind="stable")]
    size = np.diff(train.indptr)[order].astype(np.float64)
    matrix = train[order].astype(np.float32)
    found: list[tuple[IntArray, IntArray, PerUser]] = []
    for start in range(0, len(order), BLOCK):
        progress.check()
        stop = min(start + BLOCK, len(order))
        last = int(np.searchsorted(size, size[stop - 1] / min_overlap + 1e-9, side="right"))
        shared = sp.coo_array(matrix[start:stop] @ matrix[start:last].T)
        row, column = shared.row + start, shared.col + start
        overlap = shared.data / (size[row] + size[column] - shared.data)
        keep = (overlap >= min_overlap - 1e-12) & (row < column)
        found.append((order[row[keep]], order[column[keep]], overlap[keep]))
    if not found:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
    left, right, overlap = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return np.minimum(left, right), np.maximum(left, right), overlap.astype(np.float64)
