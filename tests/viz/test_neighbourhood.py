"""Which nodes are drawn, and where."""

import networkx as nx
import numpy as np
import pytest

from gnnrec_core.base.errors import RequestError
from gnnrec_core.graph import build_graph
from gnnrec_core.render.neighbourhood import SPACING, STRETCH, neighbourhood
from tests.worlds import random_dataset, star, two_communities

GRAPH = build_graph(random_dataset(side_edges=True))


def plain(graph):
    found = nx.Graph()
    found.add_nodes_from(range(graph.n_nodes))
    found.add_edges_from(graph.edge_index.T.tolist())
    return found


@pytest.mark.parametrize("hops", [1, 2, 3])
def test_hops_are_graph_distances_and_everything_within_reach_is_counted(hops):
    near = neighbourhood(GRAPH, np.array([3]), hops, 2000)
    wanted = nx.single_source_shortest_path_length(plain(GRAPH), 3, cutoff=hops)
    assert dict(zip(near.nodes.tolist(), near.hop.tolist(), strict=True)) == wanted
    assert near.n_available == len(wanted) and near.n_hidden == 0


def test_weight_is_the_product_of_normalised_edges_over_walks():
    near = neighbourhood(GRAPH, np.array([3]), 2, 2000)
    dense = GRAPH.normalised_adjacency.toarray()
    walks = {1: dense[3], 2: dense[3] @ dense}
    for node, hop, weight in zip(near.nodes, near.hop, near.weight, strict=True):
        if hop:
            assert weight == pytest.approx(walks[int(hop)][node])


def test_a_cap_keeps_the_strongest_of_each_ring_and_says_what_is_hidden():
    whole, few = (neighbourhood(GRAPH, np.array([3]), 2, n) for n in (2000, 12))
    assert len(few.nodes) <= 12 and few.n_hidden == len(whole.nodes) - len(few.nodes)
    for hop in (1, 2):
        left_out = np.setdiff1d(whole.nodes[whole.hop == hop], few.nodes)
        if len(left_out):
            lightest = few.weight[few.hop == hop].min()
            assert lightest >= whole.weight[np.isin(whole.nodes, left_out)].max() - 1e-12


def test_nodes_that_must_be_shown_are_shown_even_out_of_reach():
    graph = build_graph(two_communities())
    far = graph.item_node(15)
    near = neighbourhood(graph, np.array([0]), 2, 10, always=np.array([far]))
    assert far in near.nodes and near.hop[near.nodes == far] == 2


def test_relations_that_are_switched_off_are_neither_walked_nor_drawn():
    near = neighbourhood(GRAPH, np.array([3]), 2, 2000, relations=("interaction",))
    assert not (near.nodes >= GRAPH.n_users + GRAPH.n_items).any()


def test_edges_are_columns_of_the_whole_graph_even_where_relations_are_switched_off():
    near = neighbourhood(GRAPH, np.array([3]), 2, 2000, relations=("author",), always=np.array([GRAPH.item_node(0)]))
    assert {GRAPH.relations[kind] for kind in GRAPH.edge_type[near.edges]} <= {"author"}


def test_rings_leave_room_between_neighbours():
    near = neighbourhood(GRAPH, np.array([3]), 2, 2000)
    for hop in (1, 2):
        x, y = near.position[near.hop == hop].T
        ring = np.stack([x / STRETCH, y], axis=1)
        assert np.allclose(np.hypot(*ring.T), np.hypot(*ring[0]))  # a circle, stretched
        gaps = np.hypot(*(ring - np.roll(ring, 1, axis=0)).T)
        assert len(ring) < 3 or gaps.min() > 0.9 * SPACING
    assert near.position[0].tolist() == [0, 0]


def test_a_star_has_its_leaves_on_one_ring():
    near = neighbourhood(build_graph(star(5)), np.array([5]), 2, 50)
    assert near.hop.tolist() == [0, 1, 1, 1, 1, 1]


def test_impossible_pictures_are_refused():
    with pytest.raises(RequestError, match="9 hops"):
        neighbourhood(GRAPH, np.array([0]), 9)


def test_of_too_many_edges_the_nearest_are_drawn_and_all_are_counted(monkeypatch):
    whole = neighbourhood(GRAPH, np.array([3]), 2, 2000)
    monkeypatch.setattr("gnnrec_core.render.neighbourhood.MOST_EDGES", 10)
    few = neighbourhood(GRAPH, np.array([3]), 2, 2000)
    assert len(few.edges) == 10 and few.n_edges_between == len(whole.edges) == whole.n_edges_between
    own = [edge for edge in whole.edges.tolist() if 3 in GRAPH.edge_index[:, edge]]
    assert set(own[:10]) <= set(few.edges.tolist()) or len(own) > 10


def test_what_matters_chooses_the_nodes_and_messages_decide_between_equals():
    whole = neighbourhood(GRAPH, np.array([3]), 2, 2000)
    far = whole.nodes[whole.hop == 2]
    matter = np.zeros(GRAPH.n_nodes)
    matter[far[-2:]] = 1.0, 2.0
    few = neighbourhood(GRAPH, np.array([3]), 2, 7, matter=matter)
    assert set(far[-2:].tolist()) <= set(few.nodes.tolist())
    assert few.weight[few.nodes == far[-1]] == 2.0
    first = few.nodes[few.hop == 1]  # nothing there matters: those with most messages
    messages = dict(zip(whole.nodes.tolist(), whole.weight.tolist(), strict=True))
    left_out = np.setdiff1d(whole.nodes[whole.hop == 1], first)
    assert min(messages[node] for node in first.tolist()) >= max(messages[node] for node in left_out.tolist()) - 1e-12


def test_a_ring_of_thousands_has_rows_and_nobody_stands_on_another():
    near = neighbourhood(build_graph(star(3000)), np.array([3000]), 1, 5000)
    radius = np.hypot(near.position[1:, 0] / STRETCH, near.position[1:, 1])
    rows = np.unique(radius.round(6))
    assert len(rows) > 5 and rows.max() < 3000 * SPACING / (2 * np.pi) / 2
    for row in rows:
        x, y = near.position[1:][np.isclose(radius, row)].T
        ring = np.stack([x / STRETCH, y], axis=1)
        gaps = np.hypot(*(ring - np.roll(ring, 1, axis=0)).T)
        assert gaps.min() > 0.9 * SPACING
