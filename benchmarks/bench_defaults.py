"""Whether who changes nothing gets the best explainable model: untouched defaults on logs of several shapes.

On MovieLens 100K (three seeds), the shipped sample, Gowalla and three generated worlds, each model is trained with its
defaults (what it chooses, it chooses on the validation part) and judged once on test. On Gowalla the validation part
is a fifth of train, everything is trained on the rest, and `GOWALLA_PEOPLE` are judged; EASE's matrices of all pairs of
its items take more memory than is given. `over_best_baseline` is the paired difference in NDCG@20 between the first
choice and whichever of popularity, ItemKNN and EASE is best on test, EASE also with the penalty that is best on
validation; with its 95 % interval. Two trainings of LightGCN are there beside it on MovieLens: as it stands, and with a
contrastive loss.

The worlds are drawn from tastes: `sparse_flat` (few interactions, even popularity), `dense_peaked` (many, and a few
items have most of them), `clustered` (people and items in groups).
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from common import RESULTS, ROOT, dataset_of, gowalla, movielens, write

SEEDS = (0, 1, 2)
EASE_PENALTIES = (50.0, 100.0, 200.0, 400.0, 800.0)
BASELINES = ("popularity", "itemknn", "ease")
GOWALLA_PEOPLE, MOST_ITEMS = 6000, 10_000
WANTED = {"ml-100k": 0.362}
WORLDS: dict[str, dict[str, float]] = {
    "sparse_flat": {"users": 3000, "items": 2500, "tastes": 24, "mean": 9, "peak": 0.25, "taste": 2.2, "group": 0},
    "dense_peaked": {"users": 1200, "items": 900, "tastes": 10, "mean": 70, "peak": 1.1, "taste": 1.2, "group": 0},
    "clustered": {"users": 2000, "items": 1800, "tastes": 8, "mean": 22, "peak": 0.6, "taste": 0.5, "group": 3.0},
}
GROUPS = 12
REAL = ("sample", "gowalla", "ml-100k")


def world(name: str, seed: int) -> Any:
    """Choices by the Gumbel trick from taste, group and popularity; split 8:1:1 at random within each person."""
    rng, s = np.random.default_rng(seed), WORLDS[name]
    users, items, tastes = int(s["users"]), int(s["items"]), int(s["tastes"])
    liking = rng.standard_normal((users, tastes)) @ rng.standard_normal((tastes, items)) * (s["taste"] / tastes**0.5)
    liking += s["group"] * (rng.integers(0, GROUPS, users)[:, None] == rng.integers(0, GROUPS, items))
    liking -= s["peak"] * np.log(rng.permutation(items) + 6.0)
    chosen = rng.poisson(s["mean"] * np.exp(0.6 * rng.standard_normal(users) - 0.18)).clip(5, items // 2)
    order = np.argsort(-(liking + rng.gumbel(size=liking.shape)), axis=1)
    user, item, split = [], [], []
    for one in range(users):
        had = rng.permutation(order[one, : chosen[one]])
        held = max(1, round(0.1 * len(had)))
        user.append(np.full(len(had), one))
        item.append(had)
        split.append(np.repeat([2, 1, 0], [held, held, len(had) - 2 * held]))
    ids = tuple(np.concatenate(part) for part in (user, item, split))
    return dataset_of(name, ids[0], ids[1], ids[2].astype(np.int8))


def per_person(model: Any, dataset: Any) -> Any:
    """NDCG@20 of each person with test items `[n]`."""
    from gnnrec_core.ranking.accuracy import ACCURACY, hits, n_relevant
    from gnnrec_core.ranking.matrix import interaction_matrix
    from gnnrec_core.ranking.topk import rank_items
    from gnnrec_core.runs.validation import drawn

    relevant, left_out = interaction_matrix(dataset, "test"), interaction_matrix(dataset, "train", "validation")
    people = np.flatnonzero(np.diff(relevant.indptr))
    if dataset.n_items > MOST_ITEMS:
        people = drawn(people, GOWALLA_PEOPLE, 0)
    lists = rank_items(model.score, people, left_out, 20)
    return np.asarray(ACCURACY["ndcg"](hits(lists, relevant), n_relevant(lists, relevant)))


def trained(name: str, dataset: Any, settings: dict[str, Any] | None = None) -> tuple[Any, Any, dict[str, Any]]:
    """The model, each person's figure on test, and a row for the table."""
    from gnnrec_core.runs import validation
    from gnnrec_core.runs.training import fit

    if dataset.n_items > MOST_ITEMS:  # judged on a sample after each fit, as larger data are
        validation.SAMPLED_FROM, validation.SAMPLE = GOWALLA_PEOPLE, GOWALLA_PEOPLE
    start = time.process_time()
    run = fit(dataset, name, settings, device="cpu")
    seconds, values = time.process_time() - start, per_person(run.model, dataset)
    row = {"ndcg@20": round(float(values.mean()), 4), "fit_cpu_seconds": round(seconds, 1)}
    row["validation_ndcg@20"] = round(run.record.figures["validation"]["ndcg@20"], 4)
    print(dataset.name, name, row, flush=True)
    return run, values, row


def judged(dataset: Any, beside: dict[str, tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """The first choice, the baselines and what stands beside them, on one dataset."""
    from gnnrec_core.models import FIRST_CHOICE
    from gnnrec_core.ranking.intervals import mean_interval

    run, own, row = trained(FIRST_CHOICE, dataset)
    rows: dict[str, Any] = {FIRST_CHOICE: row | {"settings": run.record.settings}}
    found = {}
    few = dataset.n_items <= MOST_ITEMS
    for name in BASELINES if few else BASELINES[:2]:
        _, found[name], rows[name] = trained(name, dataset)
    tuned = [(penalty, trained("ease", dataset, {"l2": penalty})) for penalty in EASE_PENALTIES if few]
    if tuned:
        penalty, (_, values, row) = max(tuned, key=lambda one: one[1][2]["validation_ndcg@20"])
        found["ease, l2 by validation"], rows["ease, l2 by validation"] = values, row | {"l2": penalty}
    for row_name, (name, settings) in beside.items():
        rows[row_name] = trained(name, dataset, settings)[2]
    best = max(found, key=lambda name: float(found[name].mean()))
    more = mean_interval(own - found[best])
    low, high = round(more.low or 0.0, 4), round(more.high or 0.0, 4)
    told = {"best": best, "more": round(more.value, 4), "low": low, "high": high, "not_below_zero": high >= 0}
    return {"models": rows, "over_best_baseline": told}


def main() -> None:
    """Measure and write `results/defaults.json`."""
    import torch

    from gnnrec_core.data.store import load_dataset
    from gnnrec_core.models import FIRST_CHOICE

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lightgcn", action="store_true", help="train LightGCN on MovieLens as well (minutes)")
    parser.add_argument("--only", nargs="+", choices=[*WORLDS, *REAL], help="these data; the others stay as recorded")
    asked = parser.parse_args()
    wanted = asked.only or [*WORLDS, *REAL]
    torch.set_num_threads(1)
    beside: dict[str, tuple[str, dict[str, Any]]] = {}
    if asked.lightgcn:
        beside = {"lightgcn": ("lightgcn", {}), "lightgcn, xsimgcl": ("lightgcn", {"contrast": "xsimgcl"})}
    recorded = RESULTS / "defaults.json"
    figures: dict[str, Any] = json.loads(recorded.read_text())["figures"] if asked.only and recorded.exists() else {}
    figures |= {name: judged(world(name, 0), {}) for name in WORLDS if name in wanted}
    if "sample" in wanted:
        figures["sample"] = judged(load_dataset(Path(ROOT) / "sample_data" / "classics"), {})
    if "gowalla" in wanted:
        figures["gowalla"] = judged(gowalla(0.2), {})
    if "ml-100k" in wanted:
        runs = [judged(movielens(seed), beside) for seed in SEEDS]
        mean = round(float(np.mean([run["models"][FIRST_CHOICE]["ndcg@20"] for run in runs])), 4)
        figures["ml-100k"] = {"mean": mean, "reached": mean >= WANTED["ml-100k"], "runs": runs}
    settings = {"seeds": SEEDS, "worlds": WORLDS, "wanted": WANTED, "gowalla_people": GOWALLA_PEOPLE}
    write("defaults", settings, figures)


if __name__ == "__main__":
    main()
