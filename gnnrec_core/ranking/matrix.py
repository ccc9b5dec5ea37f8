"""Interactions as a boolean matrix: what lists are judged on, and what they leave out."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from gnnrec_core.data.dataset import SPLITS, Dataset, IntArray, SplitName

FEW = 4
"""Of so many people one is asked about: then the log is not gone through."""


def interaction_matrix(dataset: Dataset, *splits: SplitName, users: IntArray | None = None) -> sp.csr_array:
    """Boolean `[n_users, n_items]`: the interactions of `splits`; with `users` only their rows are filled."""
    interactions = dataset.interactions
    if users is not None and FEW * len(users) < dataset.n_users:
        return _rows_of(dataset, np.unique(users), splits)
    rows = interactions.rows(*splits)
    # Interactions are sorted by user and item, so rows are in the order of a CSR matrix already.
    starts = np.searchsorted(interactions.user_index[rows], np.arange(dataset.n_users + 1))
    return sp.csr_array(
        (np.ones(len(rows), dtype=bool), interactions.item_index[rows], starts),
        shape=(dataset.n_users, dataset.n_items),
    )


def _rows_of(dataset: Dataset, users: IntArray, splits: tuple[SplitName, ...]) -> sp.csr_array:
    """The matrix with the rows of some `users` (ascending), found in the log by halving."""
    log = dataset.interactions
    first, last = np.searchsorted(log.user_index, users), np.searchsorted(log.user_index, users + 1)
    counts = last - first
    rows = np.arange(counts.sum()) + np.repeat(first - np.cumsum(counts) + counts, counts)
    kept = np.isin(log.split[rows], [SPLITS.index(split) for split in splits])
    starts = np.zeros(dataset.n_users + 1, np.int64)
    starts[users + 1] = np.bincount(np.repeat(np.arange(len(users)), counts)[kept], minlength=len(users))
    items, shape = log.item_index[rows[kept]], (dataset.n_users, dataset.n_items)
    return sp.csr_array((np.ones(len(items), dtype=bool), items, np.cumsum(starts)), shape=shape)


def pairs_matrix(dataset: Dataset, users: IntArray, items: IntArray) -> sp.csr_array:
    """Boolean `[n_users, n_items]`: these pairs of indices."""
    shape = (dataset.n_users, dataset.n_items)
    return sp.csr_array((np.ones(len(users), dtype=bool), (users, items)), shape=shape)
