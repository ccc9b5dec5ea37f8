"""What limits a prediction of retraining, and how fast a relearned row should be held.

People other than those of bench_retraining (`--seed` 1) lose one interaction each in ten trainings, with one seed.

moved      root mean square change of leads of those asked about and of others, of whom nothing was removed
repeats    largest difference in a row between the run and a training with nothing removed
order      rank correlation with the changes that came (score, margin) where the persons' own rows are known as training
           really made them, where all rows are, and of what is foretold with rows held by several shares (`HOLD`)
start      what an item brings to the start of a row, against a new decomposition: correlation, and the factor missing

    python benchmarks/bench_relearning.py --only lightgcn

Writes benchmarks/results/relearning.json.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from bench_retraining import N_EDGES, K, World, run_of
from common import RESULTS, write
from scipy.stats import spearmanr

from gnnrec_core.explain.truth import relearning
from gnnrec_core.explain.truth.foretelling import lead_changes
from gnnrec_core.explain.truth.relearning import relearner_of
from gnnrec_core.explain.truth.retraining import train_without
from gnnrec_core.models.ops.spectral import EMBEDDING, spectral_embedding
from gnnrec_core.runs.run import Run

HELD = (0.0, 0.1, 0.2, 0.4)
N_STARTS = 20


def scores_of(run: Run, edges: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Scores of everybody with the embeddings `table` on the graph without `edges`."""
    model = run.model.create(run.dataset, run.settings, run.record.seed, "cpu")
    model.set_tensors({**run.model.tensors(), EMBEDDING: table})
    final = model.propagation(run.graph.without(edges)).final
    items = slice(run.graph.n_users, run.graph.n_users + run.graph.n_items)
    return np.asarray(final[: run.graph.n_users] @ final[items].T, np.float64)


def order(world: World, told: np.ndarray, came: np.ndarray) -> list[float]:
    """Mean rank correlation over cases of changes `[10, n_people, n_items]`: score, margin."""
    found = []
    for row, items in enumerate(world.lists()):
        one, other, last = told[:, row], came[:, row], items[K]
        for item in items[:K]:
            margins = [changes[:, item] - changes[:, last] for changes in (one, other)]
            found.append([spearmanr(one[:, item], other[:, item]).statistic, spearmanr(*margins).statistic])
    return [float(value) for value in np.nanmean(found, axis=0)]


def leads(world: World, change: np.ndarray, users: np.ndarray, now: np.ndarray) -> float:
    """Root mean square change of the leads of the ten best items."""
    found = []
    for user in users.tolist():
        seen = world.run.graph.history(user)
        open_ = now[user].copy()
        open_[seen] = -np.inf
        found.append(lead_changes(now[user], change[user], seen, np.argsort(-open_)[:K]))
    return float(np.sqrt(np.mean(np.square(found))))


def measure(world: World) -> dict[str, Any]:
    """Ten trainings with one seed, and what is known of them."""
    run, users, fore = world.run, world.users, world.foreteller
    control = train_without(run, np.zeros(0, np.int64), run.record.seed).tensors()[EMBEDDING]
    now = scores_of(run, np.zeros(0, np.int64), control)
    others = np.setdiff1d(np.arange(run.dataset.n_users), users)[::4]
    came, own, every, moved = [], [], [], []
    for number in range(N_EDGES):
        edges = np.array([drawn[number] for drawn in world.drawn])
        table = train_without(run, edges, run.record.seed).tensors()[EMBEDDING]
        change = scores_of(run, edges, table) - now
        mixed = control.copy()
        mixed[users] = table[users]
        came.append(change[users])
        own.append((scores_of(run, edges, mixed) - now)[users])
        last = run.graph.n_users + run.graph.n_items
        mixed[run.graph.n_users : last] = table[run.graph.n_users : last]
        every.append((scores_of(run, edges, mixed) - now)[users])
        moved.append([leads(world, change, users, now), leads(world, change, others, now)])
    truth, relearner = np.array(came), relearner_of(run.model)
    assert relearner is not None
    orders = {"own_rows_known": order(world, np.array(own), truth)}
    orders["own_and_items_rows_known"] = order(world, np.array(every), truth)
    for hold in HELD:
        relearning.HOLD = hold
        relearner._held.clear()
        sets = [[edge[None] for edge in drawn] for drawn in world.drawn]
        told = [fore.changes(user, each) for user, each in zip(users.tolist(), sets, strict=True)]
        orders[f"held_{hold}"] = order(world, np.array(told).transpose(1, 0, 2), truth)
    return {
        "moved": {"asked": float(np.mean(moved, axis=0)[0]), "others": float(np.mean(moved, axis=0)[1])},
        "repeats": float(np.abs(control - run.model.tensors()[EMBEDDING]).max()),
        "order": orders,
        "start": start(world),
    }


def start(world: World) -> dict[str, float]:
    """The change of a start without one interaction, by a new decomposition and by the shares of items."""
    run, shares = world.run, relearner_of(world.run.model).shares  # type: ignore[union-attr]
    size, seed = run.settings.embedding_dim, run.model.seed
    before, exact, told = spectral_embedding(run.graph, size, seed, 0.1), [], []
    for user, drawn in list(zip(world.users.tolist(), world.drawn, strict=True))[:N_STARTS]:
        after = spectral_embedding(run.graph.without(drawn[:1]), size, seed, 0.1, run.graph)
        exact.append(after[user] - before[user])
        told.append(-shares[run.graph.targets(drawn[:1])[0] - run.graph.n_users])
    one, other = np.ravel(exact), np.ravel(told)
    turned = np.sign((np.reshape(exact, (-1, size)) * np.reshape(told, (-1, size))).sum(axis=0))  # signs are free
    other = np.ravel(np.reshape(other, (-1, size)) * turned)
    return {"correlation": float(np.corrcoef(one, other)[0, 1]), "factor": float(one @ other / (other @ other))}


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("lightgcn", "ml100k"))
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    path = RESULTS / "relearning.json"
    figures = json.loads(path.read_text(encoding="utf-8"))["figures"] if arguments.only and path.is_file() else {}
    for name in (arguments.only,) if arguments.only else ("lightgcn", "ml100k"):
        with tempfile.TemporaryDirectory() as folder:
            figures[name] = measure(World(run_of(name, Path(folder)), 1, arguments.seed))
        write("relearning", {"seed": arguments.seed, "held": HELD}, figures)


if __name__ == "__main__":
    main()
