"""Figures of a model on held-out interactions while it trains."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from gnnrec_core.data.values import Dataset, SplitName
from gnnrec_core.models.parallel import Processes
from gnnrec_core.ranking.accuracy import ACCURACY, hits, n_relevant
from gnnrec_core.ranking.topk import rank_items

K = 20
FIGURES = ("ndcg", "recall")


def pairs(dataset: Dataset, *splits: SplitName) -> sp.csr_array:
    """Boolean `[n_users, n_items]`: the interactions of `splits`."""
    rows = dataset.interactions.rows(*splits)
    ends = (dataset.interactions.user_index[rows], dataset.interactions.item_index[rows])
    return sp.csr_array((np.ones(len(rows), dtype=bool), ends), shape=(dataset.n_users, dataset.n_items))


class Validation:
    """NDCG@20 and Recall@20 over users with validation items; train items are left out of the lists.

    Under `torchrun` each process ranks for its share of the users.
    """

    def __init__(self, dataset: Dataset, processes: Processes | None = None) -> None:
        self.processes = processes or Processes()
        self.relevant, self.seen = pairs(dataset, "validation"), pairs(dataset, "train")
        self.users = np.flatnonzero(np.diff(self.relevant.indptr))

    def __bool__(self) -> bool:
        return len(self.users) > 0

    def __call__(self, model: Any) -> dict[str, float]:
        """`{"ndcg@20": ..., "recall@20": ...}` of `model` as it stands."""
        own = self.users[self.processes.rank :: self.processes.n]
        lists = rank_items(model.score, own, self.seen, K)
        hit, n = hits(lists, self.relevant), n_relevant(lists, self.relevant)
        totals = self.processes.sum(np.array([ACCURACY[name](hit, n).sum() for name in FIGURES]))
        return {f"{name}@{K}": float(total / len(self.users)) for name, total in zip(FIGURES, totals, strict=True)}
