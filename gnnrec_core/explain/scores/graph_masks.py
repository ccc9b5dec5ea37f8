"""The explained number as a function of one mask value for every directed edge, with its gradient.

PyG and Captum propagate all nodes' embeddings to score one pair. Two rows are enough: with the row vector
w_x = sum_l a_l e_x P_l ... P_1 (Horner's scheme, from the last layer inwards) z_x = w_x E, and with the columns
b^(l) = P_l ... P_1 E z, the derivative to the entry of P_l that target t takes from source s is w^(l)[t] b^(l-1)[s]. A
layer costs one sparse product with two columns instead of d. The numbers are those of masked message passing: masks
act after normalisation and attention, and every layer uses the same mask.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch import Tensor

from gnnrec_core.base import progress
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.explain.explanation import Case
from gnnrec_core.explain.scores.linear import Prepared
from gnnrec_core.graph import RecGraph
from gnnrec_core.models.ops.propagation import Propagation

Float = NDArray[np.float64]


@dataclass(frozen=True)
class PairScore:
    """The masked score of one case. Entries stand in the order of (target, source): `edge` is each one's column in the
    graph, or n_edges for a fixed self-loop; `values[l][h]` is what it carries unmasked."""

    propagation: Propagation
    n_edges: int
    starts: Float
    target: IntArray
    source: IntArray
    row_start: IntArray
    edge: IntArray
    values: tuple[tuple[Float, ...], ...]

    @classmethod
    def of(cls, prepared: Prepared, case: Case) -> PairScore:
        graph, spread = prepared.graph, prepared.propagation
        starts = np.zeros((graph.n_nodes, 2))
        starts[case.user_index, 0] = 1.0
        for item, sign in case.signed_items:
            starts[graph.item_node(item), 1] = sign
        source, target, edge, share = _entries(graph, spread)
        known: dict[int, Float] = {}
        values = tuple(
            tuple(_carried(operator, target, source, share, known) for operator in heads) for heads in spread.operators
        )
        row_start = np.zeros(graph.n_nodes + 1, np.int64)
        np.cumsum(np.bincount(target, minlength=graph.n_nodes), out=row_start[1:])
        return cls(spread, graph.n_edges, starts, target, source, row_start, edge, values)

    def value_and_gradient(self, mask: Float, with_gradient: bool = True) -> tuple[float, Float]:
        """The explained number, and its derivative to each mask value `[n_edges]` (zeros where not asked for)."""
        progress.check()
        full = np.append(mask, 1.0)[self.edge]
        total, at_entries = 0.0, np.zeros(len(full))
        for head in range(self.propagation.n_heads):
            carried = [layer[head] for layer in self.values]
            operators = [self._operator(values * full) for values in carried]
            rows = self._rows(operators)
            embedding = self.propagation.embedding[:, self.propagation.head_columns(head)]
            final = rows[0].T @ embedding  # [2, d]: z_u and the signed sum of the items' z
            total += float(final[0] @ final[1])
            if not with_gradient:
                continue
            column = embedding @ final[::-1].T  # [n, 2]: E z_items beside E z_u
            for left, (operator, values) in enumerate(zip(operators, carried, strict=True), 1):
                at_entries += values * self._at_entries(rows[left], column)
                column = operator @ column
        gradient: Float = np.bincount(self.edge, at_entries, self.n_edges + 1)[: self.n_edges].astype(np.float64)
        return total, gradient

    def _at_entries(self, rows: Float, column: Float) -> Float:
        """rows[target] . column[source] of every entry; single columns are gathered several times faster than pairs."""
        by_side = np.ascontiguousarray(rows.T), np.ascontiguousarray(column.T)
        total: Float = by_side[0][0].take(self.target) * by_side[1][0].take(self.source)
        total += by_side[0][1].take(self.target) * by_side[1][1].take(self.source)
        return total

    def _operator(self, data: Float) -> sp.csr_array:
        n = self.propagation.embedding.shape[0]
        return sp.csr_array((data, self.source, self.row_start), shape=(n, n))

    def _rows(self, operators: list[Any]) -> list[Float]:
        """Row vectors of the user and of the items `[n, 2]` with l = 0..K operators left."""
        weights = self.propagation.layer_weights
        rows = [weights[-1] * self.starts]
        for left in range(len(operators), 0, -1):
            rows.append(operators[left - 1].T @ rows[-1] + weights[left - 1] * self.starts)
        return rows[::-1]


class _Score(torch.autograd.Function):
    """mask `[n_edges]` float64 -> the explained number, for torch's optimisers and Captum."""

    @staticmethod
    def forward(ctx: Any, mask: Tensor, score: PairScore) -> Tensor:
        value, gradient = score.value_and_gradient(mask.detach().numpy())
        ctx.gradient = torch.from_numpy(gradient)
        return torch.tensor(value, dtype=torch.float64)

    @staticmethod
    def backward(ctx: Any, *incoming: Any) -> tuple[Tensor, None]:
        return ctx.gradient * incoming[0], None


def differentiable(score: PairScore, mask: Tensor) -> Tensor:
    """`score` at `mask` `[n_edges]` float64 as a tensor whose gradient is the exact one."""
    result: Tensor = _Score.apply(mask, score)  # type: ignore[no-untyped-call]
    return result


def _entries(graph: RecGraph, spread: Propagation) -> tuple[IntArray, IntArray, IntArray, Float]:
    """Source, target, edge column and share among parallel edges of every entry, by (target, source)."""
    source, target = graph.edge_index
    edge, share = np.arange(graph.n_edges), graph.edge_weight.astype(np.float64)
    if any(operator.diagonal().any() for heads in spread.operators for operator in heads):
        nodes = np.arange(graph.n_nodes)
        source, target = np.append(source, nodes), np.append(target, nodes)
        edge, share = np.append(edge, np.full(len(nodes), graph.n_edges)), np.append(share, np.ones(len(nodes)))
    order = np.lexsort((source, target))
    source, target, edge, share = source[order], target[order], edge[order], share[order]
    starts_pair = np.append(True, (np.diff(source) != 0) | (np.diff(target) != 0))
    pair = np.cumsum(starts_pair) - 1
    return source, target, edge, share / np.bincount(pair, share)[pair]


def _carried(
    operator: sp.csr_array, target: IntArray, source: IntArray, share: Float, known: dict[int, Float]
) -> Float:
    """P[target, source] * share of every entry; an operator that several layers use is read once."""
    if id(operator) not in known:
        n = operator.shape[0]
        rows = np.repeat(np.arange(n), np.diff(operator.indptr))
        keys, wanted = rows * n + operator.indices, target * n + source
        place = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
        found = np.where(keys[place] == wanted, operator.data[place], 0.0) if len(keys) else np.zeros(len(wanted))
        known[id(operator)] = found * share
    return known[id(operator)]
