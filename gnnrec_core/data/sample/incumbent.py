"""Lists of a simulated incumbent: the shop's old "readers of this also read", with no model behind it that we know.

It shows what can be asked of lists alone. The rule is the plainest that shops have: count who read both, add up over
a history, and never divide by how popular a book is anyway. So its lists are much alike, and an audit says so.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import scipy.sparse as sp

from gnnrec_core.data.dataset import SPLITS, Dataset

LENGTH = 20


def incumbent_lists(dataset: Dataset) -> pl.DataFrame:
    """`user_id`, `item_id`, `rank` 1..20 of every reader, without what they have read; ties go to the first item.

    score(u, i) = sum over the items j of u of (number of readers who have both i and j). Nothing is drawn.
    """
    log = dataset.interactions
    train, before = (log.split == SPLITS.index("train")), (log.split != SPLITS.index("test"))
    shape = (dataset.n_users, dataset.n_items)
    own = sp.csr_array((np.ones(train.sum()), (log.user_index[train], log.item_index[train])), shape=shape)
    together = (own.T @ own).tolil()
    together.setdiag(0)
    scores = (own @ together.tocsr()).toarray()
    scores[log.user_index[before], log.item_index[before]] = -np.inf
    best = np.argsort(-scores, axis=1, kind="stable")[:, :LENGTH]
    return pl.DataFrame(
        {
            "user_id": np.repeat(np.array(dataset.users.ids, dtype=object), LENGTH).tolist(),
            "item_id": np.array(dataset.items.ids, dtype=object)[best.ravel()].tolist(),
            "rank": np.tile(np.arange(1, LENGTH + 1, dtype=np.int8), dataset.n_users),
        }
    )
