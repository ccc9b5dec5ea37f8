"""Exact ledgers of many people at once: what each of their edges carries of a signed sum of their scores.

A model that is linear in messages has score(u, i) = <own_u, z_i> + sum_v <m_uv, z_i>, so with Z_u = sum_i signs[u, i]
z_i the edge to v carries <m_uv, Z_u> of the sum: one number an edge, whatever the length of the lists. Item-item models
sum the columns of S in the same way (`BatchHistoryRecommender`). Any other model with parts is asked person by person.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp

from gnnrec_core.base import progress
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.explain.scores.linear import Float, LinearScorer, Prepared
from gnnrec_core.explain.scores.scoring import Scorer, scorer_of
from gnnrec_core.models.history_protocol import BatchHistoryRecommender, HistorySums
from gnnrec_core.models.ops.propagation import Propagation

PEOPLE_AT_ONCE = 1024
NUMBERS_AT_ONCE = 8_000_000
"""Of dense tables of people by items, or of edges by dimensions."""


def ledgers(model: Any, signs: sp.csr_array, people: IntArray | None = None) -> Iterator[tuple[IntArray, HistorySums]]:
    """The ledgers of all people whose row of `signs` `[n_users, n_items]` is not empty (or of `people` among them), a
    batch after the other.

    UnsupportedError for a model whose score has no parts.
    """
    scorer = scorer_of(model)
    users = np.flatnonzero(np.diff(signs.indptr)).astype(np.int64) if people is None else people
    step = int(np.clip(NUMBERS_AT_ONCE // signs.shape[1], 1, PEOPLE_AT_ONCE))
    for start in range(0, len(users), step):
        progress.report(start, len(users))
        some = users[start : start + step]
        yield some, _sums(model, scorer, some, signs[some])


def _sums(model: Any, scorer: Scorer, users: IntArray, signs: sp.csr_array) -> HistorySums:
    if isinstance(scorer, LinearScorer):
        return linear_sums(scorer.prepared, users, signs)
    if isinstance(model, BatchHistoryRecommender):
        return model.history_sums(users, signs)
    return _one_by_one(scorer, users, signs)


def _one_by_one(scorer: Scorer, users: IntArray, signs: sp.csr_array) -> HistorySums:
    own, edges, values = np.zeros(len(users)), [], []
    for row, user in enumerate(users.tolist()):
        entries = slice(*signs.indptr[row : row + 2])
        parts = scorer.parts(user, signs.indices[entries].astype(np.int64))
        own[row] = parts.own @ signs.data[entries]
        edges.append(parts.edges)
        values.append(parts.values @ signs.data[entries])
    owner = np.repeat(np.arange(len(users)), [len(each) for each in edges])
    return HistorySums(own, owner, np.concatenate(edges), np.concatenate(values))


def linear_sums(prepared: Prepared, users: IntArray, signs: sp.csr_array) -> HistorySums:
    """The same for a propagation, all edges of all `users` in one pass over each operator."""
    spread, graph = prepared.propagation, prepared.graph
    targets = signs @ spread.final[graph.n_users : graph.n_users + graph.n_items]  # [b, d]
    order, starts = graph.incidence
    counts = starts[users + 1] - starts[users]
    owner = np.repeat(np.arange(len(users)), counts)
    edges = order[np.arange(counts.sum()) + np.repeat(starts[users] - np.cumsum(counts) + counts, counts)]
    other = graph.targets(edges)
    share = shares_of_parallel(graph.n_nodes, owner, other, graph.weights(edges))
    own = spread.layer_weights[0] * np.einsum("bd,bd->b", spread.embedding[users], targets)
    values = np.zeros(len(edges))
    if spread.symmetric:
        if spread.n_layers:
            weight = entries_at(spread.operators[0][0], users, owner, other)
            values = weight * _products(prepared.sent(slice(None)), other, targets, owner)
        return HistorySums(own, owner, edges, values * share)
    for layer, heads in enumerate(spread.operators):
        for head, operator in enumerate(heads):
            columns, scale = spread.head_columns(head), spread.layer_weights[layer + 1]
            source, wanted = spread.layers[layer][:, columns], targets[:, columns]
            values += scale * entries_at(operator, users, owner, other) * _products(source, other, wanted, owner)
            everyone = np.arange(len(users))
            loop = entries_at(operator, users, everyone, users)
            own += scale * loop * np.einsum("bd,bd->b", source[users], wanted)
    return HistorySums(own, owner, edges, values * share)


def entries_at(operator: sp.csr_array, users: IntArray, owner: IntArray, columns: IntArray) -> Float:
    """operator[users[owner], columns] `[m]`, 0 where nothing is stored; rows must have ascending columns."""
    rows = operator[users]
    n = np.int64(operator.shape[1])
    stored = np.repeat(np.arange(len(users), dtype=np.int64), np.diff(rows.indptr)) * n + rows.indices
    if not len(stored):
        return np.zeros(len(columns))
    wanted = owner * n + columns
    place = np.minimum(np.searchsorted(stored, wanted), len(stored) - 1)
    found: Float = np.where(stored[place] == wanted, rows.data[place], 0.0)
    return found


def _products(left: Float, rows: IntArray, right: Float, others: IntArray) -> Float:
    """<left[rows[e]], right[others[e]]> for each e, a few at a time."""
    result = np.empty(len(rows))
    step = max(1, NUMBERS_AT_ONCE // max(1, 2 * left.shape[1]))
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        result[part] = np.einsum("ed,ed->e", left[rows[part]], right[others[part]])
    return result


def shares_of_parallel(n_nodes: int, owner: IntArray, other: IntArray, weight: Float) -> Float:
    """Weight of each edge among parallel ones of the same two nodes; 1 where there is one."""
    _, place, counts = np.unique(owner * np.int64(n_nodes) + other, return_inverse=True, return_counts=True)
    if len(counts) == len(owner):
        return np.ones(len(owner))
    found: Float = weight / np.bincount(place, weights=weight)[place]
    return found


def layers_by_shape(spread: Propagation, kinds: IntArray, n_kinds: int) -> Iterator[tuple[int, tuple[int, ...], Float]]:
    """For each length and each sequence of node kinds after the start, what walks of that shape bring to every node:
    (length, kinds, a_length P M_k1 P .. M_kl E `[n_nodes, d]`); with a_0 E they sum to z."""
    ahead: dict[tuple[int, ...], Float] = {(): spread.embedding}
    for length, heads in enumerate(spread.operators, start=1):
        following: dict[tuple[int, ...], Float] = {}
        for shape, values in ahead.items():
            for kind in range(n_kinds):
                met = np.where((kinds == kind)[:, None], values, 0.0)
                if not met.any():
                    continue
                reached = np.empty_like(met)
                for head, operator in enumerate(heads):
                    columns = spread.head_columns(head)
                    reached[:, columns] = operator @ met[:, columns]
                yield length, (kind, *shape), spread.layer_weights[length] * reached
                if length < spread.n_layers:
                    following[kind, *shape] = reached
        ahead = following
