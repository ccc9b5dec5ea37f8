"""A graph attention network that is as accurate as LightGCN and stays exactly explainable.

Attention (Velickovic et al. 2018, additive) reweights LightGCN's normalisation: no weight matrices and no nonlinearity
on the messages, logits that start at zero, so the model starts as LightGCN and its score is linear in the messages once
attention is held fixed. Why this form: docs/decisions/0002-models.md.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
import torch
from pydantic import Field
from torch import Tensor

from gnnrec_core.base.errors import RequestError
from gnnrec_core.data.dataset import Dataset, FloatArray, IntArray
from gnnrec_core.graph import RecGraph, build_graph
from gnnrec_core.models.ops.edges.attention import Attention, Weights, attend, attention, raw_logits
from gnnrec_core.models.ops.edges.edge_graph import EdgeGraph, hides
from gnnrec_core.models.ops.edges.features import edge_feature_names, edge_features
from gnnrec_core.models.ops.edges.operator_settings import AgedSettings
from gnnrec_core.models.ops.gradient import GradientRecommender
from gnnrec_core.models.ops.gradient_settings import GraphSettings
from gnnrec_core.models.ops.layers import Noise, as_numpy, layer_tensors, layer_weights, propagated, weighted
from gnnrec_core.models.ops.propagation import Propagation
from gnnrec_core.models.ops.sampling import Batch
from gnnrec_core.models.ops.sparse import add_decay
from gnnrec_core.models.ops.spectral import EMBEDDING, initial_embedding, memory_bytes
from gnnrec_core.models.protocol import Tensors

SOURCE, TARGET, EDGE = "attention.source", "attention.target", "attention.edge"


class GATSettings(AgedSettings, GraphSettings):
    """Settings of the GAT."""

    n_heads: int = Field(2, ge=1, le=16, description="attention heads; each works on its own block of the embedding")
    attention_rate: float = Field(
        0.1, gt=0, le=10, description="learning rate of the attention parameters, as a share of learning_rate"
    )
    attention_bound: float = Field(
        2.0, gt=0, le=10, description="logits stay within plus and minus this: e^(2 x bound) is the largest ratio"
    )
    edge_features: bool = Field(True, description="attention sees relation, rating, recency and weight of an edge")
    hide_batch: bool = Field(
        True, description="train on a graph without the interactions that the step is asked to predict"
    )


class GAT(GradientRecommender):
    """X_l[:, block h] = P_{l,h} X_{l-1}[:, block h], final embedding = mean of X_0 ... X_K, score = dot product.

    P_{l,h}[v, j] = alpha_vj sqrt(d_v / d_j), with alpha a softmax over the neighbours of v (weighted by edge weights).
    """

    name: ClassVar[str] = "gat"
    settings_type: ClassVar[type[GATSettings]] = GATSettings
    own_rows: ClassVar[str] = EMBEDDING

    @classmethod
    def build_graph(cls, dataset: Dataset, settings: Any) -> RecGraph:
        """Train interactions and side edges."""
        return build_graph(dataset, settings.side_edges, settings.half_life_days)

    @classmethod
    def initial(cls, dataset: Dataset, settings: Any, seed: int) -> Tensors:
        """Embeddings and layers as LightGCN's; attention zero."""
        attention_shapes = cls.shapes(dataset, settings)
        start = initial_embedding(cls.build_graph(dataset, settings), settings, seed) | layer_tensors(settings)
        return start | {name: np.zeros(attention_shapes[name], np.float32) for name in (SOURCE, TARGET, EDGE)}

    @classmethod
    def initial_near(cls, dataset: Dataset, settings: Any, seed: int, whole: RecGraph) -> Tensors:
        """A spectral start is turned towards that of `whole`."""
        start = initial_embedding(cls.build_graph(dataset, settings), settings, seed, whole)
        return cls.initial(dataset, settings, seed) | start

    @classmethod
    def shapes(cls, dataset: Dataset, settings: Any) -> dict[str, tuple[int, ...]]:
        """`embedding.weight` `[n_nodes, d]`; attention `[K, H, d / H]` twice and `[K, H, n_features]`."""
        if settings.embedding_dim % settings.n_heads:
            raise RequestError(
                f"embedding_dim = {settings.embedding_dim} is not a multiple of n_heads = {settings.n_heads}.",
                "Choose n_heads so that it divides embedding_dim.",
                setting="n_heads",
            )
        heads = (settings.n_layers, settings.n_heads)
        width = settings.embedding_dim // settings.n_heads
        n_features = len(edge_feature_names(cls.build_graph(dataset, settings), settings))
        return {
            EMBEDDING: (dataset.n_nodes, settings.embedding_dim),
            SOURCE: (*heads, width),
            TARGET: (*heads, width),
            EDGE: (*heads, n_features),
            **{name: value.shape for name, value in layer_tensors(settings).items()},
        }

    @classmethod
    def memory_bytes(cls, dataset: Dataset, settings: Any) -> int:
        """As LightGCN, and some numbers for each edge, layer and head."""
        n_edges = 2 * (len(dataset.interactions) + sum(len(relation) for relation in dataset.relations))
        return memory_bytes(dataset, settings) + n_edges * int(settings.n_layers * settings.n_heads) * 4 * 4

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Attention learns more slowly than the embeddings."""
        attention_parameters = [self.parameters[name] for name in (SOURCE, TARGET, EDGE)]
        others = [value for name, value in self.parameters.items() if name not in (SOURCE, TARGET, EDGE)]
        return [
            {"params": others, "lr_factor": 1.0},
            {"params": attention_parameters, "lr_factor": self.settings.attention_rate},
        ]

    @cached_property
    def _edges(self) -> EdgeGraph:
        return EdgeGraph(self.graph, self.device)

    @cached_property
    def _features(self) -> Tensor:
        return self._feature_tensor(self.graph, self._edges)

    @cached_property
    def _weights(self) -> Weights:
        return Weights.of(self._edges.weight, self._edges.degree)

    def _feature_tensor(self, graph: RecGraph, edges: EdgeGraph) -> Tensor:
        names = edge_feature_names(self.graph, self.settings)
        return torch.from_numpy(edge_features(graph, names)).to(self.device)[edges.order]

    def embed(self, nodes: Tensor, batch: Batch | None) -> tuple[Tensor, Tensor]:
        """The final embeddings of all nodes; in training without the edges that the settings hide."""
        return self.layers(batch, None)[-1], nodes

    def layers(self, batch: Batch | None, noise: Noise | None) -> list[Tensor]:
        """X_0 ... X_K, each but the first with noise, and after them the final embeddings, each `[n_nodes, d]`."""
        weights = self._weights
        if batch is not None and hides(batch, self.settings):
            weights = Weights.of(*self._edges.left(batch, self.settings, self.seed))
        return self._layers(weights, noise)

    def _layers(self, weights: Weights, noise: Noise | None = None) -> list[Tensor]:
        """The same with other edge weights."""
        found = propagated(
            self.parameters[EMBEDDING],
            lambda x, layer: self._layer(x, layer, self._edges, weights, self._features),
            self.settings.n_layers,
            noise,
        )
        return [*found, weighted(found, layer_weights(self.settings, self.parameters))]

    def _layer(self, x: Tensor, layer: int, edges: EdgeGraph, weights: Weights, features: Tensor) -> Tensor:
        """X_l from X_{l-1}."""
        bound = self.settings.attention_bound
        blocks = []
        for head, block in enumerate(x.chunk(self.settings.n_heads, dim=1)):
            block = block.contiguous()
            parts = self._logit_parts(block, layer, head, features)
            blocks.append(attend(block, *parts, edges, weights, bound))
        return torch.cat(blocks, dim=1)

    def _logit_parts(self, block: Tensor, layer: int, head: int, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Source part `[n_nodes]`, target part `[n_nodes]`, edge part `[n_edges]` of the raw logits."""
        p = self.parameters
        return block @ p[SOURCE][layer, head], block @ p[TARGET][layer, head], features @ p[EDGE][layer, head]

    def decay(self, nodes: Tensor, weight: float) -> None:
        """L2 on the layer-0 embeddings of `nodes`."""
        add_decay(self.parameters[EMBEDDING], nodes, weight)

    def propagation(self, graph: RecGraph | None = None) -> Propagation:
        """One operator for each layer and head, at the attention that the model takes on `graph`."""
        graph = self.graph if graph is None else graph
        alpha, calibration = self._alpha(graph)
        source, target = graph.edge_index
        shape = (graph.n_nodes, graph.n_nodes)
        operators = tuple(
            tuple(sp.coo_array((values * calibration, (target, source)), shape=shape).tocsr() for values in heads)
            for heads in alpha
        )
        weights = as_numpy(self.settings, self.parameters)
        embedding = self.tensors()[EMBEDDING]
        return Propagation(graph.n_users, embedding, weights, operators, symmetric=False, frozen=("attention",))

    def embeddings_without(self, edges: IntArray) -> FloatArray:
        """Final embeddings `[n_nodes, d]` on the graph without `edges` (columns, one direction of each).

        As `propagation(graph.without(edges)).final` up to float32 rounding, without sorting the edges again.
        """
        with torch.no_grad():
            weights = Weights.of(*self._edges.without(torch.from_numpy(edges).to(self.device)))
            final = self._layers(weights)[-1]
        found: FloatArray = final.cpu().numpy()
        return found

    def embeddings_at(self, weight: Tensor) -> Tensor:
        """Final embeddings `[n_nodes, d]` where the edges have `weight` `[n_edges / 2]`, differentiable in it.

        Degrees and the softmax of attention follow the weights; what attention sees of an edge stays.
        """
        both = weight.repeat(2)[self._edges.order]
        degree = torch.zeros_like(self._edges.degree).index_add(0, self._edges.row, both)
        return self._layers(Weights.of(both, degree))[-1]

    def attention(self, graph: RecGraph | None = None) -> Attention:
        """Attention and its lift over uniform on `graph` (default: the trained graph)."""
        graph = self.graph if graph is None else graph
        alpha, _ = self._alpha(graph)
        uniform = graph.edge_weight / graph.degree[graph.edge_index[1]]
        return Attention(alpha.astype(np.float32), (alpha / uniform).astype(np.float32))

    def _alpha(self, graph: RecGraph) -> tuple[FloatArray, FloatArray]:
        """alpha `[K, H, n_edges]` and sqrt(d_target / d_source) `[n_edges]`, in the order of `graph.edge_index`."""
        own = graph is self.graph
        edges = self._edges if own else EdgeGraph(graph, self.device)
        weights = self._weights if own else Weights.of(edges.weight, edges.degree)
        features = self._features if own else self._feature_tensor(graph, edges)
        found = []
        with torch.no_grad():
            x = self.parameters[EMBEDDING]
            for layer in range(self.settings.n_layers):
                for head, block in enumerate(x.chunk(self.settings.n_heads, dim=1)):
                    raw = raw_logits(edges, *self._logit_parts(block.contiguous(), layer, head, features))
                    found.append(attention(edges, weights.weight, raw, self.settings.attention_bound)[edges.place])
                x = self._layer(x, layer, edges, weights, features)
        shape = (self.settings.n_layers, self.settings.n_heads, graph.n_edges)
        alpha = torch.stack(found).cpu().numpy().reshape(shape) if found else np.zeros(shape, np.float32)
        return alpha, weights.calibration(edges)[edges.place].cpu().numpy()
