"""Full-ranking evaluation of Gowalla (every user, every item, top 20) against the bare work that it cannot do without.

Bare: the same blocks of users, one matrix product and one `torch.topk` each; nothing left out, no metric. CPU time, one
thread. The embeddings are those of an untrained model: the work does not depend on what the numbers are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from common import gowalla, seconds, write

K, BLOCK = 20, 256


def main() -> None:
    """Measure and write `results/evaluation.json`."""
    import torch

    from gnnrec_core.models.lightgcn import LightGCN, LightGCNSettings
    from gnnrec_core.models.validation import pairs
    from gnnrec_core.ranking.accuracy import ACCURACY, hits, n_relevant
    from gnnrec_core.ranking.topk import rank_items

    torch.set_num_threads(1)
    dataset = gowalla()
    model = LightGCN.create(dataset, LightGCNSettings(embedding_dim=64), 0, "cpu")
    final = torch.from_numpy(model.embeddings().copy())
    items = final[dataset.n_users : dataset.n_users + dataset.n_items].T.contiguous()
    seen, relevant = pairs(dataset, "train"), pairs(dataset, "test")
    users = np.flatnonzero(np.diff(relevant.indptr))

    def bare() -> None:
        for start in range(0, len(users), BLOCK):
            torch.topk(final[users[start : start + BLOCK]] @ items, K, dim=1)

    def rank() -> Any:
        return rank_items(model.score, users, seen, K)

    lists = rank()

    def judge() -> None:
        hit, n = hits(lists, relevant), n_relevant(lists, relevant)
        for metric in ACCURACY.values():
            np.nanmean(metric(hit, n))

    times = {"bare": seconds(bare, 3), "rank": seconds(rank, 3), "judge": seconds(judge, 3)}
    whole = times["rank"] + times["judge"]
    figures = {f"{name}_seconds": round(value, 3) for name, value in times.items()}
    figures["evaluation_over_bare"] = round(whole / times["bare"], 3)
    write("evaluation", {"k": K, "n_users": len(users), "n_items": dataset.n_items, "embedding_dim": 64}, figures)


if __name__ == "__main__":
    main()
