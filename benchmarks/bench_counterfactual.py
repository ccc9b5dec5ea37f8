"""Necessary and sufficient: reasons against removal, by the definitions of a public benchmark (arXiv 2604.19663).

For items in the top 5 of people with short histories (3 in the median), on a LightGCN:

PN-S    share of items that leave the list when the explicit explanation is removed (higher), with its mean size
POS-P   interactions go in tenths, most important first: share of steps in which the item is still listed (lower)
NEG-P   the same, least important first (higher)

"Listed" is decided by recomputing the changed graph with embeddings kept. Rows that bound the others: trying all
subsets of the person's own, all single ones and pairs of both ends, random order, most popular first. The data are the
sample with histories cut short, so figures are of the same kind as the public ones but not of the same data: as there,
the graph has interactions alone, and once more friendships and attributes besides, which stay when interactions go.
"Few readers" are the cases whose item has at most 25; the sample's most popular ones have up to 50.

Writes benchmarks/results/counterfactual.json.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common import ROOT, write

from gnnrec_core.data.dataset import Dataset, without_rows
from gnnrec_core.data.store import load_dataset, save_dataset
from gnnrec_core.explain.case import excluded_items, make_case
from gnnrec_core.explain.methods.leave_one_out import leave_one_out
from gnnrec_core.explain.methods.ledger import reader_ledger, user_ledger
from gnnrec_core.explain.questions.both_ends import ends_counterfactual
from gnnrec_core.explain.questions.counterfactual import find_counterfactual
from gnnrec_core.explain.scores.linear import prepare
from gnnrec_core.explain.scores.scoring import scorer_of
from gnnrec_core.explain.scores.star import Star
from gnnrec_core.ranking.topk import rank_of
from gnnrec_core.runs.run import Run, load_run
from gnnrec_core.runs.training import train

K, N_STEPS, LONGEST = 5, 10, 11
FEW_READERS = 25
WORLDS: dict[str, dict[str, Any]] = {"interactions_alone": {"side_edges": 0.0}, "with_side_edges": {}}


def short_histories(seed: int) -> Dataset:
    """The sample with 1 to 11 train interactions a person, most of them few."""
    dataset, rng = load_dataset(ROOT / "sample_data" / "classics"), np.random.default_rng(seed)
    rows = dataset.interactions.rows("train")
    users = dataset.interactions.user_index[rows]
    gone = []
    for user in np.unique(users):
        own = rng.permutation(rows[users == user])
        gone.append(own[min(LONGEST, 1 + rng.geometric(0.3)) :])
    return without_rows(dataset, np.concatenate(gone))


def cases_of(run: Run, n_users: int, seed: int) -> list[tuple[int, int]]:
    """(user, item) for the items of the top 5."""
    users = np.random.default_rng((seed, 1)).permutation(run.dataset.n_users)[:n_users]
    found = []
    for user in users.tolist():
        scores = np.array(run.model.score(np.array([user]))[0], np.float64)
        scores[excluded_items(run.dataset, user)] = -np.inf
        found += [(user, int(item)) for item in np.argsort(-scores, kind="stable")[:K]]
    return found


class Judge:
    """Is the item listed without some interactions of the user? Answers are kept: subsets are asked for often."""

    def __init__(self, run: Run, user: int, item: int) -> None:
        self.scorer, self.user, self.item = scorer_of(run.model), user, item
        self.excluded, self.known = excluded_items(run.dataset, user), {}

    def listed(self, edges: Any) -> bool:
        """On the graph without `edges` (columns)."""
        key = tuple(sorted(int(edge) for edge in edges))
        if key not in self.known:
            scores = self.scorer.scores_without(self.user, np.array(key, np.int64))
            self.known[key] = rank_of(scores, self.item, self.excluded) <= K
        return self.known[key]


def orders(run: Run, user: int, item: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Interactions of the user (and, `both_ends`, of the item's readers), most important first, by each method."""
    graph, half = run.graph, run.graph.n_edges // 2
    case = make_case(run.model, run.dataset, user, item, "margin", K)
    _, edges, values = user_ledger(run.model, case)
    own = graph.edge_type[edges] == 0
    edges, values = edges[own], values[own]
    lost = leave_one_out(scorer_of(run.model), case, edges)
    popular = graph.popularity[graph.edge_index[1, edges] - graph.n_users]
    score = make_case(run.model, run.dataset, user, item, "score", K)
    _, readers, sent, _ = reader_ledger(prepare(run.model), score)
    read = graph.edge_type[readers] == 0
    both, worth = np.concatenate([edges, readers[read] % half]), np.concatenate([values, sent[read]])
    return {
        "ledger": edges[np.argsort(-values, kind="stable")],
        "leave_one_out": edges[np.argsort(-lost, kind="stable")],
        "random": rng.permutation(edges),
        "most_popular": edges[np.argsort(-popular, kind="stable")],
        "ledger_of_both_ends": both[np.argsort(-worth, kind="stable")],
        "random_of_both_ends": rng.permutation(both),
    }


def perturbed(judge: Judge, order: np.ndarray) -> float:
    """Share of steps, a tenth more gone in each, in which the item is still listed."""
    return float(np.mean([judge.listed(order[: round(step * len(order) / N_STEPS)]) for step in range(1, N_STEPS + 1)]))


def all_subsets(judge: Judge, edges: np.ndarray) -> int:
    """Size of the smallest subset that takes the item off the list; 0 where none does."""
    for size in range(1, len(edges) + 1):
        if any(not judge.listed(chosen) for chosen in combinations(edges.tolist(), size)):
            return size
    return 0


def at_least(run: Run, user: int, item: int, found: int) -> int:
    """The fewest interactions of both ends that can do it, as far as all single ones and all pairs tell (3: more)."""
    if found == 1:
        return 1
    graph, half, excluded = run.graph, run.graph.n_edges // 2, excluded_items(run.dataset, user)
    read = graph.edges_of(graph.item_node(item)) % half
    edges = np.union1d(graph.history_edges(user), read[graph.kinds(read) == 0])
    nodes = np.union1d(graph.ends(edges), [user]).astype(np.int64)
    prepared = prepare(run.model)
    star = Star.among(graph, prepared.propagation, prepared.items, user, nodes)
    for size in (1, 2):
        for chosen in combinations(edges.tolist(), size):
            if rank_of(star.scores_without(np.array(chosen)), item, excluded) > K:
                return size
    return 3


def measure(run: Run, n_users: int, seed: int) -> dict[str, Any]:
    """All methods on the same cases."""
    rng = np.random.default_rng((seed, 2))
    sizes: dict[str, list[int]] = {"own": [], "both": [], "all_subsets_of_own": [], "pairs_of_both": []}
    steps: dict[str, list[tuple[float, float]]] = {}
    seconds: dict[str, list[float]] = {"own": [], "both": []}
    contradictions, cases = 0, cases_of(run, n_users, seed)
    for user, item in cases:
        judge = Judge(run, user, item)
        own = find_counterfactual(run, user, item, K)
        both = ends_counterfactual(run, user, item, K, "both")
        for name, found in (("own", own), ("both", both)):
            sizes[name].append(len(found.edges) if found.found else 0)
            seconds[name].append(found.seconds)
            contradictions += found.found == judge.listed(found.edges)
        by_method = orders(run, user, item, rng)
        sizes["all_subsets_of_own"].append(all_subsets(judge, by_method["ledger"]))
        sizes["pairs_of_both"].append(at_least(run, user, item, sizes["both"][-1]))
        for name, order in by_method.items():
            steps.setdefault(name, []).append((perturbed(judge, order), perturbed(judge, order[::-1])))
    bound, few = np.array(sizes.pop("pairs_of_both")), run.graph.popularity[[item for _, item in cases]] <= FEW_READERS
    both_sizes = np.array(sizes["both"])
    return {
        "n_cases": len(cases),
        "median_history": float(np.median([len(run.graph.history(user)) for user, _ in cases])),
        "found_contradicts_rank": int(contradictions),
        "pn_s": {name: float(np.mean(np.array(found) > 0)) for name, found in sizes.items()},
        "mean_size": {name: float(np.mean([size for size in found if size])) for name, found in sizes.items()},
        "both_by_readers": {
            name: {"n": int(cases_.sum()), "pn_s": float((both_sizes[cases_] > 0).mean())}
            | {"mean_size": float(both_sizes[cases_ & (both_sizes > 0)].mean())}
            for name, cases_ in (("few", few), ("many", ~few))
        },
        "both_mean_size_at_least": float(bound.mean()),
        "both_of_two_found_as_pairs": float((both_sizes[bound == 2] == 2).mean()),
        "median_seconds": {name: float(np.median(found)) for name, found in seconds.items()},
        "longest_seconds": {name: float(np.max(found)) for name, found in seconds.items()},
        "pos_p": {name: float(np.mean([pos for pos, _ in found])) for name, found in steps.items()},
        "neg_p": {name: float(np.mean([neg for _, neg in found])) for name, found in steps.items()},
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n-users", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    start, figures = time.process_time(), {}
    for name, settings in WORLDS.items():
        with tempfile.TemporaryDirectory() as folder:
            save_dataset(short_histories(arguments.seed), Path(folder) / "data")
            train(Path(folder) / "data", "lightgcn", settings, Path(folder) / "run", device="cpu")
            figures[name] = measure(load_run(Path(folder) / "run"), arguments.n_users, arguments.seed)
    settings = vars(arguments) | {"k": K, "few_readers": FEW_READERS}
    write("counterfactual", settings, figures | {"cpu_seconds": time.process_time() - start})


if __name__ == "__main__":
    main()
