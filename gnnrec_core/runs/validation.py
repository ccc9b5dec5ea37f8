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
from gnnrec_core.models.protocol import DividedRecommender, FitOptions
from gnnrec_core.ranking.accuracy import ACCURACY, hits, n_relevant
from gnnrec_core.ranking.intervals import UNIT, mean_interval
from gnnrec_core.ranking.matrix import interaction_matrix
from gnnrec_core.ranking.recommendations import NONE_LEFT, Recommendations
from gnnrec_core.ranking.topk import rank_items, source_of

K = 20
SAMPLED_FROM, SAMPLE = 50_000, 20_000
"""With more people than the first, so many of them are judged, the same in every epoch: NDCG@20 is then known to about
.002, and a validation of a million people costs what that of twenty thousand costs."""
MOST_COMPARED = 500
"""People that settings are compared on."""
FIGURES = ("ndcg", "recall")


class Validation:
    """NDCG@20 and Recall@20 over users with validation items; train items are left out of the lists.

    Of very many people a sample is judged. Under `torchrun` each process ranks for its share of the users.
    """

    def __init__(self, dataset: Dataset, processes: Processes | None = None) -> None:
        self.processes = processes or Processes()
        self.relevant, self.seen = interaction_matrix(dataset, "validation"), interaction_matrix(dataset, "train")
        people = np.flatnonzero(np.diff(self.relevant.indptr))
        self.n_people = len(people)
        self.users = drawn(people, SAMPLE, 0) if len(people) > SAMPLED_FROM else people

    def __bool__(self) -> bool:
        return len(self.users) > 0

    @property
    def is_sampled(self) -> bool:
        """Whether not everybody is judged."""
        return len(self.users) < self.n_people

    def options(self, model: Any, **others: Any) -> FitOptions:
        """What the training of `model` is given: these figures, over everybody and over some."""
        if not self:
            return FitOptions(**others)
        return FitOptions(partial(self, model), partial(self, model, MOST_COMPARED), **others)

    def __call__(self, model: Any, most: int | None = None) -> dict[str, float]:
        """`{"ndcg@20": ..., "recall@20": ...}` of `model` as it stands, over all or `most` people, evenly taken."""
        users = self.some(most)
        totals = self.processes.sum(np.array([figure.sum() for figure in self.values(model, self._own(users, model))]))
        return {f"{name}@{K}": float(total / len(users)) for name, total in zip(FIGURES, totals, strict=True)}

    def some(self, most: int | None) -> IntArray:
        """The people that are judged, or `most` of them, evenly taken."""
        if most is None or len(self.users) <= most:
            return self.users
        return self.users[np.linspace(0, len(self.users) - 1, most).astype(np.int64)]

    def _own(self, users: IntArray, model: Any) -> IntArray:
        """This process's share: those whose rows it holds, where tables are divided."""
        if isinstance(model, DividedRecommender):
            return model.own_users(users)
        return users[self.processes.rank :: self.processes.n]

    def sampled(self, model: Any) -> dict[str, Any]:
        """Over how many people of how many figures are means, and the 95 % interval of NDCG@20 for all of them (of this
        process's share of the sample)."""
        found = mean_interval(self.values(model, self._own(self.users, model))[0], bounds=UNIT)
        return {"people": len(self.users), "of": self.n_people, f"ndcg@{K}_interval": [found.low, found.high]}

    def values(self, model: Any, own: IntArray) -> list[NDArray[np.float64]]:
        """The `FIGURES` of each of the people `own` `[n]`."""
        if getattr(model, "device", "cpu").startswith("cuda"):
            people, items = model.final_factors(own)
            lists = rank_on_device(people, items, own, self.seen, K)
        else:
            lists = rank_items(source_of(model), own, self.seen, K)
        hit, n = hits(lists, self.relevant), n_relevant(lists, self.relevant)
        return [ACCURACY[name](hit, n) for name in FIGURES]


def drawn(people: IntArray, n: int, seed: int) -> IntArray:
    """`n` of `people`, each set equally likely, ascending."""
    found: IntArray = np.sort(np.random.default_rng((seed, n)).choice(people, n, replace=False))
    return found


def rank_on_device(
    people: Tensor, items: Tensor, users: IntArray, seen: sp.csr_array, k: int, block: int = 4096
) -> Recommendations:
    """As `rank_items` for scores <z_u, z_i>, without leaving the device of `people` `[n, d]`, the rows of `users`, and
    `items` `[n_items, d]`.

    Equal scores stand in the order that the device finds them, which is why lists that people see come from the CPU.
    """
    k, found = min(k, len(items)), []
    for start in range(0, len(users), block):
        chosen = users[start : start + block]
        scores = people[start : start + block] @ items.T  # [block, n_items]
        rows, columns = (torch.from_numpy(part).to(items.device) for part in seen[chosen].nonzero())
        scores[rows, columns] = -torch.inf
        found.append(torch.topk(scores, k, dim=1))
    best = torch.cat([part.values for part in found]).cpu().numpy()
    index = torch.cat([part.indices for part in found]).cpu().numpy()
    return Recommendations(users, np.where(np.isfinite(best), index, NONE_LEFT), best)
