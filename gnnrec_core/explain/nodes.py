"""Nodes and edges in words: ids, titles, and the kind of contribution that an edge makes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.data.dataset import Dataset, IntArray
from gnnrec_core.explain.explanation import Contribution, Node
from gnnrec_core.graph import INTERACTION, RecGraph


def describe_node(dataset: Dataset, node: int) -> Node:
    """The node as a person knows it: a user by id, an item by title, an attribute node by its label."""
    if node < dataset.n_users:
        user = dataset.users.ids[node]
        return Node("user", user, user, node)
    item = node - dataset.n_users
    if item < dataset.n_items:
        return Node("item", dataset.items.ids[item], dataset.title(item), node)
    label = str(dataset.attribute_table["label"][item - dataset.n_items])
    return Node("attribute", label, label, node)


def edge_contributions(
    dataset: Dataset, graph: RecGraph, edges: IntArray, values: NDArray[Any], explained: float, centres: int | IntArray
) -> list[Contribution]:
    """The contribution of each of `edges` `[n]`, of one centre or of one each; shares are of `explained` (0: none)."""
    each = np.broadcast_to(centres, len(edges)).tolist()
    return [
        edge_contribution(dataset, graph, edge, value, explained, centre)
        for edge, value, centre in zip(edges.tolist(), values.tolist(), each, strict=True)
    ]


def edge_contribution(
    dataset: Dataset, graph: RecGraph, edge: int, value: float, explained: float, centre: int
) -> Contribution:
    """The contribution of an edge of `centre` (the user, or the explained item when its readers are listed)."""
    source, target = (int(end) for end in graph.ends(edge))
    relation = graph.relations[graph.kinds(edge)]
    other = describe_node(dataset, target if source == centre else source)
    share = value / explained if explained else 0.0
    if relation != INTERACTION:
        return Contribution(
            "side",
            f"{relation}: {other.title}",
            value,
            share,
            edge=edge,
            nodes=(other,),
            detail={"relation": relation},
        )
    reader, item = (source, target) if source < graph.n_users else (target, source)
    kind = "history" if centre < graph.n_users else "reader"
    return Contribution(
        kind,
        other.title,
        value,
        share,
        user=dataset.users.ids[reader],
        item=dataset.items.ids[item - graph.n_users],
        edge=int(edge) if source == reader else int(graph.reverse(edge)),  # type: ignore[arg-type]
        nodes=(other,),
    )
