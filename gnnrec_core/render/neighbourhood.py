"""Which nodes and edges around a person or an item are worth drawing, and where: rings of hops, placed beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.base.errors import RequestError
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.graph import RecGraph

SPACING = 46.0
"""Least distance along a ring between two nodes, in the units of the picture."""
STRETCH = 1.5
"""Rings are wider than high, as screens are."""
MOST_NODES, MOST_EDGES = 5000, 8_000
"""More than this is no picture any more, and slow to draw."""
RING_GAP = 190.0
"""Least distance between two rings; a label of `LABEL_LENGTH` letters fits between them."""
WIDEST = 2.4
"""A ring whose nodes need more than this many times the radius that it would have gets several rows instead."""


@dataclass(frozen=True)
class Neighbourhood:
    """Nodes by hop from the centre, with positions, and the edges between them.

    `nodes` int64 `[n]` (centre first, then by hop, then along the ring), `hop` int64 `[n]`, `position` float64
    `[n, 2]` (the centre of the rings is the origin), `angle` float64 `[n]` radians, `edges` int64 `[m]` forward edge
    columns, `weight` float64 `[n]`: what the caller said matters, else the share of the messages to the centre that
    comes from the node at its hop (a product of normalised edge weights summed over walks). `n_available` counts all
    nodes within the hops, `n_edges_between` all edges between the nodes; at most `MOST_EDGES` are in `edges`.
    """

    centre: IntArray
    nodes: IntArray
    hop: IntArray
    position: NDArray[np.float64]
    angle: NDArray[np.float64]
    weight: NDArray[np.float64]
    edges: IntArray
    n_available: int
    n_edges_between: int

    @property
    def n_hidden(self) -> int:
        """Nodes within the hops that are not drawn."""
        return self.n_available - len(self.nodes)


def neighbourhood(
    graph: RecGraph,
    centre: IntArray,
    hops: int = 2,
    max_nodes: int = 60,
    relations: tuple[str, ...] | None = None,
    always: IntArray | None = None,
    order: IntArray | None = None,
    matter: NDArray[np.float64] | None = None,
) -> Neighbourhood:
    """The `max_nodes` nodes within `hops` of `centre` that send it the most, on rings.

    Each hop gets an equal part of the room, what it does not need goes to the next; within a hop the nodes with the
    largest `weight` come first. `relations` limits which edges are walked and drawn (default: all). `always` are nodes
    (such as the recommended items) that are drawn even where they would not fit or be reached. `order` `[n_nodes]` says
    which of two equal nodes comes first (default: the one with the lower index). `matter` `[n_nodes]`, at least 0, is
    what nodes and edges are chosen by in place of the messages, which then decide between equals.
    RequestError where `hops` or `max_nodes` is out of range.
    """
    if not 1 <= hops <= 4 or not 1 <= max_nodes <= MOST_NODES:
        raise RequestError(
            f"A picture of {hops} hops and {max_nodes} nodes cannot be drawn.",
            f"Choose 1 to 4 hops, up to {MOST_NODES:,} nodes.",
        )
    centre = np.asarray(centre, dtype=np.int64)
    graph = graph if relations is None else _of_relations(graph, relations)
    order = np.arange(graph.n_nodes) if order is None else order
    hop, weight = _reach(graph, centre, hops)
    if matter is not None:
        order = np.argsort(np.lexsort((order, -weight)))  # of two that matter alike the one with more messages
        weight = np.where(hop >= 0, matter, 0.0)
    chosen = _choose(hop, weight, hops, max_nodes, centre, always, order)
    if always is not None:
        hop[always[hop[always] < 0]] = hops
    edges, n_edges = _edges_between(graph, chosen, hop, weight)
    nodes, angle, radius = _rings(graph, chosen, hop, weight, edges, order, len(centre))
    position = np.stack([STRETCH * np.cos(angle), np.sin(angle)], axis=1) * radius[:, None]
    angle = np.arctan2(position[:, 1], position[:, 0])
    n_available = int((hop >= 0).sum())
    return Neighbourhood(centre, nodes, hop[nodes], position, angle, weight[nodes], edges, n_available, n_edges)


def _of_relations(graph: RecGraph, relations: tuple[str, ...]) -> RecGraph:
    wanted = [number for number, name in enumerate(graph.relations) if name in relations]
    if len(wanted) == len(graph.relations):
        return graph  # with its matrices, which are made once
    half = graph.n_edges // 2
    return graph.without(np.flatnonzero(~np.isin(graph.edge_type[:half], wanted)))


def _reach(graph: RecGraph, centre: IntArray, hops: int) -> tuple[IntArray, NDArray[np.float64]]:
    """Hop of every node (-1: not within reach) and the message weight with which it reaches the centre."""
    operator = graph.normalised_adjacency
    hop = np.full(graph.n_nodes, -1, dtype=np.int64)
    weight = np.zeros(graph.n_nodes)
    hop[centre], weight[centre] = 0, 1.0
    row: NDArray[np.float64] = np.zeros(graph.n_nodes)
    row[centre] = 1.0
    for distance in range(1, hops + 1):
        row = np.asarray(operator @ row)  # symmetric, so a column is a row
        new = (row > 0) & (hop < 0)
        hop[new], weight[new] = distance, row[new]
    return hop, weight


def _choose(
    hop: IntArray,
    weight: NDArray[np.float64],
    hops: int,
    max_nodes: int,
    centre: IntArray,
    always: IntArray | None,
    order: IntArray,
) -> IntArray:
    chosen = [centre, np.zeros(0, np.int64) if always is None else np.asarray(always, np.int64)]
    room = max_nodes - len(centre)
    for distance in range(1, hops + 1):
        candidates = np.flatnonzero(hop == distance)
        best = candidates[np.lexsort((order[candidates], -weight[candidates]))]
        take = best[: max(0, room // (hops + 1 - distance))]
        room -= len(take)
        chosen.append(take)
    return np.unique(np.concatenate(chosen))


def _edges_between(
    graph: RecGraph, nodes: IntArray, hop: IntArray, weight: NDArray[np.float64]
) -> tuple[IntArray, int]:
    """Forward edge columns between `nodes`, at most `MOST_EDGES`, and how many there are.

    Those nearest to the centre come first, then those between the nodes of the largest weight.
    """
    drawn = np.zeros(graph.n_nodes, dtype=bool)
    drawn[nodes] = True
    source, target = graph.edge_index[:, : graph.n_edges // 2]
    edges = np.flatnonzero(drawn[source] & drawn[target])
    if len(edges) <= MOST_EDGES:
        return edges.astype(np.int64), len(edges)
    ends = source[edges], target[edges]
    nearness = np.lexsort((-weight[ends[0]] * weight[ends[1]], hop[ends[0]] + hop[ends[1]]))
    return np.sort(edges[nearness[:MOST_EDGES]]).astype(np.int64), len(edges)


def _rings(
    graph: RecGraph,
    nodes: IntArray,
    hop: IntArray,
    weight: NDArray[np.float64],
    edges: IntArray,
    order: IntArray,
    n_centre: int,
) -> tuple[IntArray, NDArray[np.float64], NDArray[np.float64]]:
    """Nodes ring by ring with angle and radius: on each row in the order of the mean angle of their inner neighbours,
    those of most weight on the innermost row of their ring."""
    angle = np.zeros(graph.n_nodes)
    found: list[tuple[IntArray, NDArray[np.float64], float]] = []
    source = np.concatenate([graph.edge_index[0, edges], graph.edge_index[1, edges]])
    target = np.concatenate([graph.edge_index[1, edges], graph.edge_index[0, edges]])
    outer = 0.0
    for distance in range(int(hop[nodes].max()) + 1):
        ring = nodes[hop[nodes] == distance]
        inner = hop[target] == distance - 1
        pull = np.zeros(graph.n_nodes, dtype=complex)
        np.add.at(pull, source[inner], np.exp(1j * angle[target[inner]]))
        ring = ring[np.lexsort((order[ring], -weight[ring]))]
        for radius, first, last in _rows(len(ring), distance, outer, n_centre):
            row, outer = ring[first:last], radius
            wanted = np.mod(np.angle(pull[row]), 2 * np.pi) if distance > 1 else _type_rank(graph, row)
            row = row[np.lexsort((order[row], wanted))]
            own = 2 * np.pi * np.arange(len(row)) / max(1, len(row)) - np.pi / 2
            if distance > 1 and len(row):  # turn the row so that its nodes stand near their inner neighbours
                own = own + np.angle(np.sum(np.exp(1j * (np.angle(pull[row]) - own))))
            angle[row] = own
            found.append((row, own, radius))
    radii = np.concatenate([np.full(len(row), radius) for row, _, radius in found])
    return np.concatenate([row for row, *_ in found]), np.concatenate([own for _, own, _ in found]), radii


def _rows(n: int, distance: int, outer: float, n_centre: int) -> Iterator[tuple[float, int, int]]:
    """Radius, first and last (exclusive) of the rows of a ring with `n` nodes that stands outside of `outer`."""
    if distance == 0:
        yield SPACING if n_centre > 1 else 0.0, 0, n
        return
    radius, needed = outer + RING_GAP, n * SPACING / (2 * np.pi)
    if needed <= WIDEST * radius:
        yield max(radius, needed), 0, n
        return
    first = 0
    while first < n:
        last = min(n, first + int(2 * np.pi * radius / SPACING))
        yield radius, first, last
        first, radius = last, radius + SPACING


def _type_rank(graph: RecGraph, nodes: IntArray) -> NDArray[np.float64]:
    """Users, items, attributes: kinds stand together on the first ring."""
    return (nodes >= graph.n_users).astype(float) + (nodes >= graph.n_users + graph.n_items)
