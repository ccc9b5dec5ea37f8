"""Literal paths from the user to the item: what a picture of the graph shows, with the little that it carries.

A path u = p_0, ..., p_n = i carries the messages that start at its own nodes: for every split n = l + m, l steps on the
user's side and m on the item's meet at p_l,

    value = sum_{l + m = n} a_l a_m |e_{p_l}|^2  P_l[p_0, p_1] ... P_1[p_{l-1}, p_l]
                            * P_m[p_n, p_{n-1}] ... P_1[p_{l+1}, p_l].

It is part of the score (the terms in which both ends stand for the same embedding), and a small one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.data.dataset import IntArray
from gnnrec_core.graph import RecGraph
from gnnrec_core.models.ops.propagation import Propagation

Float = NDArray[np.float64]
MAX_LENGTH = 3


def connecting_paths(propagation: Propagation, graph: RecGraph, user: int, item: int) -> list[tuple[IntArray, Float]]:
    """All paths of length 1 to 3 between two nodes, by length: nodes `[n, length + 1]` and values `[n]`."""
    found = []
    for length in range(1, min(MAX_LENGTH, 2 * propagation.n_layers) + 1):
        nodes = _paths(graph, user, item, length)
        found.append((nodes, _values(propagation, nodes, length)))
    return found


def _paths(graph: RecGraph, user: int, item: int, length: int) -> IntArray:
    """Node sequences `[n, length + 1]`; no node stands twice in one."""
    adjacency: Any = graph.adjacency
    ours = adjacency.indices[adjacency.indptr[user] : adjacency.indptr[user + 1]].astype(np.int64)
    theirs = adjacency.indices[adjacency.indptr[item] : adjacency.indptr[item + 1]].astype(np.int64)
    if length == 1:
        middle = np.zeros((int(item in ours), 0), np.int64)
    elif length == 2:
        middle = np.intersect1d(ours, theirs)[:, None]
    else:
        ours, theirs = ours[ours != item], theirs[theirs != user]
        between = adjacency[ours][:, theirs].tocoo()
        middle = np.stack([ours[between.row], theirs[between.col]], axis=1)
        middle = middle[middle[:, 0] != middle[:, 1]]
    ends = np.ones((len(middle), 1), np.int64)
    return np.concatenate([user * ends, middle, item * ends], axis=1)


def _values(propagation: Propagation, nodes: IntArray, length: int) -> Float:
    weights, total = propagation.layer_weights, np.zeros(len(nodes))
    if not len(nodes):
        return total
    for left in range(length + 1):
        right = length - left
        if max(left, right) > propagation.n_layers:
            continue
        for head in range(propagation.n_heads):
            meeting = propagation.embedding[nodes[:, left], propagation.head_columns(head)]
            carried = weights[left] * weights[right] * (meeting**2).sum(axis=1)
            carried = carried * _product(propagation, nodes[:, : left + 1], head)
            total += carried * _product(propagation, nodes[:, : left - 1 if left else None : -1], head)
    return total


def _product(propagation: Propagation, walk: IntArray, head: int) -> Float:
    """P_l[w_0, w_1] ... P_1[w_{l-1}, w_l] for each row of `walk` `[n, l + 1]`."""
    steps = walk.shape[1] - 1
    product = np.ones(len(walk))
    for step in range(steps):
        operator: Any = propagation.operators[steps - 1 - step][head]
        product *= np.asarray(operator[walk[:, step], walk[:, step + 1]]).ravel()
    return product
