"""Can the user's own embedding be shared out among interactions? Representer points, held against training again.

LightGCN scores s(u, i) = <z_u, z_i> with z = M E, M = mean of A^0 ... A^K. The ledger leaves a_0 <e_u, z_i> to no
interaction. Where training ends at a stationary point of

    (1 / N) sum over interactions n of -log softmax(s(u_n, .) / t)[i_n] + (l2 / 2) |E|^2,

the gradient at e_u vanishes, so e_u = -(1 / l2) sum_n d(loss_n) / d(e_u): a sum over interactions (Yeh et al. 2018),
and with it a_0 <e_u, z_i>. The benchmark trains the sample's readers in float64 by L-BFGS until that holds, states the
residual, and asks what the sum is worth: groups of interactions of many users are taken out, the model is trained
again from where it stood, and the change of each user's first score is compared with what the ledger predicts, what
recomputing with the embeddings kept predicts, and what either predicts together with the representer.

Writes results/representer.json.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from common import ROOT, write
from numpy.typing import NDArray
from scipy.stats import spearmanr

from gnnrec_core.data.store import load_dataset
from gnnrec_core.graph import RecGraph, build_graph

Float = NDArray[np.float64]
N_LAYERS, SHARE = 3, 0.2


@dataclass(frozen=True)
class Trained:
    """A model at the end of its training: E `[n, d]`, M `[n, n]` sparse, pairs `[N]` of users and items."""

    graph: RecGraph
    embedding: Float
    spread: Any
    l2: float
    temperature: float
    n_pairs: int
    residual: float
    """Largest gradient at a user's embedding, over l2 times the median length of one: 0 where training has ended."""

    @property
    def final(self) -> Float:
        """z `[n, d]`."""
        return np.asarray(self.spread @ self.embedding)


def spread_of(graph: RecGraph) -> Any:
    """M = mean of the powers of the normalised adjacency `[n, n]`."""
    power = total = sp.eye_array(graph.n_nodes, format="csr")
    for _ in range(N_LAYERS):
        power = power @ graph.normalised_adjacency
        total = total + power
    return (total / (N_LAYERS + 1)).tocsr()


def train(graph: RecGraph, start: Float, l2: float, temperature: float, n_pairs: int, max_steps: int) -> Trained:
    """L-BFGS on all interactions and all items at once; `n_pairs` keeps the loss on one scale when some are gone."""
    spread = spread_of(graph)
    half = graph.n_edges // 2
    rows = np.flatnonzero(graph.edge_type[:half] == 0)
    user, item = (torch.from_numpy(ends.copy()) for ends in graph.edge_index[:, :half][:, rows])
    matrix = torch.from_numpy(spread.toarray())
    embedding = torch.from_numpy(start.copy()).requires_grad_()
    optimiser = torch.optim.LBFGS(
        [embedding],
        max_iter=max_steps,
        history_size=20,
        tolerance_grad=1e-9,
        tolerance_change=0,
        line_search_fn="strong_wolfe",
    )
    count = torch.bincount(user, minlength=graph.n_users).double()

    def loss() -> torch.Tensor:
        final = matrix @ embedding
        people, things = final[: graph.n_users], final[graph.n_users : graph.n_users + graph.n_items]
        logits = people @ things.T / temperature
        chosen = logits[user, item - graph.n_users].sum()
        fit = (count * torch.logsumexp(logits, dim=1)).sum() - chosen
        return fit / n_pairs + l2 / 2 * embedding.square().sum()

    def step() -> torch.Tensor:
        optimiser.zero_grad()
        value = loss()
        value.backward()
        return value

    optimiser.step(step)
    step()
    slope = embedding.grad
    assert slope is not None
    people = slice(0, graph.n_users)
    residual = float(slope[people].norm(dim=1).max() / (l2 * embedding.detach()[people].norm(dim=1)).median())
    return Trained(graph, embedding.detach().numpy(), spread, l2, temperature, n_pairs, residual)


def representer(model: Trained, user: int, item: int) -> Float:
    """What each interaction (in the order of the graph) brings to a_0 <e_u, z_i> through e_u `[N]`."""
    graph, final = model.graph, model.final
    people, things = final[: graph.n_users], final[graph.n_users : graph.n_users + graph.n_items]
    logits = people @ things.T / model.temperature
    share = np.exp(logits - logits.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)  # softmax of each user [n_users, n_items]
    target, row = things[item], np.asarray(model.spread[[user]].toarray()).ravel()
    reach = row[graph.n_users : graph.n_users + graph.n_items]
    half = graph.n_edges // 2
    pairs = np.flatnonzero(graph.edge_type[:half] == 0)
    who, what = graph.edge_index[0, pairs], graph.edge_index[1, pairs] - graph.n_users
    along_user = row[who] * ((share @ things @ target)[who] - (things @ target)[what])
    along_items = ((share @ reach)[who] - reach[what]) * (people @ target)[who]
    scale = 1 / ((N_LAYERS + 1) * model.l2 * model.n_pairs * model.temperature)
    found: Float = -scale * (along_user + along_items)
    return found


def ledger(model: Trained, user: int, item: int) -> tuple[NDArray[np.int64], Float]:
    """Rows of the user's interactions and what each carries by the ledger `[m]`."""
    graph = model.graph
    layers = [model.embedding]
    for _ in range(N_LAYERS - 1):
        layers.append(np.asarray(graph.normalised_adjacency @ layers[-1]))
    upstream = sum(layers) / (N_LAYERS + 1)
    half = graph.n_edges // 2
    rows = np.flatnonzero((graph.edge_index[0, :half] == user) & (graph.edge_type[:half] == 0))
    other = graph.edge_index[1, rows]
    weight = 1 / np.sqrt(graph.degree[user] * graph.degree[other])
    return rows, weight * (upstream[other] @ model.final[graph.n_users + item])


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n-users", type=int, default=60)
    parser.add_argument("--n-retrained", type=int, default=4)
    parser.add_argument("--dim", type=int, default=16)
    parser.add_argument("--l2", type=float, default=1e-4)
    parser.add_argument("--temperature", type=float, default=0.3)
    parser.add_argument("--max-steps", type=int, default=600)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    started, rng = time.process_time(), np.random.default_rng(0)
    graph = build_graph(load_dataset(ROOT / "sample_data" / "classics"), 0.0)
    n_pairs = int((graph.edge_type[: graph.n_edges // 2] == 0).sum())
    start = 0.1 * rng.standard_normal((graph.n_nodes, arguments.dim))

    def trained(changed: RecGraph, begin: Float) -> Trained:
        return train(changed, begin, arguments.l2, arguments.temperature, n_pairs, arguments.max_steps)

    model = trained(graph, start)
    print("trained", model.residual, time.process_time() - started, flush=True)
    users = np.sort(rng.permutation(graph.n_users)[: arguments.n_users])
    scores = model.final[users] @ model.final[graph.n_users : graph.n_users + graph.n_items].T
    scores[graph.seen[users].toarray() > 0] = -np.inf
    items = scores.argmax(axis=1)
    pairs = list(zip(users.tolist(), items.tolist(), strict=True))
    told = [(representer(model, *pair), *ledger(model, *pair)) for pair in pairs]
    before, own = (
        scores_of(model.final, graph, users, items),
        scores_of(model.final, graph, users, items, model.embedding),
    )
    own /= N_LAYERS + 1
    predicted: dict[str, list[float]] = {"ledger": [], "recomputed": [], "representer": []}
    real: list[float] = []
    for _ in range(arguments.n_retrained):
        gone = []
        for values, rows, parts in told:
            places = rng.permutation(len(rows))[: max(1, math.ceil(SHARE * len(rows)))]
            gone.append(rows[places])
            predicted["ledger"].append(float(parts[places].sum()))
            predicted["representer"].append(float(values[rows[places]].sum()))
        changed = graph.without(np.concatenate(gone))
        kept = np.asarray(spread_of(changed) @ model.embedding)
        predicted["recomputed"] += (before - scores_of(kept, graph, users, items)).tolist()
        again = trained(changed, model.embedding)
        real += (before - scores_of(again.final, graph, users, items)).tolist()
        print("again", again.residual, time.process_time() - started, flush=True)
    drops = {name: np.array(values) for name, values in predicted.items()}
    for name in ("ledger", "recomputed"):
        drops[f"{name} and representer"] = drops[name] + drops["representer"]
    sums = np.array([values.sum() for values, _, _ in told])
    figures = {
        "residual": model.residual,
        "sum_over_baseline_worst_error": float(np.max(np.abs(sums - own) / np.abs(own))),
        "baseline_share_of_score_median": float(np.median(own / before)),
        "share_of_baseline_from_own_interactions_median": float(
            np.median([values[rows].sum() / whole for (values, rows, _), whole in zip(told, own, strict=True)])
        ),
        "n_cases": len(real),
        "mean_drop_trained_again": float(np.mean(real)),
        "predictions": {
            name: {"spearman": float(spearmanr(values, real).statistic), "mean_drop": float(values.mean())}
            for name, values in drops.items()
        },
        "cpu_seconds": time.process_time() - started,
    }
    write("representer", vars(arguments), figures)


def scores_of(final: Float, graph: RecGraph, users: Any, items: Any, left: Float | None = None) -> Float:
    """<left_u, z_i> of each pair `[n]`; left is z unless given."""
    scored: Float = np.einsum("nd,nd->n", (final if left is None else left)[users], final[graph.n_users + items])
    return scored


if __name__ == "__main__":
    main()
