"""One layer of attention that reweights LightGCN's normalisation, as one operation with its own gradient.

    logit_e = B tanh(leaky(s_source + t_target + b_e) / B)
    mass_e  = w_e exp(logit_e)
    alpha_e = mass_e / sum of the same over all edges into the target
    P_e     = alpha_e sqrt(d_target / d_source),    out = P x

With equal logits alpha_e = w_e / d_target, so P_e = w_e / sqrt(d_target d_source): LightGCN. What depends on one end of
an edge only (sums, degrees) is multiplied in node by node: P x = D^1/2 S^-1 M D^-1/2 x, with masses M, their sums S.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from gnnrec_core.data.dataset import FloatArray
from gnnrec_core.models.ops.edges.edge_graph import EdgeGraph, inverse_or_zero
from gnnrec_core.models.ops.sparse import product

SLOPE = 0.2
"""Of the leaky rectifier, as in Velickovic et al. 2018; at exactly 0 the slope is 1, so that zero logits can learn."""


@dataclass(frozen=True)
class Attention:
    """Attention of every layer and head on the edges of a graph, aligned with `graph.edge_index`.

    `alpha` float32 `[n_layers, n_heads, n_edges]` in 0..1 sums to 1 over the edges into each node. `lift` is alpha over
    what uniform attention gives, w_e / d_target: 1 says "as LightGCN would", 2 twice that. Lift is a routing weight; it
    is no preference and does not say how much an edge matters for a score.
    """

    alpha: FloatArray
    lift: FloatArray


@dataclass(frozen=True)
class Weights:
    """Edge weights `[n_edges]`, and the root of the degree they give each node `[n_nodes]` with its inverse.

    Nodes without edges have no say: their inverse is 0.
    """

    weight: Tensor
    root: Tensor
    inverse: Tensor

    @classmethod
    def of(cls, weight: Tensor, degree: Tensor) -> Weights:
        """Of edge weights and their sums at each node."""
        root = degree.sqrt()
        return cls(weight, root, inverse_or_zero(root))

    def calibration(self, graph: EdgeGraph) -> Tensor:
        """sqrt(d_target / d_source) `[n_edges]`: what attention is multiplied by on each edge."""
        return self.root.index_select(0, graph.row) * self.inverse.index_select(0, graph.column)


def attention(graph: EdgeGraph, weight: Tensor, raw: Tensor, bound: float) -> Tensor:
    """alpha `[n_edges]` from raw logits `[n_edges]`: sums to 1 over the edges into each node (0 where all weigh 0)."""
    mass = weight * torch.exp(bound * _squashed(raw, bound))
    return mass * inverse_or_zero(graph.row_sum(mass)).index_select(0, graph.row)


def raw_logits(graph: EdgeGraph, source: Tensor, target: Tensor, edge: Tensor) -> Tensor:
    """s_source + t_target + b_e `[n_edges]`, from `[n_nodes]`, `[n_nodes]`, `[n_edges]`."""
    return source.index_select(0, graph.column).add_(target.index_select(0, graph.row)).add_(edge)


def _squashed(raw: Tensor, bound: float) -> Tensor:
    """tanh(leaky(raw) / bound)."""
    return functional.leaky_relu(raw, SLOPE).div_(bound).tanh_()


def _slope(raw: Tensor) -> Tensor:
    """Of leaky: 1 from 0 on, SLOPE below; by the sign bit, which takes a tenth of the time of comparing."""
    return torch.copysign(raw.new_tensor((1 - SLOPE) / 2), raw).add_((1 + SLOPE) / 2)


class _Mean(torch.autograd.Function):
    """(x `[n, d]`, s `[n]`, t `[n]`, b `[n_edges]`, w `[n_edges]`) to S^-1 M x: the mean that each node attends to."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        source: Tensor,
        target: Tensor,
        edge: Tensor,
        weight: Tensor,
        graph: EdgeGraph,
        bound: float,
    ) -> Tensor:
        raw = raw_logits(graph, source, target, edge)
        squashed = _squashed(raw, bound)
        mass = torch.exp(bound * squashed).mul_(weight)
        inverse = inverse_or_zero(graph.row_sum(mass)).unsqueeze(1)
        out = product(graph.matrix(mass), x).mul_(inverse)
        ctx.save_for_backward(x, raw, squashed, mass, inverse, out, weight)
        ctx.graph = graph
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Tensor | None, ...]:
        x, raw, squashed, mass, inverse, out, weight = ctx.saved_tensors
        graph, scaled = ctx.graph, gradients[0] * inverse
        to_x = product(graph.matrix(mass.index_select(0, graph.reverse)), scaled)
        # alpha (dL/dalpha - sum over the row of alpha dL/dalpha); the sum is <dL/dout, out>.
        to_logit = graph.products(scaled, x)
        to_logit.sub_((scaled * out).sum(1).index_select(0, graph.row)).mul_(mass)
        to_raw = (1 - squashed.square()).mul_(to_logit).mul_(_slope(raw))
        to_source = graph.row_sum(to_raw.index_select(0, graph.reverse))
        # Logits that change alike change nothing: to_logit sums to 0 over a row, which rounding would hide from to_raw.
        to_target = graph.row_sum(to_raw - to_logit)
        to_weight = to_logit / weight if ctx.needs_input_grad[4] else None  # alpha is a softmax of logit + log w
        return to_x, to_source, to_target, to_raw, to_weight, None, None


def attend(
    x: Tensor, source: Tensor, target: Tensor, edge: Tensor, graph: EdgeGraph, weights: Weights, bound: float
) -> Tensor:
    """One head of one layer: P x `[n_nodes, d]`, with gradients for x, the logits' parts and the (positive) weights."""
    calibrated = x * weights.inverse.unsqueeze(1)
    mean: Tensor = _Mean.apply(calibrated, source, target, edge, weights.weight, graph, bound)  # type: ignore[no-untyped-call]
    return mean * weights.root.unsqueeze(1)
