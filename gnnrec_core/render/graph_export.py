"""Neighbourhoods and explanations as networkx graphs, and as GraphML and GEXF for Gephi, Cytoscape, yEd and igraph.

Names are text from data: they are cleaned, what XML cannot hold is replaced, and nothing in them is markup. People are
called by `name_user`; no node id tells who somebody is (`n7` is the node index).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from io import BytesIO
from itertools import pairwise
from typing import Any

import networkx as nx

from gnnrec_core.base.text import REPLACEMENT, clean
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.explain.explanation import Explanation
from gnnrec_core.graph import RecGraph
from gnnrec_core.render.neighbourhood import Neighbourhood
from gnnrec_core.render.network import node_name, node_title

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
MOST_STEPS = 4
"""Longest path that `connected_paths` looks for: longer ones connect everything with everything."""

NameUser = Callable[[str], str]


def neighbourhood_graph(
    graph: RecGraph,
    dataset: Dataset,
    near: Neighbourhood,
    recommended: Mapping[int, int] | None = None,
    name_user: NameUser = str,
) -> nx.MultiGraph[str]:
    """What is drawn, as an undirected graph.

    Nodes have `label`, `kind` (user, item, attribute), `hop` from the centre, `message_share` (of what reaches the
    centre at that hop, 0..1) and, where recommended, `rank`; edges have `relation` and `weight` in the graph.
    """
    found: nx.MultiGraph[str] = nx.MultiGraph()
    for place, node in enumerate(near.nodes.tolist()):
        _add_node(found, graph, dataset, node, name_user)
        own = {"hop": int(near.hop[place]), "message_share": float(near.weight[place])}
        rank = (recommended or {}).get(node)
        found.nodes[node_name(node)].update(own if rank is None else {**own, "rank": int(rank)})
    for edge in near.edges.tolist():
        _add_edge(found, graph, edge)
    return found


def explanation_graph(
    explanation: Explanation, graph: RecGraph, dataset: Dataset, name_user: NameUser = str
) -> nx.MultiGraph[str]:
    """The edges that an explanation speaks of, and the steps of its paths, with the user and the item.

    An edge has `contribution` (signed, in units of the score; for methods that are not additive their importance) and
    `share` where it is a part; a step of a path has `path_value`, the sum over the listed paths that take it. A user
    and an item that no listed path connects stand apart, as the method left them.
    """
    found: nx.MultiGraph[str] = nx.MultiGraph(
        method=explanation.method, score=float(explanation.score), rank=int(explanation.rank)
    )
    case = explanation.case
    for node in (case.user_index, int(graph.item_node(case.item_index))):
        _add_node(found, graph, dataset, node, name_user)
        found.nodes[node_name(node)]["explained"] = True
    for part in explanation.contributions:
        if part.edge is not None:
            for node in graph.edge_index[:, part.edge].tolist():
                _add_node(found, graph, dataset, node, name_user)
            _add_edge(found, graph, part.edge, contribution=float(part.value), share=float(part.share))
    for path in explanation.paths:
        steps = [node.index for node in path.nodes]
        for node in steps:
            _add_node(found, graph, dataset, node, name_user)
        for one, other in pairwise(steps):
            first, second = node_name(one), node_name(other)
            key = next(iter(found.get_edge_data(first, second) or ()), None)
            if key is None:
                key = found.add_edge(first, second, relation="step of a path")
            step = found.edges[first, second, key]
            step["path_value"] = step.get("path_value", 0.0) + float(path.value)
    return found


def connected_paths(found: nx.MultiGraph[str], start: int, end: int, steps: int = 3) -> list[tuple[int, ...]]:
    """All simple paths of at most `steps` edges (up to 4) between two node indices in the exported graph, shortest
    first; none where one of the two is not in it."""
    ends = node_name(start), node_name(end)
    if not all(node in found for node in ends):
        return []
    walks = nx.all_simple_paths(nx.Graph(found), *ends, cutoff=min(steps, MOST_STEPS))
    paths = {tuple(int(name[1:]) for name in walk) for walk in walks}
    return sorted(paths, key=lambda path: (len(path), path))


def statistics(found: nx.MultiGraph[str]) -> dict[str, float | int]:
    """Sizes of an exported graph; `density` 0..1 of all pairs of nodes, `diameter` (steps) of its largest component.

    They describe the part that was exported, not the whole data.
    """
    simple = nx.Graph(found)
    parts = sorted(nx.connected_components(simple), key=len, reverse=True)
    return {
        "n_nodes": found.number_of_nodes(),
        "n_edges": found.number_of_edges(),
        "n_components": len(parts),
        "largest_component": len(parts[0]) if parts else 0,
        "density": float(nx.density(simple)),
        "mean_degree": 2 * found.number_of_edges() / max(1, found.number_of_nodes()),
        "diameter": int(nx.diameter(simple.subgraph(parts[0]))) if parts else 0,
    }


def graphml(found: nx.MultiGraph[str]) -> bytes:
    """The graph as GraphML (UTF-8)."""
    target = BytesIO()
    nx.write_graphml_xml(found, target)
    return target.getvalue()


def gexf(found: nx.MultiGraph[str]) -> bytes:
    """The graph as GEXF 1.2 (UTF-8), which Gephi opens."""
    target = BytesIO()
    nx.write_gexf(found, target)
    return target.getvalue()


def xml_text(text: Any) -> str:
    """`text` on one line without hidden characters, and with U+FFFD for what XML 1.0 cannot hold.

    >>> xml_text("a\\x00b\\ufffe")
    'a\ufffdb\ufffd'
    """
    return _NOT_XML.sub(REPLACEMENT, clean(text))


def _add_node(found: nx.MultiGraph[str], graph: RecGraph, dataset: Dataset, node: int, name_user: NameUser) -> None:
    name = node_name(node)
    if name not in found:
        found.add_node(name, label=xml_text(node_title(graph, dataset, node, name_user)), kind=graph.node_type(node))


def _add_edge(found: nx.MultiGraph[str], graph: RecGraph, edge: int, **figures: float) -> None:
    source, target = map(node_name, graph.edge_index[:, edge].tolist())
    relation = xml_text(graph.relations[graph.kinds(edge)])
    found.add_edge(source, target, relation=relation, weight=float(graph.edge_weight[edge]), **figures)
