"""Are explanations true when the model is trained again? Every level held against real retraining.

For 24 people: ten of their interactions are left out, one a training (one interaction of each person in the same
training, with common random numbers), and for each item at rank 1 to 10 the change that is foretold is held against the
change that came. The run is calibrated on other people first. What others lose in the same training moves everybody a
little; so people lose theirs in other company in the training of each seed, and the mean over seeds is the truth. How
well one seed orders the changes that the mean of the others shows says how well this truth itself is known. Then the
strongest three reasons of three items go at once, the answers to "what takes it off the list" (verified in this model,
and foretold) and "what would lift it in" are trained for, and every explanation method is held against the single
removals. Models: LightGCN and GAT on the sample (the shipped runs), LightGCN on MovieLens 100K, and GraphSAGE on the
sample, of which the graph alone foretells.

    python benchmarks/bench_retraining.py --only lightgcn

Writes benchmarks/results/retraining.json; `--only` (and `--parts`) keep what other runs wrote.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common import RESULTS, ROOT, movielens, write
from scipy.stats import spearmanr

from gnnrec_core.base.errors import LensError, UnsupportedError
from gnnrec_core.data.dataset import Interactions
from gnnrec_core.data.store import save_dataset
from gnnrec_core.explain.case import excluded_items, make_case
from gnnrec_core.explain.explaining import explain
from gnnrec_core.explain.methods.ledger import user_ledger
from gnnrec_core.explain.questions.counterfactual import find_counterfactual
from gnnrec_core.explain.questions.why_not import why_not
from gnnrec_core.explain.scores.linear import Prepared
from gnnrec_core.explain.truth.calibration import _removals, calibrate
from gnnrec_core.explain.truth.foretelling import foreteller_of
from gnnrec_core.explain.truth.kept_scores import epochs_of
from gnnrec_core.explain.truth.relearning import relearner_of
from gnnrec_core.explain.truth.retraining import train_without
from gnnrec_core.models import MODELS
from gnnrec_core.models.protocol import FitOptions
from gnnrec_core.ranking.topk import rank_of
from gnnrec_core.runs.run import Run, load_run
from gnnrec_core.runs.training import train

SAMPLE = ROOT / "sample_data"
N_USERS, N_EDGES, K = 24, 10, 10
WORLDS: dict[str, tuple[str, int, tuple[str, ...]]] = {
    "lightgcn": ("lightgcn", 3, ("agreement", "methods", "strong_sets", "counterfactuals", "additions")),
    "gat": ("gat", 1, ("agreement", "methods", "strong_sets", "counterfactuals", "additions")),
    "ml100k": ("lightgcn", 3, ("agreement", "strong_sets", "counterfactuals", "additions")),
    "graphsage": ("graphsage", 1, ("agreement",)),
}
"""Of each world: the model, the seeds that a real change is the mean of, and what is asked."""
METHODS = (
    "ledger",
    "leave_one_out",
    "weight_gradient",
    "integrated_gradients",
    "saliency",
    "input_x_gradient",
    "shapley",
    "attention",
    "gnnexplainer",
    "random",
)
PLACES, N_SLOW = (0, 4), 12
"""Places of the items that every method explains; people whose first item the slowest, GNNExplainer, explains."""


class World:
    """A run, the people who are asked about, and real changes by training."""

    def __init__(self, run: Run, n_seeds: int, seed: int) -> None:
        self.run, self.seeds = run, range(run.record.seed, run.record.seed + n_seeds)
        self.rng = np.random.default_rng((seed, 7))
        self.calibration = calibrate(run)
        self.foreteller = foreteller_of(run.model, self.calibration)
        used, _ = _removals(run, self.foreteller, np.random.default_rng((0, 25)))  # whom the calibration saw
        long = np.flatnonzero(np.diff(run.graph.seen.indptr) >= N_EDGES)
        self.users = np.sort(self.rng.permutation(np.setdiff1d(long, used))[:N_USERS])
        self.control = {s: self.trained(np.zeros(0, np.int64), s) for s in self.seeds}

    def trained(self, edges: np.ndarray, seed: int) -> np.ndarray:
        """Scores of the people after a training without `edges`."""
        return np.asarray(train_without(self.run, edges, seed).score(self.users), np.float64)

    def change(self, edges: np.ndarray) -> np.ndarray:
        """Mean change over the seeds `[n_users, n_items]`."""
        return np.mean([self.trained(edges, s) - self.control[s] for s in self.seeds], axis=0)

    @cached_property
    def drawn(self) -> list[np.ndarray]:
        """Ten interactions of each person."""
        history = self.run.graph.history_edges
        return [self.rng.permutation(history(int(user)))[:N_EDGES] for user in self.users]

    @cached_property
    def singles(self) -> np.ndarray:
        """Changes without each of `drawn` alone `[n_seeds, 10, n_people, n_items]`; company is other for each seed."""
        people = np.arange(len(self.users))
        found = np.empty((len(self.seeds), N_EDGES, len(people), self.run.dataset.n_items))
        for place, seed in enumerate(self.seeds):
            for number in range(N_EDGES):
                which = (number + place * people) % N_EDGES
                edges = np.array([self.drawn[person][which[person]] for person in people])
                found[place, which, people] = self.trained(edges, seed) - self.control[seed]
        return found

    def lists(self) -> list[np.ndarray]:
        """Items at rank 1 to 11 of each person."""
        scores = np.asarray(self.run.model.score(self.users), np.float64)
        for row, user in enumerate(self.users):
            scores[row, excluded_items(self.run.dataset, int(user))] = -np.inf
        return [np.argsort(-row, kind="stable")[: K + 1] for row in scores]


def agreement(world: World) -> dict[str, Any]:
    """Single removals: rank correlation a case, R2 after the run's calibration, coverage, cost."""
    run, fore, singles = world.run, world.foreteller, world.singles
    real, relearner = singles.mean(axis=0), relearner_of(run.model)
    levels: dict[str, list[list[float]]] = {}
    told, came, leads_told, leads_came, inside, seconds = [], [], [], [], [], 0.0
    for row, (user, items) in enumerate(zip(world.users.tolist(), world.lists(), strict=True)):
        excluded, edges = excluded_items(run.dataset, user), world.drawn[row]
        start = time.process_time()
        without = fore.scorer.scores_without_each(user, edges)
        changes = fore.changes(user, [edge[None] for edge in edges], without)
        seconds += time.process_time() - start
        truth, now, last = real[:, row], fore.scorer.scores(user), items[K]
        kinds = {"in_this_model": (without - now, truth), "foretold": (changes, truth)}
        if relearner is not None and not relearner.prepared.propagation.symmetric:
            anew = [relearner.score_change_on(user, _changed(run, edge[None])) for edge in edges]
            kinds["foretold_attention_anew"] = (without - now + anew, truth)
        if len(singles) > 1:
            kinds["one_seed_for_the_others"] = (singles[0, :, row], singles[1:, :, row].mean(axis=0))
        for item in items[:K]:
            for name, (values, against) in kinds.items():
                score = spearmanr(values[:, item], against[:, item]).statistic
                lead = spearmanr(values[:, item] - values[:, last], against[:, item] - against[:, last]).statistic
                levels.setdefault(name, []).append([score, lead])
            foretold = fore.slope * changes
            told.append(foretold[:, item])
            came.append(truth[:, item])
            leads_told.append(foretold[:, item] - foretold[:, last])
            leads_came.append(truth[:, item] - truth[:, last])
            case = make_case(run.model, run.dataset, user, int(item), "score", K)
            for change, moved in zip(changes, truth, strict=True):
                said, rank = fore.judged(case, excluded, change), rank_of(now + moved, int(item), excluded)
                inside.append(said.rank_low <= rank <= said.rank_high)
    return {
        "n_pairs": len(inside),
        "spearman_score": {name: float(np.nanmean(np.array(found)[:, 0])) for name, found in levels.items()},
        "spearman_margin": {name: float(np.nanmean(np.array(found)[:, 1])) for name, found in levels.items()},
        "r2_score": _r2(told, came),
        "r2_margin": _r2(leads_told, leads_came),
        "coverage_of_80_percent_interval": float(np.mean(inside)),
        "cpu_ms_an_interaction": 1000 * seconds / (N_USERS * N_EDGES),
    }


def _changed(run: Run, edges: np.ndarray) -> Prepared:
    """The model on the graph without `edges`, attention computed anew."""
    graph = run.graph.without(edges)
    return Prepared.of(run.model.propagation(graph), graph)


def methods(world: World) -> dict[str, Any]:
    """Rank correlation of what each method says of single interactions with what training without each takes away."""
    run, half, lost = world.run, world.run.graph.n_edges // 2, -world.singles.mean(axis=0)
    found: dict[str, list[float]] = {}
    for row, (user, items) in enumerate(zip(world.users.tolist(), world.lists(), strict=True)):
        for item, method in [(int(items[place]), method) for place in PLACES for method in METHODS]:
            if method == "gnnexplainer" and (row >= N_SLOW or item != items[PLACES[0]]):
                continue
            with suppress(UnsupportedError):
                parts = explain(run, user, item, method, "score", check_top=0).contributions
                of_edge = {part.edge % half: part.value for part in parts if part.edge is not None}
                said = [of_edge.get(int(edge) % half, 0.0) for edge in world.drawn[row]]
                if np.ptp(said) > 0:
                    found.setdefault(method, []).append(float(spearmanr(said, lost[:, row, item]).statistic))
    return {name: {"n": len(values), "spearman": float(np.mean(values))} for name, values in found.items()}


def strong_sets(world: World) -> dict[str, Any]:
    """The strongest three reasons of the items at rank 1, 5 and 9 go: is the item still in the top 10?"""
    run, fore, lists = world.run, world.foreteller, world.lists()
    rows = []
    for place in (0, 4, 8):
        sets = []
        for user, items in zip(world.users.tolist(), lists, strict=True):
            case = make_case(run.model, run.dataset, user, int(items[place]), "score", K)
            _, edges, values = user_ledger(run.model, case)
            own = run.graph.edge_type[edges] == 0
            sets.append((case, edges[own][np.argsort(-values[own], kind="stable")[:3]]))
        moved = world.change(np.concatenate([edges for _, edges in sets]))
        for (case, edges), change in zip(sets, moved, strict=True):
            excluded, now = excluded_items(run.dataset, case.user_index), fore.scorer.scores(case.user_index)
            kept = fore.scorer.scores_without(case.user_index, edges)
            said = fore.foretell(case, excluded, edges, kept)
            rank = rank_of(now + change, case.item_index, excluded)
            frozen_rank = rank_of(kept, case.item_index, excluded)
            rows.append([rank, said.rank_without, frozen_rank, said.rank_low <= rank <= said.rank_high])
    real, foretold, frozen, inside = np.array(rows).T
    right = {"foretold": (foretold <= K) == (real <= K), "in_this_model": (frozen <= K) == (real <= K)}
    ranks = {"trained_again": real, "foretold": foretold, "in_this_model": frozen}
    return {
        "n": len(rows),
        "coverage_of_80_percent_interval": float(inside.mean()),
        "in_or_out_right": {name: float(values.mean()) for name, values in right.items()},
        "mean_rank": {name: float(values.mean()) for name, values in ranks.items()},
    }


def counterfactuals(world: World) -> dict[str, Any]:
    """Sets that take an item off the list, trained for: verified in this model, foretold, and random ones as large."""
    run = world.run
    answers = []
    for place, (user, items) in enumerate(zip(world.users.tolist(), world.lists(), strict=True)):
        answer = find_counterfactual(run, user, int(items[place % K]), K)
        if answer.found and answer.trained_again is not None:
            answers.append((place, answer))
    random = [world.rng.permutation(run.graph.history_edges(a.case.user_index))[: len(a.edges)] for _, a in answers]
    kinds = {
        "verified": [np.array(answer.edges) for _, answer in answers],
        "suffices": [np.array(answer.trained_again.edges) for _, answer in answers],
        "random_as_large_as_verified": random,
    }
    found: dict[str, Any] = {"n": len(answers)}
    for name, sets in kinds.items():
        held = []
        for seed in world.seeds:
            scores = world.trained(np.concatenate(sets), seed)
            for row, answer in answers:
                excluded = excluded_items(run.dataset, answer.case.user_index)
                held.append(rank_of(scores[row], answer.case.item_index, excluded) > K)
        found[name] = {"holds": float(np.mean(held)), "mean_size": float(np.mean([len(edges) for edges in sets]))}
    return found


def additions(world: World) -> dict[str, Any]:
    """Answers to "why not", trained with the additions: is the item in the top 10?"""
    run, answers = world.run, []
    for row, user in enumerate(world.users.tolist()):
        scores = np.asarray(run.model.score(np.array([user]))[0], np.float64)
        scores[excluded_items(run.dataset, user)] = -np.inf
        item = int(np.argsort(-scores, kind="stable")[K + 5 + row])
        try:
            answer = why_not(run, user, item, K)
        except LensError:
            continue
        if answer.found:
            answers.append((row, answer))
    pairs = [(answer.case.user_index, item) for _, answer in answers for item in answer.added]
    held = []
    for seed in world.seeds:
        scores = _trained_with(run, pairs, seed).score(world.users)
        for row, answer in answers:
            excluded = np.append(excluded_items(run.dataset, answer.case.user_index), answer.added)
            held.append(rank_of(scores[row], answer.case.item_index, excluded) <= K)
    sizes = [len(answer.added) for _, answer in answers]
    return {"n": len(answers), "holds": float(np.mean(held)), "mean_size": float(np.mean(sizes))}


def _trained_with(run: Run, pairs: list[tuple[int, int]], seed: int) -> Any:
    """The run's model trained on its data and these interactions besides; held-out ones among them move to train."""
    old, added = run.dataset.interactions, np.array(pairs)
    n_items = run.dataset.n_items
    keep = ~np.isin(old.user_index * n_items + old.item_index, added[:, 0] * n_items + added[:, 1])
    columns: dict[str, Any] = {
        "user_index": np.append(old.user_index[keep], added[:, 0]),
        "item_index": np.append(old.item_index[keep], added[:, 1]),
        "weight": np.append(old.weight[keep], np.ones(len(added), np.float32)),
        "split": np.append(old.split[keep], np.zeros(len(added), np.int8)),
    }
    if old.timestamp is not None:
        columns["timestamp"] = np.append(old.timestamp[keep], np.full(len(added), old.timestamp.max()))
    if old.rating is not None:
        columns["rating"] = np.append(old.rating[keep], np.full(len(added), np.nan, np.float32))
    from dataclasses import replace

    dataset = replace(run.dataset, interactions=Interactions(**columns))
    model = MODELS.load(run.record.model).create(dataset, run.settings, seed, "cpu")
    for epoch in model.fit(FitOptions()):
        if epoch.epoch >= epochs_of(run):
            break
    return model


def _r2(told: list[np.ndarray], came: list[np.ndarray]) -> float:
    """1 - squared misses over squared changes: the run's own slope, nothing fitted here."""
    foretold, real = np.concatenate(told), np.concatenate(came)
    return float(1 - ((real - foretold) ** 2).sum() / (real**2).sum())


def run_of(name: str, home: Path) -> Run:
    """The shipped run in a folder of its own, or one trained with the default settings."""
    model = WORLDS[name][0]
    if name == "ml100k":
        save_dataset(movielens(0), home / "data")
    if name in ("ml100k", "graphsage"):
        data = home / "data" if name == "ml100k" else SAMPLE / "classics"
        train(data, model, {}, home / "run", device="cpu")
        return load_run(home / "run", data)
    shutil.copytree(
        SAMPLE / "runs" / model, home / "run", ignore=shutil.ignore_patterns("retraining.json", "retrained")
    )
    return load_run(home / "run", SAMPLE / "classics")


PARTS = {part.__name__: part for part in (agreement, methods, strong_sets, counterfactuals, additions)}


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=tuple(WORLDS))
    parser.add_argument("--parts", nargs="+", choices=tuple(PARTS), default=list(PARTS))
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    path = RESULTS / "retraining.json"
    figures = json.loads(path.read_text(encoding="utf-8"))["figures"] if path.is_file() else {}
    figures = figures if arguments.only or len(arguments.parts) < len(PARTS) else {}
    for name in (arguments.only,) if arguments.only else WORLDS:
        start = time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            world = World(run_of(name, Path(folder)), WORLDS[name][1], arguments.seed)
            calibration = world.calibration.model_dump(exclude={"dataset_fingerprint", "created", "format_version"})
            found: dict[str, Any] = {"seeds": len(world.seeds), "calibration": calibration}
            for part in [part for part in arguments.parts if part in WORLDS[name][2]]:
                found[part] = PARTS[part](world)
                print(name, part, json.dumps(found[part]), flush=True)
        kept = figures.get(name, {}) if len(arguments.parts) < len(PARTS) else {}
        figures[name] = kept | found | {"cpu_seconds": time.process_time() - start}
        write("retraining", {"n_users": N_USERS, "n_edges": N_EDGES, "k": K, "seed": arguments.seed}, figures)


if __name__ == "__main__":
    main()
