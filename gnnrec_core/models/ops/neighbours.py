"""Neighbours of nodes: all of them as a mean, or a few of them drawn."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from gnnrec_core.graph import RecGraph


def mean_operator(graph: RecGraph) -> sp.csr_array:
    """D^-1 A, float64 `[n_nodes, n_nodes]`: row v is the weighted mean over the neighbours of v (empty without any)."""
    scale = np.zeros(graph.n_nodes)
    np.divide(1.0, graph.degree, out=scale, where=graph.degree > 0)
    matrix = graph.adjacency.copy()
    matrix.data = matrix.data * np.repeat(scale, np.diff(matrix.indptr))
    return matrix


class Neighbours:
    """The edges of `graph` by the node that they lead to, as tensors on one device."""

    def __init__(self, graph: RecGraph, device: str) -> None:
        order = np.argsort(graph.edge_index[1], kind="stable")
        counts = np.bincount(graph.edge_index[1], minlength=graph.n_nodes)
        self.half, self.device = graph.n_edges // 2, device
        self.start = torch.from_numpy(np.r_[0, counts.cumsum()[:-1]]).to(device)
        self.count = torch.from_numpy(counts).to(device)
        self.source = torch.from_numpy(graph.edge_index[0, order].copy()).to(device)
        self.weight = torch.from_numpy(graph.edge_weight[order].copy()).to(device)
        self.edge = torch.from_numpy(order % max(1, self.half)).to(device)

    def hidden(self, edges: Tensor) -> Tensor:
        """Boolean `[n_edges / 2]`: these columns of the graph (in either direction) carry no messages."""
        mask = torch.zeros(self.half, dtype=torch.bool, device=self.device)
        mask[edges % self.half] = True
        return mask

    def draw(
        self, nodes: Tensor, n: int, hidden: Tensor, generator: torch.Generator, by_node: bool = False
    ) -> tuple[Tensor, Tensor]:
        """`n` neighbours of each of `nodes` `[b]`, with replacement: indices `[b, n]` and weights `[b, n]`.

        Weights sum to 1 over a node's draws that are not hidden; they are 0 where all are, or there are no neighbours.
        With `by_node` a node's random numbers are the same whichever other nodes are asked for.
        """
        count = self.count[nodes][:, None]
        size = len(self.count) if by_node else len(nodes)
        point = torch.rand(size, n, generator=generator, device=self.device, dtype=torch.float64)
        point = point[nodes] if by_node else point
        place = self.start[nodes][:, None] + (point * count).long()
        place = place.clamp_(max=max(0, len(self.source) - 1))
        weight = self.weight[place] * (~hidden[self.edge[place]]) * (count > 0)
        return self.source[place], weight / weight.sum(1, keepdim=True).clamp_min(1e-12)
