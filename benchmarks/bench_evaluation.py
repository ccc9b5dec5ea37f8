"""Full-ranking evaluation of Gowalla (every user, every item, top 20) against the bare work that it cannot do without.

Bare: blocks of users, one matrix product (numpy's, which was the faster one) and one `torch.topk` each; nothing left
out, no metric. Two threads, wall clock. The embeddings are those of an untrained model: the work does not depend on
what the numbers are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from common import gowalla, seconds, write

K, BLOCK = 20, 1024


def main() -> None:
    """Measure and write `results/evaluation.json`."""
    import torch

    from gnnrec_core.models.lightgcn import LightGCN, LightGCNSettings
    from gnnrec_core.ranking.accuracy import ACCURACY, hits, n_relevant
    from gnnrec_core.ranking.matrix import interaction_matrix
    from gnnrec_core.ranking.topk import rank_items

    torch.set_num_threads(2)
    dataset = gowalla()
    model = LightGCN.create(dataset, LightGCNSettings(embedding_dim=64), 0, "cpu")
    final = model.embeddings()
    items = final[dataset.n_users : dataset.n_users + dataset.n_items]
    seen, relevant = interaction_matrix(dataset, "train"), interaction_matrix(dataset, "test")
    users = np.flatnonzero(np.diff(relevant.indptr))

    def bare() -> None:
        for start in range(0, len(users), BLOCK):
            torch.topk(torch.from_numpy(final[users[start : start + BLOCK]] @ items.T), K, dim=1)

    def rank() -> Any:
        return rank_items(model.score, users, seen, K)

    lists = rank()

    def judge() -> None:
        hit, n = hits(lists, relevant), n_relevant(lists, relevant)
        for metric in ACCURACY.values():
            np.nanmean(metric(hit, n))

    actions = {"bare": bare, "rank": rank, "judge": judge}
    times = {name: seconds(action, rounds=3) for name, action in actions.items()}
    whole = times["rank"] + times["judge"]
    figures = {f"{name}_seconds": round(value, 3) for name, value in times.items()}
    figures["evaluation_over_bare"] = round(whole / times["bare"], 3)
    settings = {"k": K, "n_users": len(users), "n_items": dataset.n_items, "embedding_dim": 64}
    write("evaluation", settings, figures, "wall clock")


if __name__ == "__main__":
    main()
