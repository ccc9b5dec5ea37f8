"""The graph edge by edge, in the order of a sparse matrix: what attention computes on."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gnnrec_core.graph import RecGraph
from gnnrec_core.models.ops.gradient_settings import GraphSettings
from gnnrec_core.models.ops.sampling import Batch
from gnnrec_core.models.ops.sparse import csr


class EdgeGraph:
    """Edges of a `RecGraph` sorted by (target, source), as tensors on one device.

    `order` int64 `[n_edges]`: the column of `graph.edge_index` at each position; `place` its inverse; `row` and
    `column` int64 `[n_edges]`: target and source; `reverse`: the position of the same edge the other way round;
    `weight` float32 `[n_edges]`. Every edge is stored both ways, so row v of the transposed matrix has the entries of
    row v, reversed.
    """

    def __init__(self, graph: RecGraph, device: str = "cpu") -> None:
        source, target = graph.edge_index
        order = np.lexsort((source, target))
        place = np.empty(graph.n_edges, np.int64)
        place[order] = np.arange(graph.n_edges)
        reverse = place[graph.reverse(order)]
        pointer = np.r_[0, np.bincount(target, minlength=graph.n_nodes).cumsum()]
        self.n_nodes, self.device = graph.n_nodes, device
        self.order, self.place = torch.from_numpy(order).to(device), torch.from_numpy(place).to(device)
        self.row, self.column = torch.from_numpy(target[order]).to(device), torch.from_numpy(source[order]).to(device)
        self.reverse = torch.from_numpy(reverse).to(device)
        self.weight = torch.from_numpy(graph.edge_weight[order].copy()).to(device)
        self._pointer = torch.from_numpy(pointer.astype(np.int32)).to(device)
        self._index = torch.from_numpy(source[order].astype(np.int32)).to(device)
        self._ones = torch.ones(graph.n_nodes, device=device)
        self.degree = self.row_sum(self.weight)

    def matrix(self, values: Tensor) -> Tensor:
        """`values` `[n_edges]` as a CSR matrix `[n_nodes, n_nodes]`: entry (target, source)."""
        return csr(self._pointer, self._index, values, (self.n_nodes, self.n_nodes))

    def row_sum(self, values: Tensor) -> Tensor:
        """Sum of `values` `[n_edges]` over the edges into each node `[n_nodes]`."""
        return self.matrix(values) @ self._ones

    def products(self, left: Tensor, right: Tensor) -> Tensor:
        """<left_target, right_source> of each edge `[n_edges]`, for `[n_nodes, d]` matrices, without n x n numbers."""
        pattern = self.matrix(torch.zeros_like(self.weight))
        found: Tensor = torch.sparse.sampled_addmm(pattern, left, right.T, beta=0.0).values()
        return found

    def normalised(self, weight: Tensor, degree: Tensor) -> Tensor:
        """D^-1/2 W D^-1/2 `[n_nodes, n_nodes]` (CSR) of other weights `[n_edges]` and their degrees `[n_nodes]`."""
        inverse = inverse_or_zero(degree.sqrt())
        return self.matrix(weight * inverse.index_select(0, self.row) * inverse.index_select(0, self.column))

    def without(self, edges: Tensor) -> tuple[Tensor, Tensor]:
        """Weights `[n_edges]` and degrees `[n_nodes]` when these columns of `edge_index` are gone both ways."""
        gone = self.place[edges]
        gone = torch.cat([gone, self.reverse[gone]])
        weight, degree = self.weight.clone(), self.degree.clone()
        degree.index_add_(0, self.row[gone], -weight[gone])
        weight[gone] = 0
        return weight, degree.clamp_(min=0)

    def left(self, batch: Batch, settings: GraphSettings, seed: int) -> tuple[Tensor, Tensor]:
        """Weights and degrees of what carries messages in a step of training."""
        return self.without(hidden_edges(batch, settings, seed, len(self.weight) // 2))


def hides(batch: Batch | None, settings: GraphSettings) -> bool:
    """Whether edges carry no messages in this step; never outside training."""
    return batch is not None and (batch.hidden is not None or settings.hides_edges)


def hidden_edges(batch: Batch, settings: GraphSettings, seed: int, half: int) -> Tensor:
    """Columns of `edge_index` `[n]`, each of the `half` edges once, that carry no messages in a step: those of the
    batch where `settings.hide_batch`, and `settings.edge_dropout` of all, drawn from the seed and what is in the batch;
    or what the batch says itself."""
    if batch.hidden is not None:
        return batch.hidden
    if not settings.edge_dropout:
        return batch.all_edges
    asked = batch.all_edges if batch.drawn is None else batch.drawn
    draw = torch.Generator(device=asked.device).manual_seed(seed * 2**40 + int(asked.sum()))
    chance = torch.rand(half, generator=draw, device=asked.device)
    dropped = (chance < settings.edge_dropout).nonzero()[:, 0]
    return torch.unique(torch.cat([batch.all_edges % half, dropped])) if settings.hide_batch else dropped


def inverse_or_zero(values: Tensor) -> Tensor:
    """1 / x for each of `values` above 0; 0 for the others (nodes without edges)."""
    return torch.where(values > 0, 1 / values, torch.zeros_like(values))
