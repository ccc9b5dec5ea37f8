"""The strongest message walks of a score, best first, without listing all of them.

    <z_u, z> = a_0 <e_u, z> + sum over walks u = v_0, ..., v_l with 1 <= l <= K of
               a_l P_l[v_0, v_1] ... P_1[v_{l-1}, v_l] <e_{v_l}, z>

B_r[v], the largest |value| of r steps from v, follows backwards from B_0 = |E z| by a maximum over neighbours, so a
prefix times B is the largest value that any walk through it can have. Walks leave the queue in exact order of |value|
(max-product message passing; the linear case of Xiong et al., ICML 2023). With several heads a walk's value is the sum
of its head products and the bound sums their magnitudes: still never too small, so the order stays exact.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import count

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.data.dataset import IntArray
from gnnrec_core.explain.scores.linear import row_values
from gnnrec_core.models.ops.propagation import Propagation

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Walk:
    """Nodes v_0 .. v_l and the signed share of the score that this walk carries."""

    nodes: tuple[int, ...]
    value: float


@dataclass(frozen=True)
class _Siblings:
    """Ways to go on after `prefix`, the most promising first; `steps_left` counts the steps after this one."""

    prefix: tuple[int, ...]
    steps_left: int
    nodes: IntArray
    products: Float  # [n_heads, n]
    bounds: Float


def best_walks(propagation: Propagation, start: int, target: Float, n: int, simple: bool = False) -> tuple[Walk, ...]:
    """The `n` walks from node `start` with the largest |value| in <z_start, target>, largest first.

    `target` `[d]` is z_i, or z_i - z_reference for a margin. With `simple`, walks that meet a node twice are left out.
    """
    ends = end_values(propagation, target)
    bounds = _bounds(propagation, ends)
    queue: list[tuple[float, int, _Siblings, int]] = []
    order = count()

    def push(siblings: _Siblings, position: int) -> None:
        if position < len(siblings.nodes) and siblings.bounds[position] > 0:
            heapq.heappush(queue, (-float(siblings.bounds[position]), next(order), siblings, position))

    def go_on(prefix: tuple[int, ...], steps_left: int, product: Float) -> None:
        push(_siblings(propagation, ends, bounds, prefix, steps_left - 1, product, simple), 0)

    for length in range(1, propagation.n_layers + 1):
        go_on((start,), length, np.full(propagation.n_heads, propagation.layer_weights[length]))
    found: list[Walk] = []
    while queue and len(found) < n:
        _, _, siblings, position = heapq.heappop(queue)
        push(siblings, position + 1)
        node, product = int(siblings.nodes[position]), siblings.products[:, position]
        walk = (*siblings.prefix, node)
        if siblings.steps_left:
            go_on(walk, siblings.steps_left, product)
        else:
            found.append(Walk(walk, float(product @ ends[:, node])))
    return tuple(found)


def end_values(propagation: Propagation, target: Float) -> Float:
    """<e_v, target> for each head's columns `[n_heads, n_nodes]`."""
    columns = [propagation.head_columns(head) for head in range(propagation.n_heads)]
    return np.stack([propagation.embedding[:, chosen] @ target[chosen] for chosen in columns])


def _bounds(propagation: Propagation, ends: Float) -> list[Float]:
    """B_0 .. B_{K-1}, each `[n_heads, n_nodes]`; the last step needs no bound, its row is looked at in full."""
    result = [np.abs(ends)]
    for heads in propagation.operators[:-1]:
        result.append(np.stack([_row_maximum(op, result[-1][head]) for head, op in enumerate(heads)]))
    return result


def _row_maximum(operator: sp.csr_array, values: Float) -> Float:
    """max over stored w of |P[v, w]| values[w] for every row v; 0 for an empty row."""
    product = np.abs(operator.data) * values[operator.indices]
    result = np.zeros(operator.shape[0])
    filled = np.flatnonzero(np.diff(operator.indptr))
    if len(filled):
        result[filled] = np.maximum.reduceat(product, operator.indptr[filled])
    return result


def _siblings(
    propagation: Propagation,
    ends: Float,
    bounds: list[Float],
    prefix: tuple[int, ...],
    steps_left: int,
    product: Float,
    simple: bool,
) -> _Siblings:
    operators, node = propagation.operators[steps_left], prefix[-1]
    rows = [op.indices[op.indptr[node] : op.indptr[node + 1]].astype(np.int64) for op in operators]
    nodes = rows[0] if len(rows) == 1 else np.unique(np.concatenate(rows))
    if simple:
        nodes = nodes[~np.isin(nodes, prefix)]
    steps = np.stack([row_values(op, node, nodes) for op in operators])  # [n_heads, n]
    products = product[:, None] * steps
    if steps_left:
        promise = (np.abs(products) * bounds[steps_left][:, nodes]).sum(axis=0)
    else:
        promise = np.abs((products * ends[:, nodes]).sum(axis=0))
    best = np.argsort(-promise, kind="stable")
    return _Siblings(prefix, steps_left, nodes[best], products[:, best], promise[best])
