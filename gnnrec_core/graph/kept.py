"""A large graph in mapped memory: a question about one node reads the rows of its neighbourhood."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.data.dataset import FloatArray, IntArray, frozen_array
from gnnrec_core.graph import Forward, RecGraph


class KeptGraph(RecGraph):
    """A graph over the arrays of `graph_arrays`. Arrays of all edges both ways are made when they are asked for.

    What a graph works out from its edges is there already, as values; a graph made from this one by `replace` works
    them out itself. It has no features of edges.
    """

    @classmethod
    def over(
        cls, sizes: tuple[int, int, int], relations: tuple[str, ...], arrays: dict[str, NDArray[Any]]
    ) -> KeptGraph:
        """The graph of `sizes` users, items and attribute nodes."""
        n_nodes, n_edges = sum(sizes), len(arrays["source"])
        made = object.__new__(cls)
        fields = ("source", "target", "row", "kind", "weight")
        source, target, row, kind, weight = (arrays[name] for name in fields)
        kind, weight = (np.broadcast_to(one, n_edges) if len(one) == 1 else one for one in (kind, weight))
        operator = sp.csr_array(
            (arrays["normalised"], arrays["neighbour"], arrays["pointer"]), shape=(n_nodes, n_nodes), copy=False
        )
        operator.has_sorted_indices = operator.has_canonical_format = True
        made.__dict__.update(
            n_users=sizes[0],
            n_items=sizes[1],
            n_attributes=sizes[2],
            relations=relations,
            feature_names=(),
            forward=Forward(source, target, kind, weight, row),
            incidence=(arrays["column"], arrays["start"]),
            normalised_adjacency=operator,
            degree=arrays["degree"],
            popularity=arrays["popularity"],
        )
        return made

    @cached_property
    def edge_index(self) -> IntArray:
        one = self.forward
        ends = [np.concatenate(pair) for pair in ((one.source, one.target), (one.target, one.source))]
        return frozen_array(np.stack(ends), np.int64)

    @cached_property
    def edge_type(self) -> NDArray[np.int16]:
        return frozen_array(np.tile(self.forward.kind, 2), np.int16)

    @cached_property
    def edge_weight(self) -> FloatArray:
        return frozen_array(np.tile(self.forward.weight, 2), np.float32)

    @cached_property
    def edge_interaction(self) -> IntArray:
        return frozen_array(np.tile(self.forward.row, 2), np.int64)

    @cached_property
    def edge_features(self) -> FloatArray:
        return frozen_array(np.zeros((self.n_edges, 0)), np.float32)

    def history_edges(self, user_index: int) -> IntArray:
        """Columns of the user's train interactions, by item."""
        edges = self.edges_of(user_index)
        edges = edges[(edges < self.n_edges // 2) & (self.kinds(edges) == 0)]
        found: IntArray = edges[np.argsort(self.targets(edges), kind="stable")]
        return found

    def history(self, user_index: int) -> IntArray:
        """Items of the user's train interactions, ascending `[n]`."""
        items: IntArray = self.targets(self.history_edges(user_index)) - self.n_users
        return items


def graph_arrays(graph: RecGraph) -> dict[str, NDArray[Any]]:
    """What is kept of a graph: edges in one direction, the columns of each node, the normalised adjacency as CSR.

    Indices take 32 bits where they fit. A type or a weight that all edges share is stored once.
    """
    one, operator = graph.forward, graph.normalised_adjacency
    columns, start = graph.incidence
    small = np.int32 if max(graph.n_edges, graph.n_nodes) < 2**31 else np.int64
    arrays = {
        "source": one.source.astype(small),
        "target": one.target.astype(small),
        "row": one.row.astype(small),
        "kind": _once(one.kind),
        "weight": _once(one.weight),
        "column": columns,
        "start": start,
        "pointer": operator.indptr.astype(small),
        "neighbour": operator.indices.astype(small),
        "normalised": operator.data,
        "degree": graph.degree,
        "popularity": graph.popularity,
    }
    return arrays


def _once(values: NDArray[Any]) -> NDArray[Any]:
    return values[:1] if len(values) and bool((values == values[0]).all()) else values
