"""Exact top-k over all items, in blocks of users."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.base import progress
from gnnrec_core.base.errors import RequestError
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.ranking.factored import Factored, ranked_tiles
from gnnrec_core.ranking.recommendations import NONE_LEFT, Recommendations

AT_ONCE, MOST_AT_ONCE = 2**25, 1024
"""Bytes of scores, and users, that a block holds: a new block of hundreds of megabytes costs more than its sums."""

ScoreBlock = Callable[[IntArray], NDArray[Any]]
"""Scores of a block of users: `[b]` user indices to `[b, n_items]`; the array may be written to."""


def check_k(k: int, n_items: int) -> None:
    """The one rule on the length of lists: RequestError unless 1 <= k <= n_items."""
    if not 1 <= k <= n_items:
        raise RequestError(
            f"Lists of {k} items cannot be made out of {n_items:,} items.",
            f"Choose k from 1 to {n_items:,}.",
            value=k,
        )


@runtime_checkable
class Listing(Protocol):
    """What has lists rather than scores: no number for each pair is needed to rank."""

    def listed(self, users: IntArray, seen: sp.csr_array, k: int) -> Recommendations:
        """The first `k` unseen items of each user's list."""
        ...


def source_of(model: Any) -> ScoreBlock | Listing | Factored:
    """What `rank_items` takes of a model."""
    return model if isinstance(model, (Listing, Factored)) else model.score


def rank_items(
    source: ScoreBlock | Listing | Factored, users: IntArray, seen: sp.csr_array, k: int, block: int | None = None
) -> Recommendations:
    """The `k` best unseen items of each user.

    `seen` is boolean `[n_users, n_items]` (only the rows of `users` are read). Equal scores are ordered by item index.
    Scores are held for `block` users at a time (None: what `AT_ONCE` bytes hold).
    """
    users = np.asarray(users, dtype=np.int64)
    if isinstance(source, Listing):
        return source.listed(users, seen, k)
    items = np.full((len(users), k), NONE_LEFT, dtype=np.int64)
    scores = np.full((len(users), k), -np.inf, dtype=np.float32)
    if isinstance(source, Factored):
        for part, found in ranked_tiles(source, users, seen, k, top_k):
            items[part], scores[part] = found.items, found.scores
        items[~np.isfinite(scores)] = NONE_LEFT
        return Recommendations(users, items, scores)
    block = block or max(1, min(MOST_AT_ONCE, AT_ONCE // (4 * seen.shape[1])))
    for start in range(0, len(users), block):
        progress.check()
        chosen = users[start : start + block]
        values = np.asarray(source(chosen), dtype=np.float32)
        rows, columns = _entries(seen, chosen)
        values[rows, columns] = -np.inf
        best, best_scores = top_k(values, k)
        items[start : start + len(chosen), : best.shape[1]] = best
        scores[start : start + len(chosen), : best.shape[1]] = best_scores
    items[~np.isfinite(scores)] = NONE_LEFT
    return Recommendations(users, items, scores)


def top_k(values: NDArray[Any], k: int) -> tuple[IntArray, NDArray[Any]]:
    """Indices and values of the `k` largest per row of `[b, n]`, descending, equal values by ascending index.

    >>> top_k(np.array([[1.0, 3.0, 3.0, 2.0]]), 2)[0]
    array([[1, 2]])
    """
    import torch

    k = min(k, values.shape[1])
    # One more than asked for: where the one after the last is lower, no equal value has been left out.
    found, index = torch.topk(torch.from_numpy(values), min(k + 1, values.shape[1]), dim=1)
    reach = found.numpy()
    best, best_values = index.numpy()[:, :k], reach[:, :k]
    order = np.lexsort((best, -best_values), axis=1)
    best = np.take_along_axis(best, order, axis=1)
    best_values = np.take_along_axis(best_values, order, axis=1)
    # Which of several items at the k-th value were taken is the library's whim: settle it by index.
    last = best_values[:, -1]
    for row in np.flatnonzero((reach[:, -1] >= last) & np.isfinite(last)) if reach.shape[1] > k else ():
        above = np.flatnonzero(values[row] > last[row])
        level = np.flatnonzero(values[row] == last[row])[: k - len(above)]
        best[row] = np.concatenate([above[np.lexsort((above, -values[row, above]))], level])
        best_values[row] = values[row, best[row]]
    return best, best_values


def rank_of(values: NDArray[Any], item_index: int, left_out: IntArray) -> int:
    """1-based rank of `item_index` among all items of one user but `left_out`; equal values by ascending index."""
    masked = np.array(values, dtype=np.float64)
    masked[left_out[left_out != item_index]] = -np.inf
    own = masked[item_index]
    return int(np.count_nonzero(masked > own) + np.count_nonzero(masked[:item_index] == own)) + 1


def _entries(matrix: sp.csr_array, rows: IntArray) -> tuple[IntArray, IntArray]:
    """Row positions (within `rows`) and columns of the stored entries of these rows."""
    counts = np.diff(matrix.indptr)[rows]
    position = np.repeat(np.arange(len(rows)), counts)
    offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return position, matrix.indices[np.repeat(matrix.indptr[rows], counts) + offset]
