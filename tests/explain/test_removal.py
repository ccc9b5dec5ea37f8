"""The closed form for removed edges equals rebuilding the graph."""

from itertools import permutations

import numpy as np
import pytest

from gnnrec_core.data.dataset import Relation
from gnnrec_core.explain.scores.linear import all_scores
from gnnrec_core.explain.scores.scoring import scorer_of
from tests.explain.fakes import LinearModel, linear
from tests.worlds import make_dataset, random_dataset, star

WORLDS = {
    "interactions only": random_dataset(),
    "side edges": random_dataset(side_edges=True, seed=3),
    "last edges": star(4),
}


def rebuilt(model: LinearModel, user: int, edges: np.ndarray) -> np.ndarray:
    return all_scores(model.propagation(model.graph.without(edges)), user, model.graph.n_items)


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("n_layers", [1, 2, 3, 4, 5])
def test_leave_one_out_of_all_edges_of_a_user_equals_rebuilding(world, n_layers):
    model = linear(WORLDS[world], n_layers)
    scorer, graph = scorer_of(model), model.graph
    every_item = np.arange(graph.n_items)  # items of the history too
    for user in range(0, graph.n_users, 7):
        edges = scorer.prepared.edges_of(user)
        fast = scorer.scores_without_each(user, edges, every_item)
        slow = np.array([rebuilt(model, user, edges[[row]]) for row in range(len(edges))])
        np.testing.assert_allclose(fast, slow, rtol=0, atol=1e-10)


@pytest.mark.parametrize("world", WORLDS)
def test_leave_one_out_of_the_readers_of_an_item_equals_rebuilding(world):
    model = linear(WORLDS[world])
    scorer, graph = scorer_of(model), model.graph
    for item in range(0, graph.n_items, 5):
        edges = scorer.prepared.edges_of(graph.item_node(item))
        fast = scorer.scores_without_each(1, edges, np.array([item, 0]))
        slow = np.array([rebuilt(model, 1, edges[[row]])[[item, 0]] for row in range(len(edges))])
        np.testing.assert_allclose(fast, slow.reshape(-1, 2), rtol=0, atol=1e-10)


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("n_removed", [1, 2, 5, 11])
def test_removing_any_set_of_edges_equals_rebuilding(world, n_removed):
    model = linear(WORLDS[world], n_layers=3)
    rng = np.random.default_rng(n_removed)
    for user in range(0, model.graph.n_users, 5):
        edges = rng.choice(model.graph.n_edges, size=min(n_removed, model.graph.n_edges), replace=False)
        fast = scorer_of(model).scores_without(user, edges)
        np.testing.assert_allclose(fast, rebuilt(model, user, edges), rtol=0, atol=1e-10)


@pytest.mark.parametrize("world", WORLDS)
def test_each_of_any_edges_in_turn_equals_rebuilding(world):
    model = linear(WORLDS[world], n_layers=3)
    removal, n_edges = scorer_of(model).prepared.removal, model.graph.n_edges
    for user in range(0, model.graph.n_users, 9):
        edges = np.random.default_rng(user).choice(n_edges, size=min(8, n_edges), replace=False)
        fast = removal.scores_without_each(user, edges)
        slow = np.array([rebuilt(model, user, edges[[row]]) for row in range(len(edges))])
        np.testing.assert_allclose(fast, slow, rtol=0, atol=1e-10)


def test_layers_that_weigh_differently_equal_rebuilding():
    model = linear(WORLDS["side edges"], n_layers=3)
    model.layer_weights = np.array([0.1, 0.45, 0.05, 0.4])
    scorer = scorer_of(model)
    edges = scorer.prepared.edges_of(3)
    np.testing.assert_allclose(scorer.scores_without(3, edges[:4]), rebuilt(model, 3, edges[:4]), atol=1e-10)
    each = np.array([rebuilt(model, 3, edges[[row]]) for row in range(len(edges))])
    np.testing.assert_allclose(scorer.scores_without_each(3, edges, np.arange(40)), each, atol=1e-10)
    np.testing.assert_allclose(scorer.prepared.removal.scores_without_each(3, edges), each, atol=1e-10)


def test_removing_the_whole_history_equals_rebuilding():
    model = linear(WORLDS["interactions only"])
    for user in range(5):
        edges = model.graph.history_edges(user)
        fast = scorer_of(model).scores_without(user, edges)
        np.testing.assert_allclose(fast, rebuilt(model, user, edges), rtol=0, atol=1e-10)


def weighted(*of_users):
    """Users with the same items and these weights."""
    triples = [(user, item, "train") for user in range(len(of_users)) for item in range(len(of_users[0]))]
    return make_dataset(triples, weight=np.concatenate(of_users).astype(np.float32))


@pytest.mark.parametrize("weights", list(permutations((3e9, 0.1, 0.7))))
def test_a_degree_that_is_rounding_alone_is_nothing(weights):
    """A sum of such weights depends on its order, so degree less weights is not always 0: it must not be divided by."""
    model = linear(weighted(weights, weights), n_layers=3)
    scorer, edges = scorer_of(model), model.graph.history_edges(0)
    np.testing.assert_allclose(scorer.scores_without(0, edges), rebuilt(model, 0, edges), atol=1e-6)


@pytest.mark.parametrize("kept", [1e-3, 1e-5, 1e-7])
def test_a_degree_that_is_small_is_not_nothing(kept):
    model = linear(weighted([1.0, kept], [1.0, 1.0]), n_layers=3)
    scorer, edges = scorer_of(model), model.graph.history_edges(0)[:1]
    expected = rebuilt(model, 0, edges)
    np.testing.assert_allclose(scorer.scores_without(0, edges), expected, rtol=1e-6)
    np.testing.assert_allclose(scorer.scores_without_each(0, edges, np.arange(2))[0], expected, rtol=1e-6)


def test_parallel_edges_of_two_relations_are_told_apart():
    one = np.ones(1, np.float32)
    pair = (np.array([0]), np.array([1]))
    dataset = make_dataset(
        [(0, 0, "train"), (1, 0, "train"), (1, 1, "train"), (2, 1, "train")],
        relations=(Relation("friend", "user-user", *pair, one), Relation("trust", "user-user", *pair, 2 * one)),
    )
    model = linear(dataset)
    edges = scorer_of(model).prepared.edges_of(0)
    fast = scorer_of(model).scores_without_each(0, edges, np.arange(2))
    slow = np.array([rebuilt(model, 0, edges[[row]]) for row in range(len(edges))])
    np.testing.assert_allclose(fast, slow, rtol=0, atol=1e-10)


def test_a_trained_gat_leaves_edges_out_as_the_rebuilt_graph_does():
    from gnnrec_core.models.gat import GAT, GATSettings

    dataset = WORLDS["side edges"]
    fresh = GAT.create(dataset, GATSettings(embedding_dim=8, n_layers=2), 0, "cpu")
    rng = np.random.default_rng(0)
    random = {name: rng.normal(size=value.shape).astype(np.float32) for name, value in fresh.tensors().items()}
    model = GAT.restore(dataset, fresh.settings, random)
    for user in range(0, 30, 6):
        edges = np.concatenate([scorer_of(model).prepared.edges_of(user)[:3], rng.integers(0, model.graph.n_edges, 4)])
        fast = scorer_of(model).scores_without(user, edges)
        np.testing.assert_allclose(fast, rebuilt(model, user, edges), rtol=0, atol=2e-5)


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("n_layers", [0, 1, 2, 3, 4, 5])
def test_every_set_of_own_edges_is_read_from_one_star(world, n_layers):
    model = linear(WORLDS[world], n_layers)
    scorer, graph = scorer_of(model), model.graph
    rng = np.random.default_rng(n_layers)
    for user in range(0, graph.n_users, 5):
        own = graph.edges_of(user)
        for size in {0, 1, len(own) // 2, len(own)}:
            edges = rng.choice(own, size, replace=False)
            assert scorer.prepared.star(user, edges) is not None
            after = rebuilt(model, user, edges)
            np.testing.assert_allclose(scorer.scores_without(user, edges), after, rtol=0, atol=1e-10)
            some = np.array([0, graph.n_items - 1])
            np.testing.assert_allclose(scorer.scores_without(user, edges, some), after[some], rtol=0, atol=1e-10)


def test_a_set_with_an_edge_of_somebody_else_is_no_star():
    model = linear(WORLDS["interactions only"])
    own, foreign = model.graph.edges_of(0), model.graph.edges_of(1)
    assert scorer_of(model).prepared.star(0, np.append(own, foreign[0])) is None
