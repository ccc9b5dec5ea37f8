"""Twins: users with the same, or nearly the same, history."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from gnnrec_core.audit.evidence import Evidence, PerUser
from gnnrec_core.data.values import IntArray

BLOCK = 2048


@dataclass(frozen=True)
class Twins:
    """Pairs of rows (`first` < `second`) whose histories overlap, with the Jaccard overlap of the histories."""

    first: IntArray
    second: IntArray
    history_overlap: PerUser


def find_twins(e: Evidence, min_overlap: float = 0.99) -> Twins:
    """All pairs of users whose train items have a Jaccard overlap of at least `min_overlap` (above 0.5).

    Two sets can only overlap that much where their sizes do, and where a difference of one item would already be too
    much they must be equal; so short histories are compared as wholes and only long ones by a product.
    """
    tolerant = np.flatnonzero(e.n_history * (1 - min_overlap) >= min_overlap - 1e-12)
    first, second, overlap = _near(e, tolerant, min_overlap)
    equal_first, equal_second = _equal(e, np.setdiff1d(np.flatnonzero(e.n_history > 0), tolerant))
    left = np.concatenate([first, equal_first])
    right = np.concatenate([second, equal_second])
    order = np.lexsort((right, left))
    return Twins(left[order], right[order], np.concatenate([overlap, np.ones(len(equal_first))])[order])


def _equal(e: Evidence, rows: IntArray) -> tuple[IntArray, IntArray]:
    groups: dict[bytes, list[int]] = {}
    for row in rows.tolist():
        history = np.sort(e.train.indices[e.train.indptr[row] : e.train.indptr[row + 1]])
        groups.setdefault(history.tobytes(), []).append(row)
    pairs = [(a, b) for members in groups.values() for n, a in enumerate(members) for b in members[n + 1 :]]
    both = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _near(e: Evidence, rows: IntArray, min_overlap: float) -> tuple[IntArray, IntArray, PerUser]:
    order = rows[np.argsort(e.n_history[rows], kind="stable")]
    size = e.n_history[order].astype(np.float64)
    matrix = e.train[order].astype(np.float32)
    found: list[tuple[IntArray, IntArray, PerUser]] = []
    for start in range(0, len(order), BLOCK):
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
