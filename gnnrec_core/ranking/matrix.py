"""Interactions as a boolean matrix: what lists are judged on, and what they leave out."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from gnnrec_core.data.dataset import Dataset, IntArray, SplitName


def interaction_matrix(dataset: Dataset, *splits: SplitName) -> sp.csr_array:
    """Boolean `[n_users, n_items]`: the interactions of `splits`."""
    interactions = dataset.interactions
    rows = interactions.rows(*splits)
    # Interactions are sorted by user and item, so rows are in the order of a CSR matrix already.
    starts = np.searchsorted(interactions.user_index[rows], np.arange(dataset.n_users + 1))
    return sp.csr_array(
        (np.ones(len(rows), dtype=bool), interactions.item_index[rows], starts),
        shape=(dataset.n_users, dataset.n_items),
    )


def pairs_matrix(dataset: Dataset, users: IntArray, items: IntArray) -> sp.csr_array:
    """Boolean `[n_users, n_items]`: these pairs of indices."""
    shape = (dataset.n_users, dataset.n_items)
    return sp.csr_array((np.ones(len(users), dtype=bool), (users, items)), shape=shape)
