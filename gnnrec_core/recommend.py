"""Which items a user's list leaves out."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from gnnrec_core.data.values import Dataset, SplitName


def left_out(dataset: Dataset, split: SplitName = "test") -> sp.csr_array:
    """Boolean `[n_users, n_items]`: train interactions, and validation ones too where `split` is "test"."""
    interactions = dataset.interactions
    rows = interactions.rows("train", "validation") if split == "test" else interactions.rows("train")
    ends = (interactions.user_index[rows], interactions.item_index[rows])
    return sp.csr_array((np.ones(len(rows), bool), ends), shape=(dataset.n_users, dataset.n_items))
