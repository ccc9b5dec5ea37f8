"""Sparse products with gradients: the graph as a torch CSR matrix, and the layer mean as one operation."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor


@cache
def _hear_the_warning() -> None:
    """torch says once a process that its CSR tensors are in beta state; here, unheard. Ours are checked by tests."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta state")
        torch.sparse_csr_tensor([0, 0], [], [], size=(1, 1), check_invariants=False)


def csr(pointer: Tensor, index: Tensor, values: Tensor, shape: tuple[int, int]) -> Tensor:
    """A CSR tensor of parts that are known to fit: row starts `[n + 1]`, columns `[nnz]`, entries `[nnz]`."""
    _hear_the_warning()
    return torch.sparse_csr_tensor(pointer, index, values, size=shape, device=values.device, check_invariants=False)


def csr_tensor(matrix: sp.csr_array, device: str = "cpu", dtype: Any = np.float32) -> Tensor:
    """`matrix` as a torch CSR tensor with 32-bit indices (the sparse kernels of the CPU take no others directly)."""
    if matrix.nnz >= 2**31:
        raise ValueError("more than 2^31 entries")
    parts = (matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32), matrix.data.astype(dtype))
    pointer, index, values = (torch.from_numpy(part).to(device) for part in parts)
    return csr(pointer, index, values, matrix.shape)


def product(matrix: Tensor, x: Tensor) -> Tensor:
    """`matrix @ x` for a matrix `[n, m]` (CSR) and dense `x` `[m, d]`, without gradients.

    On the CPU by `embedding_bag`: each row is a weighted sum of rows of `x`, which is what that kernel is made for. On
    one thread it takes two thirds of the time of the sparse product; on several too, where each gets equally many
    entries (`NodeOrder`). Both give the same bits.
    """
    if x.device.type != "cpu" or matrix.layout != torch.sparse_csr:
        return matrix @ x
    # What functional.embedding_bag calls after its checks, which a small graph feels.
    sums: Tensor = torch.embedding_bag(
        x,
        matrix.col_indices(),
        matrix.crow_indices(),
        per_sample_weights=matrix.values(),
        include_last_offset=True,
    )[0]
    return sums


class _Symmetric(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, operator: Tensor, x: Tensor) -> Tensor:
        ctx.operator = operator
        return product(operator, x)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[None, Tensor]:
        return None, product(ctx.operator, gradients[0].contiguous())


def symmetric_product(operator: Tensor, x: Tensor) -> Tensor:
    """`operator @ x` for a symmetric operator, with gradients for `x`."""
    result: Tensor = _Symmetric.apply(operator, x)  # type: ignore[no-untyped-call]
    return result


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
    return _mean_of_terms(value.contiguous(), operator, n_layers + 1) if n_layers else value.clone()


def _mean_of_terms(value: Tensor, operator: Tensor, n: int, stride: int = 1) -> Tensor:
    """(I + Q + ... + Q^(n-1)) value / n with Q = operator^stride.

    An even sum is halved, (I + Q)(I + Q^2 + ...), an odd one gives its first term away: as many products as there are
    powers, and beside the products hardly a pass over the `[n_nodes, d]` numbers.
    """
    if n == 1:
        return value
    if n % 2:
        return _power(operator, stride, _mean_of_terms(value, operator, n - 1, stride)).lerp_(value, 1 / n)
    return _mean_of_terms(_power(operator, stride, value).lerp_(value, 0.5), operator, n // 2, 2 * stride)


def _power(operator: Tensor, exponent: int, x: Tensor) -> Tensor:
    for _ in range(exponent):
        x = product(operator, x)
    return x


class _Rows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, table: Tensor, nodes: Tensor) -> Tensor:
        ctx.save_for_backward(nodes)
        ctx.shape = table.shape
        return table.index_select(0, nodes)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Tensor, None]:
        (nodes,) = ctx.saved_tensors
        return gradients[0].new_zeros(ctx.shape).index_add_(0, nodes, gradients[0]), None


def rows(table: Tensor, nodes: Tensor) -> Tensor:
    """Rows `nodes` of `table` `[n, d]`; the gradient takes half the time of that of `index_select` on the CPU."""
    result: Tensor = _Rows.apply(table, nodes)  # type: ignore[no-untyped-call]
    return result


def add_decay(parameter: Tensor, nodes: Tensor, weight: float) -> None:
    """Add `weight` times the gradient of half the squared length of the rows `nodes` to the gradient of `parameter`
    `[n, d]`. A row counts as often as it is named."""
    assert parameter.grad is not None  # there has been a backward pass
    times = torch.bincount(nodes, minlength=len(parameter)).to(parameter.dtype)
    parameter.grad.addcmul_(parameter.detach(), times.unsqueeze(1), value=weight)
