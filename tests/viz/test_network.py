"""The pyvis model: text stays text, shapes and widths mean what the legend says."""

import json

import numpy as np
import polars as pl
import pytest

from gnnrec_core.graph import build_graph
from gnnrec_core.render import theme
from gnnrec_core.render.charts.network_chart import network_chart
from gnnrec_core.render.neighbourhood import neighbourhood
from gnnrec_core.render.network import draw_network, legend, node_name, node_number
from tests.worlds import random_dataset

HOSTILE = '<img src=x onerror="alert(1)"> <a href="javascript:alert(1)">x</a>'


@pytest.fixture(name="world")
def _world():
    dataset = random_dataset(side_edges=True)
    titles = [HOSTILE, *dataset.item_table["title"].to_list()[1:]]
    object.__setattr__(dataset, "item_table", dataset.item_table.with_columns(pl.Series("title", titles)))
    graph = build_graph(dataset)
    return dataset, graph, neighbourhood(graph, np.array([graph.item_node(0)]), 2, 60)


def test_every_node_and_edge_is_drawn_once_at_its_place(world):
    dataset, graph, near = world
    network = draw_network(graph, dataset, near)
    assert [node_number(node["id"]) for node in network.nodes] == near.nodes.tolist()
    assert [(node["x"], node["y"]) for node in network.nodes] == [tuple(p) for p in near.position.round(1).tolist()]
    ends = {(node_number(edge["from"]), node_number(edge["to"])) for edge in network.edges}
    assert ends == set(map(tuple, graph.edge_index[:, near.edges].T.tolist()))
    assert not any(node["physics"] for node in network.nodes)
    json.dumps([network.nodes, network.edges], allow_nan=False)


def test_titles_are_handed_over_letter_for_letter_as_plain_text(world):
    dataset, graph, near = world
    assert draw_network(graph, dataset, near).nodes[0]["title"].splitlines()[0] == HOSTILE


def test_recommended_items_are_numbered_stars(world):
    dataset, graph, near = world
    item = next(int(node) for node in near.nodes[1:] if graph.node_type(int(node)) == "item")
    drawn = {node["id"]: node for node in draw_network(graph, dataset, near, {item: 3}).nodes}[node_name(item)]
    assert drawn["shape"] == "star" and drawn["label"].startswith("3. ") and "rank 3" in drawn["title"]


def test_width_and_colour_follow_the_contribution(world):
    dataset, graph, near = world
    values = {int(edge): value for edge, value in zip(near.edges, np.linspace(-1, 2, len(near.edges)), strict=True)}
    drawn_edges = draw_network(graph, dataset, near, edge_value=values.get).edges
    edges = {(edge["from"], edge["to"]): edge for edge in drawn_edges}
    for edge, value in values.items():
        drawn = edges[tuple(node_name(end) for end in graph.edge_index[:, edge])]
        assert drawn["color"] == theme.signed_colour(value)
        assert drawn["width"] == pytest.approx(1 + 7 * abs(value) / 2, abs=0.01)


def test_the_legend_names_what_is_there_and_nothing_else(world):
    _dataset, graph, near = world
    labels = {entry["label"] for entry in legend(graph, near, False)}
    kinds = {{"user": "person"}.get(graph.node_type(int(n)), graph.node_type(int(n))) for n in near.nodes}
    relations = {graph.relations[kind] for kind in graph.edge_type[near.edges]}
    assert labels == kinds | relations


@pytest.mark.parametrize("name", [None, "", "n", "nx", "7", "n-1", "n1.5", "__proto__"])
def test_what_is_no_node_id_is_none(name):
    assert node_number(name) is None


def test_the_still_picture_has_every_node_and_link_where_the_network_has_them(world):
    dataset, graph, near = world
    network = draw_network(graph, dataset, near, edge_value=lambda edge: float(edge % 3 - 1))
    chart = network_chart(network, legend(graph, near, False), "alt")
    figure = json.loads(chart.figure)
    dots = [trace for trace in figure["data"] if trace["mode"] == "markers"]
    places = [tuple(place) for trace in dots for place in zip(trace["x"], trace["y"], strict=True)]
    assert sorted(places) == sorted((node["x"], node["y"]) for node in network.nodes)
    n_lines = sum(trace["x"].count(None) for trace in figure["data"] if trace["mode"] == "lines")
    assert n_lines == len(network.edges)
    assert len(figure["layout"]["annotations"]) == len(network.nodes)
    assert HOSTILE in [name for name, *_ in chart.table.rows]
    assert "<img" not in chart.figure and "&lt;img" in chart.figure
    low, high = figure["layout"]["yaxis"]["range"]
    assert low > max(y for _, y in places) and high < min(y for _, y in places)  # y points down, as in the app
