"""Do reasons hold when the model is trained again? Remove them for many users at once, train anew, look at the item.

For each of `--n-users` users the first item of the list is explained by the ledger. Three models are trained from the
same seed: on the data as they are (control: what another training alone changes), without the top 20 % of each of these
users' interactions by the ledger, and without 20 % at random. Removed items stay out of the ranking. Beside the ranks
after retraining stand the ranks that recomputing with the trained embeddings kept predicts.

Writes benchmarks/results/retrain.json.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import replace

import numpy as np
from common import ROOT, write
from scipy.stats import spearmanr

from gnnrec_core.base.settings import read_settings
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.data.store import load_dataset
from gnnrec_core.explain.case import excluded_items, make_case
from gnnrec_core.explain.scores.edge_effects import user_ledger
from gnnrec_core.explain.scores.scoring import scorer_of
from gnnrec_core.models import MODELS
from gnnrec_core.models.protocol import FitOptions
from gnnrec_core.ranking.topk import rank_of
from gnnrec_core.runs.run import RunRecord
from gnnrec_core.runs.validation import Validation

SAMPLE, RUN = ROOT / "sample_data" / "classics", ROOT / "sample_data" / "runs" / "lightgcn"
SHARE = 0.2


def trained(dataset: Dataset, settings: dict, seed: int):
    """A LightGCN at its best epoch."""
    kind = MODELS.load("lightgcn")
    model = kind.create(dataset, read_settings(kind.settings_type, settings), seed, "cpu")
    validation = Validation(dataset)
    for _ in model.fit(FitOptions(lambda: validation(model))):
        pass
    return model


def without(dataset: Dataset, rows: np.ndarray) -> Dataset:
    """The dataset without these rows of the interactions."""
    keep = np.ones(len(dataset.interactions), bool)
    keep[rows] = False
    names = ("user_index", "item_index", "weight", "split", "timestamp", "rating")
    parts = {name: getattr(dataset.interactions, name) for name in names}
    kept = {name: None if value is None else value[keep] for name, value in parts.items()}
    return replace(dataset, interactions=replace(dataset.interactions, **kept))


def chosen_edges(model, dataset: Dataset, users: np.ndarray, items: np.ndarray, rng) -> dict[str, list[np.ndarray]]:
    """For each user the train interactions to remove: the ledger's first 20 %, and as many at random."""
    found: dict[str, list[np.ndarray]] = {"top": [], "random": []}
    for user, item in zip(users, items):
        case = make_case(model, dataset, int(user), int(item), "score", 10)
        _, edges, values = user_ledger(model, case)
        history = model.graph.edge_interaction[edges] >= 0
        edges, values = edges[history], values[history]
        n = max(1, math.ceil(SHARE * len(edges)))
        found["top"].append(edges[np.argsort(-values, kind="stable")[:n]])
        found["random"].append(rng.permutation(edges)[:n])
    return found


def ranks(model, dataset: Dataset, users: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Rank of each user's item; what the user had in the full data stays out."""
    scores = model.score(users)
    return np.array([
        rank_of(row, int(item), excluded_items(dataset, int(user))) for row, user, item in zip(scores, users, items)
    ])  # fmt: skip


def predicted(model, dataset: Dataset, users: np.ndarray, items: np.ndarray, edges: list[np.ndarray]) -> np.ndarray:
    """The same ranks on the changed graph with the trained embeddings kept, one user at a time."""
    scorer = scorer_of(model)
    return np.array([
        rank_of(scorer.scores_without(int(user), removed), int(item), excluded_items(dataset, int(user)))
        for user, item, removed in zip(users, items, edges)
    ])  # fmt: skip


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n-users", type=int, default=150)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    start = time.process_time()
    dataset, settings = load_dataset(SAMPLE), RunRecord.read(RUN).settings
    rng = np.random.default_rng(arguments.seed)
    model = trained(dataset, settings, arguments.seed)
    users = np.sort(rng.permutation(dataset.n_users)[: arguments.n_users])
    scores = np.array(model.score(users))
    for row, user in enumerate(users):
        scores[row, excluded_items(dataset, int(user))] = -np.inf
    items = scores.argmax(axis=1)
    edges = chosen_edges(model, dataset, users, items, rng)
    figures: dict = {}
    for name in ("control", "top", "random"):
        rows = np.zeros(0, np.int64) if name == "control" else model.graph.edge_interaction[np.concatenate(edges[name])]
        again = trained(without(dataset, rows), settings, arguments.seed + (name == "control"))
        after = ranks(again, dataset, users, items)
        figures[name] = {
            "n_removed": len(rows),
            "mean_rank": float(after.mean()),
            "median_rank": float(np.median(after)),
            "still_in_top_10": float((after <= 10).mean()),
        }
        if name != "control":
            kept = predicted(model, dataset, users, items, edges[name])
            figures[name] |= {
                "predicted_mean_rank": float(kept.mean()),
                "predicted_median_rank": float(np.median(kept)),
                "spearman_predicted_retrained": float(spearmanr(kept, after).statistic),
            }
        print(name, figures[name], flush=True)
    figures["cpu_seconds"] = time.process_time() - start
    write("retrain", {"model": "lightgcn", "data": "sample", "share": SHARE, **vars(arguments)}, figures)


if __name__ == "__main__":
    main()
