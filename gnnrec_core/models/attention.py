"""One layer of attention that reweights LightGCN's normalisation, as one operation with its own gradient.

    logit_e = B tanh(leaky(s_source + t_target + b_e) / B)
    alpha_e = w_e exp(logit_e) / sum of the same over all edges into the target
    P_e     = alpha_e sqrt(d_target / d_source),    out = P x

With equal logits alpha_e = w_e / d_target, so P_e = w_e / sqrt(d_target d_source): LightGCN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from gnnrec_core.models.edge_graph import EdgeGraph
from gnnrec_core.models.sparse_ops import product

SLOPE = 0.2
"""Of the leaky rectifier, as in Velickovic et al. 2018; at exactly 0 the slope is 1, so that zero logits can learn."""


@dataclass(frozen=True)
class Weights:
    """Edge weights `[n_edges]`, and sqrt(d_target / d_source) of each edge, the `calibration` of its attention."""

    weight: Tensor
    calibration: Tensor

    @classmethod
    def of(cls, graph: EdgeGraph, weight: Tensor, degree: Tensor) -> Weights:
        """Nodes without edges have no say: their calibration is 0."""
        root = degree.sqrt()
        inverse = torch.where(degree > 0, 1 / root, torch.zeros_like(root))
        return cls(weight, root.index_select(0, graph.row) * inverse.index_select(0, graph.column))


def attention(graph: EdgeGraph, weights: Weights, raw: Tensor, bound: float) -> Tensor:
    """alpha `[n_edges]` from raw logits `[n_edges]`: sums to 1 over the edges into each node (0 where all weigh 0)."""
    mass = weights.weight * torch.exp(_bounded(raw, bound))
    total = graph.row_sum(mass)
    inverse = torch.where(total > 0, 1 / total, torch.zeros_like(total))
    return mass * inverse.index_select(0, graph.row)


def raw_logits(graph: EdgeGraph, source: Tensor, target: Tensor, edge: Tensor) -> Tensor:
    """s_source + t_target + b_e `[n_edges]`, from `[n_nodes]`, `[n_nodes]`, `[n_edges]`."""
    return source.index_select(0, graph.column) + target.index_select(0, graph.row) + edge


def _bounded(raw: Tensor, bound: float) -> Tensor:
    return bound * torch.tanh(functional.leaky_relu(raw, SLOPE) / bound)


class _Attend(torch.autograd.Function):
    """(x `[n, d]`, s `[n]`, t `[n]`, b `[n_edges]`, w `[n_edges]`, calibration `[n_edges]`) to P x."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        source: Tensor,
        target: Tensor,
        edge: Tensor,
        weight: Tensor,
        calibration: Tensor,
        graph: EdgeGraph,
        bound: float,
    ) -> Tensor:
        raw = raw_logits(graph, source, target, edge)
        alpha = attention(graph, Weights(weight, calibration), raw, bound)
        passed = alpha * calibration
        ctx.save_for_backward(x, raw, alpha, passed, weight, calibration)
        ctx.graph, ctx.bound = graph, bound
        return product(graph.matrix(passed), x)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Tensor | None, ...]:
        x, raw, alpha, passed, weight, calibration = ctx.saved_tensors
        graph, out = ctx.graph, gradients[0].contiguous()
        to_x = product(graph.matrix(passed.index_select(0, graph.reverse)), out)
        to_calibration = alpha * graph.products(out, x)
        share = to_calibration * calibration  # alpha dL/dalpha
        to_logit = share - alpha * graph.row_sum(share).index_select(0, graph.row)
        squashed = _bounded(raw, ctx.bound) / ctx.bound
        to_raw = to_logit * (1 - squashed.square()) * torch.where(raw >= 0, 1.0, SLOPE)
        to_source = graph.row_sum(to_raw.index_select(0, graph.reverse))
        # Logits that change alike change nothing: to_logit sums to 0 over a row, which rounding would hide from to_raw.
        to_target = graph.row_sum(to_raw - to_logit)
        to_weight = to_logit / weight if ctx.needs_input_grad[4] else None  # alpha is a softmax of logit + log w
        return to_x, to_source, to_target, to_raw, to_weight, to_calibration, None, None


def attend(
    x: Tensor, source: Tensor, target: Tensor, edge: Tensor, graph: EdgeGraph, weights: Weights, bound: float
) -> Tensor:
    """One head of one layer: P x `[n_nodes, d]`, with gradients for x, the logits' parts and the (positive) weights."""
    parts = (x, source, target, edge, weights.weight, weights.calibration)
    result: Tensor = _Attend.apply(*parts, graph, bound)  # type: ignore[no-untyped-call]
    return result
