"""Paths of graph filters: through people who share an item, worked by hand and against dense walks."""

import numpy as np
import pytest

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.explain.explaining import explain
from gnnrec_core.explain.walks.reader_paths import ONWARD, SHAPE
from gnnrec_core.models.ops.closed_form import weighted_interactions
from gnnrec_core.models.ops.filters.graph_filter import ITSELF, LOW_PASS
from gnnrec_core.models.ops.filters.low_rank import normalised
from gnnrec_core.runs.run import Run
from tests.explain.fakes import item_item
from tests.models.runs import fitted
from tests.worlds import make_dataset, random_dataset

WORLD = random_dataset(n_users=14, n_items=16, per_user=6)
FILTERS = ("ridge", "gfcf", "chebycf", "lowpass")


def test_by_hand():
    """u0 has i0; u1 has i0 and i1. R = [[1/sqrt 2, 0], [1/2, 1/sqrt 2]]: i1 comes to u0 through u1 alone."""
    world = make_dataset([(0, 0, "train"), (1, 0, "train"), (1, 1, "train"), (0, 1, "test")])
    model = fitted("gfcf", world, low_pass_weight=0.0)
    found = explain(Run.of(model, world), 0, 1, "paths", k=2)
    assert [[node.id for node in path.nodes] for path in found.paths] == [["u0", "i0", "u1", "i1"]]
    assert found.paths[0].value == pytest.approx(1 / (2 * np.sqrt(2))) and found.paths[0].share == pytest.approx(1.0)
    assert [(group.name, group.share) for group in found.groups] == [(SHAPE, pytest.approx(1.0))]


@pytest.mark.parametrize("name", FILTERS)
def test_every_interaction_s_paths_are_its_part(name):
    model = fitted(name, WORLD)
    for signed in (((3, 1.0),), ((3, 1.0), (9, -1.0)), ((int(model.graph.history(2)[0]), 1.0),)):
        found = model.reader_paths(2, signed)
        items, signs = np.array(signed).T
        parts = model.history_parts(2, items.astype(int))
        whole = (parts.own + parts.values.sum(axis=0)) @ signs
        assert found.values.sum() + sum(found.beside.values()) == pytest.approx(whole, abs=1e-12)
        x = weighted_interactions(model.graph)
        assert all(x[reader, item] for reader, item in zip(found.readers, found.items, strict=True))
        assert set(found.items) <= set(model.graph.history(2))


def test_a_path_is_all_walks_that_begin_with_it():
    """h(P) of ChebyCF with flatness 3 is 3P - 6P^2 + 4P^3: walks of three, five and seven steps, added up densely."""
    model = fitted("chebycf", WORLD, flatness=3.0, degree_power=0.3, low_pass_weight=0.5)
    found = model.reader_paths(2, ((5, 1.0),))
    x = weighted_interactions(model.graph)
    r, degree = normalised(x).toarray(), x.toarray().sum(axis=0)
    p = r.T @ r
    onward = r @ (3 * np.eye(16) - 6 * p + 4 * p @ p)  # [n_users, n_items], from a reader to the target
    for item, reader, value in zip(found.items, found.readers, found.values, strict=True):
        assert value == pytest.approx(degree[item] ** -0.3 * r[reader, item] * onward[reader, 5] * degree[5] ** 0.3)
    assert found.beside[ITSELF] == pytest.approx(0.0, abs=1e-12) and found.beside[LOW_PASS] != 0


@pytest.mark.parametrize("target", ["score", "margin"])
@pytest.mark.parametrize("name", FILTERS)
def test_groups_sum_to_the_explained_number(name, target):
    model = fitted(name, WORLD)
    found = explain(Run.of(model, WORLD), 1, 4, "paths", target, settings={"n_paths": 500}, check_top=0)
    assert found.baseline == 0 and found.completeness_error <= 1e-12
    total = sum(group.value for group in found.groups)
    assert total == pytest.approx(sum(part.value for part in found.contributions), abs=1e-12)
    listed = sum(path.value for path in found.paths)
    assert listed == pytest.approx(sum(group.value for group in found.groups if group.name == SHAPE), abs=1e-12)
    assert [abs(path.value) for path in found.paths] == sorted((abs(path.value) for path in found.paths), reverse=True)


def test_paths_say_whether_the_last_step_is_one_interaction():
    model = fitted("chebycf", WORLD, flatness=3.0)
    everything = {"n_paths": 500}
    found = explain(Run.of(model, WORLD), 1, 4, "paths", settings=everything, check_top=0)
    x = weighted_interactions(model.graph)
    for path in found.paths:
        assert [node.type for node in path.nodes] == ["user", "item", "user", "item"]
        assert path.relations[2] == ("interaction" if x[path.nodes[2].index, 4] else ONWARD)
    literal = explain(Run.of(model, WORLD), 1, 4, "paths", settings={**everything, "kind": "connecting"}, check_top=0)
    assert literal.paths == tuple(path for path in found.paths if path.relations[2] == "interaction")
    simple = explain(Run.of(model, WORLD), 1, 4, "paths", settings={**everything, "simple": True}, check_top=0)
    assert all(len(set(path.nodes)) == 4 for path in simple.paths) and 0 < len(simple.paths) < len(found.paths)


def test_models_that_are_no_walks_still_have_none():
    with pytest.raises(UnsupportedError, match="no messages"):
        explain(Run.of(item_item(WORLD), WORLD), 0, 0, "paths")
