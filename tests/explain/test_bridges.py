"""Flows of a case: by hand, against the ledger, and what the picture of them must keep."""

import numpy as np
import pytest

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.explain.case import make_case
from gnnrec_core.explain.scores.edge_effects import user_ledger
from gnnrec_core.explain.walks.bridges import bridges
from gnnrec_core.models.ops.propagation import Propagation
from gnnrec_core.views.case_picture import case_picture
from tests.explain.linear_world import CASES, LinearModel, TwoRelationModel, random_model
from tests.models.runs import fitted
from tests.worlds import make_dataset, random_dataset

WORLD = random_dataset(n_users=14, n_items=16, per_user=6)


def whole(found):
    return found.own + found.ends.sum() + found.values.sum() + sum(found.beside.values())


class Hand(LinearModel):
    """u0 - i0 - u1 - i1 with one number a node: u0 2, u1 3, i0 5, i1 7; two layers, counted 1, 10, 100."""

    def __init__(self):
        super().__init__(make_dataset([(0, 0, "train"), (1, 0, "train"), (1, 1, "train"), (0, 1, "test")]), 2, dim=1)
        self.embedding = np.array([[2.0], [3.0], [5.0], [7.0]], np.float32)
        self.weights = np.array([1.0, 10.0, 100.0])

    def propagation(self, graph=None):
        operator = (graph or self.graph).adjacency.astype(np.float64)
        return Propagation(2, self.embedding, self.weights, ((operator,),) * 2, symmetric=True)


def test_by_hand():
    """z_i1 = 7 + 10 * 3 + 100 * (7 + 5) = 1,237. u0: own 2, by i0 10 * 5, on to u0 100 * 2, to u1 100 * 3."""
    model = Hand()
    case = make_case(model, model.dataset, 0, 1, "score", 1)
    found = bridges(model, case)
    assert found.own == pytest.approx(2 * 1237)
    assert found.links.tolist() == [2] and found.ends == pytest.approx([50 * 1237])
    assert found.nodes.tolist() == [0, 1]
    assert found.values.toarray()[0] == pytest.approx([200 * 1237, 300 * 1237])


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("make", [random_model, TwoRelationModel], ids=["one", "two"])
def test_what_passes_a_link_is_its_part_of_the_ledger(make, kind):
    model = make()
    case = model.case(kind)
    found = bridges(model, case)
    own, edges, values = user_ledger(model, case)
    other = model.graph.edge_index[:, edges].sum(axis=0) - case.user_index
    parts = np.bincount(other, weights=values, minlength=model.graph.n_nodes)
    assert found.ends + found.values.sum(axis=1) == pytest.approx(parts[found.links], abs=1e-10)
    assert found.own == pytest.approx(own) and whole(found) == pytest.approx(case.explained)


@pytest.mark.parametrize("name", ["gfcf", "itemknn", "ease", "lightgcn", "gat"])
@pytest.mark.parametrize("target", ["score", "margin"])
def test_the_picture_loses_nothing(name, target):
    model = fitted(name, WORLD)
    item = int(np.setdiff1d(np.arange(16), model.graph.history(2))[0])
    case = make_case(model, WORLD, 2, item, target, 5)
    found = bridges(model, case)
    assert whole(found) == pytest.approx(case.explained, abs=1e-5)
    for n_links, n_between in ((0, 0), (2, 3), (99, 99)):
        flow = case_picture(case, found, model.graph, WORLD, n_links=n_links, n_between=n_between)
        last = len(flow.stops) - 1
        assert sum(stream.value for stream in flow.streams if stream.target == last) == pytest.approx(whole(found))
        assert sum(stream.value for stream in flow.streams if stream.source == 0) == pytest.approx(whole(found))
        for number, stop in enumerate(flow.stops[1:-1], 1):
            into = sum(stream.value for stream in flow.streams if stream.target == number)
            out = sum(stream.value for stream in flow.streams if stream.source == number)
            assert into == pytest.approx(out, abs=1e-12) and into == pytest.approx(stop.value, abs=1e-12)
        assert [stop.column for stop in flow.stops] == sorted(stop.column for stop in flow.stops)


def test_people_between_are_named_by_who_asks_and_cannot_be_told_from_the_key():
    model = fitted("lightgcn", WORLD)
    case = make_case(model, WORLD, 2, 3, "score", 5)
    flow = case_picture(case, bridges(model, case), model.graph, WORLD, lambda raw: "somebody", 3, 20)
    people = [stop for stop in flow.stops if stop.shape == "person"]
    assert {stop.name for stop in people} <= {"somebody", "back through this person"} and len(people) > 2
    assert not any(stop.key for stop in people)


def test_a_dashed_stream_is_no_link_of_the_graph():
    model = fitted("lightgcn", WORLD)
    case = make_case(model, WORLD, 2, 3, "score", 5)
    flow = case_picture(case, bridges(model, case), model.graph, WORLD, n_between=20)
    readers = {WORLD.users.ids[user] for user in range(14) if 3 in model.graph.history(user)}
    last = len(flow.stops) - 1
    between = [stop for stop in flow.stops if stop.column == 2 and stop.shape == "person" and stop.name[0] == "u"]
    drawn = {flow.stops[stream.source].name: stream.is_link for stream in flow.streams if stream.target == last}
    assert between and all(drawn[stop.name] == (stop.name in readers) for stop in between)


def test_a_model_without_a_ledger_has_no_picture():
    model = fitted("popularity", WORLD)
    with pytest.raises(UnsupportedError):
        bridges(model, make_case(model, WORLD, 2, 3, "score", 5))
