"""The scorer of models that are linear in messages: everything comes from one `Propagation` in float64.

With z_u = a_0 e_u + sum_{v in N(u)} m_uv and m_uv = sum_l a_l P_l[u, v] x_v^(l-1), the score <z_u, z_i> is a sum over
the edges of u: c_v = <m_uv, z_i>.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.base import progress
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.explain.scores.removal import EdgeRemoval, undirected
from gnnrec_core.explain.scores.star import Star
from gnnrec_core.graph import RecGraph
from gnnrec_core.models.history_protocol import HistoryParts
from gnnrec_core.models.ops.propagation import KeptPropagation, Propagation
from gnnrec_core.models.protocol import EdgeRemovingRecommender

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Prepared:
    """What all explanations of one trained model share: computed once, never written to."""

    graph: RecGraph
    propagation: Propagation
    _stars: dict[int, Star | None] = field(default_factory=dict)

    @classmethod
    def of(cls, propagation: Propagation, graph: RecGraph) -> Prepared:
        """The propagation in float64 with the columns of each operator's rows in ascending order; one whose layers are
        kept is taken as it is."""
        if isinstance(propagation, KeptPropagation):
            return cls(graph, propagation)
        operators = tuple(tuple(_sorted(operator) for operator in heads) for heads in propagation.operators)
        exact = replace(propagation, embedding=propagation.embedding.astype(np.float64), operators=operators)
        return cls(graph, exact)

    def edges_of(self, node: int) -> IntArray:
        """Edge columns whose source is `node`."""
        return self.graph.edges_of(node)

    def sent(self, nodes: Any) -> Float:
        """Rows `nodes` of Y = sum_{l >= 1} a_l X_{l-1} `[n, d]`: what a neighbour sends before normalisation (one
        operator)."""
        weights, layers = self.propagation.layer_weights, self.propagation.layers
        total: Float = np.zeros_like(layers[0][nodes], np.float64)
        for weight, layer in zip(weights[1:], layers, strict=False):
            total += weight * layer[nodes]
        return total

    @cached_property
    def items(self) -> Float:
        """Final embeddings of all items in float64 `[n_items, d]`."""
        last = self.graph.n_users + self.graph.n_items
        return self.propagation.final[self.graph.n_users : last].astype(np.float64, copy=False)

    @cached_property
    def removal(self) -> EdgeRemoval:
        """Exact closed forms for removed edges (symmetric normalisation only)."""
        return EdgeRemoval(self.graph, self.propagation)

    def star(self, user_index: int, edges: IntArray) -> Star | None:
        """The star of the user, where `edges` are edges of it (symmetric normalisation only)."""
        if not self.propagation.symmetric or (self.graph.ends(edges) != user_index).all(axis=0).any():
            return None
        if user_index not in self._stars:
            if len(self._stars) >= MAX_STARS:
                self._stars.pop(next(iter(self._stars)), None)
            self._stars[user_index] = Star.of(self.graph, self.propagation, self.items, user_index)
        return self._stars[user_index]

    def edge_share(self, node: int, edges: IntArray) -> Float:
        """Weight of each edge of `node` among parallel edges to the same neighbour `[n]`; 1 where there is one."""
        other, weight = self.graph.targets(edges), self.graph.weights(edges)
        _, place = np.unique(other, return_inverse=True)
        share: Float = weight / np.bincount(place, weights=weight)[place]
        return share

    def messages(self, node: int) -> tuple[IntArray, Float, Float]:
        """Edges of `node` `[n]`, the message each brings `[n, d]`, and what no edge brings (own part) `[d]`."""
        spread = self.propagation
        edges = self.edges_of(node)
        other, share = self.graph.targets(edges), self.edge_share(node, edges)
        own = spread.layer_weights[0] * spread.embedding[node].astype(np.float64)
        if spread.symmetric:
            row = self.graph.operator_rows(np.array([node]))
            weight = share * row_values(row, 0, other) if spread.n_layers else share * 0.0
            return edges, weight[:, None] * self.sent(other), own
        message = np.zeros((len(edges), spread.embedding.shape[1]))
        for layer, heads in enumerate(spread.operators):
            for head, operator in enumerate(heads):
                columns, source = spread.head_columns(head), spread.layers[layer]
                weight = spread.layer_weights[layer + 1] * row_values(operator, node, other) * share
                message[:, columns] += weight[:, None] * source[other, columns]
                loop = spread.layer_weights[layer + 1] * row_values(operator, node, np.array([node]))[0]
                own[columns] += loop * source[node, columns]
        return edges, message, own


def row_values(operator: sp.csr_array, row: int, columns: IntArray) -> Float:
    """Entries of one row at `columns` `[n]`, 0 where nothing is stored; needs ascending columns in each row."""
    start, end = operator.indptr[row : row + 2]
    stored = operator.indices[start:end]
    if not len(stored):
        return np.zeros(len(columns))
    place = np.minimum(np.searchsorted(stored, columns), len(stored) - 1)
    found: Float = np.where(stored[place] == columns, operator.data[start:end][place], 0.0)
    return found


MAX_STARS = 8
"""Users whose star is kept: a question comes back to the same few."""

MAX_CLOSED_FORM = 40
"""With more removed edges a rebuilt graph is cheaper than the closed form (measured on ML-100K)."""

AT_ONCE = 1 << 18
"""Nodes times removals that are computed together: more are no faster (measured on ML-100K), and hold more memory."""
FEWEST_AT_ONCE = 4

_PREPARED: WeakKeyDictionary[Any, Prepared] = WeakKeyDictionary()
_LOCK = threading.Lock()


def prepare(model: Any) -> Prepared:
    """The prepared propagation of a trained model, computed on first use and kept as long as the model lives."""
    with _LOCK:
        found = _PREPARED.get(model)
        if found is None:
            found = _PREPARED[model] = Prepared.of(model.propagation(), model.graph)
    return found


class LinearScorer:
    """A `PropagationRecommender`: parts in closed form, and removals too where the operator is symmetric."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.prepared = prepare(model)
        self.graph = self.prepared.graph
        self.frozen = self.prepared.propagation.frozen
        self.has_fast_leave_one_out = self.prepared.propagation.symmetric

    def edges_of(self, user_index: int) -> IntArray:
        return self.prepared.edges_of(user_index)

    def scores(self, user_index: int) -> Float:
        scored: Float = self.prepared.items @ self.prepared.propagation.final[user_index].astype(np.float64)
        return scored

    def parts(self, user_index: int, item_indices: IntArray) -> HistoryParts:
        edges, message, own = self.prepared.messages(user_index)
        items = self.prepared.items[np.asarray(item_indices, np.int64)]
        return HistoryParts(items @ own, edges, message @ items.T)

    def scores_without(self, user_index: int, edges: IntArray, items: IntArray | None = None) -> Float:
        progress.check()
        edges = np.asarray(edges, np.int64)
        star = self.prepared.star(user_index, edges)
        if star is not None:
            return star.scores_without(edges, items)
        scored = self._scores_without(user_index, edges)
        return scored if items is None else scored[items]

    def _scores_without(self, user_index: int, edges: IntArray) -> Float:
        """Scores of all items `[n_items]` without edges of which some lie outside the person's star."""
        if self.has_fast_leave_one_out and len(edges) <= MAX_CLOSED_FORM:
            return self.prepared.removal.scores_without(user_index, edges)
        if isinstance(self._model, EdgeRemovingRecommender) and len(edges):
            final = self._model.embeddings_without(undirected(self.graph, edges)).astype(np.float64)
            items = final[self.graph.n_users : self.graph.n_users + self.graph.n_items]
            scored: Float = items @ final[user_index]
            return scored
        return self.scores_on(user_index, self.graph.without(edges))

    def scores_without_each(self, user_index: int, edges: IntArray, items: IntArray | None = None) -> Float:
        edges = np.asarray(edges, np.int64)
        closed = self.has_fast_leave_one_out and self.prepared.star(user_index, edges) is None
        if closed and items is not None:
            return self.prepared.removal.leave_one_out(user_index, np.asarray(items, np.int64), edges)
        closed = closed and len(edges) > 1
        step = max(FEWEST_AT_ONCE, AT_ONCE // self.graph.n_nodes) if closed else 1
        without = np.empty((len(edges), self.graph.n_items if items is None else len(items)))
        for start in range(0, len(edges), step):
            progress.check()
            some = slice(start, start + step)
            without[some] = (
                self.prepared.removal.scores_without_each(user_index, edges[some])
                if closed
                else self.scores_without(user_index, edges[some], items)
            )
        return without

    def scores_on(self, user_index: int, graph: RecGraph) -> Float:
        progress.check()
        return all_scores(self._model.propagation(graph), user_index, graph.n_items)


def all_scores(propagation: Propagation, user_index: int, n_items: int) -> Float:
    """Scores of all items for one user `[n_items]` in float64."""
    final = propagation.final
    start = propagation.n_users
    scored: Float = np.asarray(final[start : start + n_items] @ final[user_index], dtype=np.float64)
    return scored


def _sorted(operator: sp.csr_array) -> sp.csr_array:
    ordered = operator if operator.has_sorted_indices else operator.sorted_indices()
    return ordered if ordered.dtype == np.float64 else ordered.astype(np.float64)
