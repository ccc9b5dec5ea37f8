"""Per-user accuracy of ranked lists against held-out items. Conventions: 1/log2(rank + 1); users without held-out
items are not measurable (NaN); an empty list scores 0."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.ranking.recommendations import NONE_LEFT, Recommendations

PerUser = NDArray[np.float64]


def hits(lists: Recommendations, relevant: sp.csr_array) -> NDArray[np.bool_]:
    """Boolean `[n, k]`: which entries of the lists are held-out items. `relevant` is boolean `[n_users, n_items]`."""
    width = relevant.shape[1] + 1
    coo = relevant.tocoo()
    known = coo.row.astype(np.int64) * width + coo.col
    if (known[1:] < known[:-1]).any():
        known = np.sort(known)
    keys = lists.user_index[:, None] * width + lists.item_index
    if len(known) == 0:
        return np.zeros(lists.item_index.shape, dtype=bool)
    place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    found: NDArray[np.bool_] = (known[place] == keys) & (lists.item_index != NONE_LEFT)
    return found


def n_relevant(lists: Recommendations, relevant: sp.csr_array) -> NDArray[np.int64]:
    """Held-out items of each user of `lists` `[n]`."""
    counts: NDArray[np.int64] = np.diff(relevant.indptr)[lists.user_index].astype(np.int64)
    return counts


def recall(hit: NDArray[np.bool_], n: NDArray[np.int64]) -> PerUser:
    """Hits / held-out items, in 0..1, higher is better."""
    return _divide(hit.sum(1), n, n)


def precision(hit: NDArray[np.bool_], n: NDArray[np.int64]) -> PerUser:
    """Hits / k, even where the list is shorter; in 0..1, higher is better."""
    return _divide(hit.sum(1), np.full(len(n), hit.shape[1]), n)


def hit_rate(hit: NDArray[np.bool_], n: NDArray[np.int64]) -> PerUser:
    """1 where at least one held-out item is in the list, else 0."""
    return _divide(np.asarray(hit.any(1)), np.ones(len(n)), n)


def reciprocal_rank(hit: NDArray[np.bool_], n: NDArray[np.int64]) -> PerUser:
    """1 / rank of the first hit, 0 without one. Its mean is MRR."""
    first = np.where(hit.any(1), hit.argmax(1) + 1, np.inf)
    return _divide(1.0 / first, np.ones(len(n)), n)


def average_precision(hit: NDArray[np.bool_], n: NDArray[np.int64]) -> PerUser:
    """Sum over hits of the precision at their rank, / min(k, held-out items). Its mean is MAP."""
    ranks = np.arange(1, hit.shape[1] + 1)
    total = (hit * np.cumsum(hit, axis=1) / ranks).sum(1)
    return _divide(total, np.minimum(n, hit.shape[1]), n)


def ndcg(hit: NDArray[np.bool_], n: NDArray[np.int64]) -> PerUser:
    """Discounted gain / that of the best possible list of the same length (Järvelin and Kekäläinen 2002); in 0..1."""
    discount = 1.0 / np.log2(np.arange(2, hit.shape[1] + 2))
    ideal = np.concatenate([[0.0], np.cumsum(discount)])[np.minimum(n, hit.shape[1])]
    return _divide((hit * discount).sum(1), ideal, n)


ACCURACY: dict[str, Callable[[NDArray[np.bool_], NDArray[np.int64]], PerUser]] = {
    "recall": recall,
    "ndcg": ndcg,
    "precision": precision,
    "hit_rate": hit_rate,
    "map": average_precision,
    "mrr": reciprocal_rank,
}


def _divide(top: NDArray[np.generic], bottom: NDArray[np.generic], n: NDArray[np.int64]) -> PerUser:
    result = np.full(len(n), np.nan)
    np.divide(top.astype(np.float64), bottom.astype(np.float64), out=result, where=n > 0)
    return result
