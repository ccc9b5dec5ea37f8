"""What carries a list: the flows of its items, added up by hand from the flows of each."""

import numpy as np
import pytest

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.explain.case import make_case
from gnnrec_core.explain.walks.bridges import bridges
from gnnrec_core.explain.walks.list_flow import list_flow
from gnnrec_core.runs.recommend import recommend
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.workspace import SAMPLE

USER = 754


def shipped(name):
    return load_run(SAMPLE / "runs" / name, SAMPLE / "classics")


@pytest.mark.parametrize("name", ["lightgcn", "itemknn"])
def test_a_link_carries_the_signed_sum_and_a_node_the_unsigned_one(name):
    run = shipped(name)
    items = recommend(run, np.array([USER]), 3).item_index[0].tolist()
    found = list_flow(run.model, run.dataset, run.graph, USER, items)
    carried = np.zeros((run.graph.n_nodes, run.graph.n_nodes))
    matter, total = np.zeros(run.graph.n_nodes), 0.0
    for item in items:
        case = make_case(run.model, run.dataset, USER, item, "score", 3)
        flow, node = bridges(run.model, case), int(run.graph.item_node(item))
        total += case.score
        matter[node] += abs(case.score)
        for row, link in enumerate(flow.links.tolist()):
            values = flow.values[[row]].toarray()[0]
            carried[USER, link] += flow.ends[row] + values.sum()
            matter[link] += abs(flow.ends[row]) + np.abs(values).sum()
            carried[link, flow.nodes] += values
            carried[flow.nodes, node] += values
            matter[flow.nodes] += np.abs(values)
    assert np.allclose(found.carried.toarray(), carried) and np.allclose(found.matter, matter)
    assert found.total == pytest.approx(total)
    edges = np.arange(run.graph.n_edges // 2)
    source, target = run.graph.edge_index[:, edges]
    assert np.allclose(found.of_edges(run.graph, edges), carried[source, target] + carried[target, source])


def test_an_empty_list_is_carried_by_nothing_and_a_model_without_parts_says_so():
    run = shipped("lightgcn")
    found = list_flow(run.model, run.dataset, run.graph, USER, [])
    assert not found.matter.any() and found.carried.nnz == 0 and found.total == 0
    plain = shipped("popularity")
    with pytest.raises(UnsupportedError):
        list_flow(plain.model, plain.dataset, plain.graph, USER, [0])
