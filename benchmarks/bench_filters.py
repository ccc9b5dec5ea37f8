"""Graph filters beside ItemKNN, EASE and popularity: accuracy, cost, and how far their ledgers are from fitting anew.

On each data set the constants of a filter are chosen on a validation part, one setting after the other; then it is
fitted on train (Gowalla: with the validation part put back, as published) and judged once on test. Gowalla's constants
are chosen on the lists of 3,000 people. EASE's matrices of all pairs of Gowalla's items take more memory than is given.

`ledger_against_refit`: for some people and their first item, Spearman's rank correlation between the parts of the score
and what it loses when the model is fitted without each interaction; `slope` is the loss over the part. `retrained_*` is
the same of the level "trained again", which updates a decomposition (EASE, filters) instead of fitting.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from bench_accuracy import test_figures
from common import RESULTS, ROOT, gowalla, movielens, write
from scipy.stats import linregress, spearmanr

SEEDS = (0, 1, 2)
N_CHOSEN_ON = 3000
PUBLISHED = {"chebycf": {"recall@20": 0.1941, "ndcg@20": 0.1616}, "gfcf": {"recall@20": 0.1849, "ndcg@20": 0.1518}}
WANTED = {"chebycf": {"recall@20": 0.190, "ndcg@20": 0.158}, "lowpass": {"recall@20": 0.186, "ndcg@20": 0.156}}
N_USERS, N_REMOVED = 24, 10
TRIED: dict[str, dict[str, dict[str, tuple[float, ...]]]] = {
    "ml-100k": {
        "itemknn": {"n_neighbours": (20, 50, 100, 200), "shrinkage": (0, 10, 50)},
        "ease": {"l2": (50, 100, 200, 400, 800)},
        "chebycf": {
            "degree_power": (0.0, 0.1, 0.2, 0.3),
            "flatness": (1.5, 3, 5, 8, 12),
            "low_pass_weight": (0.2, 0.4, 0.8),
            "n_vectors": (64, 96, 128),
        },
        "gfcf": {"n_vectors": (32, 64, 128), "low_pass_weight": (0.1, 0.3, 1)},
        "lowpass": {"degree_power": (0.25, 0.35, 0.5), "n_vectors": (32, 64, 128)},
    },
    "gowalla": {
        "chebycf": {
            "degree_power": (0.2, 0.3, 0.4, 0.5),
            "flatness": (1.5, 2, 3, 5),
            "low_pass_weight": (0.1, 0.2, 0.4),
            "n_vectors": (512, 768),
        },
        "gfcf": {"n_vectors": (256, 512), "low_pass_weight": (0.1, 0.3, 1)},
        "lowpass": {"degree_power": (0.5,), "n_vectors": (512, 768, 1024)},  # the power as published
        "lowpass, power chosen too": {"n_vectors": (512, 768, 1024), "degree_power": (0.3, 0.4, 0.5)},
    },
}


def fitted(name: str, dataset: Any, settings: dict[str, Any]) -> tuple[Any, float]:
    """A fitted model, and the CPU seconds of fitting."""
    from gnnrec_core.base.settings import read_settings
    from gnnrec_core.models import MODELS
    from gnnrec_core.models.protocol import FitOptions

    model_type = MODELS.load(name)
    model = model_type.create(dataset, read_settings(model_type.settings_type, settings), 0, "cpu")
    start = time.process_time()
    list(model.fit(FitOptions()))
    return model, time.process_time() - start


def choose(
    name: str, grid: dict[str, tuple[float, ...]], dataset: Any, n_users: int
) -> tuple[dict[str, float], list[dict[str, float]]]:
    """One setting after the other, each at its best NDCG@20 on the validation part; and all that was tried."""
    from gnnrec_core.base.settings import read_settings
    from gnnrec_core.models import MODELS
    from gnnrec_core.models.ops.filters.graph_filter import GraphFilter
    from gnnrec_core.runs.validation import Validation

    validation = Validation(dataset)
    if len(validation.users) > n_users:
        validation.users = np.sort(np.random.default_rng(0).choice(validation.users, n_users, replace=False))
    fits: dict[Any, Any] = {}  # a filter's tensors hang on the number of its vectors alone
    figures: dict[tuple[tuple[str, float], ...], float] = {}

    def judge(settings: dict[str, float]) -> float:
        key = tuple(sorted(settings.items()))
        if key not in figures:
            model_type = MODELS.load(name)
            fit = settings.get("n_vectors") if issubclass(model_type, GraphFilter) else key
            if fit not in fits:
                fits[fit] = fitted(name, dataset, settings)[0].tensors()
            model = model_type.restore(dataset, read_settings(model_type.settings_type, settings), fits[fit])
            figures[key] = validation(model)["ndcg@20"]
            print(name, settings, round(figures[key], 4), flush=True)
        return figures[key]

    best: dict[str, float] = {}
    for setting, values in grid.items():
        best[setting] = max(values, key=lambda value: judge({**best, setting: value}))
    return best, [dict(key) | {"ndcg@20": round(value, 4)} for key, value in figures.items()]


def judged(name: str, dataset: Any, settings: dict[str, Any]) -> dict[str, Any]:
    """Test figures and CPU seconds of one model."""
    model, fit = fitted(name, dataset, settings)
    start = time.process_time()
    found = {key: round(value, 4) for key, value in test_figures(model.score, dataset).items()}
    cost = {"fit_cpu_seconds": round(fit, 2), "evaluation_cpu_seconds": round(time.process_time() - start, 1)}
    print(dataset.name, name, settings, found, cost, flush=True)
    return found | cost


def on_gowalla() -> dict[str, Any]:
    """Constants from a fifth of train, which is how test was drawn from all; figures from the published test part."""
    part, whole = gowalla(0.2), gowalla()
    rows: dict[str, Any] = {name: judged(name, whole, {}) for name in ("popularity", "itemknn")}
    for row, grid in TRIED["gowalla"].items():
        name = row.split(",")[0]
        settings, tried = choose(name, grid, part, N_CHOSEN_ON)
        rows[row] = judged(name, whole, settings) | {"settings": settings, "tried": tried}
        for figure, wanted in WANTED.get(row, {}).items():
            rows[row][f"{figure}_reached"] = rows[row][figure] >= wanted
    return rows | {"published": PUBLISHED}


def on_movielens() -> dict[str, Any]:
    """Means over three seeds; constants from the validation part of each, and untouched defaults beside them."""
    runs: dict[str, list[dict[str, Any]]] = {}
    for seed in SEEDS:
        dataset = movielens(seed)
        for name in ("popularity", *TRIED["ml-100k"]):
            runs.setdefault(f"{name} (defaults)", []).append(judged(name, dataset, {}))
        for name, grid in TRIED["ml-100k"].items():
            settings, _ = choose(name, grid, dataset, dataset.n_users)
            runs.setdefault(name, []).append(judged(name, dataset, settings) | {"settings": settings})
    figures = ("ndcg@20", "recall@20")
    means = {
        name: {figure: round(float(np.mean([run[figure] for run in found])), 4) for figure in figures}
        for name, found in runs.items()
    }
    return {"mean": means, "runs": runs}


def ledger_against_refit(dataset: Any, names: tuple[str, ...], n_users: int) -> dict[str, Any]:
    """Parts of a score against what fitting anew without each interaction takes from it."""
    rows = {}
    for name in names:
        model, _ = fitted(name, dataset, {})
        many = np.flatnonzero(np.diff(model.graph.seen.indptr) >= N_REMOVED)
        users = np.random.default_rng(0).choice(many, n_users, replace=False)
        cases = [case for user in users if (case := case_against_refit(model, dataset, int(user))) is not None]
        correlations, slopes, again, error, seconds, anew, *errors = np.array(cases).T
        rows[name] = {
            "n_cases": len(cases),
            "spearman_mean": round(float(correlations.mean()), 4),
            "spearman_lowest": round(float(correlations.min()), 4),
            "slope_mean": round(float(slopes.mean()), 3),
            "retrained_spearman_mean": round(float(again.mean()), 4),
            "retrained_error_highest": float(error.max()),
            "retrained_cpu_ms": round(1000 * float(np.median(seconds)), 2),
            "fitted_anew_cpu_ms": round(1000 * float(np.median(anew)), 2),
            "completeness_error_of_score_highest": float(errors[0].max()),
            "completeness_error_of_margin_highest": float(errors[1].max()),
        }
        print(dataset.name, name, rows[name], flush=True)
    return rows


def case_against_refit(model: Any, dataset: Any, user: int) -> tuple[float, ...] | None:
    """For the first item of a person: Spearman and slope of the ledger; Spearman and largest error, as a share of the
    score, of the level "trained again"; CPU seconds a removal at that level, and fitted anew; relative completeness
    errors of the ledger of the score and of the margin. None where all parts are equal: then there is no order.
    """
    from gnnrec_core.data.dataset import without_rows
    from gnnrec_core.explain.explaining import explain
    from gnnrec_core.runs.run import Run

    graph = model.graph
    scores = model.score_on(graph, np.array([user]))[0]
    unseen = scores.copy()
    unseen[graph.history(user)] = -np.inf
    item = int(unseen.argmax())
    parts = model.history_parts(user, np.array([item]))
    chosen = np.random.default_rng(user).permutation(len(parts.edges))[:N_REMOVED]
    start = time.process_time()
    updated = model.scores_refitted(user, [parts.edges[one : one + 1] for one in chosen])[:, item]
    seconds = (time.process_time() - start) / len(chosen)
    start, anew = time.process_time(), []
    for edge in parts.edges[chosen]:
        less, _ = fitted(model.name, without_rows(dataset, graph.edge_interaction[[edge]]), {})
        anew.append(float(less.score_on(less.graph, np.array([user]))[0, item]))
    seconds_anew = (time.process_time() - start) / len(chosen)
    values, lost = parts.values[chosen, 0], scores[item] - np.array(anew)
    if np.ptp(values) == 0:
        return None
    found = [explain(Run.of(model, dataset), user, item, "ledger", of, check_top=0) for of in ("score", "margin")]
    errors = [ledger.completeness_error / abs(ledger.score) for ledger in found]
    again, error = spearmanr(scores[item] - updated, lost).statistic, np.abs(updated - anew).max() / abs(scores[item])
    of_ledger = spearmanr(values, lost).statistic, linregress(values, lost).slope
    return *of_ledger, again, error, seconds, seconds_anew, *errors


def ease_against_brute_force(dataset: Any) -> float:
    """Largest difference in a score between Woodbury's update and inverting the Gram matrix of the changed data."""
    from gnnrec_core.models.ops.closed_form import weighted_interactions

    model, _ = fitted("ease", dataset, {})
    worst = 0.0
    for user in range(5):
        edges = model.graph.history_edges(user)[:3]
        x = weighted_interactions(model.graph.without(edges)).toarray()
        inverse = np.linalg.inv(x.T @ x + model.settings.l2 * np.eye(dataset.n_items))
        weight = inverse / -np.diag(inverse)
        np.fill_diagonal(weight, 0.0)
        worst = max(worst, float(np.abs(model.scores_refitted(user, [edges])[0] - x[user] @ weight).max()))
    return worst


def main() -> None:
    """Everything, on one thread; writes `results/filters.json`; `--part` renews one part of it."""
    import torch

    from gnnrec_core.data.store import load_dataset

    torch.set_num_threads(1)
    sample = load_dataset(Path(ROOT) / "sample_data" / "classics")
    names = ("ease", "itemknn", "gfcf", "chebycf", "lowpass")
    parts = {
        "ledger_against_refit": lambda: {
            "sample": ledger_against_refit(sample, names, N_USERS),
            "ml-100k": ledger_against_refit(movielens(0), names, N_USERS),
        },
        "ease_against_brute_force": lambda: ease_against_brute_force(sample),
        "ml-100k": on_movielens,
        "gowalla": on_gowalla,
    }
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=tuple(parts))
    only = parser.parse_args().part
    path = RESULTS / "filters.json"
    kept = json.loads(path.read_text(encoding="utf-8"))["figures"] if only else {}
    figures = kept | {name: part() for name, part in parts.items() if only in (None, name)}
    write("filters", {"seeds": SEEDS, "tried": TRIED, "chosen_on_people": N_CHOSEN_ON, "wanted": WANTED}, figures)


if __name__ == "__main__":
    main()
