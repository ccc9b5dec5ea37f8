"""Figures of a model on held-out interactions while it trains."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch import Tensor

from gnnrec_core.data.dataset import Dataset, IntArray
from gnnrec_core.models.ops.parallel import Processes
from gnnrec_core.models.protocol import FitOptions
from gnnrec_core.ranking.accuracy import ACCURACY, hits, n_relevant
from gnnrec_core.ranking.matrix import interaction_matrix
from gnnrec_core.ranking.recommendations import NONE_LEFT, Recommendations
from gnnrec_core.ranking.topk import rank_items

K = 20
MOST_COMPARED = 500
"""People that settings are compared on."""
FIGURES = ("ndcg", "recall")


class Validation:
    """NDCG@20 and Recall@20 over users with validation items; train items are left out of the lists.

    Under `torchrun` each process ranks for its share of the users.
    """

    def __init__(self, dataset: Dataset, processes: Processes | None = None) -> None:
        self.processes = processes or Processes()
        self.relevant, self.seen = interaction_matrix(dataset, "validation"), interaction_matrix(dataset, "train")
        self.users = np.flatnonzero(np.diff(self.relevant.indptr))

    def __bool__(self) -> bool:
        return len(self.users) > 0

    def options(self, model: Any, **others: Any) -> FitOptions:
        """What the training of `model` is given: these figures, over everybody and over some."""
        if not self:
            return FitOptions(**others)
        return FitOptions(partial(self, model), partial(self, model, MOST_COMPARED), **others)

    def __call__(self, model: Any, most: int | None = None) -> dict[str, float]:
        """`{"ndcg@20": ..., "recall@20": ...}` of `model` as it stands, over all or `most` people, evenly taken."""
        users = self.some(most)
        own = users[self.processes.rank :: self.processes.n]
        found = self.values(model, own)
        totals = self.processes.sum(np.array([found[name].sum() for name in FIGURES]))
        return {f"{name}@{K}": float(total / len(users)) for name, total in zip(FIGURES, totals, strict=True)}

    def some(self, most: int | None) -> IntArray:
        """The people with validation items, or `most` of them, evenly taken."""
        if most is None or len(self.users) <= most:
            return self.users
        return self.users[np.linspace(0, len(self.users) - 1, most).astype(np.int64)]

    def values(self, model: Any, own: IntArray) -> dict[str, NDArray[np.float64]]:
        """The figures of each of the people `own` `[n]`."""
        if getattr(model, "device", "cpu").startswith("cuda"):
            lists = rank_on_device(model.final(), own, self.seen, K)
        else:
            lists = rank_items(model.score, own, self.seen, K)
        hit, n = hits(lists, self.relevant), n_relevant(lists, self.relevant)
        return {name: np.asarray(ACCURACY[name](hit, n), np.float64) for name in FIGURES}


def rank_on_device(final: Tensor, users: IntArray, seen: sp.csr_array, k: int, block: int = 4096) -> Recommendations:
    """As `rank_items` for scores <z_u, z_i>, without leaving the device of `final` `[n_nodes, d]`.

    Equal scores stand in the order that the device finds them, which is why lists that people see come from the CPU.
    """
    n_users, n_items = seen.shape
    items, k = final[n_users : n_users + n_items], min(k, n_items)
    found = []
    for start in range(0, len(users), block):
        chosen = users[start : start + block]
        scores = final[torch.from_numpy(chosen).to(final.device)] @ items.T  # [block, n_items]
        rows, columns = seen[chosen].nonzero()
        scores[torch.from_numpy(rows).to(final.device), torch.from_numpy(columns).to(final.device)] = -torch.inf
        found.append(torch.topk(scores, k, dim=1))
    best = torch.cat([part.values for part in found]).cpu().numpy()
    index = torch.cat([part.indices for part in found]).cpu().numpy()
    return Recommendations(users, np.where(np.isfinite(best), index, NONE_LEFT), best)
