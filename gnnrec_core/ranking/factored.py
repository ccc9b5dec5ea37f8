"""Exact top-k of scores that are dot products, without ever holding a row of scores.

A tile of people by items is multiplied into one buffer that stays in the cache, and what it holds is looked at once:
only scores above a person's k-th best so far are kept. The lists are those of `top_k` on the whole rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.base import progress
from gnnrec_core.data.dataset import FloatArray, IntArray

PEOPLE, NUMBERS = 512, 2**20
"""People of a tile, and numbers in it: 4 MB (measured: half and twice of either are slower)."""


@runtime_checkable
class Factored(Protocol):
    """A recommender whose scores are dot products: score(u, i) = <user_factors([u])[0], item_factors()[i]>."""

    def user_factors(self, users: IntArray) -> FloatArray:
        """`[b, d]` float32 of the users `[b]`."""
        ...

    def item_factors(self) -> FloatArray:
        """`[n_items, d]` float32; not to be written to."""
        ...


class Best:
    """The `k` best of each of `n` people so far: `items` and `scores` `[n, k]`, descending, equal ones by index."""

    def __init__(self, n: int, k: int) -> None:
        self.items = np.full((n, k), -1, np.int64)
        self.scores = np.full((n, k), -np.inf, np.float32)

    def add(self, scores: FloatArray, first: int, top_k: Any) -> None:
        """Scores `[n, c]` of the items first, first + 1, ...; all items before were added before."""
        n, k = self.items.shape
        if first == 0:
            best, values = top_k(scores, k)
            self.items[:, : best.shape[1]], self.scores[:, : best.shape[1]] = best, values
            return
        # An equal score has a higher index than those that are held, so it comes too late.
        row, column = np.divmod(np.flatnonzero(scores > self.scores[:, -1:]), scores.shape[1])
        if not len(row):
            return
        count = np.bincount(row, minlength=n)
        rows, width = np.flatnonzero(count), k + int(count.max())
        values, items = np.full((len(rows), width), -np.inf, np.float32), np.full((len(rows), width), -1, np.int64)
        values[:, :k], items[:, :k] = self.scores[rows], self.items[rows]
        place = k + np.arange(len(row)) - np.repeat(np.cumsum(count[rows]) - count[rows], count[rows])
        where = np.repeat(np.arange(len(rows)), count[rows])
        values[where, place], items[where, place] = scores[row, column], column + first
        order = np.argsort(-values, axis=1, kind="stable")[:, :k]
        self.scores[rows] = np.take_along_axis(values, order, axis=1)
        self.items[rows] = np.take_along_axis(items, order, axis=1)


def ranked_tiles(
    source: Factored, users: IntArray, seen: sp.csr_array, k: int, top_k: Any
) -> Iterator[tuple[slice, Best]]:
    """The best unseen items of `users`, some people at a time."""
    table = source.item_factors()
    n_items = len(table)
    people = min(PEOPLE, max(1, len(users)))
    width = min(n_items, max(1, NUMBERS // people))
    tiles = [(first, np.ascontiguousarray(table[first : first + width].T)) for first in range(0, n_items, width)]
    buffer = np.empty(people * width, np.float32)
    for start in range(0, len(users), people):
        progress.check()
        chosen = users[start : start + people]
        factors, best = source.user_factors(chosen), Best(len(chosen), k)
        rows, columns = _by_column(seen, chosen)
        ends = np.searchsorted(columns, np.arange(len(tiles) + 1) * width)
        for number, (first, tile) in enumerate(tiles):
            scores: NDArray[Any] = buffer[: len(chosen) * tile.shape[1]].reshape(len(chosen), tile.shape[1])
            np.matmul(factors, tile, out=scores)
            gone = slice(ends[number], ends[number + 1])
            scores[rows[gone], columns[gone] - first] = -np.inf
            best.add(scores, first, top_k)
        yield slice(start, start + len(chosen)), best


def _by_column(seen: sp.csr_array, users: IntArray) -> tuple[IntArray, IntArray]:
    """Row positions (within `users`) and columns of the entries of these rows, by column."""
    counts = np.diff(seen.indptr)[users]
    row = np.repeat(np.arange(len(users)), counts)
    offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    column = seen.indices[np.repeat(seen.indptr[users], counts) + offset]
    order = np.argsort(column, kind="stable")
    return row[order], column[order].astype(np.int64)
