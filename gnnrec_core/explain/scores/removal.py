"""What a score becomes when edges go and degrees are normalised anew: exact, without rebuilding the graph.

Let A^ = D^-1/2 A D^-1/2, F the ends of the removed edges, T = diag(sqrt(d / d')) (1 outside F) and W the removed part
of A^ (only entries in F x F). The new operator is T (A^ - W) T, so a row e_x of the identity keeps the form

    e_x (T (A^ - W) T)^l  =  e_x A^^l  +  sum_{f in F, k <= l} C_l[x, f, k] e_f A^^k,

and only the numbers (A^^k)[x, f] are needed to find C. Nothing is assumed of the graph: side edges, weights, parallel
edges and nodes that lose their last edge are all covered. `tests/explain/test_removal.py` holds it against rebuilding.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.data.dataset import IntArray
from gnnrec_core.graph import RecGraph
from gnnrec_core.models.ops.propagation import Propagation

Float = NDArray[np.float64]
GONE = 1e-9
"""A degree below this share of the old one is rounding left over from removing the last edge: it is zero."""

FEW = 3


@dataclass(frozen=True)
class EdgeRemoval:
    """Removals on one graph under one symmetric propagation (float64)."""

    graph: RecGraph
    propagation: Propagation

    def scores_without(self, user_index: int, edges: IntArray) -> Float:
        """The user's scores of all items `[n_items]` on the graph without `edges` (either direction of each)."""
        graph = self.graph
        pairs = undirected(graph, edges)
        ends = graph.ends(pairs)
        nodes, place = np.unique(ends, return_inverse=True)
        place = place.reshape(ends.shape)
        removed = np.zeros((len(nodes), len(nodes)))
        np.add.at(removed, (place[0], place[1]), graph.weights(pairs))
        removed += removed.T
        degree = graph.degree[nodes]
        scale = scale_of(degree, removed.sum(axis=1))[None]
        crossing = crossing_of(removed, degree)[None]
        scored: Float = self._scores(user_index, nodes, np.arange(len(nodes))[None], scale, crossing)[0]
        return scored

    def scores_without_each(self, user_index: int, edges: IntArray) -> Float:
        """`[len(edges), n_items]`: the user's scores of all items without each of `edges` (any edges) in turn."""
        graph = self.graph
        pairs = np.asarray(edges, np.int64) % (graph.n_edges // 2)
        ends = graph.ends(pairs).T  # [b, 2]
        weight, degree = graph.weights(pairs), graph.degree[ends]
        nodes, place = np.unique(ends, return_inverse=True)
        place = place.reshape(ends.shape)
        return self._scores(user_index, nodes, place, scale_of(degree, weight[:, None]), _crossing(weight, degree))

    def _scores(self, user_index: int, nodes: IntArray, place: IntArray, scale: Float, crossing: Float) -> Float:
        """The user's scores `[b, n_items]` after `b` removals; removal b has the ends `nodes[place[b]]` `[f]`.

        The user's new embedding z' comes from the row e_u. The scores of all nodes are sum_l a_l B^l y, with B the new
        operator and y = E z'; B is symmetric, so y takes the place of a row, with (A^^l y)[f] = <X_l[f], z'>.
        """
        spread, weights = self.propagation, self.propagation.layer_weights
        powers = self.powers(nodes)  # [K + 1, n_nodes, m]
        between = powers[:, nodes[place][:, :, None], place[:, None, :]]  # [K + 1, b, f, f]
        basis = self._layer_rows(nodes[place])  # [K + 1, b, f, d]
        own = changed_rows(powers[:, user_index][:, place][:, :, None], between, scale, crossing, weights)[:, :, 0]
        user = spread.final[user_index] + np.einsum("kbf,kbfd->bd", own, basis)
        values = np.einsum("kbfd,bd->kbf", basis, user)[:, :, None]
        change = changed_rows(values, between, scale, crossing, weights)[:, :, 0]  # [K + 1, b, f]
        spot = np.zeros((len(powers), len(nodes), len(place)))
        spot[:, place, np.arange(len(place))[:, None]] = change
        items = slice(self.graph.n_users, self.graph.n_users + self.graph.n_items)
        moved = (powers[:, items] @ spot).sum(axis=0)  # [n_items, b]
        scored: Float = user @ spread.final[items].T + moved.T
        return scored

    def leave_one_out(self, user_index: int, item_indices: IntArray, edges: IntArray) -> Float:
        """`[len(edges), n]`: the user's scores of these items without each of `edges` (all of one source) in turn."""
        graph, spread = self.graph, self.propagation
        if not len(edges):
            return np.zeros((0, len(item_indices)))
        centre, other = int(graph.sources(edges[0])), graph.targets(edges)
        weight = graph.weights(edges)
        degree = np.stack([np.full(len(edges), graph.degree[centre]), graph.degree[other]], axis=1)  # [b, 2]
        rows = np.concatenate([[user_index], graph.item_node(item_indices)])
        values, between = self._star_values(rows, centre, other)
        scale = scale_of(degree, weight[:, None])
        change = changed_rows(values, between, scale, _crossing(weight, degree), spread.layer_weights)
        final = np.broadcast_to(spread.final[rows], (len(edges), len(rows), spread.embedding.shape[1]))
        final = final + np.einsum("kbn,kd->bnd", change[..., 0], self._layer_rows(centre))
        final = final + np.einsum("kbn,kbd->bnd", change[..., 1], self._layer_rows(other))
        scored: Float = np.einsum("bd,bnd->bn", final[:, 0], final[:, 1:])
        return scored

    def powers(self, nodes: IntArray) -> Float:
        """Columns `nodes` of A^^0 .. A^^K `[K + 1, n_nodes, f]`."""
        operator = self.graph.normalised_adjacency
        block = np.zeros((self.propagation.n_layers + 1, self.graph.n_nodes, len(nodes)))
        block[0, nodes, np.arange(len(nodes))] = 1.0
        for power in range(1, len(block)):
            if len(nodes) <= FEW:  # the product with a vector is several times faster than with a thin matrix
                for column in range(len(nodes)):
                    block[power, :, column] = operator @ np.ascontiguousarray(block[power - 1, :, column])
            else:
                block[power] = operator @ block[power - 1]
        return block

    def _star_values(self, rows: IntArray, centre: int, other: IntArray) -> tuple[Float, Float]:
        """(A^^k)[x, f] `[K + 1, b, n, 2]` and (A^^k)[f, g] `[K + 1, b, 2, 2]` for f, g in {centre, other_b}."""
        sources, place = np.unique(np.append(rows, centre), return_inverse=True)
        powers = self.powers(sources)[:, :, place]  # [K + 1, n_nodes, n + 1], symmetric: column x is row x
        n_powers, n_rows = len(powers), len(rows)
        values = np.empty((n_powers, len(other), n_rows, 2))
        values[..., 0] = powers[:, centre, None, :n_rows]
        values[..., 1] = powers[:, other, :n_rows]
        between = np.empty((n_powers, len(other), 2, 2))
        between[..., 0, 0] = powers[:, centre, None, n_rows]
        between[..., 0, 1] = between[..., 1, 0] = powers[:, other, n_rows]
        # A row that starts at the far end itself reaches it with one power more.
        highest = n_powers - 1 if np.isin(rows, other).any() else n_powers - 2
        between[..., 1, 1] = self._diagonals(other, n_powers, highest)
        return values, between

    def _diagonals(self, nodes: IntArray, n_powers: int, highest: int) -> Float:
        """(A^^k)[v, v] `[n_powers, n]` for k up to `highest`, 0 above."""
        operator = self.graph.normalised_adjacency
        found = np.zeros((n_powers, len(nodes)))
        found[0] = 1.0
        if highest >= 1:
            found[1] = self._diagonal[nodes]
        if highest >= 2:
            found[2] = self._squared_rows[nodes]
        low: Any = operator[nodes]
        high: Any = low
        for power in range(3, highest + 1):
            # (A^^(a+b))[v, v] = <row v of A^^a, row v of A^^b>
            if power % 2:
                high = low @ operator
            else:
                low = high
            found[power] = np.asarray((low * high).sum(axis=1)).ravel()
        return found

    @cached_property
    def _squared_rows(self) -> Float:
        operator: Any = self.graph.normalised_adjacency
        total: Float = np.asarray((operator * operator).sum(axis=1), dtype=np.float64).ravel()
        return total

    @cached_property
    def _diagonal(self) -> Float:
        return np.asarray(self.graph.normalised_adjacency.diagonal(), dtype=np.float64)

    def _layer_rows(self, nodes: Any) -> Float:
        """X_0 .. X_K at `nodes` `[K + 1, ..., d]`."""
        rows: Float = np.stack([layer[nodes] for layer in self.propagation.layers])
        return rows


def changed_rows(values: Float, between: Float, scale: Float, crossing: Float, layer_weights: Any) -> Float:
    """sum_l a_l C_l `[K + 1, b, n, f]` (index k first) for `b` independent removals.

    `values` (A^^k)[x, f] `[K + 1, b, n, f]`; `between` (A^^k)[f, g] `[K + 1, b, f, f]`; `scale` the diagonal of T
    `[b, f]`; `crossing` W `[b, f, f]`.
    """
    current = np.zeros_like(values)
    total = np.zeros_like(values)
    grow = (scale - 1.0)[:, None, :]

    def at_ends(power: int) -> Float:
        """Entries of the rows at F after `power` steps `[b, n, f]`."""
        entries: Float = values[power].copy()
        for k in range(power + 1):
            entries += current[k] @ between[k]
        return entries

    for step in range(1, len(values)):
        entries = at_ends(step - 1)
        current[0] += entries * grow  # row T
        current[1:] = current[:-1].copy()  # ... A^
        current[0] = -(entries * scale[:, None, :]) @ crossing  # ... - row T W
        current[0] += at_ends(step) * grow  # ... T
        total += layer_weights[step] * current
    return total


def undirected(graph: RecGraph, edges: IntArray) -> IntArray:
    """Each edge once, as its forward column, ascending."""
    half = graph.n_edges // 2
    return np.unique(np.asarray(edges, np.int64) % half)


def _crossing(weight: Float, degree: Float) -> Float:
    """W of `b` single edges `[b, 2, 2]` from their weights `[b]` and the degrees of their ends `[b, 2]`."""
    crossing = np.zeros((len(weight), 2, 2))
    crossing[:, 0, 1] = crossing[:, 1, 0] = weight / np.sqrt(degree.prod(axis=1))
    return crossing


def crossing_of(removed: Float, degree: Float) -> Float:
    """W `[f, f]`: the removed weights between `f` nodes, normalised."""
    found: Float = removed / np.sqrt(np.outer(degree, degree))
    return found


def scale_of(degree: Float, removed: Float) -> Float:
    """sqrt(d / d'), 0 where nothing is left."""
    left = degree - removed
    scale = np.zeros_like(left)
    np.divide(degree, left, out=scale, where=left > GONE * degree)
    root: Float = np.sqrt(scale)
    return root
