"""Attention of a graph attention network on the user's edges: where messages are routed, never what is preferred.

For each layer and head: alpha (softmax over the neighbours of the user, 0..1) and lift = alpha / uniform attention,
where 1 says "as without attention". Along walks: the product of alphas, averaged over heads in each step, so that all
walks of K steps from the user sum to 1. On the computation tree (Shin et al. 2024): the sum over all places where an
edge stands in the tree of its alpha times the alphas on the way to the root, weighted as the model weights its layers.

Attention is no contribution: it says neither what a message holds nor whether it speaks for the item. Its rank
correlation with deletion on the very case stands beside it.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from pydantic import Field
from scipy.stats import spearmanr

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.base.settings import Settings
from gnnrec_core.data.dataset import Dataset, IntArray
from gnnrec_core.explain.explanation import Case, Explanation, MessagePath
from gnnrec_core.explain.nodes import describe_node, edge_contribution
from gnnrec_core.explain.protocol import answer
from gnnrec_core.explain.scores.edge_effects import leave_one_out
from gnnrec_core.explain.scores.linear import prepare
from gnnrec_core.explain.scores.scoring import Rescorer, rescorer_of
from gnnrec_core.explain.walks.walks import best_walks
from gnnrec_core.graph import RecGraph
from gnnrec_core.models import able
from gnnrec_core.models.ops.propagation import Propagation
from gnnrec_core.models.protocol import PropagationRecommender
from gnnrec_core.ranking.intervals import correlation_interval

Float = NDArray[np.float64]


@runtime_checkable
class AttentionRecommender(Protocol):
    """A recommender with attention: `.alpha` and `.lift` `[n_layers, n_heads, n_edges]` in the order of the graph."""

    def attention(self, graph: RecGraph | None = None) -> Any:
        """Attention on `graph` (default: the trained graph)."""
        ...


class AttentionSettings(Settings):
    """Which figure orders the edges, and how much is recomputed to compare it with deletion."""

    measure: Literal["lift", "alpha", "tree"] = Field(
        "lift", description="lift and alpha: mean over layers and heads; tree: over the whole computation tree."
    )
    n_paths: int = Field(10, ge=0, le=100, description="Walks with the largest product of attention.")
    n_compared: int = Field(
        20, ge=3, le=1000, description="Edges (drawn at random) that are left out to measure the correlation."
    )


class AttentionMethod:
    """Attention on the user's edges, with alpha and lift of every layer and head in `detail`."""

    name: ClassVar[str] = "attention"
    settings_type: ClassVar[type[Settings]] = AttentionSettings
    is_stochastic: ClassVar[bool] = False

    def supports(self, model: Any) -> None:
        if not isinstance(model, AttentionRecommender):
            raise UnsupportedError(
                f"The model {getattr(model, 'name', type(model).__name__)!r} has no attention: "
                "nothing in it learns how much a neighbour counts.",
                f"Choose a run of {able(AttentionRecommender)}, or the method ledger.",
            )

    def explain(self, model: Any, dataset: Dataset, case: Case, settings: AttentionSettings, seed: int) -> Explanation:
        scorer = rescorer_of(model)
        start = time.perf_counter()
        graph, found = scorer.graph, model.attention()
        alpha, lift = found.alpha.astype(np.float64), found.lift.astype(np.float64)
        edges = scorer.edges_of(case.user_index)
        incoming = graph.reverse(edges)
        values = {"lift": lift, "alpha": alpha}.get(settings.measure, lift)[:, :, incoming].mean(axis=(0, 1))
        if settings.measure == "tree":
            values = tree_attention(graph, alpha, _layer_weights(model, len(alpha)), case.user_index)[incoming]
        contributions = [
            replace(
                edge_contribution(dataset, graph, int(edge), float(value), 0.0, case.user_index),
                detail={"attention": _by_layer_and_head(alpha, lift, int(column))},
            )
            for edge, value, column in zip(edges, values, incoming, strict=True)
        ]
        seconds = time.perf_counter() - start
        return answer(
            case,
            self,
            settings,
            contributions,
            paths=attention_paths(dataset, graph, alpha, case.user_index, settings.n_paths),
            frozen=("attention",),
            warnings=(
                "Attention says how messages are routed, never what the user prefers; "
                "lift 1 means: as much as without attention.",
                *_compared(scorer, case, edges, values, settings.n_compared, seed),
            ),
            seed=seed,
            seconds=seconds,
        )


def _layer_weights(model: Any, n_layers: int) -> Float:
    """How the model weighs its layers `[n_layers + 1]`; a stack of layers gives out its last."""
    if isinstance(model, PropagationRecommender):
        return prepare(model).propagation.layer_weights.astype(np.float64)
    return np.append(np.zeros(n_layers), 1.0)


def attention_matrices(graph: RecGraph, alpha: Float) -> list[list[sp.csr_array]]:
    """Row v of [l][h] `[n_nodes, n_nodes]` holds v's attention to each neighbour; a row sums to 1 at most."""
    shape, (source, target) = (graph.n_nodes, graph.n_nodes), graph.edge_index
    return [
        [sp.coo_array((values, (target, source)), shape=shape).tocsr().sorted_indices() for values in heads]
        for heads in alpha
    ]


def tree_attention(graph: RecGraph, alpha: Float, layer_weights: Float, root: int) -> Float:
    """Attention of every directed edge in the computation tree of `root`, mean over heads `[n_edges]`.

    f_K = a_K e_root, f_{l-1} = f_l A_l + a_{l-1} e_root; the edge s -> t gets sum over l of f_l[t] alpha_l[s -> t].
    """
    matrices, target = attention_matrices(graph, alpha), graph.edge_index[1]
    n_layers, n_heads = alpha.shape[:2]
    total = np.zeros(graph.n_edges)
    for head in range(n_heads):
        mass = np.zeros(graph.n_nodes)
        mass[root] = layer_weights[-1]
        for layer in range(n_layers - 1, -1, -1):
            total += mass[target] * alpha[layer, head]
            mass = np.asarray(mass @ matrices[layer][head], dtype=np.float64).ravel()
            mass[root] += layer_weights[layer]
    result: Float = total / n_heads
    return result


def attention_paths(dataset: Dataset, graph: RecGraph, alpha: Float, root: int, n: int) -> tuple[MessagePath, ...]:
    """The `n` walks of K steps from `root` with the largest product of (head-mean) attention; all walks sum to 1 at
    most (less where a model keeps a share for self-loops, which are no edges)."""
    n_layers = len(alpha)
    if n == 0 or n_layers == 0:
        return ()
    matrices = attention_matrices(graph, alpha.mean(axis=1, keepdims=True))
    only_longest = np.append(np.zeros(n_layers), 1.0)
    routing = Propagation(
        graph.n_users, np.ones((graph.n_nodes, 1)), only_longest, tuple(tuple(heads) for heads in matrices), False
    )
    walks = best_walks(routing, root, np.ones(1), n)
    return tuple(
        MessagePath(
            tuple(describe_node(dataset, node) for node in walk.nodes),
            walk.value,
            walk.value,
            meta_path="-".join(graph.node_type(node) for node in walk.nodes),
        )
        for walk in walks
    )


def _by_layer_and_head(alpha: Float, lift: Float, column: int) -> list[dict[str, float]]:
    n_layers, n_heads = alpha.shape[:2]
    return [
        {
            "layer": layer + 1,
            "head": head + 1,
            "alpha": float(alpha[layer, head, column]),
            "lift": float(lift[layer, head, column]),
        }
        for layer in range(n_layers)
        for head in range(n_heads)
    ]


def _compared(scorer: Rescorer, case: Case, edges: IntArray, values: Float, limit: int, seed: int) -> tuple[str, ...]:
    """What the rank correlation of attention with leaving edges out says on this case."""
    chosen = np.sort(np.random.default_rng(seed).permutation(len(edges))[:limit])
    if len(chosen) < 3:
        return ("The user has too few edges to compare attention with deletion.",)
    lost = leave_one_out(scorer, case, edges[chosen])
    if np.ptp(values[chosen]) == 0 or np.ptp(lost) == 0:
        return ("Attention is the same on all edges here, so it orders nothing.",)
    correlation = float(spearmanr(values[chosen], lost).statistic)
    span = correlation_interval(correlation, len(chosen))
    meaning = (
        "on this case edges with more attention are also those whose removal costs more"
        if correlation >= 0.7
        else "on this case attention tells little of what removal would change"
        if correlation > -0.3
        else "on this case edges with more attention are those whose removal costs less"
    )
    return (
        f"Rank correlation of attention with leaving the edge out ({len(chosen)} edges recomputed): "
        f"{correlation:.2f}, 95 % interval {span.low:.2f} to {span.high:.2f}; {meaning}.".replace("-", "−"),
    )
