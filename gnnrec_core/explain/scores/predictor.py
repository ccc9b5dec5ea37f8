"""A user's scores after removals, in closed form and for many sets at once: accurate to a fraction of a percent.

With degrees normalised anew the row of the user changes exactly, and the rest of the graph hardly at all, so for each
layer and head

    part after removing S = sqrt(d' / d) / (1 - sum_{j in S} alpha_j) * sum over the edges kept,

with alpha_j = P[u, j] sqrt(d_j / d_u), the share of attention that j had (w_j / d_u in LightGCN, where the factor is
sqrt(d / d')). Searches use it to choose sets; every set that is reported is recomputed exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.data.dataset import IntArray
from gnnrec_core.explain.scores.linear import LinearScorer, Prepared, row_values
from gnnrec_core.explain.scores.scoring import Scorer

Float = NDArray[np.float64]


@dataclass(frozen=True)
class RemovalPredictor:
    """`own` `[n]`, `kept` `[g, n]` (parts that stay) and `parts` `[g, m, n]` of `n` items over `m` edges that may go.

    `g` counts parts that are renormalised alike (layers and heads). `alpha` `[g, m]` is the attention and `weight`
    `[m]` the share of the user's degree that goes with each edge; both 0 where nothing is renormalised.
    """

    edges: IntArray
    own: Float
    kept: Float
    parts: Float
    alpha: Float
    weight: Float

    @cached_property
    def total(self) -> Float:
        """Sum of all parts before any removal `[g, n]`."""
        together: Float = self.kept + self.parts.sum(axis=1)
        return together

    @cached_property
    def linear(self) -> Float:
        """Each edge's contribution to each item as the ledger has it `[m, n]`."""
        together: Float = self.parts.sum(axis=0)
        return together

    def of_items(self, columns: IntArray) -> RemovalPredictor:
        """The same for some of the items."""
        parts = np.ascontiguousarray(self.parts[:, :, columns])
        return replace(self, own=self.own[columns], kept=self.kept[:, columns], parts=parts)

    def best_leads(self, limit: int) -> Float | None:
        """How far each other item can at best come to stand above the last one, by set size `[limit, n - 1]`.

        None where no closed form is known: heads that differ, or interactions of different weights.
        """
        if len(self.parts) != 1 or not len(self.edges) or max(np.ptp(self.weight), np.ptp(self.alpha)) > 1e-12:
            return None
        # The best set of m edges has the m parts that speak most for the last item against the other.
        against = -np.sort(self.parts[0][:, :-1] - self.parts[0][:, -1:], axis=0)[:limit]
        size = np.arange(1, limit + 1)
        remaining = (self.total[0, :-1] - self.total[0, -1]) + np.cumsum(against, axis=0)
        factor = _factor(size * self.alpha[0, 0], size * self.weight[0])[:, None]
        leads: Float = (self.own[:-1] - self.own[-1]) + factor * remaining
        return leads

    def scores(self, gone: Float, alpha: Float, weight: Float) -> Float:
        """Scores `[s, n]` of `s` sets from the sums of their parts `[g, s, n]`, alpha `[g, s]` and weight `[s]`."""
        factor = _factor(alpha, weight)[..., None]  # [g, s, 1]
        predicted: Float = self.own + (factor * (self.total[:, None] - gone)).sum(axis=0)
        return predicted

    def of_sets(self, sets: IntArray) -> Float:
        """Scores `[s, n]` for sets `[s, size]` of positions in `edges`."""
        gone = sum(self.parts[:, sets[:, place]] for place in range(sets.shape[1]))
        return self.scores(np.asarray(gone), self.alpha[:, sets].sum(axis=2), self.weight[sets].sum(axis=1))

    def of_prefixes(self, order: IntArray) -> Float:
        """Scores `[len(order), n]` when the first 1, 2, ... of `order` are gone."""
        gone = np.cumsum(self.parts[:, order], axis=1)
        return self.scores(gone, np.cumsum(self.alpha[:, order], axis=1), np.cumsum(self.weight[order]))


def removal_predictor(scorer: Scorer, user_index: int, items: IntArray) -> RemovalPredictor:
    """The predictor for removing interactions of the user (side edges stay), restricted to `items` `[n]`."""
    if isinstance(scorer, LinearScorer):
        return _linear(scorer.prepared, user_index, items)
    parts = scorer.parts(user_index, items)
    weight = scorer.graph.weights(parts.edges)
    alpha = weight / weight.sum() if parts.averaged and len(weight) else np.zeros(len(weight))
    return _split(scorer, parts.edges, parts.own, parts.values[None], alpha[None], np.zeros(len(weight)))


def _linear(prepared: Prepared, user_index: int, items: IntArray) -> RemovalPredictor:
    graph, spread = prepared.graph, prepared.propagation
    edges, _, own = prepared.messages(user_index)
    final = spread.final[graph.item_node(items)]
    weight = graph.weights(edges)
    weight = weight / weight.sum() if len(edges) else weight
    values, alpha = [], []
    for part, share in _messages_apart(prepared, user_index, edges):
        values.append(part @ final.T)
        total = share.sum()
        alpha.append(share / total if total > 0 else share)
    return _split(prepared, edges, final @ own, np.array(values), np.array(alpha), weight)


def _messages_apart(prepared: Prepared, user: int, edges: IntArray) -> list[tuple[Float, Float]]:
    """For each part that is renormalised alike: messages `[n, d]` and unnormalised alpha `[n]` of `edges`."""
    graph, spread = prepared.graph, prepared.propagation
    if spread.symmetric or not spread.n_layers:
        return [(prepared.messages(user)[1], graph.weights(edges))]
    other, share = graph.targets(edges), prepared.edge_share(user, edges)
    apart = []
    for layer, heads in enumerate(spread.operators):
        for head, operator in enumerate(heads):
            columns, weight = spread.head_columns(head), row_values(operator, user, other) * share
            message = np.zeros((len(edges), spread.embedding.shape[1]))
            message[:, columns] = weight[:, None] * spread.layers[layer][other, columns]
            apart.append((spread.layer_weights[layer + 1] * message, weight * np.sqrt(graph.degree[other])))
    return apart


def _split(source: Any, edges: IntArray, own: Float, values: Float, alpha: Float, weight: Float) -> RemovalPredictor:
    """Interactions may go, side edges are kept."""
    removable = np.flatnonzero(source.graph.kinds(edges) == 0)
    fixed = np.setdiff1d(np.arange(len(edges)), removable)
    return RemovalPredictor(
        edges[removable],
        own,
        values[:, fixed].sum(axis=1),
        values[:, removable],
        alpha[:, removable],
        weight[removable],
    )


def _factor(alpha: Float, weight: Float) -> Float:
    """sqrt(d' / d) / (1 - alpha), 0 where nothing is left."""
    left = np.maximum(1.0 - alpha, 0.0)
    factor = np.zeros_like(left)
    np.divide(np.sqrt(np.maximum(1.0 - weight, 0.0)), left, out=factor, where=left > 1e-9)
    return factor
