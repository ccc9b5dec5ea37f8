"""Side edges in an item-item filter: a weight for each relation, and scores that stay sums over the history.

To x_u S, what a filter says, each relation r adds its weight times a number that makes them equally large, times

    items of one attribute (author, genre):   x_u G,  G = A D_a^-1 A^T without its diagonal
    items whose attributes an edge joins:     x_u G,  G = A D_a^-1 B D_a^-1 A^T, the same; similar items: G is given
    people (friends):   sum over friends v of a(u, v) y_v,  a(u, v) = sum over j of x_uj c_vj

The last is a walk person - item j - friend - target: j counts where the friend had it first (c falls by half for each
eighth of the log that lies between), liked it, and where few have it; y_v are the friend's items, the last ones most
(half for each five later ones). So a friend pulls with the items that the person has taken over from them, and with no
others. Every added number is a sum over the items j of the history: the ledger stays exact.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.data.dataset import NO_TIME, Dataset, IntArray
from gnnrec_core.graph import RecGraph

HALF_LAGS, LATER = 8, 5.0
"""Of the time of the log, what halves a friend's influence; and how many later items of a friend halve an item's."""
SAMPLED = 256
"""People whose scores say how large a relation's numbers are beside the filter's."""
Float = NDArray[np.float64]


@dataclass(frozen=True)
class Pulls:
    """What each item `item` `[m]` of the history of user `owner` (a place in those asked for) gives friend `friend` to
    pull with: `value` `[m]`."""

    owner: IntArray
    item: IntArray
    friend: IntArray
    value: Float


@dataclass(frozen=True)
class Walks:
    """G of one relation between items: `left @ right`, less what lies on the diagonal `own` `[n_items]`; symmetric."""

    left: sp.csr_array
    right: sp.csr_array
    own: Float

    @classmethod
    def of(cls, left: sp.csr_array, right: sp.csr_array) -> Walks:
        """Of two factors `[n_items, m]` and `[m, n_items]`."""
        return cls(left, right, np.asarray(left.multiply(right.T).sum(axis=1)).ravel())

    def times(self, weights: sp.csr_array) -> Float:
        """weights @ G `[n, n_items]`."""
        found: Float = ((weights @ self.left) @ self.right).toarray() - (weights @ sp.diags_array(self.own)).toarray()
        return found

    def between(self, rows: IntArray, columns: IntArray) -> Float:
        """G[rows, columns]."""
        found: Float = (self.left[rows] @ self.right[:, columns]).toarray()
        found[rows[:, None] == columns] -= self.own[rows[(rows[:, None] == columns).nonzero()[0]]]
        return found


@dataclass(frozen=True)
class Related:
    """The relations of a dataset that an item-item filter can use: `items` by name, `people` (friends, weights, CSR
    `[n_users, n_users]`) by name; and of its train interactions what friends are read by, aligned with `graph.seen`."""

    graph: RecGraph
    items: dict[str, Walks]
    people: dict[str, sp.csr_array]
    time: IntArray | None
    newest: int
    span: float
    taken: Float = field(repr=False)
    brought: Float = field(repr=False)

    @classmethod
    def of(cls, dataset: Dataset, graph: RecGraph) -> Related:
        """Those of `dataset`, friends read on its train interactions that are in `graph`."""
        rows = graph.edge_interaction[graph.all_history_edges]
        log, owner = dataset.interactions, np.repeat(np.arange(graph.n_users), np.diff(graph.seen.indptr))
        time = None if log.timestamp is None or (log.timestamp[rows] == NO_TIME).any() else log.timestamp[rows]
        liked = np.ones(len(rows))
        if log.rating is not None and np.isfinite(log.rating[rows]).all():
            rating = log.rating[rows].astype(np.float64)
            mean = np.bincount(owner, rating, graph.n_users) / np.maximum(
                1, np.bincount(owner, minlength=graph.n_users)
            )
            liked = (rating >= mean[owner]).astype(np.float64)
        few = 1 / np.sqrt(np.maximum(1, graph.popularity[graph.seen.indices]))
        span = float(np.ptp(time)) if time is not None and len(time) else 0.0
        newest = int(time.max()) if time is not None and len(time) else 0
        items, people = _between_items(dataset), _between_people(dataset)
        late = _lateness(owner, time) if people else np.ones(len(rows))
        return cls(graph, items, people, time, newest, span, liked * few, liked * late)

    @property
    def names(self) -> tuple[str, ...]:
        """Relations that may have a weight, those between items first."""
        return (*self.items, *self.people)

    @cached_property
    def brings(self) -> sp.csr_array:
        """y `[n_users, n_items]`."""
        seen = self.graph.seen
        return sp.csr_array((self.brought, seen.indices, seen.indptr), shape=seen.shape)

    @cached_property
    def _keys(self) -> IntArray:
        seen = self.graph.seen
        owner = np.repeat(np.arange(seen.shape[0], dtype=np.int64), np.diff(seen.indptr))
        found: IntArray = owner * seen.shape[1] + seen.indices
        return found

    def pulls(self, name: str, users: IntArray, graph: RecGraph, times: IntArray | None) -> Pulls:
        """x_uj c_vj of all friends v, by relation `name`, and items j that `users` have in `graph`.

        `times` are those of the interactions of the dataset by row; who has an item from elsewhere has it since now.
        Degrees are those of the trained graph, so that without an item the others pull as before.
        """
        n_items, friends = self.graph.n_items, self.people[name]
        histories = [graph.history_edges(user) for user in users.tolist()]
        lengths, n_friends = np.array([len(h) for h in histories], np.int64), np.diff(friends.indptr)[users]
        edges = np.concatenate([np.zeros(0, np.int64), *histories])
        first = np.r_[0, np.cumsum(lengths)][:-1]
        pair_owner = np.repeat(np.arange(len(users)), n_friends)
        ties = friends[users]
        entry, pair = _spread(first[pair_owner], lengths[pair_owner])
        item, friend = graph.targets(edges[entry]) - graph.n_users, ties.indices[pair].astype(np.int64)
        place = np.searchsorted(self._keys, friend * n_items + item)
        known = self._keys[np.minimum(place, len(self._keys) - 1)] == friend * n_items + item
        place, entry, pair, item, friend = (each[known] for each in (place, entry, pair, item, friend))
        value = graph.weights(edges[entry]) * ties.data[pair] * self.taken[place]
        if self.time is not None and self.span:
            row = graph.edge_interaction[edges[entry]]
            since = np.where(row < 0, self.newest, 0 if times is None else times[row]) - self.time[place]
            value = value * np.where(since > 0, np.exp2(-since * (HALF_LAGS / self.span)), 0.0)
        degree, owner = np.maximum(1, np.diff(self.graph.seen.indptr)), pair_owner[pair]
        value = value / np.sqrt(degree[users[owner]] * degree[friend])
        some = value != 0
        return Pulls(owner[some], item[some], friend[some], value[some])


def _spread(start: IntArray, length: IntArray) -> tuple[IntArray, IntArray]:
    """start_p, start_p + 1, ... (`length_p` numbers) for each p, one run after the other; and the p of each."""
    run = np.repeat(np.arange(len(length)), length)
    shift = start - (np.cumsum(length) - length)
    return np.arange(len(run)) + shift[run], run


def _lateness(owner: IntArray, time: IntArray | None) -> Float:
    """2 ^ (-later / `LATER`) `[m]`: how many items the same person took later; 1 where times are unknown."""
    if time is None:
        return np.ones(len(owner))
    order = np.lexsort((time, owner))
    last = np.searchsorted(owner[order], owner[order], side="right") - 1
    found = np.empty(len(owner))
    found[order] = np.exp2(-(last - np.arange(len(owner))) / LATER)
    return found


def _between_people(dataset: Dataset) -> dict[str, sp.csr_array]:
    n, found = dataset.n_users, {}
    for relation in dataset.relations:
        if relation.kind == "user-user":
            one = sp.coo_array((relation.weight.astype(np.float64), (relation.source, relation.target)), shape=(n, n))
            found[relation.name] = sp.csr_array((one + one.T).tocsr())
    return found


def _between_items(dataset: Dataset) -> dict[str, Walks]:
    """Similar items, items of one attribute, and items whose attributes an edge joins."""
    first, n, m = dataset.n_users, dataset.n_items, dataset.n_attributes
    found, has = {}, []
    for relation in dataset.relations:
        weight = relation.weight.astype(np.float64)
        if relation.kind == "item-item":
            one = sp.coo_array((weight, (relation.source - first, relation.target - first)), shape=(n, n))
            both = sp.csr_array((one + one.T).tocsr())
            found[relation.name] = Walks.of(sp.eye_array(n, format="csr"), both)
        elif relation.kind == "item-attribute":
            ends = relation.source - first, relation.target - first - n
            own = sp.csr_array(sp.coo_array((weight, ends), shape=(n, m)).tocsr())
            has.append(own)
            found[relation.name] = Walks.of(sp.csr_array(own @ _inverse(own)), sp.csr_array(own.T))
    for relation in dataset.relations:
        if relation.kind == "attribute-attribute" and has:
            ends = relation.source - first - n, relation.target - first - n
            wider = sp.coo_array((relation.weight.astype(np.float64), ends), shape=(m, m))
            every = sp.csr_array(sum(has[1:], has[0]))
            shared = sp.csr_array(every @ _inverse(every))
            found[relation.name] = Walks.of(sp.csr_array(shared @ (wider + wider.T).tocsr()), sp.csr_array(shared.T))
    return found


def _inverse(has: sp.csr_array) -> Any:
    """1 / how many items (by weight) have each attribute, on a diagonal."""
    count = np.asarray(has.sum(axis=0)).ravel()
    return sp.diags_array(np.divide(1.0, count, out=np.zeros_like(count), where=count > 0))
