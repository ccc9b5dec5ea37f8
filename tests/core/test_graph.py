import numpy as np
import pytest

from gnnrec_core.base.errors import RequestError
from gnnrec_core.graph import build_graph
from tests.worlds import random_dataset, star


def test_the_star_has_the_normalisation_worked_out_by_hand():
    graph = build_graph(star(4))
    assert graph.n_nodes == 4 + 5 and graph.n_edges == 8
    assert graph.degree.tolist() == [1, 1, 1, 1, 4, 0, 0, 0, 0]
    dense = graph.normalised_adjacency.toarray()
    assert dense[0, 4] == dense[4, 0] == pytest.approx(0.5)  # 1 / sqrt(1 * 4)
    assert np.count_nonzero(dense) == 8
    assert graph.popularity.tolist() == [4, 0, 0, 0, 0]


def test_each_edge_stands_in_both_directions_and_either_finds_its_interaction():
    dataset = random_dataset(side_edges=True)
    graph = build_graph(dataset)
    every = np.arange(graph.n_edges)
    assert np.array_equal(graph.edge_index[:, graph.reverse(every)], graph.edge_index[::-1])
    assert np.array_equal(graph.edge_interaction[graph.reverse(every)], graph.edge_interaction)
    rows = graph.edge_interaction[graph.edge_type == 0]
    assert sorted(set(rows.tolist())) == dataset.interactions.rows("train").tolist()
    assert (graph.edge_interaction[graph.edge_type > 0] == -1).all()


def test_history_and_its_edges_agree():
    graph = build_graph(random_dataset(side_edges=True))
    for user in range(graph.n_users):
        edges = graph.history_edges(user)
        assert (graph.edge_index[0, edges] == user).all()
        assert np.array_equal(graph.edge_index[1, edges] - graph.n_users, graph.history(user))


def test_removing_edges_removes_both_directions_and_leaves_the_graph_as_it_was():
    graph = build_graph(random_dataset(side_edges=True))
    before = graph.edge_index.copy()
    edges = graph.history_edges(3)[:2]
    smaller = graph.without(graph.reverse(edges))
    assert smaller.n_edges == graph.n_edges - 4
    assert smaller.history(3).tolist() == graph.history(3)[2:].tolist()
    assert smaller.relations == graph.relations and smaller.n_nodes == graph.n_nodes
    assert np.array_equal(graph.edge_index, before)
    assert np.array_equal(smaller.edge_index[:, smaller.reverse(np.arange(smaller.n_edges))], smaller.edge_index[::-1])


def test_adding_interactions_is_the_reverse_of_removing_them():
    graph = build_graph(random_dataset())
    edges = graph.history_edges(3)[:2]
    restored = graph.without(edges).with_interactions(3, graph.history(3)[:2])
    assert (restored.adjacency != graph.adjacency).nnz == 0


def test_side_edges_take_part_with_their_weight_and_can_be_left_out():
    dataset = random_dataset(side_edges=True)
    full, doubled, bare = build_graph(dataset), build_graph(dataset, 2.0), build_graph(dataset, 0.0)
    assert full.relations == ("interaction", "friend", "author") and bare.relations == ("interaction",)
    authors = full.edge_type == 2
    assert np.allclose(full.edge_weight[authors], 0.5) and np.allclose(doubled.edge_weight[doubled.edge_type == 2], 1.0)
    assert full.n_nodes == bare.n_nodes


def test_edge_features_are_standardised_over_train_interactions():
    graph = build_graph(random_dataset(side_edges=True))
    assert graph.feature_names == ("rating", "recency")
    train = graph.edge_features[graph.edge_type == 0]
    assert np.allclose(train.mean(0), 0, atol=1e-5) and np.allclose(train.std(0), 1, atol=1e-5)
    assert not graph.edge_features[graph.edge_type > 0].any()


def test_arrays_refuse_to_be_written_to():
    graph = build_graph(star())
    with pytest.raises(ValueError):
        graph.edge_index[0, 0] = 3


def test_an_unknown_user_is_an_error_that_suggests_near_ones():
    with pytest.raises(RequestError) as caught:
        star().users.index("u33")
    assert "'u33'" in caught.value.message and "'u3'" in caught.value.hint
