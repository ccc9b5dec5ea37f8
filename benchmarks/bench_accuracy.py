"""Accuracy on MovieLens 100K (all ratings as interactions, per-user random 8:1:1), three seeds, shipped defaults.

Each seed draws another split and other batches. Early stopping looks at the validation part; the figures are of the
test part, where lists leave out train and validation items. `gat_ids_only` has no edge features, `gat` sees rating
and recency. Rank correlations of the GAT are over the history of sampled users: how well frozen-attention
contributions, and raw attention, order what exact leave-one-out orders (degrees and attention computed anew).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from common import movielens, write
from scipy.stats import spearmanr

SEEDS = (0, 1, 2)
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "lightgcn": ("lightgcn", {}),
    "gat_ids_only": ("gat", {"edge_features": False}),
    "gat": ("gat", {}),
    "gat_conv": ("gat_conv", {}),
}
N_PAIRS = 20


def trained(dataset: Any, model_name: str, settings: dict[str, Any], seed: int) -> tuple[Any, dict[str, float]]:
    """A model trained as `train` does it, and its cost."""
    from gnnrec_core.base.settings import read_settings
    from gnnrec_core.models import MODELS
    from gnnrec_core.models.protocol import FitOptions
    from gnnrec_core.runs.validation import Validation

    model_type = MODELS.load(model_name)
    model = model_type.create(dataset, read_settings(model_type.settings_type, settings), seed, "cpu")
    validation = Validation(dataset)
    start = time.process_time()
    history = list(model.fit(FitOptions(lambda: validation(model))))
    best = max(history, key=lambda epoch: epoch.validation.get("ndcg@20", 0.0))
    cost = {"epochs": history[-1].epoch, "best_epoch": best.epoch, "cpu_seconds": time.process_time() - start}
    return model, cost | {"validation_ndcg@20": best.validation["ndcg@20"]}


def test_figures(score: Callable[..., Any], dataset: Any) -> dict[str, float]:
    """NDCG@20 and Recall@20 on the test part."""
    from gnnrec_core.ranking.accuracy import ACCURACY, hits, n_relevant
    from gnnrec_core.ranking.matrix import interaction_matrix
    from gnnrec_core.ranking.topk import rank_items

    relevant, left_out = interaction_matrix(dataset, "test"), interaction_matrix(dataset, "train", "validation")
    lists = rank_items(score, np.flatnonzero(np.diff(relevant.indptr)), left_out, 20)
    hit, n = hits(lists, relevant), n_relevant(lists, relevant)
    return {f"{name}@20": float(ACCURACY[name](hit, n).mean()) for name in ("ndcg", "recall")}


def attention_agreement(model: Any, seed: int) -> dict[str, float]:
    """Mean Spearman correlation with exact leave-one-out over `N_PAIRS` (user, top item) pairs."""
    rng = np.random.default_rng(seed)
    graph = model.graph
    degrees = np.diff(graph.seen.indptr)
    users = rng.choice(np.flatnonzero((degrees >= 10) & (degrees <= 120)), N_PAIRS, replace=False)
    propagation, attention = model.propagation(), model.attention()
    lift = attention.lift.mean(axis=(0, 1))
    found: dict[str, list[float]] = {"contributions": [], "attention_lift": []}
    for user in users:
        score = propagation.score(user, np.arange(graph.n_items)).copy()
        score[graph.history(user)] = -np.inf
        item = int(score.argmax())
        edges = graph.history_edges(user)
        exact = [score[item] - model.propagation(graph.without(e[None])).score(user, item) for e in edges]
        shares = _frozen_contributions(propagation, user, item, graph.item_node(graph.history(user)))
        found["contributions"].append(spearmanr(shares, exact).statistic)
        found["attention_lift"].append(spearmanr(lift[graph.reverse(edges)], exact).statistic)
    return {f"{name}_vs_leave_one_out": float(np.mean(values)) for name, values in found.items()}


def _frozen_contributions(propagation: Any, user: int, item: int, neighbours: Any) -> Any:
    """What the user takes from each neighbour, times the item's final embedding, summed over layers and heads."""
    z = propagation.final[propagation.n_users + item]
    total = np.zeros(len(neighbours))
    for layer, heads in enumerate(propagation.operators):
        for head, operator in enumerate(heads):
            columns = propagation.head_columns(head)
            weight = operator[[user]].toarray()[0, neighbours] * propagation.layer_weights[layer + 1]
            total += weight * (propagation.layers[layer][neighbours][:, columns] @ z[columns])
    return total


def main() -> None:
    """Train everything and write `results/accuracy.json`."""
    import torch

    torch.set_num_threads(1)
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in VARIANTS}
    for seed in SEEDS:
        dataset = movielens(seed)
        for name, (model_name, settings) in VARIANTS.items():
            model, cost = trained(dataset, model_name, settings, seed)
            figures = test_figures(model.score, dataset) | cost
            if model_name == "gat":
                figures |= attention_agreement(model, seed)
            runs[name].append({key: round(value, 4) for key, value in figures.items()})
            print(seed, name, runs[name][-1], flush=True)
    means = {
        name: {key: round(float(np.mean([run[key] for run in rows])), 4) for key in rows[0]}
        for name, rows in runs.items()
    }
    base = means["lightgcn"]["ndcg@20"]
    ratios = {f"{name}_over_lightgcn": round(means[name]["ndcg@20"] / base, 4) for name in means if name != "lightgcn"}
    write("accuracy", {"seeds": SEEDS, "split": "per user random 8:1:1"}, {"mean": means, **ratios, "runs": runs})


if __name__ == "__main__":
    main()
