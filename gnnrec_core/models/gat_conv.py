"""The textbook stack of graph attention: PyTorch Geometric's `GATConv` layer after layer (Velickovic et al. 2018).

What people expect under the name GAT: weight matrices, softmax attention with self-loops, ELU in between. Beside it
stands `gat`, which gives these up for accuracy and exact explanations; `benchmarks/bench_accuracy.py` measures what the
textbook costs. As a PyG module it is explained by PyG's own `Explainer`, Captum on PyG's masks, leaving edges out.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from gnnrec_core.base.errors import RequestError
from gnnrec_core.graph import RecGraph
from gnnrec_core.models.ops.edges.attention import Attention
from gnnrec_core.models.ops.module import ModuleOfLayers, ModuleSettings


class GATConvSettings(ModuleSettings):
    """Settings of the stack."""

    n_heads: int = Field(2, ge=1, le=16, description="attention heads; each gives its own block of the embedding")
    dropout: float = Field(0.0, ge=0, le=0.9, description="share of attention that is dropped in training")


class Stack(torch.nn.Module):
    """(x `[n_nodes, d]`, edge_index, edge_attr) -> `[n_nodes, d]`: `GATConv` layers with ELU in between."""

    def __init__(self, width: int, n_layers: int, n_heads: int, dropout: float, n_edge_features: int) -> None:
        super().__init__()
        from torch_geometric.nn import GATConv  # a second that listing models need not wait for

        options = {"heads": n_heads, "dropout": dropout, "edge_dim": n_edge_features or None}
        self.layers = torch.nn.ModuleList(GATConv(width, width // n_heads, **options) for _ in range(n_layers))

    def forward(self, x: Tensor, edge_index: Tensor, edge_attr: Tensor | None = None) -> Tensor:
        """Embeddings after the last layer."""
        return self.by_layer(x, edge_index, edge_attr)[0]

    def by_layer(
        self, x: Tensor, edge_index: Tensor, edge_attr: Tensor | None = None
    ) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        """The same, with what `return_attention_weights` gives of each layer where nothing is masked or trained."""
        seen = []
        for number, layer in enumerate(self.layers):
            if self.training or layer.explain:
                x = layer(x, edge_index, edge_attr)
            else:
                x, attention = layer(x, edge_index, edge_attr, return_attention_weights=True)
                seen.append(attention)
            if number + 1 < len(self.layers):
                x = torch.nn.functional.elu(x)
        return x, seen


class GATConvStack(ModuleOfLayers):
    """z = GATConv(... ELU(GATConv(x)) ...); score(u, i) = <z_u, z_i>."""

    name: ClassVar[str] = "gat_conv"
    settings_type: ClassVar[type[GATConvSettings]] = GATConvSettings

    @classmethod
    def build_module(cls, settings: Any, n_edge_features: int) -> torch.nn.Module:
        """The stack; RequestError where heads do not divide the embedding."""
        if settings.embedding_dim % settings.n_heads:
            raise RequestError(
                f"embedding_dim = {settings.embedding_dim} is not a multiple of n_heads = {settings.n_heads}.",
                "Choose n_heads so that it divides embedding_dim.",
                setting="n_heads",
            )
        return Stack(settings.embedding_dim, settings.n_layers, settings.n_heads, settings.dropout, n_edge_features)

    def attention(self, graph: RecGraph | None = None) -> Attention:
        """What PyG returns of each layer; what a node's self-loop takes is the rest to 1, and 1 / (n + 1) is uniform
        for a node with n edges into it."""
        graph = self.graph if graph is None else graph
        inputs = self.module_inputs(graph)
        with torch.no_grad():
            _, seen = inputs.module.by_layer(inputs.x, inputs.edge_index, inputs.edge_attr)
        alpha = np.array([weights[: graph.n_edges].T.cpu().numpy() for _, weights in seen], np.float32)
        uniform = 1.0 / (1.0 + np.bincount(graph.edge_index[1], minlength=graph.n_nodes)[graph.edge_index[1]])
        return Attention(alpha, (alpha / uniform).astype(np.float32))
