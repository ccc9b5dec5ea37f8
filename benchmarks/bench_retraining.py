"""Do the reasons hold when the model is trained again without them?

Usage: python benchmarks/bench_retraining.py [--users 80] [--epochs 20]

For each user the top item of the list is explained; the 20 % of the user's interactions with the largest ledger parts
are removed for all these users at once, and the model is trained again from the same start; likewise with as many
random ones, and with nothing removed but another seed (the noise of training). Reported: the item's rank after.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

import numpy as np
from common import movielens, write
from scipy.stats import spearmanr

from gnnrec_core.data.values import Dataset
from gnnrec_core.explain.case import excluded_items, make_case
from gnnrec_core.explain.ledger import user_ledger
from gnnrec_core.explain.scoring import scorer_of
from gnnrec_core.ranking.topk import rank_items, rank_of
from gnnrec_core.recommend import left_out

SHARE = 0.2


def main() -> None:
    """Measure and write `results/retraining.json`."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=80)
    parser.add_argument("--epochs", type=int, default=20)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    dataset, rng = movielens(0), np.random.default_rng(0)
    model = trained(dataset, arguments.epochs, 0)
    scorer = scorer_of(model)
    users = rng.choice(dataset.n_users, arguments.users, replace=False)
    items = rank_items(model.score, users, left_out(dataset), 1).item_index[:, 0]
    reasons, random, predicted = [], [], []
    for user, item in zip(users.tolist(), items.tolist(), strict=True):
        case = make_case(model, dataset, user, item, "score", 10)
        _, edges, values = user_ledger(model, case)
        n = max(1, round(SHARE * len(edges)))
        chosen = edges[np.argsort(-values, kind="stable")[:n]]
        reasons.append(chosen)
        random.append(rng.permutation(edges)[:n])
        predicted.append(case.score - float(scorer.scores_without(user, chosen)[item]))
    figures: dict[str, Any] = {"n_users": len(users), "share_removed": SHARE}
    for name, gone, seed in (("reasons", reasons, 0), ("random", random, 0), ("nothing_other_seed", None, 1)):
        changed = dataset if gone is None else without(dataset, model.graph.edge_interaction[np.concatenate(gone)])
        again = trained(changed, arguments.epochs, seed)
        ranks, lost = after(dataset, model, again, users, items)
        figures[name] = {
            "mean_rank": float(np.mean(ranks)),
            "median_rank": float(np.median(ranks)),
            "share_out_of_top_10": float(np.mean(np.array(ranks) > 10)),
            "mean_score_lost": float(np.mean(lost)),
        }
        if name == "reasons":
            figures[name]["spearman_predicted_and_retrained_loss"] = float(spearmanr(predicted, lost).statistic)
            figures[name]["mean_score_lost_predicted"] = float(np.mean(predicted))
    write("retraining", vars(arguments), figures)


def trained(dataset: Dataset, epochs: int, seed: int) -> Any:
    """LightGCN with its default settings, trained for a fixed number of epochs."""
    from gnnrec_core.models.lightgcn import LightGCN, LightGCNSettings
    from gnnrec_core.models.protocol import FitOptions

    model = LightGCN.create(dataset, LightGCNSettings(epochs=epochs), seed, "cpu")
    for _ in model.fit(FitOptions()):
        pass
    return model


def without(dataset: Dataset, rows: Any) -> Dataset:
    """The dataset without these rows of its interactions."""
    interactions = dataset.interactions
    keep = np.ones(len(interactions), bool)
    keep[rows] = False
    columns = ("user_index", "item_index", "weight", "split", "timestamp", "rating")
    kept = {
        name: None if getattr(interactions, name) is None else getattr(interactions, name)[keep] for name in columns
    }
    return replace(dataset, interactions=replace(interactions, **kept))


def after(dataset: Dataset, before: Any, again: Any, users: Any, items: Any) -> tuple[list[int], list[float]]:
    """Rank of each item in the new model, removed interactions still left out, and the score that it lost."""
    old, new = before.score(users), again.score(users)
    ranks, lost = [], []
    for row, (user, item) in enumerate(zip(users.tolist(), items.tolist(), strict=True)):
        ranks.append(rank_of(new[row], item, excluded_items(dataset, user)))
        lost.append(float(old[row, item] - new[row, item]))
    return ranks, lost


if __name__ == "__main__":
    main()
