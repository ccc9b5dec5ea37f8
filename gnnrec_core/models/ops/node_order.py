"""The order in which a graph's nodes lie in memory while a model computes: each thread gets as many edges as any other.

Kernels that sum rows give each thread a run of as many rows as the others get. Where popular items have the first
numbers, half of the rows hold most of the entries, and one thread works while the others wait. Nodes are therefore
dealt like cards, from the one with the most edges to the one with the fewest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from gnnrec_core.data.dataset import IntArray


@dataclass(frozen=True)
class NodeOrder:
    """`nodes` int64 `[n_nodes]`: the node at each row; `places` int64 `[n_nodes]`: the row of each node."""

    nodes: Tensor
    places: Tensor
    is_identity: bool

    @classmethod
    def of(cls, n_edges: IntArray, device: str) -> NodeOrder:
        """The order for nodes with `n_edges` `[n_nodes]` each; that of their numbers on one thread and on a GPU.

        Within the run of one thread, nodes stay in the order of their numbers.
        """
        n_threads = 1 if device != "cpu" else torch.get_num_threads()
        nodes = np.argsort(dealt(n_edges, n_threads), kind="stable")
        places = np.empty_like(nodes)
        places[nodes] = np.arange(len(nodes))
        return cls(torch.from_numpy(nodes).to(device), torch.from_numpy(places).to(device), n_threads == 1)

    def rows(self, table: Tensor) -> Tensor:
        """`table` `[n_nodes, d]`, which is ordered by node, in this order; with gradients."""
        if self.is_identity:
            return table
        result: Tensor = _Reordered.apply(table, self.nodes, self.places)  # type: ignore[no-untyped-call]
        return result

    def matrix(self, matrix: sp.csr_array) -> sp.csr_array:
        """A square `matrix` over the nodes, rows and columns in this order. Entries of a row keep their own order, so
        that sums over a row keep their bits."""
        if self.is_identity:
            return matrix
        rows = matrix[self.nodes.cpu().numpy()]
        return sp.csr_array((rows.data, self.places.cpu().numpy()[rows.indices], rows.indptr), shape=matrix.shape)


def dealt(sizes: IntArray, n_hands: int) -> IntArray:
    """The hand 0 ... n_hands - 1 that each of `sizes` goes to: largest first, to and fro. Hands are equally long, give
    or take one, and their sums differ by no more than the largest size."""
    turn = np.arange(len(sizes)) % (2 * n_hands)
    hand = np.empty(len(sizes), np.int64)
    hand[np.argsort(-sizes, kind="stable")] = np.where(turn < n_hands, turn, 2 * n_hands - 1 - turn)
    return hand


class _Reordered(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, table: Tensor, nodes: Tensor, places: Tensor) -> Tensor:
        ctx.places = places
        return table.index_select(0, nodes)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Tensor, None, None]:
        return gradients[0].index_select(0, ctx.places), None, None
