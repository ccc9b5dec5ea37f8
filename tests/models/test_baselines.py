"""Popularity, ItemKNN and EASE: worked by hand, and against other routes to the same numbers."""

import numpy as np
import pytest
import scipy.sparse as sp

from gnnrec_core.base.errors import RunError
from gnnrec_core.graph import build_graph
from gnnrec_core.models.ease import EASE, EASESettings
from gnnrec_core.models.itemknn import ItemKNN, ItemKNNSettings
from gnnrec_core.models.ops.closed_form import weighted_interactions
from tests.models.runs import fitted
from tests.worlds import make_dataset, random_dataset, star


def test_popularity_counts_train_interactions():
    model = fitted("popularity", star(4))
    assert model.score(np.array([0, 3])).tolist() == [[4.0, 0, 0, 0, 0]] * 2


def test_itemknn_by_hand():
    # Item 0: users 0, 1, 2. Item 1: users 0, 1. Item 2: user 2. cos(0, 1) = 2 / sqrt 6, cos(0, 2) = 1 / sqrt 3.
    world = make_dataset(
        [(0, 0, "train"), (1, 0, "train"), (2, 0, "train"), (0, 1, "train"), (1, 1, "train"), (2, 2, "train")]
    )
    plain = fitted("itemknn", world, shrinkage=0.0)
    assert plain.score(np.array([2]))[0] == pytest.approx([1 / np.sqrt(3), 2 / np.sqrt(6), 1 / np.sqrt(3)])
    shrunk = fitted("itemknn", world, shrinkage=1.0)
    assert shrunk.score(np.array([2]))[0][1] == pytest.approx(2 / (np.sqrt(6) + 1))
    nearest = fitted("itemknn", world, shrinkage=0.0, n_neighbours=1)
    # Item 0's nearest is item 1 alone, so item 2 no longer speaks for item 0.
    assert nearest.score(np.array([2]))[0] == pytest.approx([0, 2 / np.sqrt(6), 1 / np.sqrt(3)])


def test_itemknn_is_sklearn_style_cosine_whatever_the_block(monkeypatch):
    from gnnrec_core.models import itemknn

    dataset = random_dataset(60, 50, seed=3)
    x = weighted_interactions(build_graph(dataset, 0.0)).toarray()
    norm = np.linalg.norm(x, axis=0)
    expected = x.T @ x / np.maximum(np.outer(norm, norm) + 10.0, 1e-12)
    np.fill_diagonal(expected, 0.0)
    for block in (7, 512):
        monkeypatch.setattr(itemknn, "BLOCK", block)
        model = fitted("itemknn", dataset, n_neighbours=10_000)
        assert np.allclose(model.score(np.arange(60)), x @ expected, atol=1e-5)


def test_ease_solves_its_own_problem():
    """Each column of B is the ridge regression of one item on all others (the definition, not the closed form)."""
    dataset = random_dataset(80, 25, seed=1)
    model = fitted("ease", dataset, l2=3.0)
    x = weighted_interactions(model.graph).toarray()
    weight = model.tensors()["weight"]
    assert np.all(np.diag(weight) == 0)
    for item in range(25):
        others = np.delete(np.arange(25), item)
        a = x[:, others]
        solved = np.linalg.solve(a.T @ a + 3.0 * np.eye(24), a.T @ x[:, item])
        assert np.allclose(weight[others, item], solved, atol=1e-5)
    assert np.allclose(model.score(np.arange(80)), x @ weight, atol=1e-4)


@pytest.mark.parametrize("name", ["itemknn", "ease"])
def test_parts_of_a_score_sum_to_it(name):
    model = fitted(name, random_dataset(40, 30, seed=2))
    items = np.array([3, 7, 29])
    parts = model.history_parts(5, items)
    assert np.allclose(parts.own + parts.values.sum(0), model.score(np.array([5]))[0, items], atol=1e-5)
    assert (model.graph.edge_index[0, parts.edges] == 5).all()
    changed = model.graph.without(parts.edges[:1])
    left = model.history_parts(5, items, changed)
    assert np.allclose(left.values.sum(0), parts.values[1:].sum(0))
    assert np.allclose(model.score_on(changed, np.array([5]))[0, items], left.values.sum(0), atol=1e-5)


def test_weights_of_interactions_count():
    triples = [(0, 0, "train"), (0, 1, "train"), (1, 0, "train")]
    world = make_dataset(triples, weight=np.array([1.0, 0.5, 2.0], np.float32))
    assert weighted_interactions(build_graph(world, 0.0)).toarray().tolist() == [[1.0, 0.5], [2.0, 0.0]]


def test_ease_says_how_much_memory_it_takes():
    assert EASE.memory_bytes(random_dataset(10, 30), EASESettings()) == 30 * 30 * 32


def edited(array, place, value):
    changed = array.copy()
    changed[place] = value
    return changed


@pytest.mark.parametrize(
    "wrong",
    [
        lambda t: {"similarity.data": t["similarity.data"]},
        lambda t: {**t, "similarity.indptr": t["similarity.indptr"][:-1]},
        lambda t: {**t, "similarity.indptr": t["similarity.indptr"][::-1]},
        lambda t: {**t, "similarity.indices": t["similarity.indices"] + 1000},
        lambda t: {**t, "similarity.indices": edited(t["similarity.indices"], 0, 40)},  # there are the items 0 to 39
        lambda t: {**t, "similarity.indices": edited(t["similarity.indices"], 0, -1)},
        lambda t: {**t, "similarity.indices": t["similarity.indices"][:-1]},
        lambda t: {**t, "similarity.indptr": edited(t["similarity.indptr"], 0, 1)},
        lambda t: {**t, "similarity.indptr": edited(t["similarity.indptr"], -1, t["similarity.indptr"][-1] - 1)},
        lambda t: {**t, "similarity.indptr": edited(t["similarity.indptr"], 2, t["similarity.indptr"][1] - 1)},
    ],
)
def test_itemknn_refuses_tensors_that_are_no_matrix(wrong):
    dataset = random_dataset()
    tensors = fitted("itemknn", dataset).tensors()
    assert sp.csr_array(ItemKNN.restore(dataset, ItemKNNSettings(), tensors)._similarity).nnz > 0
    with pytest.raises(RunError, match="do not fit"):
        ItemKNN.restore(dataset, ItemKNNSettings(), wrong(tensors))
