"""A neighbourhood as a pyvis network: the model that the app's graph view (and nothing else) draws.

pyvis's own HTML is never used: it runs markup found in titles. Here labels and titles are plain text, and whoever
draws them sets text, not HTML. Shapes tell node types apart as well as colours do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gnnrec_core.base.text import clean
from gnnrec_core.data.dataset import Dataset, IntArray
from gnnrec_core.graph import INTERACTION, NodeType, RecGraph
from gnnrec_core.render import theme
from gnnrec_core.render.neighbourhood import Neighbourhood

LABEL_LENGTH = 26
NODE_COLOURS: dict[NodeType, str] = {"user": "#0072b2", "item": "#e69f00", "attribute": "#009e73"}
NODE_SHAPES: dict[NodeType, str] = {"user": "dot", "item": "square", "attribute": "triangle"}
RELATION_COLOURS = ("#8a94a0", "#cc79a7", "#009e73", "#56b4e9", "#d55e00", "#e69f00")
RECOMMENDED = "star"


def node_name(node: int) -> str:
    """The id of a node in the picture.

    >>> node_name(7), node_number("n7")
    ('n7', 7)
    """
    return f"n{int(node)}"


def node_number(name: str | None) -> int | None:
    """The node index behind an id of the picture; None for what is no such id."""
    return int(name[1:]) if name and name[0] == "n" and name[1:].isdecimal() and len(name) <= 20 else None


def node_title(graph: RecGraph, dataset: Dataset, node: int, name_user: Callable[[str], str] = str) -> str:
    """What a person calls the node: the title of an item, `name_user(id)` of a user, the label of an attribute."""
    kind = graph.node_type(node)
    if kind == "user":
        return name_user(dataset.users.ids[node])
    if kind == "item":
        return dataset.title(node - graph.n_users)
    return str(dataset.attribute_table["label"][node - graph.n_users - graph.n_items])


def draw_network(
    graph: RecGraph,
    dataset: Dataset,
    near: Neighbourhood,
    recommended: Mapping[int, int] | None = None,
    edge_value: Callable[[int], float | None] | None = None,
    name_user: Callable[[str], str] = str,
    public: IntArray | None = None,
) -> Any:
    """`near` as a `pyvis.network.Network` with fixed positions and physics off.

    `recommended` maps item nodes to their rank in the list; they become stars. `edge_value` gives the signed
    contribution of an edge column (None: not known); it sets width and colour (blue raises, vermilion lowers).
    `name_user` gives the name of a person by their id, such as a pseudonym. `public` `[n_nodes]` is the number under
    which each node stands in the picture (default: its own), so that ids say nothing of who it is.
    """
    from pyvis.network import Network

    public = np.arange(graph.n_nodes) if public is None else public
    network = Network(directed=True)
    ranks = recommended or {}
    most = float(near.weight[near.hop > 0].max(initial=0.0)) or 1.0
    for position, node in enumerate(near.nodes.tolist()):
        title = clean(node_title(graph, dataset, node, name_user))
        drawn = _node(graph, title, near, position, ranks.get(node), most)
        network.nodes.append({"id": node_name(public[node]), **drawn})  # add_node looks through all nodes, each time
    ends = np.sort(public[graph.edge_index[:, near.edges]], axis=0)
    edges = near.edges[np.lexsort(ends)].tolist()  # as columns of the graph they stand in the order of the people
    values = [edge_value(edge) if edge_value else None for edge in edges]
    largest = max((abs(value) for value in values if value is not None), default=0.0)
    for place, (edge, value) in enumerate(zip(edges, values, strict=True)):
        source, target = (node_name(end) for end in public[graph.edge_index[:, edge]].tolist())
        network.edges.append({"from": source, "to": target, **_edge(graph, edge, place, value, largest)})
    return network


def legend(graph: RecGraph, near: Neighbourhood, has_recommended: bool) -> list[dict[str, str]]:
    """What shapes and line colours mean, for what is in the picture only."""
    kinds = {graph.node_type(int(node)) for node in near.nodes}
    names = {"user": "person", "item": "item", "attribute": "attribute"}
    entries = [
        {"shape": NODE_SHAPES[kind], "color": NODE_COLOURS[kind], "label": names[kind]}
        for kind in NODE_SHAPES
        if kind in kinds
    ]
    if has_recommended:
        entries.append({"shape": RECOMMENDED, "color": theme.NEGATIVE, "label": "recommended (rank)"})
    for number in sorted({int(graph.edge_type[edge]) for edge in near.edges}):
        entries.append(
            {"shape": "line", "color": relation_colour(number), "label": relation_label(graph.relations[number])}
        )
    return entries


def relation_colour(number: int) -> str:
    """Colour of relation `number`; after the last colour they repeat."""
    return RELATION_COLOURS[number % len(RELATION_COLOURS)]


def relation_label(name: str) -> str:
    """A relation as a person reads it.

    >>> relation_label("item_author")
    'item author'
    """
    return clean(name).replace("_", " ")


def _node(
    graph: RecGraph, title: str, near: Neighbourhood, position: int, rank: int | None, most: float
) -> dict[str, Any]:
    node = int(near.nodes[position])
    kind = graph.node_type(node)
    is_centre = near.hop[position] == 0
    n_links = graph.seen.indptr[node + 1] - graph.seen.indptr[node] if kind == "user" else None
    if kind == "item":
        n_links = graph.popularity[node - graph.n_users]
    counted = {"user": "interactions", "item": "readers or buyers"}.get(kind)
    facts = [title, kind if kind != "user" else "person"]
    facts += [f"{int(n_links):,} {counted}"] if counted and n_links is not None else []
    facts += [f"recommended, rank {rank}"] if rank is not None else []
    caption = theme.shortened(f"{rank}. {title}" if rank is not None else title, LABEL_LENGTH)
    return {
        "label": caption or kind,
        "title": "\n".join(facts),
        "shape": RECOMMENDED if rank is not None else NODE_SHAPES[kind],
        "color": theme.NEGATIVE if rank is not None else NODE_COLOURS[kind],
        "size": 22
        if is_centre
        else 15
        if rank is not None
        else round(7 + 6 * (float(near.weight[position]) / most) ** 0.5, 1),
        "x": round(float(near.position[position, 0]), 1),
        "y": round(float(near.position[position, 1]), 1),
        "angle": round(float(near.angle[position]), 4),
        "hop": int(near.hop[position]),
        "physics": False,
    }


def _edge(graph: RecGraph, edge: int, place: int, value: float | None, largest: float) -> dict[str, Any]:
    relation = int(graph.edge_type[edge])
    name = "" if graph.relations[relation] == INTERACTION else relation_label(graph.relations[relation])
    if value is None or largest == 0:
        return {"color": relation_colour(relation), "width": 1, "title": name, "id": f"e{place}", "physics": False}
    return {
        "color": theme.signed_colour(value),
        "width": round(1 + 7 * abs(value) / largest, 2),
        "value": round(abs(value) / largest, 4),
        "title": f"contribution {theme.signed(value)}",
        "id": f"e{place}",
        "physics": False,
    }
