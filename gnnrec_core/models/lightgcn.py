"""LightGCN (He et al. 2020): linear graph convolution, mean over layers, score = dot product."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from gnnrec_core.data.dataset import Dataset
from gnnrec_core.graph import RecGraph, build_graph
from gnnrec_core.models.ops.edges.edge_graph import EdgeGraph
from gnnrec_core.models.ops.gradient import GradientRecommender
from gnnrec_core.models.ops.gradient_settings import GraphSettings
from gnnrec_core.models.ops.layers import Noise, as_numpy, layer_tensors, layer_weights, propagated, weighted
from gnnrec_core.models.ops.node_order import NodeOrder
from gnnrec_core.models.ops.propagation import Propagation
from gnnrec_core.models.ops.sampling import Batch
from gnnrec_core.models.ops.sparse import add_decay, csr_tensor, layer_mean, symmetric_product
from gnnrec_core.models.ops.spectral import EMBEDDING, initial_embedding, memory_bytes
from gnnrec_core.models.protocol import Tensors


class LightGCNSettings(GraphSettings):
    """Settings of LightGCN."""


class LightGCN(GradientRecommender):
    """z = (E + PE + ... + P^K E) / (K + 1) with P = D^-1/2 A D^-1/2 over the train graph, no self-loops.

    Degrees are weighted degrees; side edges and interaction weights count in A. `layers` may weigh the layers in
    another way, and `contrast` add a loss: the score stays linear in what is passed on.
    """

    name: ClassVar[str] = "lightgcn"
    settings_type: ClassVar[type[LightGCNSettings]] = LightGCNSettings
    own_rows: ClassVar[str] = EMBEDDING

    @classmethod
    def build_graph(cls, dataset: Dataset, settings: Any) -> RecGraph:
        """Train interactions and side edges."""
        return build_graph(dataset, settings.side_edges)

    @classmethod
    def initial(cls, dataset: Dataset, settings: Any, seed: int) -> Tensors:
        """`embedding.weight` `[n_nodes, d]`, and `layer.weight` `[K + 1]` where it is learned."""
        return initial_embedding(cls.build_graph(dataset, settings), settings, seed) | layer_tensors(settings)

    @classmethod
    def initial_near(cls, dataset: Dataset, settings: Any, seed: int, whole: RecGraph) -> Tensors:
        """A spectral start is turned towards that of `whole`."""
        return initial_embedding(cls.build_graph(dataset, settings), settings, seed, whole) | layer_tensors(settings)

    @classmethod
    def shapes(cls, dataset: Dataset, settings: Any) -> dict[str, tuple[int, ...]]:
        """Those of `initial`."""
        learned = {name: value.shape for name, value in layer_tensors(settings).items()}
        return {EMBEDDING: (dataset.n_nodes, settings.embedding_dim), **learned}

    @classmethod
    def memory_bytes(cls, dataset: Dataset, settings: Any) -> int:
        """Parameters with moments, gradient and best copy; layers; the graph; one batch of scores."""
        return memory_bytes(dataset, settings)

    @cached_property
    def _order(self) -> NodeOrder:
        return NodeOrder.of(np.diff(self.graph.normalised_adjacency.indptr), self.device)

    @cached_property
    def _operator(self) -> Tensor:
        return csr_tensor(self._order.matrix(self.graph.normalised_adjacency), self.device)

    @cached_property
    def _edges(self) -> EdgeGraph:
        return EdgeGraph(self.graph, self.device)

    def embed(self, nodes: Tensor, batch: Batch | None) -> tuple[Tensor, Tensor]:
        """The layer mean of all nodes; in training, where `hide_batch` says so, without the edges of the batch."""
        embedding, n_layers = self.parameters[EMBEDDING], self.settings.n_layers
        if self.settings.layers != "mean":
            return self.layers(batch, None)[-1], nodes
        if batch is not None and self.settings.hide_batch:
            operator = self._edges.normalised(*self._edges.without(batch.all_edges))
            return layer_mean(embedding, operator, n_layers), nodes
        table = layer_mean(self._order.rows(embedding), self._operator, n_layers)
        return table, self._order.places.index_select(0, nodes)

    def layers(self, batch: Batch | None, noise: Noise | None) -> list[Tensor]:
        """X_0 ... X_K, each but the first with noise, and after them the final embeddings, each `[n_nodes, d]`."""
        operator = self._symmetric
        if batch is not None and self.settings.hide_batch:
            operator = self._edges.normalised(*self._edges.without(batch.all_edges))
        found = propagated(
            self.parameters[EMBEDDING], lambda x, _: symmetric_product(operator, x), self.settings.n_layers, noise
        )
        return [*found, weighted(found, layer_weights(self.settings, self.parameters))]

    @cached_property
    def _symmetric(self) -> Tensor:
        return csr_tensor(self.graph.normalised_adjacency, self.device)

    def decay(self, nodes: Tensor, weight: float) -> None:
        """L2 on the layer-0 embeddings of `nodes`."""
        add_decay(self.parameters[EMBEDDING], nodes, weight)

    def propagation(self, graph: RecGraph | None = None) -> Propagation:
        """The same symmetric operator in each layer, degrees counted on `graph`."""
        operator = (self.graph if graph is None else graph).normalised_adjacency
        n_layers = self.settings.n_layers
        with torch.no_grad():
            embedding = self.parameters[EMBEDDING].cpu().numpy()
        weights = as_numpy(self.settings, self.parameters)
        return Propagation(self.graph.n_users, embedding, weights, ((operator,),) * n_layers, symmetric=True)
