"""Cosines between an item and a history, by who has them."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.data.dataset import IntArray


def mean_cosine(train: sp.csr_array, rows: IntArray, items: IntArray) -> NDArray[np.float64]:
    """Mean over the history of row `rows[p]` of the cosine between its items and `items[p]` `[n_pairs]`.

    An item's vector is the column of its train users, so the cosine is co-occurrence / sqrt(product of popularities).
    """
    wanted, place = np.unique(items, return_inverse=True)
    popularity = np.maximum(np.bincount(train.indices, minlength=train.shape[1]), 1)
    scaled = sp.csr_array(((1.0 / np.sqrt(popularity))[train.indices], train.indices, train.indptr), shape=train.shape)
    columns = scaled.T.tocsr()  # [n_items, n]: unit vectors of items
    total = np.zeros(len(items))
    for start in range(0, len(wanted), 2048):
        similarity = sp.csr_array(columns[wanted[start : start + 2048]] @ scaled)
        chosen = np.flatnonzero((place >= start) & (place < start + 2048))
        total[chosen] = _row_dots(similarity, place[chosen] - start, train, rows[chosen])
    size = np.diff(train.indptr)[rows].astype(np.float64)
    result: NDArray[np.float64] = np.divide(total, size, out=np.full(len(total), np.nan), where=size > 0)
    return result


def _row_dots(left: sp.csr_array, rows: IntArray, right: sp.csr_array, others: IntArray) -> NDArray[np.float64]:
    """Sum of `left[rows[p]]` over the columns stored in `right[others[p]]` `[n_pairs]`."""
    total = np.empty(len(rows))
    order = np.argsort(rows, kind="stable")
    dense = np.zeros(left.shape[1])
    bounds = np.searchsorted(rows[order], np.arange(left.shape[0] + 1))
    for row in range(left.shape[0]):
        span = slice(left.indptr[row], left.indptr[row + 1])
        dense[left.indices[span]] = left.data[span]
        for pair in order[bounds[row] : bounds[row + 1]]:
            history = right.indices[right.indptr[others[pair]] : right.indptr[others[pair] + 1]]
            total[pair] = dense[history].sum()
        dense[left.indices[span]] = 0.0
    return total
