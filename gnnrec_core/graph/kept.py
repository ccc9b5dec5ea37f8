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
        n_edges = len(arrays["source"])
        made = object.__new__(cls)
        fields = ("source", "target", "row", "kind", "weight")
        source, target, row, kind, weight = (arrays[name] for name in fields)
        kind, weight = (np.broadcast_to(one, n_edges) if len(one) == 1 else one for one in (kind, weight))
        made.__dict__.update(
            n_users=sizes[0],
            n_items=sizes[1],
            n_attributes=sizes[2],
            relations=relations,
            feature_names=(),
            forward=Forward(source, target, kind, weight, row),
            incidence=(arrays["column"], arrays["start"]),
            _pattern=(arrays["pointer"], arrays["neighbour"], arrays["entry"]),
            degree=arrays["degree"],
            popularity=arrays["popularity"],
        )
        return made

    @cached_property
    def normalised_adjacency(self) -> sp.csr_array:
        """All rows, for whoever passes over the whole graph."""
        if "_pattern" not in self.__dict__:
            made: sp.csr_array = RecGraph.normalised_adjacency.func(self)  # type: ignore[attr-defined]
            return made
        pointer, neighbour, entry = self.__dict__["_pattern"]
        scale = self._scale
        data = np.repeat(scale, np.diff(pointer)) * scale[neighbour] * entry
        operator = sp.csr_array((data, neighbour, pointer), shape=(self.n_nodes, self.n_nodes))
        operator.has_sorted_indices = operator.has_canonical_format = True
        return operator

    def operator_rows(self, nodes: IntArray) -> sp.csr_array:
        """Rows `nodes` of the normalised adjacency, made of the pages that hold them."""
        if "_pattern" not in self.__dict__:
            return super().operator_rows(nodes)
        pointer, neighbour, entry = self.__dict__["_pattern"]
        nodes = np.asarray(nodes, np.int64)
        first, counts = pointer[nodes].astype(np.int64), (pointer[nodes + 1] - pointer[nodes]).astype(np.int64)
        start = np.concatenate([[0], np.cumsum(counts)])
        place = np.arange(start[-1]) + np.repeat(first - start[:-1], counts)
        other, weight = neighbour[place], entry[place] if len(entry) > 1 else entry
        data = np.repeat(self._scale[nodes], counts) * self._scale[other] * weight
        return sp.csr_array((data, other, start.astype(other.dtype)), shape=(len(nodes), self.n_nodes))

    def neighbours(self, node: int) -> IntArray:
        """Nodes that share an edge with `node`, ascending, each once."""
        found: IntArray = self.operator_rows(np.array([node])).indices.astype(np.int64)
        return found

    @cached_property
    def _scale(self) -> NDArray[np.float64]:
        """D^-1/2 `[n_nodes]`, 0 for isolated nodes."""
        scale = np.zeros(self.n_nodes)
        np.divide(1.0, np.sqrt(self.degree), out=scale, where=self.degree > 0)
        return scale

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
    """What is kept of a graph: edges in one direction, the columns of each node, the adjacency as CSR.

    Indices take 32 bits where they fit. A type or a weight that all edges share is stored once.
    """
    one, matrix = graph.forward, graph.adjacency
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
        "pointer": matrix.indptr.astype(small),
        "neighbour": matrix.indices.astype(small),
        "entry": _once(matrix.data),
        "degree": graph.degree,
        "popularity": graph.popularity,
    }
    return arrays


def _once(values: NDArray[Any]) -> NDArray[Any]:
    return values[:1] if len(values) and bool((values == values[0]).all()) else values
