"""`Evidence`: everything that a metric may look at, with the shared intermediate arrays computed once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.audit.segments import one_hot, popularity_bins
from gnnrec_core.audit.stats.cosines import mean_cosine
from gnnrec_core.audit.studies.twins import Twins, find_twins
from gnnrec_core.data.dataset import FloatArray, IntArray
from gnnrec_core.ranking.accuracy import hits, n_relevant
from gnnrec_core.ranking.recommendations import NONE_LEFT, Recommendations

PerUser = NDArray[np.float64]
LIST_FREE = ("n_relevant", "evaluable", "n_history", "demand", "history_bins", "history_labels", "twins")
"""What does not depend on the lists and is kept when they change."""


@dataclass(frozen=True)
class Categories:
    """Labels of items, such as genres or authors: `member` boolean `[n_items, n_labels]`; an item may have several."""

    name: str
    labels: tuple[str, ...]
    member: sp.csr_array

    @cached_property
    def dense(self) -> NDArray[np.float64]:
        """`member` as 0 and 1 `[n_items, n_labels]`."""
        values: NDArray[np.float64] = self.member.astype(np.float64).toarray()
        return values

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """1 / (labels of the item) at each of its labels `[n_items, n_labels]`; rows without a label are 0."""
        total = self.dense.sum(1, keepdims=True)
        values: NDArray[np.float64] = np.divide(self.dense, total, out=np.zeros_like(self.dense), where=total > 0)
        return values

    @cached_property
    def bits(self) -> NDArray[np.uint64]:
        """`member` packed in 64-bit words `[n_items, ceil(n_labels / 64)]`, for fast set overlaps."""
        n_words = max(1, -(-len(self.labels) // 64))
        words = np.zeros((self.member.shape[0], n_words), dtype=np.uint64)
        coo = self.member.tocoo()
        np.bitwise_or.at(words, (coo.row, coo.col // 64), np.uint64(1) << (coo.col % 64).astype(np.uint64))
        return words


@dataclass(frozen=True)
class Evidence:
    """Lists of `n` users beside what is known of these users and of all items.

    `lists` has one row a user `[n, k]`. `train` and `relevant` (the held-out items) are boolean `[n, n_items]` in the
    order of the rows of `lists`. `popularity` int64 `[n_items]` is the number of distinct train users of each item, of
    all users of the dataset (`n_train_users` of them). `categories` (genres) and `providers` (authors) label items;
    `item_vectors` float32 `[n_items, d]` are the model's item embeddings. None where there are none.
    """

    lists: Recommendations
    train: sp.csr_array
    relevant: sp.csr_array
    popularity: IntArray
    n_train_users: int
    categories: Categories | None = None
    providers: Categories | None = None
    item_vectors: FloatArray | None = None

    @property
    def n(self) -> int:
        """Users with a row."""
        return len(self.lists)

    @property
    def k(self) -> int:
        """Length of a full list."""
        return self.lists.k

    @property
    def n_items(self) -> int:
        """The catalogue: all items, also those that nobody has and that were never recommended."""
        return int(self.train.shape[1])

    @cached_property
    def shown(self) -> NDArray[np.bool_]:
        """Which places of the lists hold an item `[n, k]`."""
        return np.asarray(self.lists.item_index != NONE_LEFT)

    @cached_property
    def n_shown(self) -> IntArray:
        """Items in each list `[n]`."""
        return np.asarray(self.shown.sum(1), dtype=np.int64)

    @cached_property
    def items(self) -> IntArray:
        """Item indices with 0 in empty places, safe to index with; multiply by `shown` `[n, k]`."""
        return np.where(self.shown, self.lists.item_index, 0)

    @cached_property
    def hit(self) -> NDArray[np.bool_]:
        """Which places hold a held-out item `[n, k]`."""
        return hits(self._rows, self.relevant)

    @cached_property
    def n_relevant(self) -> IntArray:
        """Held-out items of each user `[n]`; a user with none is not measurable by accuracy."""
        return n_relevant(self._rows, self.relevant)

    @cached_property
    def evaluable(self) -> NDArray[np.bool_]:
        """Users with at least one held-out item `[n]`."""
        return np.asarray(self.n_relevant > 0)

    @cached_property
    def n_history(self) -> IntArray:
        """Train items of each user `[n]`."""
        return np.asarray(np.diff(self.train.indptr), dtype=np.int64)

    @cached_property
    def discount(self) -> NDArray[np.float64]:
        """1 / log2(rank + 1) `[k]`."""
        values: NDArray[np.float64] = 1.0 / np.log2(np.arange(2, self.k + 2))
        return values

    @cached_property
    def counts(self) -> NDArray[np.float64]:
        """In how many lists each item stands `[n_items]`."""
        return np.bincount(self.items[self.shown], minlength=self.n_items).astype(np.float64)

    @cached_property
    def exposure(self) -> NDArray[np.float64]:
        """Sum over the lists of 1 / log2(rank + 1) `[n_items]` (Singh and Joachims 2018)."""
        weight = np.broadcast_to(self.discount, self.shown.shape)[self.shown]
        return np.asarray(np.bincount(self.items[self.shown], weights=weight, minlength=self.n_items), np.float64)

    @cached_property
    def demand(self) -> NDArray[np.float64]:
        """Held-out interactions of each item `[n_items]`."""
        return np.bincount(self.relevant.indices, minlength=self.n_items).astype(np.float64)

    @cached_property
    def list_matrix(self) -> sp.csr_array:
        """1 at the items of each list `[n, n_items]`; times per-item columns it sums them over lists."""
        starts = np.concatenate([[0], np.cumsum(self.n_shown)])
        places = self.items[self.shown]
        return sp.csr_array((np.ones(len(places)), places, starts), shape=(self.n, self.n_items))

    @cached_property
    def discounted_matrix(self) -> sp.csr_array:
        """1 / log2(rank + 1) at the items of each list `[n, n_items]`."""
        weight = np.broadcast_to(self.discount, self.shown.shape)[self.shown]
        return sp.csr_array((weight, self.list_matrix.indices, self.list_matrix.indptr), shape=(self.n, self.n_items))

    @cached_property
    def history_bins(self) -> NDArray[np.float64]:
        """Train items of each user in head, middle and tail `[n, 3]`."""
        return np.asarray(self.train.astype(np.float64) @ one_hot(popularity_bins(self.popularity), 3))

    @cached_property
    def history_labels(self) -> NDArray[np.float64]:
        """Sum over the train items of 1 / labels at each label `[n, n_labels]`; empty without categories."""
        shares = np.zeros((self.n_items, 0)) if self.categories is None else self.categories.shares
        return np.asarray(self.train.astype(np.float64) @ shares)

    @cached_property
    def twins(self) -> Twins:
        """Pairs of users whose histories overlap by at least 99 %."""
        return find_twins(self.train, 0.99)

    @cached_property
    def hit_cosines(self) -> tuple[IntArray, NDArray[np.float64]]:
        """Sorted keys row x n_items + item of all hits, and the mean cosine of each to the history (`cosines`)."""
        rows, places = np.nonzero(self.hit)
        items = self.items[rows, places]
        keys = rows * self.n_items + items
        order = np.argsort(keys)
        return keys[order], mean_cosine(self.train, rows[order], items[order])

    def list_mean(self, value_of_item: NDArray[np.generic]) -> PerUser:
        """Mean over the shown items of each list of a per-item value `[n]`; NaN for an empty list."""
        total = (value_of_item[self.items] * self.shown).sum(1, dtype=np.float64)
        return divide(total, self.n_shown)

    def history_mean(self, value_of_item: NDArray[np.generic]) -> PerUser:
        """Mean over the train items of each user of a per-item value `[n]`; NaN without a history."""
        return divide(self.train.astype(np.float64) @ value_of_item.astype(np.float64), self.n_history)

    def subset(self, rows: IntArray) -> Evidence:
        """The same for some of the users; popularity stays that of everybody."""
        lists = Recommendations(self.lists.user_index[rows], self.lists.item_index[rows], self.lists.score[rows])
        return replace(self, lists=lists, train=self.train[rows], relevant=self.relevant[rows])

    def with_lists(self, lists: Recommendations) -> Evidence:
        """The same users and items with other lists."""
        changed = replace(self, lists=lists)
        for name in LIST_FREE:
            if name in self.__dict__:
                changed.__dict__[name] = self.__dict__[name]
        if "hit_cosines" in self.__dict__ and np.isin(changed._hit_keys, self.hit_cosines[0]).all():
            changed.__dict__["hit_cosines"] = self.hit_cosines
        return changed

    @property
    def _hit_keys(self) -> IntArray:
        rows, places = np.nonzero(self.hit)
        return np.asarray(rows * self.n_items + self.items[rows, places])

    @cached_property
    def _rows(self) -> Recommendations:
        """The lists under row numbers instead of user indices: `relevant` is in row order."""
        return Recommendations(np.arange(self.n), self.lists.item_index, self.lists.score)


def divide(top: NDArray[np.generic], bottom: NDArray[np.generic]) -> PerUser:
    """top / bottom in float64, NaN where bottom is 0 or less.

    >>> divide(np.array([1.0, 2.0]), np.array([2, 0]))
    array([0.5, nan])
    """
    above, below = np.asarray(top, dtype=np.float64), np.asarray(bottom, dtype=np.float64)
    result = np.full(np.broadcast_shapes(above.shape, below.shape), np.nan)
    np.divide(above, below, out=result, where=below > 0)
    return result
