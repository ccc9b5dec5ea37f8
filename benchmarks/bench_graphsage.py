"""What GraphSAGE earns: beside LightGCN where everybody is known, and alone where people and items are not.

`known`: NDCG@20 on test with untouched defaults, on MovieLens 100K with its attributes, on the same log without any,
and on a generated log without any; `without_ids` is GraphSAGE with `id_dropout=1`, as before it knew nodes by
themselves. `held_out`: a tenth of the people and a tenth of the items of MovieLens 100K take no part in training.
People come with half of their ratings (the items known), or with their attributes alone, and all known items are ranked
for them; held-out items are ranked among themselves for everybody else. Beside it popularity, chance, and content: how
alike the genres of an item are to those of a person's history. Figures are NDCG@20 with 95 % intervals over people.
Writes results/graphsage.json.
"""

from __future__ import annotations

import argparse
from dataclasses import fields, replace
from typing import Any

import numpy as np
from bench_accuracy import test_figures
from bench_defaults import world
from common import DATA, movielens, write

SEEDS = (0, 1, 2)
WITHIN = 0.95
WITHOUT_IDS = {"id_dropout": 1.0, "learning_rate": 0.005}
K = 20


def with_attributes(seed: int) -> Any:
    """MovieLens 100K with the tables beside it, split at random."""
    from gnnrec_core.data.importing import import_source
    from gnnrec_core.data.options import ImportOptions

    return import_source(DATA / "ml-100k", ImportOptions(split="random", seed=seed))


def known(dataset: Any) -> dict[str, Any]:
    """LightGCN and GraphSAGE on one log."""
    from gnnrec_core.runs.training import fit

    rows = {}
    tried = {"lightgcn": ("lightgcn", {}), "graphsage": ("graphsage", {}), "without_ids": ("graphsage", WITHOUT_IDS)}
    for row, (model, settings) in tried.items():
        run = fit(dataset, model, settings, device="cpu")
        found = test_figures(run.model.score, dataset)["ndcg@20"], run.record.figures["validation"]["ndcg@20"]
        rows[row] = dict(zip(("ndcg@20", "validation_ndcg@20"), (round(each, 4) for each in found), strict=True))
        print(dataset.name, row, rows[row], flush=True)
    rows["over_lightgcn"] = round(rows["graphsage"]["ndcg@20"] / rows["lightgcn"]["ndcg@20"], 4)
    return rows


def ndcg(scores: Any, relevant: Any) -> float:
    """NDCG@K of one person: `scores` of some items, `relevant` boolean among them."""
    best = np.argsort(-scores, kind="stable")[:K]
    gain = 1 / np.log2(np.arange(2, K + 2))
    return float((relevant[best] * gain[: len(best)]).sum() / gain[: min(K, int(relevant.sum()))].sum())


def apart(dataset: Any, seed: int) -> tuple[Any, Any, Any]:
    """The dataset with everything of some people and of some items held out, and which these are."""
    rng, log = np.random.default_rng(seed), dataset.interactions
    people, items = rng.random(dataset.n_users) < 0.1, rng.random(dataset.n_items) < 0.1
    split = log.split.copy()
    split[people[log.user_index] | items[log.item_index]] = 2
    columns = {field.name: getattr(log, field.name) for field in fields(log)} | {"split": split}
    return replace(dataset, interactions=type(log)(**columns)), people, items


def held_out(dataset: Any, settings: dict[str, Any], seed: int) -> dict[str, Any]:
    """People and items that training never met."""
    from gnnrec_core.models.ops.features import node_features
    from gnnrec_core.ranking.intervals import UNIT, mean_interval
    from gnnrec_core.runs.training import fit

    data, people, items = apart(dataset, seed)
    model = fit(data, "graphsage", settings, device="cpu").model
    features = node_features(data)
    genres = [n for n, name in enumerate(features.names) if name.split("=")[0] in ("genre", "genres", "class")]
    content = features.static[data.n_users : data.n_users + data.n_items][:, genres]
    content = content / np.maximum(np.linalg.norm(content, axis=1, keepdims=True), 1e-9)
    log, rng = data.interactions, np.random.default_rng(seed)
    popularity, old = model.graph.popularity.astype(float), np.flatnonzero(~items)
    found: dict[str, list[float]] = {}
    for user in np.flatnonzero(people):
        own = log.item_index[log.user_index == user]
        own = rng.permutation(own[~items[own]])
        history, wanted = own[: len(own) // 2], own[len(own) // 2 :]
        if len(history) < 3 or not len(wanted):
            continue
        open_ = np.setdiff1d(old, history)
        parts = model.new_user_parts(np.sort(history))
        rows = {
            "people, history": parts.own + parts.values.sum(0),
            "people, attributes": model.score(np.array([user]))[0],
            "people, popularity": popularity,
            "people, content": content @ content[history].mean(0),
        }
        for name, scores in rows.items():
            found.setdefault(name, []).append(ndcg(scores[open_], np.isin(open_, wanted)))
    new = np.flatnonzero(items)
    for user in np.flatnonzero(~people):
        own = log.item_index[(log.user_index == user) & (log.split == 2)]
        wanted, history = own[items[own]], model.graph.history(int(user))
        if not len(wanted) or not len(history):
            continue
        rows = {
            "items": model.score(np.array([user]))[0],
            "items, content": content @ content[history].mean(0),
            "items, chance": rng.random(data.n_items),
        }
        for name, scores in rows.items():
            found.setdefault(name, []).append(ndcg(scores[new], np.isin(new, wanted)))
    told = {}
    for name, values in found.items():
        mean = mean_interval(np.array(values), bounds=UNIT)
        told[name] = {"ndcg@20": round(mean.value, 4), "low": round(mean.low, 4), "high": round(mean.high, 4)}
        told[name]["people"] = len(values)
    print(settings, told, flush=True)
    better = {
        "people": told["people, history"]["ndcg@20"]
        > max(told["people, popularity"]["ndcg@20"], told["people, content"]["ndcg@20"]),
        "items": told["items"]["ndcg@20"] > max(told["items, content"]["ndcg@20"], told["items, chance"]["ndcg@20"]),
    }
    return {**told, "better": better}


def main() -> None:
    """Measure and write."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    seeds = parser.parse_args().seeds
    torch.set_num_threads(1)
    logs = {
        "ml-100k, attributes": [known(with_attributes(seed)) for seed in seeds],
        "ml-100k, no attributes": [known(movielens(seed)) for seed in seeds],
        "clustered, no attributes": [known(world("clustered", 0))],
    }
    figures: dict[str, Any] = {"known": {}}
    for name, runs in logs.items():
        ratio = round(float(np.mean([run["over_lightgcn"] for run in runs])), 4)
        figures["known"][name] = {"over_lightgcn": ratio, "reached": ratio >= WITHIN, "runs": runs}
    data = with_attributes(seeds[0])
    figures["held_out"] = {
        "defaults": held_out(data, {}, seeds[0]),
        "without_ids": held_out(data, WITHOUT_IDS, seeds[0]),
    }
    write("graphsage", {"seeds": seeds, "without_ids": WITHOUT_IDS, "within": WITHIN}, figures)


if __name__ == "__main__":
    main()
