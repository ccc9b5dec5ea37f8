"""Exported graphs hold what was drawn or explained, and any text survives GraphML and GEXF without being markup."""

from io import BytesIO

import networkx as nx
import numpy as np
import polars as pl
import pytest

import gnnrec_core as gr
from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.graph import build_graph
from gnnrec_core.render import graph_export
from gnnrec_core.render.neighbourhood import neighbourhood
from tests.models.runs import fitted, run_of
from tests.worlds import make_dataset, random_dataset

HOSTILE = '<node id="x"/>]]>&\x00\x0b\ud800\ufffe\u202e =1+1'
READABLE = '<node id="x"/>]]>&\ufffd \ufffd\ufffd\ufffd =1+1'
TRIANGLE = make_dataset([(0, 0, "train"), (0, 1, "train"), (1, 1, "train"), (1, 2, "train"), (2, 3, "train")])


def hostile_world():
    dataset = random_dataset(side_edges=True)
    titles = ["?", *dataset.item_table["title"].to_list()[1:]]
    object.__setattr__(dataset, "item_table", dataset.item_table.with_columns(pl.Series("title", titles)))
    return dataset


@pytest.mark.parametrize(("write", "read"), [("graphml", nx.read_graphml), ("gexf", nx.read_gexf)])
def test_files_read_back_to_the_same_graph(write, read):
    dataset = hostile_world()
    graph = build_graph(dataset)
    near = neighbourhood(graph, np.array([0]), 2, 40)
    ranks = {int(near.nodes[-1]): 2}
    made = graph_export.neighbourhood_graph(graph, dataset, near, ranks, lambda user: HOSTILE)
    back = read(BytesIO(getattr(graph_export, write)(made)))
    assert set(back.nodes) == {f"n{node}" for node in near.nodes}
    assert back.number_of_edges() == len(near.edges)
    people = [entry["label"] for _, entry in back.nodes(data=True) if entry["kind"] == "user"]
    assert people and set(people) == {READABLE}
    last = back.nodes[f"n{near.nodes[-1]}"]
    assert last["rank"] == 2 and last["hop"] == near.hop[-1]
    assert back.nodes["n0"]["message_share"] == pytest.approx(1.0)
    told = sorted((entry["relation"], entry["weight"]) for *_, entry in back.edges(data=True))
    wanted = sorted((graph.relations[graph.edge_type[e]], float(graph.edge_weight[e])) for e in near.edges)
    assert told == wanted


def test_statistics_and_paths_worked_out_by_hand():
    """u0 - i0, u0 - i1 - u1 - i2 is a path of four steps; u2 - i3 stands apart."""
    graph = build_graph(TRIANGLE)
    near = neighbourhood(graph, np.arange(graph.n_nodes), 1, 20)
    made = graph_export.neighbourhood_graph(graph, TRIANGLE, near)
    assert graph_export.statistics(made) == {
        "n_nodes": 7,
        "n_edges": 5,
        "n_components": 2,
        "largest_component": 5,
        "density": pytest.approx(5 / 21),
        "mean_degree": pytest.approx(10 / 7),
        "diameter": 4,
    }
    assert graph_export.connected_paths(made, 0, graph.item_node(2)) == [(0, 4, 1, 5)]
    assert graph_export.connected_paths(made, 0, graph.item_node(2), steps=2) == []
    assert graph_export.connected_paths(made, 0, graph.item_node(3)) == []
    assert graph_export.connected_paths(made, 0, 99) == []
    assert graph_export.statistics(nx.MultiGraph())["diameter"] == 0


def test_an_explanation_is_a_graph_with_its_parts_and_paths():
    dataset = random_dataset()
    run = run_of(fitted("lightgcn", dataset, embedding_dim=8, epochs=2, batch_size=64), dataset)
    user = dataset.users.ids[3]
    item = gr.recommend(run, user, k=1).to_frame()["item"][0]
    found = gr.explain(run, user, item)
    made = found.to_networkx()
    parts = [part.value for part in found.value.contributions if part.edge is not None]
    assert sorted(entry["contribution"] for *_, entry in made.edges(data=True)) == pytest.approx(sorted(parts))
    explained = {entry["label"] for _, entry in made.nodes(data=True) if entry.get("explained")}
    assert explained == {user, dataset.title(dataset.items.index(item))}
    walked = gr.explain(run, user, item, "paths", n_paths=3)
    steps = [entry["path_value"] for *_, entry in walked.to_networkx().edges(data=True) if "path_value" in entry]
    total = sum(path.value * (len(path.nodes) - 1) for path in walked.value.paths)
    assert sum(steps) == pytest.approx(total)
    assert graph_export.graphml(made) and graph_export.gexf(made)
    with pytest.raises(UnsupportedError, match="no graph"):
        gr.recommend(run, user).to_networkx()
