"""Recommenders with random parameters: the identities of explanations hold for any parameters."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from gnnrec_core.data.dataset import Dataset
from gnnrec_core.graph import RecGraph, build_graph
from gnnrec_core.models.history_protocol import HistoryParts
from gnnrec_core.models.ops.propagation import Propagation


@dataclass(eq=False)
class LinearModel:
    """LightGCN with given embeddings."""

    graph: RecGraph
    embedding: np.ndarray
    n_layers: int = 3
    name: str = "linear"
    layer_weights: np.ndarray | None = None

    @property
    def weights(self) -> np.ndarray:
        """Of the layers: those given, or all the same."""
        return (
            np.full(self.n_layers + 1, 1.0 / (self.n_layers + 1)) if self.layer_weights is None else self.layer_weights
        )

    def propagation(self, graph: RecGraph | None = None) -> Propagation:
        graph = graph or self.graph
        operators = tuple((graph.normalised_adjacency,) for _ in range(self.n_layers))
        return Propagation(graph.n_users, self.embedding, self.weights, operators, symmetric=True)

    def score(self, users: np.ndarray) -> np.ndarray:
        final = self.propagation().final
        items = final[self.graph.n_users : self.graph.n_users + self.graph.n_items]
        return (final[users] @ items.T).astype(np.float32)


@dataclass(eq=False)
class AttentionModel(LinearModel):
    """Row-wise softmax attention on fixed logits, times sqrt(d_i / d_j), one operator per layer and head."""

    n_heads: int = 2
    logits: np.ndarray = field(default_factory=lambda: np.random.default_rng(7).normal(size=(3, 2, 4096)))

    def propagation(self, graph: RecGraph | None = None) -> Propagation:
        graph = graph or self.graph
        adjacency = graph.adjacency
        rows = np.repeat(np.arange(graph.n_nodes), np.diff(adjacency.indptr))
        place = (rows * 31 + adjacency.indices * 17) % self.logits.shape[2]  # follows the pair, not the position
        operators = []
        for layer in range(self.n_layers):
            heads = []
            for head in range(self.n_heads):
                weight = adjacency.data * np.exp(self.logits[layer, head, place])
                total = np.bincount(rows, weights=weight, minlength=graph.n_nodes)
                data = weight / total[rows] * np.sqrt(graph.degree[rows] / graph.degree[adjacency.indices])
                heads.append(sp.csr_array((data, adjacency.indices, adjacency.indptr), shape=adjacency.shape))
            operators.append(tuple(heads))
        return Propagation(graph.n_users, self.embedding, self.weights, tuple(operators), False, ("attention",))


@dataclass(eq=False)
class ItemItemModel:
    """score(u, i) = sum over the history of B[j, i]."""

    graph: RecGraph
    weights: np.ndarray
    name: str = "itemitem"
    parts_frozen: tuple[str, ...] = ()

    def history_parts(self, user_index: int, item_indices: np.ndarray, graph: RecGraph | None = None) -> HistoryParts:
        graph = graph or self.graph
        values = self.weights[np.ix_(graph.history(user_index), item_indices)]
        return HistoryParts(np.zeros(len(item_indices)), graph.history_edges(user_index), values)

    def score_on(self, graph: RecGraph, users: np.ndarray) -> np.ndarray:
        return graph.seen[users].astype(np.float64) @ self.weights

    def score(self, users: np.ndarray) -> np.ndarray:
        return self.score_on(self.graph, users).astype(np.float32)


def linear(dataset: Dataset, n_layers: int = 3, seed: int = 0, dim: int = 8, dtype: type = np.float64) -> LinearModel:
    graph = build_graph(dataset)
    embedding = np.random.default_rng(seed).normal(size=(graph.n_nodes, dim)).astype(dtype)
    return LinearModel(graph, embedding, n_layers)


def attention(dataset: Dataset, seed: int = 0, dim: int = 8, dtype: type = np.float64) -> AttentionModel:
    graph = build_graph(dataset)
    embedding = np.random.default_rng(seed).normal(size=(graph.n_nodes, dim)).astype(dtype)
    return AttentionModel(graph, embedding)


def item_item(dataset: Dataset, seed: int = 0) -> ItemItemModel:
    graph = build_graph(dataset)
    return ItemItemModel(graph, np.random.default_rng(seed).normal(size=(graph.n_items, graph.n_items)))
