"""Lists to measure a run's lists by: what is popular, and what people have chosen themselves."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from gnnrec_core.audit.evidence import Evidence
from gnnrec_core.audit.segments import by_popularity
from gnnrec_core.ranking.recommendations import NONE_LEFT, Recommendations


def popular_lists(evidence: Evidence, seen: sp.csr_array) -> Recommendations:
    """The `k` most popular items that each person has not seen: what works without knowing anybody.

    `seen` boolean `[n, n_items]`. Ties by item index.
    """
    order = by_popularity(evidence.popularity)
    k, n = evidence.k, evidence.n
    chosen = np.full((n, k), NONE_LEFT, dtype=np.int64)
    rows, most = np.arange(n), min(4 * k, evidence.n_items)
    while len(rows):
        free = ~seen[rows][:, order[:most]].toarray().astype(bool)  # [n_left, most]
        place = np.cumsum(free, axis=1)
        done = (place[:, -1] >= k) | (most == evidence.n_items)
        row, column = np.nonzero(free & (place <= k) & done[:, None])
        chosen[rows[row], place[row, column] - 1] = order[column]
        rows, most = rows[~done], min(4 * most, evidence.n_items)
    return Recommendations(evidence.lists.user_index, chosen, np.zeros((n, k), dtype=np.float32))


def own_lists(evidence: Evidence, seed: int = 0) -> Recommendations:
    """Up to `k` items drawn from each person's train history without replacement, in random order."""
    history = evidence.train
    row = np.repeat(np.arange(history.shape[0]), np.diff(history.indptr))
    order = np.argsort(row + np.random.default_rng(seed).random(history.nnz))  # within each row, for rows ascend
    item, place = history.indices[order], np.arange(len(row)) - np.repeat(history.indptr[:-1], np.diff(history.indptr))
    kept = place < evidence.k
    chosen = np.full((evidence.n, evidence.k), NONE_LEFT, dtype=np.int64)
    chosen[row[kept], place[kept]] = item[kept]
    return Recommendations(evidence.lists.user_index, chosen, np.zeros(chosen.shape, dtype=np.float32))
