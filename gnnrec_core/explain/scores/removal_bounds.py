"""How wrong the closed form for removed interactions can be: a bound that holds for every set of a size.

`predictor` changes the row of the user as removing S does and leaves all else as it was. What it leaves out are the
changes delta_l = X'_l - X_l of all other nodes, and those follow

    delta_l = P' delta_{l-1} + (P' - P) X_{l-1},   P' = T (P - W) T,   T = diag(sqrt(d / d')).

P' - P has entries only in rows and columns of the user and of S. With lengths in place of vectors, and a matrix
Q >= P' in place of P', this gives |delta_l(v)| <= alpha_l(v) + sum over i in S of beta_l(v, i), so that the largest
error over all sets of m interactions is a sum of m largest numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.data.dataset import IntArray
from gnnrec_core.explain.scores.linear import Prepared

Float = NDArray[np.float64]
MOST_WORK = 2e8
"""Products (entries of the adjacency times interactions) beyond which no bound is worked out."""


@dataclass(frozen=True)
class RemovalBound:
    """Bounds for removing some of `edges` `[m]` (columns whose source is `user_index`) from a symmetric propagation."""

    prepared: Prepared
    user_index: int
    item_index: int
    edges: IntArray
    _known: dict[int, Float] = field(default_factory=dict)

    def of_size(self, size: int) -> Float:
        """By how much the lead of each item over `item_index` can differ from what the predictor says, over all sets
        of `size` interactions `[n_items]`; infinite where nothing would be left of the user."""
        if size not in self._known:
            self._known[size] = self._of_size(size)
        return self._known[size]

    def _of_size(self, size: int) -> Float:
        graph, spread = self.prepared.graph, self.prepared.propagation
        user, ends = self.user_index, graph.targets(self.edges)
        weight = graph.weights(self.edges)
        left = graph.degree[user] - np.sort(weight)[-size:].sum()
        if left <= 1e-9 * graph.degree[user]:
            return np.full(graph.n_items, np.inf)
        grown = float(np.sqrt(graph.degree[user] / left))  # t_u at its largest
        to_user, to_items, all_alpha, all_beta = self._changes(grown, ends, weight)
        final = spread.final[graph.item_node(np.arange(graph.n_items))]
        apart = np.linalg.norm(final - final[self.item_index], axis=1)  # [n_items]
        longest = self._longest(grown, size) + to_user + np.sort(to_items)[-size:].sum()
        fixed = to_user * apart + longest * (all_alpha + all_alpha[self.item_index])
        each = to_items * apart[:, None] + longest * (all_beta + all_beta[self.item_index])  # [n_items, m]
        largest = np.partition(each, len(self.edges) - size, axis=1)[:, len(self.edges) - size :]
        bound: Float = fixed + largest.sum(axis=1)
        return bound

    def _longest(self, grown: float, size: int) -> float:
        """The longest embedding that the predictor can give the user."""
        _, messages, own = self.prepared.messages(self.user_index)
        longest = np.sort(np.linalg.norm(messages, axis=1))[-size:].sum()
        return float(np.linalg.norm(own) + grown * (np.linalg.norm(messages.sum(axis=0)) + longest))

    def _changes(self, grown: float, ends: IntArray, weight: Float) -> tuple[float, Float, Float, Float]:
        """What the predictor misses of z_user: a number, and one for each removed interaction `[m]`; and how far final
        embeddings of items move: `[n_items]`, and `[n_items, m]` for each removed interaction."""
        graph, spread = self.prepared.graph, self.prepared.propagation
        adjacency, user = graph.normalised_adjacency, self.user_index
        degree = graph.degree[ends]
        scale = np.sqrt(np.divide(degree, degree - weight, out=np.zeros_like(degree), where=degree - weight > 1e-9))
        tau = np.ones(graph.n_nodes)
        tau[ends], tau[user] = np.maximum(scale, 1.0), grown
        above: Any = sp.diags_array(tau) @ adjacency @ sp.diags_array(tau)  # Q
        columns = adjacency[:, ends].toarray()  # [n_nodes, m]
        of_user = np.asarray(adjacency[:, [user]].toarray()).ravel()
        removed = weight / np.sqrt(graph.degree[user] * degree)
        lengths = [np.linalg.norm(layer, axis=1) for layer in spread.layers]
        alpha, beta = np.zeros(graph.n_nodes), np.zeros((graph.n_nodes, len(ends)))
        to_user, to_items = 0.0, np.zeros(len(ends))
        all_alpha, all_beta = np.zeros(graph.n_nodes), np.zeros_like(beta)
        place = np.arange(len(ends))
        for layer in range(1, spread.n_layers + 1):
            share = spread.layer_weights[layer]
            to_user += grown * share * float(of_user @ alpha)
            to_items += grown * share * (of_user @ beta)
            before, now = lengths[layer - 1], lengths[layer]
            alpha = above @ alpha + tau * (grown - 1.0) * of_user * before[user]
            alpha[user] += (grown - 1.0) * now[user]
            beta = above @ beta + (tau[:, None] * columns) * (np.abs(scale - 1.0) * before[ends])
            beta[user] += grown * removed * before[ends]
            beta[ends, place] += np.abs(scale - 1.0) * now[ends] + np.maximum(scale, 1.0) * removed * before[user]
            all_alpha, all_beta = all_alpha + share * alpha, all_beta + share * beta
        items = slice(graph.n_users, graph.n_users + graph.n_items)
        return to_user, to_items, all_alpha[items], all_beta[items]


def removal_bound(prepared: Prepared, user_index: int, item_index: int, edges: IntArray) -> RemovalBound | None:
    """The bound for sets of `edges`; None where there is none (attention, parallel edges) or it costs too much."""
    too_much = prepared.graph.n_edges * max(1, len(edges)) > MOST_WORK
    if not prepared.propagation.symmetric or too_much or not len(edges):
        return None
    if (prepared.edge_share(user_index, prepared.edges_of(user_index)) < 1.0).any():
        return None
    return RemovalBound(prepared, user_index, item_index, edges)
