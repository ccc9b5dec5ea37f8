"""The graph: users first, items next, attribute nodes last; every undirected edge in both directions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.base.errors import RequestError
from gnnrec_core.data.dataset import NO_TIME, Dataset, FloatArray, IntArray, frozen_array

NodeType = Literal["user", "item", "attribute"]
INTERACTION = "interaction"
"""The name of relation 0."""


@dataclass(frozen=True)
class Forward:
    """The edges in one direction `[m]`: node indices of both ends, type, weight, row of the interaction (or -1)."""

    source: NDArray[Any]
    target: NDArray[Any]
    kind: NDArray[np.int16]
    weight: FloatArray
    row: NDArray[Any]


@dataclass(frozen=True)
class RecGraph:
    """Train interactions and side edges as one undirected weighted graph.

    `edge_index` int64 `[2, n_edges]`: columns 0..m-1 are the edges, columns m..2m-1 the same edges reversed, so the
    reverse of column e is `(e + m) % (2 m)`. `edge_type` int16 `[n_edges]` is a position in `relations` (0 is
    "interaction"); `edge_weight` float32 `[n_edges]`; `edge_interaction` int64 `[n_edges]` is the row of the
    interaction in the dataset, -1 for a side edge. `edge_features` float32 `[n_edges, f]` with `feature_names`
    (rating, recency; standardised over train interactions, 0 where unknown).
    """

    n_users: int
    n_items: int
    n_attributes: int
    edge_index: IntArray
    edge_type: NDArray[np.int16]
    edge_weight: FloatArray
    edge_interaction: IntArray
    relations: tuple[str, ...]
    edge_features: FloatArray
    feature_names: tuple[str, ...] = ()

    @property
    def n_nodes(self) -> int:
        return self.n_users + self.n_items + self.n_attributes

    @property
    def n_edges(self) -> int:
        """Directed edges: twice the undirected ones."""
        return 2 * len(self.forward.source)

    @cached_property
    def forward(self) -> Forward:
        """Columns 0..m-1 of everything above."""
        half = slice(self.edge_index.shape[1] // 2)
        source, target = self.edge_index[:, half]
        return Forward(source, target, self.edge_type[half], self.edge_weight[half], self.edge_interaction[half])

    @cached_property
    def incidence(self) -> tuple[IntArray, IntArray]:
        """Columns of all edges grouped by source, ascending, and where each node's group starts `[n_nodes + 1]`."""
        return grouped(self.forward, self.n_nodes)

    def edges_of(self, node: int) -> IntArray:
        """Columns whose source is `node`, ascending."""
        columns, start = self.incidence
        found: IntArray = columns[start[node] : start[node + 1]].astype(np.int64)
        return found

    def n_links(self, nodes: IntArray) -> IntArray:
        """Edges of each of `nodes`."""
        start = self.incidence[1]
        found: IntArray = (start[np.asarray(nodes) + 1] - start[nodes]).astype(np.int64)
        return found

    def sources(self, edges: Any) -> IntArray:
        """`edge_index[0, edges]`, without the arrays of all edges."""
        return self._ends(edges, self.forward.source, self.forward.target)

    def targets(self, edges: Any) -> IntArray:
        """`edge_index[1, edges]`, without the arrays of all edges."""
        return self._ends(edges, self.forward.target, self.forward.source)

    def _ends(self, edges: Any, ahead: NDArray[Any], back: NDArray[Any]) -> IntArray:
        edges = np.asarray(edges, np.int64)
        place = edges % max(1, len(ahead))
        found: IntArray = np.where(edges < len(ahead), ahead[place], back[place]).astype(np.int64)
        return found

    def ends(self, edges: Any) -> IntArray:
        """`edge_index[:, edges]`, without the arrays of all edges."""
        return np.stack([self.sources(edges), self.targets(edges)])

    def kinds(self, edges: Any) -> NDArray[np.int16]:
        """`edge_type[edges]`, without the arrays of all edges."""
        return self.forward.kind[np.asarray(edges, np.int64) % max(1, len(self.forward.kind))]

    def weights(self, edges: Any) -> NDArray[np.float64]:
        """`edge_weight[edges]` in float64, without the arrays of all edges."""
        place = np.asarray(edges, np.int64) % max(1, len(self.forward.weight))
        return self.forward.weight[place].astype(np.float64)

    def operator_rows(self, nodes: IntArray) -> sp.csr_array:
        """Rows `nodes` of the normalised adjacency, CSR `[n, n_nodes]`."""
        rows: sp.csr_array = self.normalised_adjacency[nodes]
        return rows

    def neighbours(self, node: int) -> IntArray:
        """Nodes that share an edge with `node`, ascending, each once."""
        start, end = self.normalised_adjacency.indptr[node : node + 2]
        found: IntArray = self.normalised_adjacency.indices[start:end].astype(np.int64)
        return found

    def node_type(self, node: int) -> NodeType:
        """Which block `node` stands in."""
        if node < self.n_users:
            return "user"
        return "item" if node < self.n_users + self.n_items else "attribute"

    def item_node(self, item_index: Any) -> Any:
        """Node index of an item (or of an array of items)."""
        return item_index + self.n_users

    @cached_property
    def adjacency(self) -> sp.csr_array:
        """Symmetric weighted adjacency A, float64 `[n_nodes, n_nodes]`; parallel edges of two relations add up."""
        matrix = sp.coo_array(
            (self.edge_weight.astype(np.float64), (self.edge_index[0], self.edge_index[1])),
            shape=(self.n_nodes, self.n_nodes),
        ).tocsr()
        matrix.sum_duplicates()
        matrix.sort_indices()
        return matrix

    @cached_property
    def degree(self) -> NDArray[np.float64]:
        """Weighted degree `[n_nodes]`; 0 for an isolated node."""
        total: NDArray[np.float64] = np.asarray(self.adjacency.sum(axis=1), dtype=np.float64).ravel()
        return total

    @cached_property
    def normalised_adjacency(self) -> sp.csr_array:
        """D^-1/2 A D^-1/2 (He et al. 2020), float64 `[n_nodes, n_nodes]`; rows of isolated nodes are empty."""
        scale = np.zeros(self.n_nodes)
        np.divide(1.0, np.sqrt(self.degree), out=scale, where=self.degree > 0)
        matrix = self.adjacency.copy()
        rows = np.repeat(np.arange(self.n_nodes), np.diff(matrix.indptr))
        matrix.data = matrix.data * scale[rows] * scale[matrix.indices]
        return matrix

    @cached_property
    def seen(self) -> sp.csr_array:
        """Boolean `[n_users, n_items]`: the train interactions, which a ranking leaves out."""
        return self._user_item[0]

    @cached_property
    def popularity(self) -> IntArray:
        """Train interactions of each item `[n_items]`."""
        counts: IntArray = np.bincount(self.seen.indices, minlength=self.n_items).astype(np.int64)
        return counts

    @cached_property
    def _user_item(self) -> tuple[sp.csr_array, IntArray]:
        one = self.forward
        edges = np.flatnonzero(one.kind == 0)
        users, items = one.source[edges], one.target[edges] - self.n_users
        if not _pairs_ascend(users, items):  # those of a dataset do, and nothing that is removed changes that
            order = np.lexsort((items, users))
            edges, users, items = edges[order], users[order], items[order]
        start = np.zeros(self.n_users + 1, np.int32 if len(edges) < 2**31 else np.int64)
        np.cumsum(np.bincount(users, minlength=self.n_users), out=start[1:])
        entries = (np.ones(len(edges), dtype=bool), items.astype(start.dtype), start)
        return sp.csr_array(entries, shape=(self.n_users, self.n_items)), edges

    def history(self, user_index: int) -> IntArray:
        """Items of the user's train interactions, ascending `[n]`."""
        start, end = self.seen.indptr[user_index : user_index + 2]
        return self.seen.indices[start:end].astype(np.int64)

    def history_edges(self, user_index: int) -> IntArray:
        """Edge columns (user to item direction) of the same interactions, in the same order `[n]`."""
        start, end = self.seen.indptr[user_index : user_index + 2]
        return self._user_item[1][start:end]

    @property
    def all_history_edges(self) -> IntArray:
        """Those of all users, in the order of the entries of `seen` `[n_train]`."""
        return self._user_item[1]

    def reverse(self, edges: IntArray) -> IntArray:
        """The columns that hold the same edges in the other direction."""
        reversed_edges: IntArray = (edges + self.n_edges // 2) % self.n_edges
        return reversed_edges

    def without(self, edges: IntArray) -> RecGraph:
        """The graph with these edges (given in either direction) gone in both directions."""
        keep = np.ones(self.n_edges, dtype=bool)
        keep[edges] = False
        keep[self.reverse(np.asarray(edges, dtype=np.int64))] = False
        return self._select(keep)

    def with_interactions(self, user_index: int, item_indices: IntArray) -> RecGraph:
        """The graph with new interactions of weight 1 of one user (features 0, no dataset row)."""
        items = self.item_node(np.asarray(item_indices, np.int64))
        return self.with_edges(np.full(len(items), user_index, np.int64), items)

    def with_edges(self, source: IntArray, target: IntArray, relation: int = 0, weight: float = 1.0) -> RecGraph:
        """The graph with new edges of one relation between nodes `[n]` (features 0, no dataset row); interactions go
        from users to items."""
        new = len(source)
        half = self.n_edges // 2
        ends = np.stack([np.asarray(source, np.int64), np.asarray(target, np.int64)])
        extra: dict[str, NDArray[Any]] = {
            "edge_type": np.full(new, relation, np.int16),
            "edge_weight": np.full(new, weight, np.float32),
            "edge_interaction": np.full(new, -1, np.int64),
            "edge_features": np.zeros((new, self.edge_features.shape[1]), np.float32),
        }

        def joined(old: NDArray[Any], added: NDArray[Any]) -> NDArray[Any]:
            return np.concatenate([old[:half], added, old[half:], added])

        return RecGraph(
            self.n_users,
            self.n_items,
            self.n_attributes,
            frozen_array(
                np.concatenate([self.edge_index[:, :half], ends, self.edge_index[:, half:], ends[::-1]], axis=1),
                np.int64,
            ),
            relations=self.relations,
            feature_names=self.feature_names,
            **{name: frozen_array(joined(getattr(self, name), value), value.dtype) for name, value in extra.items()},
        )

    def _select(self, keep: NDArray[np.bool_]) -> RecGraph:
        return RecGraph(
            self.n_users,
            self.n_items,
            self.n_attributes,
            frozen_array(self.edge_index[:, keep], np.int64),
            frozen_array(self.edge_type[keep], np.int16),
            frozen_array(self.edge_weight[keep], np.float32),
            frozen_array(self.edge_interaction[keep], np.int64),
            self.relations,
            frozen_array(self.edge_features[keep], np.float32),
            self.feature_names,
        )


def grouped(edges: Forward, n_nodes: int) -> tuple[NDArray[Any], IntArray]:
    """The columns of both directions grouped by source, ascending, and where each node's group starts."""
    source = np.concatenate([edges.source, edges.target])
    columns = np.arange(len(source), dtype=np.int32 if len(source) < 2**31 else np.int64)
    # Counting, not sorting: the columns of a node are the entries of its row in a matrix of nodes by columns.
    shape = (n_nodes, max(1, len(source)))
    entries: Any = (np.ones(len(source), bool), (source.astype(columns.dtype), columns))
    rows = sp.csr_array(entries, shape=shape)
    return rows.indices, rows.indptr.astype(np.int64)


def _pairs_ascend(users: NDArray[Any], items: NDArray[Any]) -> bool:
    """Is every pair greater than the one before it (by user, then item)?"""
    later = (users[1:] > users[:-1]) | ((users[1:] == users[:-1]) & (items[1:] > items[:-1]))
    return bool(later.all())


def build_graph(
    dataset: Dataset, side_edges: float = 1.0, half_life_days: float = 0.0, features: bool = True
) -> RecGraph:
    """The graph of the train interactions and, times `side_edges`, the relations of `dataset` (0 leaves them out).

    With a half-life an interaction's weight is times 2^(-age / half-life) (`aged`). A model that reads no `features` of
    edges need not have them made.
    """
    interactions = dataset.interactions
    rows = interactions.rows("train")
    ends = [np.stack([interactions.user_index[rows], interactions.item_index[rows] + dataset.n_users])]
    weight = interactions.weight[rows] * aged(dataset, rows, half_life_days)
    types, weights, names = [np.zeros(len(rows), np.int16)], [weight], [INTERACTION]
    if side_edges > 0:
        for relation in dataset.relations:
            if relation.kind == "user-item":
                continue  # what was shown to whom is nothing to learn from
            ends.append(np.stack([relation.source, relation.target]))
            types.append(np.full(len(relation), len(names), np.int16))
            weights.append(relation.weight * np.float32(side_edges))
            names.append(relation.name)
    forward = np.concatenate(ends, axis=1)
    columns, feature_names = _edge_features(dataset, rows, forward.shape[1]) if features else (None, ())
    both = np.zeros((2 * forward.shape[1], 0)) if columns is None else np.tile(columns, (2, 1))
    edge_interaction = np.full(forward.shape[1], -1, np.int64)
    edge_interaction[: len(rows)] = rows
    return RecGraph(
        dataset.n_users,
        dataset.n_items,
        dataset.n_attributes,
        frozen_array(np.concatenate([forward, forward[::-1]], axis=1), np.int64),
        frozen_array(np.tile(np.concatenate(types), 2), np.int16),
        frozen_array(np.tile(np.concatenate(weights), 2), np.float32),
        frozen_array(np.tile(edge_interaction, 2), np.int64),
        tuple(names),
        frozen_array(both, np.float32),
        feature_names,
    )


def aged(dataset: Dataset, rows: IntArray, half_life_days: float) -> FloatArray:
    """What each of these interactions weighs for its age, float32 `[n]` in 1e-6 .. 1: 2^(-age / half-life), age
    against the newest interaction of the log; without a time: the oldest age. All 1 where the half-life is 0.

    RequestError where there is a half-life and no interaction has a time.
    """
    if half_life_days <= 0:
        return np.ones(len(rows), np.float32)
    times = dataset.interactions.timestamp
    known = np.zeros(len(rows), bool) if times is None else times[rows] != NO_TIME
    if times is None or not known.any():
        raise RequestError(
            f"The interactions of {dataset.name!r} have no time, so they cannot weigh less with age.",
            "Set half_life_days to 0, or import the log with its times.",
            setting="half_life_days",
        )
    when = np.where(known, times[rows], times[rows][known].min())
    weight: FloatArray = np.clip(np.exp2((when - times.max()) / (86_400 * half_life_days)), 1e-6, 1.0).astype(
        np.float32
    )
    return weight


def _edge_features(dataset: Dataset, rows: IntArray, n_forward: int) -> tuple[FloatArray, tuple[str, ...]]:
    """Rating and recency of each train interaction, standardised; zeros for side edges and unknown values."""
    columns, names = [], []
    interactions = dataset.interactions
    sources = (("rating", interactions.rating), ("recency", interactions.timestamp))
    for name, values in sources:
        if values is None:
            continue
        known = np.isfinite(values[rows]) if name == "rating" else values[rows] != NO_TIME
        raw = values[rows].astype(np.float64)
        if not known.any() or np.ptp(raw[known]) == 0:
            continue
        column = np.zeros(n_forward)
        column[: len(rows)][known] = (raw[known] - raw[known].mean()) / raw[known].std()
        columns.append(column)
        names.append(name)
    stacked = np.stack(columns, axis=1) if columns else np.zeros((n_forward, 0))
    return stacked.astype(np.float32), tuple(names)
