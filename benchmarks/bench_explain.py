"""Explanations of a LightGCN and a GAT on ML-100K: are they exact, how fast, and against PyG's GNNExplainer.

Usage: python benchmarks/bench_explain.py [--users 200] [--epochs 300] [--gat-epochs 20] [--pyg-epochs 100] [...]

Both models have their default settings and stand at their best epoch by validation (the GAT within its first 20 epochs,
to save time). CPU time, one thread, model loaded. PyG's explainer learns an edge mask on the whole graph with the
settings of its documentation; ours is asked for the same pair. Gowalla has random embeddings: the work does not depend
on the numbers.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from common import gowalla, movielens, seconds, write
from scipy.stats import spearmanr

from gnnrec_core.data.dataset import Dataset
from gnnrec_core.explain.case import excluded_items, make_case
from gnnrec_core.explain.explanation import Case
from gnnrec_core.explain.methods.paths import target_vector
from gnnrec_core.explain.questions.counterfactual import find_counterfactual
from gnnrec_core.explain.scores.edge_effects import leave_one_out, user_ledger, weight_gradient
from gnnrec_core.explain.scores.linear import all_scores, prepare
from gnnrec_core.explain.scores.predictor import removal_predictor
from gnnrec_core.explain.scores.scoring import scorer_of
from gnnrec_core.explain.walks.walks import best_walks
from gnnrec_core.ranking.topk import rank_items, rank_of
from gnnrec_core.runs.recommend import left_out
from gnnrec_core.runs.run import Run

K = 10


def main() -> None:
    """Measure and write `results/explain.json`."""
    import torch

    from gnnrec_core.explain.methods import captum_methods, gnn_explainer  # noqa: F401  (imported before any clock starts)

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=200)
    parser.add_argument("--epochs", type=int, default=300)
    parser.add_argument("--gat-epochs", type=int, default=20)
    parser.add_argument("--pyg-epochs", type=int, default=100)
    parser.add_argument("--skip-gowalla", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    dataset = movielens(0)
    model = trained(dataset, "lightgcn", arguments.epochs)
    lists = listed(model, dataset)
    users = np.random.default_rng(0).choice(dataset.n_users, arguments.users, replace=False)
    cases = [make_case(model, dataset, int(user), int(lists[user, 3]), "score", K) for user in users[:60]]
    figures: dict[str, Any] = {
        "exactness": exactness(model, dataset, lists),
        "ml100k_ms": timings(model, dataset, cases),
        "removal_prediction": removal_prediction(model, users[:80]),
        "counterfactual": {
            f"rank_{place}": counterfactuals(model, dataset, lists, users if place == K else users[:40], place)
            for place in (K, 5, 1)
        },
    }
    figures["gat"] = of_gat(dataset, arguments.gat_epochs, users)
    figures["gnnexplainer"] = against_pyg(model, dataset, cases[0], arguments.pyg_epochs)
    if not arguments.skip_gowalla:
        figures["gowalla_ms"] = gowalla_timings()
    write("explain", {**vars(arguments), "k": K, "n_layers": model.settings.n_layers}, figures)


def trained(dataset: Dataset, name: str, epochs: int) -> Any:
    """A model with its default settings at its best epoch by validation, of at most `epochs`."""
    from gnnrec_core.models import MODELS
    from gnnrec_core.models.protocol import FitOptions
    from gnnrec_core.runs.validation import Validation

    kind, validation = MODELS.load(name), Validation(dataset)
    model = kind.create(dataset, kind.settings_type(epochs=epochs), 0, "cpu")
    for _ in model.fit(FitOptions(lambda: validation(model))):
        pass
    return model


def listed(model: Any, dataset: Dataset) -> Any:
    """Everybody's first ten items `[n_users, 10]`."""
    return rank_items(model.score, np.arange(dataset.n_users), left_out(dataset), K).item_index


def exactness(model: Any, dataset: Dataset, lists: Any) -> dict[str, float]:
    """Completeness of every top-10 pair, the ledger against leave-one-out, leave-one-out against rebuilding."""
    scorer = scorer_of(model)
    agreement: dict[str, list[float]] = {"score": [], "margin": []}
    for user in range(0, dataset.n_users, 3):
        for target, found in agreement.items():
            case = make_case(model, dataset, user, int(lists[user, user % K]), target, K)  # type: ignore[arg-type]
            _, edges, values = user_ledger(model, case)
            found.append(float(spearmanr(values, leave_one_out(scorer, case, edges)).statistic))
    rebuilt = 0.0
    exact = prepare(model)
    for user in range(0, dataset.n_users, 100):
        edges = scorer.graph.history_edges(user)
        fast = scorer.scores_without_each(user, edges, lists[user])
        for row in range(0, len(edges), 7):
            changed = scorer.graph.without(edges[[row]])
            operator = changed.normalised_adjacency
            spread = type(exact.propagation)(
                changed.n_users,
                exact.propagation.embedding,
                exact.propagation.layer_weights,
                ((operator,),) * exact.propagation.n_layers,
                True,
            )
            slow = all_scores(spread, user, dataset.n_items)[lists[user]]
            rebuilt = max(rebuilt, float(np.abs(fast[row] - slow).max()))
    return {
        "completeness_worst_relative": completeness(model, dataset, lists),
        **{f"ledger_vs_leave_one_out_{t}_mean": float(np.mean(found)) for t, found in agreement.items()},
        **{f"ledger_vs_leave_one_out_{t}_min": float(np.min(found)) for t, found in agreement.items()},
        "leave_one_out_vs_rebuilding_max_abs": rebuilt,
    }


def completeness(model: Any, dataset: Dataset, lists: Any) -> float:
    """Largest |own + parts - score| / max(1, |score|) over everybody's first ten items."""
    scorer, worst = scorer_of(model), 0.0
    scores = model.score(np.arange(dataset.n_users))
    for user in range(dataset.n_users):
        parts, own = scorer.parts(user, lists[user]), scores[user, lists[user]]
        worst = max(worst, float((np.abs(parts.own + parts.values.sum(0) - own) / np.maximum(1, np.abs(own))).max()))
    return worst


def of_gat(dataset: Dataset, epochs: int, users: Any, n_compared: int = 20) -> dict[str, Any]:
    """The same questions to a GAT: its parts with attention frozen, and its gradient, against recomputation."""
    model = trained(dataset, "gat", epochs)
    lists, scorer = listed(model, dataset), scorer_of(model)
    agreement: dict[str, list[float]] = {}
    for user in map(int, users[:n_compared]):
        edges = scorer.graph.history_edges(user)
        for target in ("score", "margin"):
            case = make_case(model, dataset, user, int(lists[user, user % K]), target, K)  # type: ignore[arg-type]
            exact = leave_one_out(scorer, case, edges)
            told = {"gradient": weight_gradient(model, case, edges), "ledger": user_ledger(model, case)[2]}
            for name, values in told.items():
                agreement.setdefault(f"{name}_{target}", []).append(float(spearmanr(values, exact).statistic))
    case = make_case(model, dataset, int(users[0]), int(lists[users[0], 3]), "score", K)
    edges = scorer.graph.history_edges(case.user_index)
    return {
        "epochs": epochs,
        "completeness_worst_relative": completeness(model, dataset, lists),
        "n_compared": n_compared,
        **{f"{name}_vs_leave_one_out_mean": float(np.mean(found)) for name, found in agreement.items()},
        **{f"{name}_vs_leave_one_out_min": float(np.min(found)) for name, found in agreement.items()},
        "gradient_ms": round(1e3 * seconds(lambda: weight_gradient(model, case, edges)), 1),
        "one_recomputation_ms": round(1e3 * seconds(lambda: leave_one_out(scorer, case, edges[:1])), 1),
        "removal_prediction": removal_prediction(model, users[:40]),
        "counterfactual_rank_10": counterfactuals(model, dataset, lists, users[:40], K),
    }


def timings(model: Any, dataset: Dataset, cases: list[Case]) -> dict[str, Any]:
    """Median and largest milliseconds over the cases."""
    scorer, prepared = scorer_of(model), prepare(model)
    prepared.upstream, prepared.removal  # noqa: B018  (computed once for a loaded model)
    scorer.scores_without(0, scorer.graph.history_edges(0)[:1])

    def walks(case: Case) -> None:
        best_walks(prepared.propagation, case.user_index, target_vector(prepared, case), 10)

    return {
        "ledger": over(cases, lambda case: user_ledger(model, case)),
        "ledger_as_explanation": over(cases, asked(model, dataset, "ledger")),
        "leave_one_out_all_edges": over(
            cases, lambda case: leave_one_out(scorer, case, scorer.graph.history_edges(case.user_index))
        ),
        "top_10_walks": over(cases, walks),
        "integrated_gradients": over(cases[:20], asked(model, dataset, "integrated_gradients")),
        "one_check": over(
            cases, lambda case: scorer.scores_without(case.user_index, scorer.graph.history_edges(case.user_index)[:1])
        ),
    }


def asked(model: Any, dataset: Dataset, method: str) -> Callable[[Case], Any]:
    """The method alone: no checks, no narrative."""
    from gnnrec_core.explain import EXPLAINERS

    explainer = EXPLAINERS.load(method)()
    return lambda case: explainer.explain(model, dataset, case, explainer.settings_type(), 0)


def over(cases: list[Case], action: Callable[[Case], Any]) -> dict[str, float]:
    """CPU milliseconds of `action`: median and largest over the cases, each the median of three calls."""
    action(cases[0])
    times = [1e3 * seconds(lambda case=case: action(case), rounds=3, warmup=0) for case in cases]  # type: ignore[misc]
    return {"median": round(float(np.median(times)), 3), "max": round(max(times), 3)}


def removal_prediction(model: Any, users: Any) -> dict[str, float]:
    """Mean relative error of the closed form when a fifth or half of the history goes, against recomputation."""
    scorer, rng = scorer_of(model), np.random.default_rng(0)
    errors: dict[str, list[float]] = {"top_20_percent": [], "random_20_percent": [], "random_50_percent": []}
    every = np.arange(scorer.graph.n_items)
    for user in users:
        predictor = removal_predictor(scorer, int(user), every)
        item = int(np.argmax(scorer.scores(int(user))))
        order, m = np.argsort(-predictor.linear[:, item]), len(predictor.edges)
        sets = (order[: m // 5], rng.permutation(m)[: m // 5], rng.permutation(m)[: m // 2])
        for name, chosen in zip(errors, sets, strict=True):
            if len(chosen):
                exact = scorer.scores_without(int(user), predictor.edges[chosen])
                guess = predictor.of_sets(chosen[None])[0]
                errors[name].append(float(np.abs(guess - exact).mean() / np.abs(exact).mean()))
    return {name: float(np.mean(found)) for name, found in errors.items()}


def counterfactuals(model: Any, dataset: Dataset, lists: Any, users: Any, place: int) -> dict[str, Any]:
    """Items at `place` of the list: how many can be pushed out, with how many removals; each verified by rebuilding."""
    answers, times, verified = [], [], []
    for user in users:
        start = time.process_time()
        answer = find_counterfactual(Run.of(model, dataset), int(user), int(lists[user, place - 1]), K)
        times.append(time.process_time() - start)
        answers.append(answer)
        if answer.found:
            changed = all_scores(
                model.propagation(model.graph.without(np.array(answer.edges))), int(user), dataset.n_items
            )
            excluded = excluded_items(dataset, int(user))
            verified.append(rank_of(changed, answer.case.item_index, excluded) > K)
    sizes = [len(answer.removed) for answer in answers if answer.found]
    return {
        "n_users": len(users),
        "solved": len(sizes) / len(users),
        "verified_by_rebuilding": float(np.mean(verified)) if verified else None,
        "mean_size": float(np.mean(sizes)) if sizes else None,
        "median_size": float(np.median(sizes)) if sizes else None,
        "proved_minimal_or_impossible": float(np.mean([answer.minimality == "proved" for answer in answers])),
        "median_seconds": float(np.median(times)),
        "max_seconds": float(np.max(times)),
    }


def against_pyg(model: Any, dataset: Dataset, case: Case, n_epochs: int) -> dict[str, float]:
    """Seconds of PyG's GNNExplainer on the whole graph, of ours, and of exact leave-one-out, for one pair."""
    from gnnrec_core.explain.methods.gnn_explainer import GNNExplainer, GNNExplainerSettings

    start = time.process_time()
    pyg_gnnexplainer(model, case, n_epochs)
    pyg = time.process_time() - start
    settings = GNNExplainerSettings(n_epochs=n_epochs, n_seeds=1)
    ours = seconds(lambda: GNNExplainer().explain(model, dataset, case, settings, 0), rounds=1, warmup=0)
    scorer = scorer_of(model)
    exact = seconds(lambda: leave_one_out(scorer, case, scorer.graph.history_edges(case.user_index)))
    ledger = seconds(lambda: user_ledger(model, case))
    return {
        "pyg_seconds": pyg,
        "our_gnnexplainer_seconds": ours,
        "pyg_over_ours": pyg / ours,
        "pyg_over_leave_one_out": pyg / exact,
        "pyg_over_ledger": pyg / ledger,
    }


def pyg_gnnexplainer(model: Any, case: Case, n_epochs: int) -> None:
    """`torch_geometric.explain.GNNExplainer` on LightGCN written with `LGConv`, as its documentation has it."""
    import torch
    from torch_geometric.explain import Explainer, GNNExplainer
    from torch_geometric.nn import LGConv

    n_layers = model.settings.n_layers

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convs = torch.nn.ModuleList(LGConv() for _ in range(n_layers))

        def forward(self, x: Any, edge_index: Any, edge_label_index: Any) -> Any:
            total = x
            for conv in self.convs:
                x = conv(x, edge_index)
                total = total + x
            final = total / (n_layers + 1)
            return (final[edge_label_index[0]] * final[edge_label_index[1]]).sum(-1)

    graph = model.graph
    explainer = Explainer(
        Net(),
        GNNExplainer(epochs=n_epochs),
        explanation_type="model",
        edge_mask_type="object",
        model_config={"mode": "regression", "task_level": "edge", "return_type": "raw"},
    )
    embedding = torch.from_numpy(np.array(model.propagation().embedding, dtype=np.float32))
    pair = torch.tensor([[case.user_index], [graph.n_users + case.item_index]])
    explainer(embedding, torch.from_numpy(graph.edge_index.copy()), edge_label_index=pair)


def gowalla_timings() -> dict[str, Any]:
    """The same three at 810,128 interactions, for users of median, 99th percentile and largest degree."""
    from gnnrec_core.models.lightgcn import LightGCN, LightGCNSettings

    dataset = gowalla()
    model = LightGCN.create(dataset, LightGCNSettings(), 0, "cpu")
    degrees = np.diff(model.graph.seen.indptr)
    order = np.argsort(degrees, kind="stable")
    scorer, prepared = scorer_of(model), prepare(model)
    result: dict[str, Any] = {}
    for name, place in (("median", 0.5), ("p99", 0.99), ("largest", 1.0)):
        user = int(order[min(len(order) - 1, int(place * len(order)))])
        case = make_case(model, dataset, user, 123, "score", K)
        edges = scorer.graph.history_edges(user)

        def walks(case: Case = case) -> None:
            best_walks(prepared.propagation, case.user_index, target_vector(prepared, case), 10)

        result[name] = {
            "n_interactions": int(degrees[user]),
            "ledger": 1e3 * seconds(lambda case=case: user_ledger(model, case)),  # type: ignore[misc]
            "leave_one_out_all_edges": 1e3 * seconds(lambda case=case, edges=edges: leave_one_out(scorer, case, edges)),  # type: ignore[misc]
            "top_10_walks": 1e3 * seconds(walks),
        }
    return result


if __name__ == "__main__":
    main()
