"""Sparse products with gradients: the graph as a torch CSR matrix, and the layer mean as one operation."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor


def csr_tensor(matrix: sp.csr_array, device: str = "cpu", dtype: Any = np.float32) -> Tensor:
    """`matrix` as a torch CSR tensor with 32-bit indices (the sparse kernels of the CPU take no others directly)."""
    if matrix.nnz >= 2**31:
        raise ValueError("more than 2^31 entries")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta state")
        return torch.sparse_csr_tensor(
            torch.from_numpy(matrix.indptr.astype(np.int32)),
            torch.from_numpy(matrix.indices.astype(np.int32)),
            torch.from_numpy(matrix.data.astype(dtype)),
            size=matrix.shape,
            device=device,
            check_invariants=False,
        )


class _LayerMean(torch.autograd.Function):
    """mean of E, PE, ..., P^K E for a symmetric P: its own gradient is the same function of the incoming gradient."""

    @staticmethod
    def forward(ctx: Any, embedding: Tensor, operator: Tensor, n_layers: int) -> Tensor:
        ctx.operator, ctx.n_layers = operator, n_layers
        return _mean_of_powers(embedding, operator, n_layers)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Tensor, None, None]:
        return _mean_of_powers(gradients[0], ctx.operator, ctx.n_layers), None, None


def layer_mean(embedding: Tensor, operator: Tensor, n_layers: int) -> Tensor:
    """(E + PE + ... + P^K E) / (K + 1) `[n_nodes, d]` for a symmetric P: K products forward, K backward."""
    result: Tensor = _LayerMean.apply(embedding, operator, n_layers)  # type: ignore[no-untyped-call]
    return result


def _mean_of_powers(value: Tensor, operator: Tensor, n_layers: int) -> Tensor:
    # Horner: E + P(E + P(E + ...)): each layer is one product that adds to a copy of E.
    total = value.contiguous()
    for _ in range(n_layers):
        total = torch.addmm(value, operator, total)
    return total / (n_layers + 1)
