"""Best-first walks are the walks that full enumeration finds, and their shapes sum to the score."""

import itertools

import numpy as np
import pytest

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.explain.explaining import explain
from gnnrec_core.explain.scores.linear import prepare
from gnnrec_core.explain.walks.connecting import connecting_paths
from gnnrec_core.explain.walks.walks import best_walks
from gnnrec_core.runs.run import Run
from tests.explain.fakes import attention, item_item, linear
from tests.worlds import make_dataset, random_dataset

WORLD = random_dataset(n_users=14, n_items=16, per_user=6)
SIDE = random_dataset(n_users=12, n_items=14, per_user=6, side_edges=True, seed=3)


def enumerate_walks(spread, start, target):
    """Every walk of length 1 to K from `start` with its value, by recursion over dense matrices."""
    dense = [[op.toarray() for op in heads] for heads in spread.operators]
    found = []

    def follow(nodes, products, left):
        if left == 0:
            end, columns = spread.embedding[nodes[-1]], [spread.head_columns(head) for head in range(spread.n_heads)]
            value = sum(p * (end[c] @ target[c]) for p, c in zip(products, columns, strict=True))
            found.append((tuple(nodes), value))
            return
        matrices = dense[left - 1]
        for node in np.flatnonzero(np.any([matrix[nodes[-1]] != 0 for matrix in matrices], axis=0)):
            steps = [products[head] * matrices[head][nodes[-1], node] for head in range(spread.n_heads)]
            follow([*nodes, int(node)], steps, left - 1)

    for length in range(1, spread.n_layers + 1):
        follow([start], [spread.layer_weights[length]] * spread.n_heads, length)
    return found


@pytest.mark.parametrize("maker", [linear, attention])
@pytest.mark.parametrize("dataset", [WORLD, SIDE], ids=["interactions", "side edges"])
def test_best_walks_are_those_of_full_enumeration(maker, dataset):
    spread = prepare(maker(dataset)).propagation
    for user, item in ((0, 3), (5, 9)):
        target = spread.final[spread.n_users + item]
        everything = sorted(enumerate_walks(spread, user, target), key=lambda walk: -abs(walk[1]))
        found = best_walks(spread, user, target, 40)
        np.testing.assert_allclose([w.value for w in found], [value for _, value in everything[:40]], atol=1e-12)
        values = dict(everything)
        assert all(values[walk.nodes] == pytest.approx(walk.value, abs=1e-12) for walk in found)
        assert len({walk.nodes for walk in found}) == len(found)
        simple = [walk for walk in everything if len(set(walk[0])) == len(walk[0])]
        found = best_walks(spread, user, target, 25, simple=True)
        np.testing.assert_allclose([w.value for w in found], [value for _, value in simple[:25]], atol=1e-12)


@pytest.mark.parametrize("maker", [linear, attention])
@pytest.mark.parametrize("target", ["score", "margin"])
def test_all_walks_together_are_the_score_without_the_baseline(maker, target):
    model = maker(SIDE)
    found = explain(Run.of(model, SIDE), 1, 4, "paths", target, settings={"n_paths": 500}, check_top=0)
    assert found.baseline + sum(group.value for group in found.groups) == pytest.approx(found.score, abs=1e-5)
    assert found.completeness_error <= 1e-5 * max(1, abs(found.score))
    names = {group.name for group in found.groups}
    assert "user-item" in names and "user-user" in names and "user-item-author" in names
    # The groups are sums over walks: a shape whose walks are all listed has their sum.
    spread = prepare(model).propagation
    graph = prepare(model).graph
    vector = sum(sign * spread.final[graph.item_node(item)] for item, sign in found.case.signed_items)
    kinds = {"user": "user", "item": "item", "attribute": "author"}
    sums = {}
    for nodes, value in enumerate_walks(spread, 1, vector):
        shape = "-".join(kinds[graph.node_type(node)] for node in nodes)
        sums[shape] = sums.get(shape, 0.0) + value
    assert {group.name: pytest.approx(group.value, abs=1e-10) for group in found.groups} == sums


def test_paths_are_in_words():
    found = explain(Run.of(linear(SIDE), SIDE), 1, 4, "paths", check_top=0)
    assert len(found.paths) == 10 and found.path_share_shown == pytest.approx(sum(p.share for p in found.paths))
    for path in found.paths:
        assert path.nodes[0].id == "u1" and len(path.relations) == len(path.nodes) - 1
        assert set(path.relations) <= {"interaction", "friend", "author"}
        assert path.meta_path.startswith("user-")


@pytest.mark.parametrize("maker", [linear, attention])
def test_connecting_paths_carry_the_terms_in_which_both_ends_meet(maker):
    """Independent: expand z_u and z_i into walks, keep pairs that end at the same node and join to a path."""
    model = maker(SIDE)
    prepared = prepare(model)
    spread, graph = prepared.propagation, prepared.graph
    for user, item in ((0, 3), (4, 1)):
        node = graph.item_node(item)
        expected = {}
        sides = [_half_walks(spread, start) for start in (user, node)]
        for (ours, mine), (theirs, yours) in itertools.product(*sides):
            path = (*ours, *theirs[-2::-1])
            if ours[-1] != theirs[-1] or len(set(path)) != len(path) or not 2 <= len(path) <= 4:
                continue
            for head in range(spread.n_heads):
                embedding = spread.embedding[ours[-1], spread.head_columns(head)]
                expected[path] = expected.get(path, 0.0) + mine[head] * yours[head] * embedding @ embedding
        found = {
            tuple(row): value
            for nodes, values in connecting_paths(spread, graph, user, node)
            for row, value in zip(nodes.tolist(), values.tolist(), strict=True)
        }
        assert found.keys() == expected.keys()
        assert all(found[path] == pytest.approx(expected[path], abs=1e-12) for path in found)


def _half_walks(spread, start):
    """Walks of length 0 to K from `start` with a_l times the product of each head."""
    dense = [[op.toarray() for op in heads] for heads in spread.operators]
    found = []

    def follow(nodes, products, left):
        if left == 0:
            found.append((tuple(nodes), products))
            return
        for node in np.flatnonzero(np.any([matrix[nodes[-1]] != 0 for matrix in dense[left - 1]], axis=0)):
            steps = [p * dense[left - 1][head][nodes[-1], node] for head, p in enumerate(products)]
            follow([*nodes, int(node)], steps, left - 1)

    for length in range(spread.n_layers + 1):
        follow([start], [spread.layer_weights[length]] * spread.n_heads, length)
    return found


def test_connecting_paths_state_their_share():
    found = explain(Run.of(linear(WORLD), WORLD), 1, 4, "paths", settings={"kind": "connecting"}, check_top=0)
    assert any("literal paths" in warning for warning in found.warnings)
    assert all(path.nodes[0].id == "u1" and path.nodes[-1].id == "i4" for path in found.paths)


def test_a_user_without_interactions_has_no_walks():
    dataset = make_dataset([(0, 0, "train"), (1, 0, "test")], n_items=2)
    found = explain(Run.of(linear(dataset), dataset), 1, 1, "paths", k=2)
    assert found.paths == () and found.contributions == () and found.baseline == pytest.approx(found.score, abs=1e-6)


def test_item_item_models_have_no_paths():
    with pytest.raises(UnsupportedError, match="no messages"):
        explain(Run.of(item_item(WORLD), WORLD), 0, 0, "paths")
