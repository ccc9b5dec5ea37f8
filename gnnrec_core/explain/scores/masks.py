"""One differentiable function for every masking method: the explained number, given a mask of the user's edges.

A mask of 1 leaves an edge's messages as they are, 0 silences them in both directions and all layers; normalisation and
attention stay as they were on the full graph. (Silencing is not removing: see `leave_one_out` for that.) The model
itself is only read.

For a propagation the function is exact and small: a walk is cut where it visits the user u. Between two visits it
leaves u over a masked edge to a neighbour, wanders in the graph without u, and comes back over a masked edge. The
wandering does not depend on the masks, so it is computed once, and only vectors over the neighbours remain.
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
from gnnrec_core.explain.scores.linear import Prepared, prepare, row_values
from gnnrec_core.explain.scores.scoring import scorer_of
from gnnrec_core.models.ops.propagation import Propagation
from gnnrec_core.models.protocol import ModuleRecommender, PropagationRecommender

Float = NDArray[np.float64]


@dataclass(frozen=True)
class MaskedScore:
    """masks `[b, n]` -> the explained number `[b]`, float64; `edges` `[n]` are the user's edges, source = the user.

    `degree` bounds the degree of the function as a polynomial in a common mask value; None where it is none.
    """

    edges: IntArray
    frozen: tuple[str, ...]
    degree: int | None
    function: Any

    def __call__(self, masks: Tensor) -> Tensor:
        progress.check()
        result: Tensor = self.function(masks)
        return result

    def at(self, value: float) -> float:
        """The explained number where every edge of the user has this mask."""
        with torch.no_grad():
            return float(self(torch.full((1, len(self.edges)), value, dtype=torch.float64))[0])


def masked_score(model: Any, case: Case) -> MaskedScore:
    """The masked score of a case; UnsupportedError where the model's score has no parts."""
    if isinstance(model, PropagationRecommender):
        prepared = prepare(model)
        frozen = ("degrees", *prepared.propagation.frozen)
        function = _propagation_score(prepared, case)
        return MaskedScore(
            prepared.edges_of(case.user_index), frozen, max(1, 2 * prepared.propagation.n_layers), function
        )
    if isinstance(model, ModuleRecommender):
        return _module_score(model, case)
    scorer = scorer_of(model)
    items, signs = np.array([item for item, _ in case.signed_items]), [sign for _, sign in case.signed_items]
    parts = scorer.parts(case.user_index, items)
    values, own = torch.from_numpy(parts.values @ np.array(signs)), float(parts.own @ np.array(signs))
    return MaskedScore(parts.edges, scorer.frozen, 1, lambda masks: own + masks @ values)


def _module_score(model: ModuleRecommender, case: Case) -> MaskedScore:
    """Messages of a PyG module times the masks, after each layer's normalisation: PyG's edge masks, on a copy.

    What a later layer computes of its inputs (its attention) follows the masks.
    """
    from torch_geometric.explain.algorithm.utils import clear_masks, set_masks  # half a second that few need

    inputs, graph = model.module_inputs(), model.graph  # type: ignore[attr-defined]
    edges = graph.edges_of(case.user_index)
    both = torch.from_numpy(np.concatenate([edges, graph.reverse(edges)]))
    items = torch.tensor([graph.n_users + item for item, _ in case.signed_items])
    signs = torch.tensor([sign for _, sign in case.signed_items], dtype=torch.float64)

    def one(row: Tensor) -> Tensor:
        mask = torch.ones(graph.n_edges, dtype=inputs.x.dtype).index_put((both,), row.repeat(2).to(inputs.x))
        set_masks(inputs.module, mask, inputs.edge_index, apply_sigmoid=False)
        try:
            final = inputs.embeddings()
        finally:
            clear_masks(inputs.module)
        number: Tensor = signs @ (final[items] @ final[case.user_index]).double()
        return number

    return MaskedScore(edges, (), None, lambda masks: torch.stack([one(row) for row in masks]))


def _propagation_score(prepared: Prepared, case: Case) -> Any:
    """masks `[b, n]` -> sum over heads of <z_u(mask), z_i(mask)>, as a signed sum over the case's items."""
    graph, user = prepared.graph, case.user_index
    edges = prepared.edges_of(user)
    nodes, place = np.unique(graph.targets(edges), return_inverse=True)
    share, places = torch.from_numpy(prepared.edge_share(user, edges)), torch.from_numpy(place)
    starts = np.zeros(graph.n_nodes)
    for item, sign in case.signed_items:
        starts[graph.item_node(item)] = sign
    heads = [_Head.of(prepared.propagation, head, user, nodes, starts) for head in range(prepared.propagation.n_heads)]

    def score(masks: Tensor) -> Tensor:
        at_nodes = torch.zeros(len(masks), len(nodes), dtype=torch.float64)
        at_nodes = at_nodes.index_add(1, places, masks * share)
        return torch.stack([head.score(at_nodes) for head in heads]).sum(0)

    return score


@dataclass(frozen=True)
class _Head:
    """One head's constants, with P_l for l = 1..K at index l - 1, and N the user's n neighbours.

    A walk is followed from its start; "l left" means that P_l ... P_1 are still to be applied. `out[l-1]` = P_l[u, N],
    `back[l-1]` = P_l[N, u], `loop[l-1]` = P_l[u, u]; `wander[(l, m)]` = (P_l ... P_{l-m+1})[N, N] without u where it is
    not empty; `ends[l]` = (P_l ... P_1 E)[N] without u `[n, d]`; `item_ends` `[d]` and `item_mass[l]` `[n]` are the
    target items' walks without u: where they end, and what stands on N with l left.
    """

    weights: Float
    embedding: Tensor
    out: tuple[Tensor, ...]
    back: tuple[Tensor, ...]
    loop: tuple[float, ...]
    wander: dict[tuple[int, int], Tensor]
    ends: tuple[Tensor, ...]
    item_ends: Tensor
    item_mass: tuple[Tensor, ...]

    @classmethod
    def of(cls, spread: Propagation, head: int, user: int, nodes: IntArray, starts: Float) -> _Head:
        columns = spread.head_columns(head)
        operators = [heads[head] for heads in spread.operators]
        into_user = [_column(operator, user) for operator in operators]
        item_ends, item_mass = _walks_without(spread, operators, user, nodes, starts, columns)
        return cls(
            spread.layer_weights.astype(np.float64),
            torch.from_numpy(np.ascontiguousarray(spread.embedding[user, columns])),
            tuple(torch.from_numpy(row_values(operator, user, nodes)) for operator in operators),
            tuple(torch.from_numpy(column[nodes]) for column in into_user),
            tuple(float(column[user]) for column in into_user),
            _wandering(operators, user, nodes),
            _ends(spread, operators, into_user, user, nodes, columns),
            item_ends,
            item_mass,
        )

    def score(self, masks: Tensor) -> Tensor:
        """<z_u, z_items> of this head for masks of the neighbours `[b, n]`."""
        n_layers = len(self.out)
        ones = torch.ones(len(masks), dtype=torch.float64)
        user = self._walks_from_user(masks, [weight * ones for weight in self.weights])
        arrive = [(masks * self.back[left]) @ self.item_mass[left + 1] for left in range(n_layers)]
        item = self.item_ends + self._walks_from_user(masks, [*arrive, torch.zeros_like(ones)])
        return (user * item).sum(1)

    def _walks_from_user(self, masks: Tensor, mass: list[Tensor]) -> Tensor:
        """Where walks end `[b, d]` that stand on u with l left with weight `mass[l]` `[b]`."""
        total: Any = 0.0 * masks.sum(1, keepdim=True)  # without layers the masks change nothing, at slope 0
        mass = list(mass)
        for left in range(len(self.out), 0, -1):
            mass[left - 1] = mass[left - 1] + mass[left] * self.loop[left - 1]
            outside = mass[left][:, None] * masks * self.out[left - 1]
            total = total + outside @ self.ends[left - 1]
            for steps in range(left - 1):
                if steps > 0 and (left - 1, steps) not in self.wander:
                    continue
                back_at = outside if steps == 0 else outside @ self.wander[left - 1, steps]
                after = left - 2 - steps
                mass[after] = mass[after] + (back_at * masks) @ self.back[after]
        result: Tensor = total + mass[0][:, None] * self.embedding
        return result


def _column(operator: sp.csr_array, node: int) -> Float:
    unit = np.zeros(operator.shape[1])
    unit[node] = 1.0
    found: Float = operator @ unit
    return found


def _ends(
    spread: Propagation, operators: list[Any], into_user: list[Float], user: int, nodes: IntArray, columns: slice
) -> tuple[Tensor, ...]:
    """(P_l ... P_1 E)[N] without u for l = 0..K-1: the full layers less what came through u for the first time."""
    n_layers = len(operators)
    ends = [np.array(spread.layers[left][nodes][:, columns]) for left in range(max(n_layers, 1))]
    for first in range(1, n_layers):
        passage = into_user[first - 1].copy()
        for left in range(first, n_layers):
            if left > first:
                passage = operators[left - 1] @ passage
            passage[user] = 0.0
            ends[left] -= np.outer(passage[nodes], spread.layers[first - 1][user, columns])
    return tuple(torch.from_numpy(end) for end in ends)


def _walks_without(
    spread: Propagation, operators: list[Any], user: int, nodes: IntArray, starts: Float, columns: slice
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Walks from `starts` that never visit u: where they end `[d]`, and their mass on N with 0..K left."""
    weights = spread.layer_weights
    mass = weights[-1] * starts
    on_nodes = [mass[nodes]]
    for left in range(len(operators), 0, -1):
        mass = mass @ operators[left - 1]
        mass[user] = 0.0
        mass = mass + weights[left - 1] * starts
        on_nodes.append(mass[nodes])
    return torch.from_numpy(mass @ spread.embedding[:, columns]), tuple(map(torch.from_numpy, reversed(on_nodes)))


def _wandering(operators: list[Any], user: int, nodes: IntArray) -> dict[tuple[int, int], Tensor]:
    """(P_l ... P_{l-m+1})[N, N] without u for m >= 1 and at least one step left to come back."""
    found: dict[tuple[int, int], Tensor] = {}
    keep = sp.diags_array((np.arange(operators[0].shape[0]) != user).astype(np.float64)).tocsr() if operators else None
    for left in range(2, len(operators)):
        rows = operators[left - 1][nodes] @ keep
        for steps in range(1, left):
            if steps > 1:
                rows = rows @ operators[left - steps] @ keep
            between = rows[:, nodes]
            if between.nnz:
                found[left, steps] = torch.from_numpy(between.toarray())
    return found
