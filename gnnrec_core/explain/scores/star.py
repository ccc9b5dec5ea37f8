"""All removals of a person's own edges, read from one star: the powers of A^ at the person and at their neighbours.

With F the person and the neighbours, `removal.changed_rows` needs (A^^k)[f, g] for f, g in F alone to say what a row
of the new operator becomes, and A^ is symmetric: with g = X_0 z'_u the new scores of all items are

    sum_l a_l (A'^l g)[i]  =  <z_i, z'_u> + sum_k sum_{f in F} C[k, f] (A^^k)[f, i],   C from h_k[f] = <X_k[f], z'_u>.

The rows (A^^k)[F, items] are sparse: they are found by walking from F, never by a pass over the whole graph, and every
set of edges afterwards costs what the star has entries.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.data.dataset import IntArray
from gnnrec_core.explain.scores.removal import changed_rows, crossing_of, scale_of, undirected
from gnnrec_core.graph import RecGraph
from gnnrec_core.models.ops.propagation import Propagation

Float = NDArray[np.float64]
MOST_NODES = 2_000
"""Neighbours above which a star would be larger than the passes that it saves."""


@dataclass(frozen=True)
class Star:
    """Removals of edges between nodes of one star, under one symmetric propagation.

    `nodes` `[f]` ascending, the user `centre` among them; `reach[k]` is (A^^k)[nodes, items], CSR `[f, n_items]`;
    `between` (A^^k)[nodes, nodes] and `layers` X_k[nodes] `[K + 1, f, ...]`; `items` z_i `[n_items, d]`. All float64.
    """

    graph: RecGraph
    propagation: Propagation
    centre: int
    nodes: IntArray
    reach: tuple[sp.csr_array, ...]
    between: Float
    layers: Float
    items: Float

    @classmethod
    def of(cls, graph: RecGraph, propagation: Propagation, items: Float, centre: int) -> Star | None:
        """The star of a user; None where it has too many nodes. `items` are the final embeddings of all items."""
        nodes = np.union1d(graph.neighbours(centre), [centre]).astype(np.int64)
        if len(nodes) > MOST_NODES:
            return None
        return cls.among(graph, propagation, items, centre, nodes)

    @classmethod
    def among(cls, graph: RecGraph, propagation: Propagation, items: Float, centre: int, nodes: IntArray) -> Star:
        """The same of any `nodes` (ascending, `centre` among them): it answers for all edges between them."""
        layers = np.stack([layer[nodes] for layer in propagation.layers]).astype(np.float64)
        reach, between = _powers(graph, nodes, propagation.n_layers)
        return cls(graph, propagation, centre, nodes, reach, between, layers, items)

    def scores_without(self, edges: IntArray, items: IntArray | None = None) -> Float:
        """The user's scores of `items` `[n]`, or of all, on the graph without `edges`, each with both ends in the
        star."""
        user, some, change = self._changed(edges)
        scored: Float = (self.items if items is None else self.items[items]) @ user
        for weight, rows in zip(change, self.reach, strict=True):
            if not rows.nnz:
                continue
            if items is None:
                full = np.zeros(len(self.nodes))
                full[some] = weight
                scored += rows.T @ full
            else:
                scored += weight @ rows[some][:, items].toarray()
        return scored

    def _changed(self, edges: IntArray) -> tuple[Float, IntArray, Float]:
        """z'_u `[d]`, the places of the nodes that lose an edge `[s]`, and C there `[K + 1, s]`."""
        graph, spread = self.graph, self.propagation
        pairs = undirected(graph, edges)
        some, place = np.unique(np.searchsorted(self.nodes, graph.ends(pairs)), return_inverse=True)
        place = place.reshape(2, len(pairs))
        removed = np.zeros((len(some), len(some)))
        np.add.at(removed, (place[0], place[1]), graph.weights(pairs))
        removed += removed.T
        degree = graph.degree[self.nodes[some]]
        fixed = (
            self.between[:, some[:, None], some][:, None],
            scale_of(degree, removed.sum(axis=1))[None],
            crossing_of(removed, degree)[None],
            spread.layer_weights,
        )
        basis, own = self.layers[:, some], np.searchsorted(self.nodes, self.centre)
        row = changed_rows(self.between[:, own, some][:, None, None], *fixed)[:, 0, 0]
        user = spread.final[self.centre].astype(np.float64) + np.einsum("kf,kfd->d", row, basis)
        return user, some, changed_rows((basis @ user)[:, None, None], *fixed)[:, 0, 0]


def _powers(graph: RecGraph, nodes: IntArray, n_layers: int) -> tuple[tuple[sp.csr_array, ...], Float]:
    """(A^^k)[nodes, items] and (A^^k)[nodes, nodes] for k = 0 .. K.

    The last power is needed at the items alone, and between two nodes it is a product of two lower ones. Where all
    edges join users and items, rows whose last step ends on a user are left out.
    """
    items = slice(graph.n_users, graph.n_users + graph.n_items)
    ones = np.ones(len(nodes))
    rows = [sp.csr_array((ones, nodes, np.arange(len(nodes) + 1)), shape=(len(nodes), graph.n_nodes))]
    between = np.zeros((n_layers + 1, len(nodes), len(nodes)))
    between[0] = np.eye(len(nodes))
    for power in range(1, n_layers + 1):
        before = rows[-1]
        between[power] = _between(graph, rows, nodes, power)
        if power == n_layers and len(graph.relations) == 1:
            ends_on_items = (nodes < graph.n_users) == (power % 2 == 1)
            before = sp.csr_array(sp.diags_array(ends_on_items.astype(np.float64)) @ before)
            before.eliminate_zeros()
        reached = np.unique(before.indices).astype(np.int64)
        rows.append(before[:, reached] @ graph.operator_rows(reached))
    return tuple(sp.csr_array(each[:, items]) for each in rows), between


def _between(graph: RecGraph, rows: list[sp.csr_array], nodes: IntArray, power: int) -> Float:
    """(A^^power)[nodes, nodes] from the lower powers `rows`."""
    low = power // 2
    found = graph.operator_rows(nodes)[:, nodes] if power == 1 else rows[low] @ rows[power - low].T
    dense: Float = found.toarray()
    return dense
