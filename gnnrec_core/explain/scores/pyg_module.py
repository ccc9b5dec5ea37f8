"""Our models as a module of PyTorch Geometric: what its own `Explainer`, and anything else that masks edges, runs on.

    module = PairModule.of(model, case)
    explainer = torch_geometric.explain.Explainer(module, GNNExplainer(), ...)
    explainer(module.x, module.edge_index).edge_mask  # [n_edges], in the order of model.graph.edge_index

A layer sends x_j times what the edge carries (normalisation, and attention where there is some, as they stand on the
full graph); PyG's masks act on these messages, in every layer. What a node keeps of itself (a self-loop of the model)
is no edge of the graph and is never masked.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch_geometric.explain import Explainer, ModelConfig
from torch_geometric.explain import GNNExplainer as PyGExplainer
from torch_geometric.nn import MessagePassing

from gnnrec_core.base import progress
from gnnrec_core.explain.explanation import Case
from gnnrec_core.explain.scores.graph_masks import PairScore
from gnnrec_core.explain.scores.linear import prepare
from gnnrec_core.models.protocol import ModuleRecommender


class Messages(MessagePassing):  # type: ignore[misc]
    """One layer: sum over incoming edges of carried * x_source, head by head on equal blocks of columns."""

    def __init__(self) -> None:
        super().__init__(aggr="add")

    def forward(self, x: Tensor, edge_index: Tensor, carried: Tensor) -> Tensor:
        """x `[n_nodes, d]`, edge_index `[2, n_edges]`, carried `[n_edges, n_heads]` -> `[n_nodes, d]`."""
        sent: Tensor = self.propagate(edge_index, x=x, carried=carried)
        return sent

    def message(self, x_j: Tensor, carried: Tensor) -> Tensor:
        """Messages `[n_edges, d]`."""
        by_head = x_j.view(len(x_j), carried.shape[1], -1) * carried[:, :, None]
        return by_head.reshape(x_j.shape)


class PairModule(torch.nn.Module):
    """(x, edge_index, edge_weight) -> `unit` times the explained number of one case `[1]`, float64.

    `x` `[n_nodes, d]` are the layer-0 embeddings, `edge_index` int64 `[2, n_edges]` the graph; both are attributes, for
    the call. `edge_weight` `[n_edges]` multiplies what each edge carries (None: 1 everywhere). The model must be a
    `PropagationRecommender`.
    """

    def __init__(self, score: PairScore, edge_index: NDArray[np.int64], unit: float = 1.0) -> None:
        super().__init__()
        spread, self.unit = score.propagation, unit
        self.x = torch.from_numpy(spread.embedding.copy())
        self.edge_index = torch.from_numpy(edge_index.copy())
        self.layer_weights = spread.layer_weights.tolist()
        self.starts = torch.from_numpy(score.starts)
        self.layers = torch.nn.ModuleList(Messages() for _ in score.values)
        by_layer = [_by_edge(score, heads) for heads in score.values]
        self.carried, self.kept = [carried for carried, _ in by_layer], [kept for _, kept in by_layer]

    @classmethod
    def of(cls, model: Any, case: Case, unit: float = 1.0) -> PairModule:
        """The module of a trained model for one case."""
        prepared = prepare(model)
        return cls(PairScore.of(prepared, case), prepared.graph.edge_index, unit)

    def forward(self, x: Tensor, edge_index: Tensor, edge_weight: Tensor | None = None) -> Tensor:
        """The explained number, times `unit` `[1]`."""
        final = self.layer_weights[0] * x
        for layer, weight, carried, kept in zip(
            self.layers, self.layer_weights[1:], self.carried, self.kept, strict=True
        ):
            factor = carried if edge_weight is None else carried * edge_weight[:, None]
            own = (x.view(len(x), kept.shape[1], -1) * kept[:, :, None]).reshape(x.shape)
            x = layer(x, edge_index, factor) + own
            final = final + weight * x
        user, items = self.starts.T @ final
        result: Tensor = self.unit * (user * items).sum().reshape(1)
        return result


class OwnModule(torch.nn.Module):
    """The same for a model that is a PyG module itself: its own layers, whose messages PyG masks."""

    def __init__(self, model: ModuleRecommender, case: Case, unit: float = 1.0) -> None:
        super().__init__()
        inputs, first = model.module_inputs(), model.graph.n_users  # type: ignore[attr-defined]
        self.x, self.edge_index, self.unit = inputs.x, inputs.edge_index, unit
        self.inner, self.attributes = inputs.module, () if inputs.edge_attr is None else (inputs.edge_attr,)
        self.user, self.items = case.user_index, [first + item for item, _ in case.signed_items]
        self.signs = torch.tensor([sign for _, sign in case.signed_items]).to(inputs.x)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """The explained number, times `unit` `[1]`."""
        final = self.inner(x, edge_index, *self.attributes)
        result: Tensor = self.unit * (self.signs @ (final[self.items] @ final[self.user])).reshape(1)
        return result


def pair_module(model: Any, case: Case, unit: float = 1.0) -> PairModule | OwnModule:
    """A trained model as a PyG module for one case."""
    if isinstance(model, ModuleRecommender):
        return OwnModule(model, case, unit)
    return PairModule.of(model, case, unit)


def pyg_mask(
    module: PairModule | OwnModule, n_epochs: int, learning_rate: float, edge_size: float, seed: int
) -> Tensor:
    """The edge masks `[n_edges]` in 0..1 that `torch_geometric.explain.GNNExplainer` learns on `module`."""
    explainer = Explainer(
        module,
        _SeededExplainer(seed, n_epochs, learning_rate, edge_size=edge_size),
        explanation_type="model",
        edge_mask_type="object",
        model_config=ModelConfig(mode="regression", task_level="graph", return_type="raw"),
    )
    found: Tensor = explainer(module.x, module.edge_index).edge_mask
    return found.double()


class _SeededExplainer(PyGExplainer):  # type: ignore[misc]
    """PyG's GNNExplainer from a seed of its own, not from the generator that all threads of a server share."""

    def __init__(self, seed: int, epochs: int, lr: float, **prices: float) -> None:
        super().__init__(epochs, lr, **prices)
        self.draws, self.step = torch.Generator().manual_seed(seed), 0

    def _initialize_masks(self, x: Tensor, edge_index: Tensor) -> None:
        std = math.sqrt(2.0) * math.sqrt(2.0 / (2 * len(x)))
        self.node_mask = self.hard_node_mask = self.hard_edge_mask = None
        self.edge_mask = torch.nn.Parameter(torch.randn(edge_index.shape[1], generator=self.draws) * std)

    def _forward_with_masks(self, *arguments: Any, **options: Any) -> Any:
        progress.report(self.step, self.epochs)
        self.step += 1
        return super()._forward_with_masks(*arguments, **options)


def _by_edge(score: PairScore, heads: tuple[NDArray[np.float64], ...]) -> tuple[Tensor, Tensor]:
    """What each edge carries `[n_edges, n_heads]`, and what each node keeps of itself `[n_nodes, n_heads]`."""
    n_nodes, is_loop = len(score.starts), score.edge == score.n_edges
    carried, kept = np.zeros((score.n_edges, len(heads))), np.zeros((n_nodes, len(heads)))
    for head, values in enumerate(heads):
        carried[score.edge[~is_loop], head] = values[~is_loop]
        kept[score.target[is_loop], head] = values[is_loop]
    return torch.from_numpy(carried), torch.from_numpy(kept)
