"""Models that refit exactly: against fitting anew on data without the interactions."""

from dataclasses import replace

import numpy as np
import pytest

from gnnrec_core.models import MODELS
from gnnrec_core.models.ops.closed_form import weighted_interactions
from gnnrec_core.models.ops.filters.low_rank import normalised
from gnnrec_core.models.protocol import RefittingRecommender
from tests.models.runs import fitted
from tests.worlds import random_dataset

REFIT = [name for name in MODELS.names if issubclass(MODELS.load(name), RefittingRecommender)]
USER = 3


def emptied(dataset, graph, edges):
    """The dataset without the interactions behind `edges`."""
    interactions = dataset.interactions
    keep = np.ones(len(interactions), bool)
    keep[graph.edge_interaction[edges]] = False
    columns = ("user_index", "item_index", "weight", "split", "timestamp", "rating")
    return replace(
        dataset, interactions=replace(interactions, **{name: getattr(interactions, name)[keep] for name in columns})
    )


@pytest.fixture(scope="module")
def world():
    found = random_dataset(60, 45, 12)
    weight = np.random.default_rng(5).uniform(0.5, 2.0, len(found.interactions)).astype(np.float32)
    return replace(found, interactions=replace(found.interactions, weight=weight))


def sets_of(graph):
    """One own interaction; three, one of them said from the item's side; all; others'; own and others'; none."""
    own = graph.history_edges(USER)
    others = np.concatenate([graph.history_edges(user)[:2] for user in (0, 7, 12)])
    mixed = np.concatenate([own[:1], others])
    return [own[:1], np.append(own[:2], graph.reverse(own[3:4])), own, others, mixed, own[:0]]


def test_closed_forms_refit():
    assert REFIT == ["popularity", "itemknn", "ease", "ridge", "gfcf", "chebycf", "lowpass"]


@pytest.mark.parametrize("name", REFIT)
def test_refitted_is_fitted_anew(world, name):
    model = fitted(name, world)
    before = {key: value.copy() for key, value in model.tensors().items()}
    sets = sets_of(model.graph)
    found = model.scores_refitted(USER, sets)
    assert found.shape == (len(sets), world.n_items) and found.dtype == np.float64
    for scores, edges in zip(found, sets, strict=True):
        anew = fitted(name, emptied(world, model.graph, edges), **model.settings.model_dump())
        assert anew.graph.n_edges == model.graph.n_edges - 2 * len(edges)
        assert np.allclose(scores, anew.score(np.array([USER]))[0], rtol=2e-5, atol=2e-6)
    assert np.allclose(found[-1], model.score(np.array([USER]))[0], rtol=2e-5, atol=2e-6)
    assert model.scores_refitted(USER, []).shape == (0, world.n_items)
    assert all(np.array_equal(value, before[key]) for key, value in model.tensors().items())


def test_ease_refits_to_the_last_digits(world):
    """Against the definition in float64, not against weights rounded for the file."""
    model = fitted("ease", world, l2=2.0)
    sets = sets_of(model.graph)
    for scores, edges in zip(model.scores_refitted(USER, sets), sets, strict=True):
        x = weighted_interactions(model.graph.without(edges)).toarray()
        inverse = np.linalg.inv(x.T @ x + 2.0 * np.eye(world.n_items))
        weight = inverse / -np.diag(inverse)
        np.fill_diagonal(weight, 0.0)
        assert np.abs(scores - x[USER] @ weight).max() <= 1e-10


def test_a_neighbour_that_moves_up_is_found(world):
    """With few neighbours kept, an item's next one takes the place of one that a removal made less alike."""
    model = fitted("itemknn", world, n_neighbours=3, shrinkage=1.0)
    sets = [model.graph.history_edges(user)[:2] for user in range(20)]
    found = model.scores_refitted(USER, sets)
    told = np.array([model.score_on(model.graph.without(edges), np.array([USER]))[0] for edges in sets])
    assert np.abs(found - told).max() > 0.05  # neighbours did change
    for scores, edges in zip(found, sets, strict=True):
        anew = fitted("itemknn", emptied(world, model.graph, edges), n_neighbours=3, shrinkage=1.0)
        assert np.array_equal(scores.astype(np.float32), anew.score(np.array([USER]))[0])


@pytest.mark.parametrize("name", ["gfcf", "chebycf", "lowpass"])
def test_many_sets_are_refitted_from_one_decomposition(world, name, monkeypatch):
    """An update of the spectrum is the refit: a set alone is fitted anew, the same sets together are not."""
    model = fitted(name, world)
    rare = int(np.argmin(np.where(model.graph.popularity > 0, model.graph.popularity, np.inf)))
    user = int(model.graph.seen[:, [rare]].tocoo().row[0])
    edges, has_rare = model.graph.history_edges(user), model.graph.history(user) == rare
    sets = [edges[:1], edges[-3:], edges[has_rare]]
    anew = np.array([model.scores_refitted(user, [gone])[0] for gone in sets])
    monkeypatch.setattr(type(model), "compute", lambda self: pytest.fail("it was fitted"))
    assert np.abs(model.scores_refitted(user, sets) - anew).max() <= 1e-6 * np.abs(anew).max()


@pytest.mark.parametrize("name", ["gfcf", "chebycf", "lowpass"])
def test_a_large_catalogue_refits_from_the_seed_of_the_run(world, name, monkeypatch):
    from gnnrec_core.models.ops.filters import low_rank

    monkeypatch.setattr(low_rank, "MAX_EXACT", 10)
    model = fitted(name, world, seed=4, n_vectors=6)
    model = type(model).restore(world, model.settings, model.tensors())  # as it comes from the disk
    edges = model.graph.history_edges(USER)[:1]
    anew = fitted(name, emptied(world, model.graph, edges), seed=4, n_vectors=6)
    assert np.allclose(model.scores_refitted(USER, [edges])[0], anew.score(np.array([USER]))[0], atol=1e-5)
    gram = normalised(weighted_interactions(anew.graph))
    assert np.all(np.linalg.svd(gram.toarray(), compute_uv=False) <= 1 + 1e-12)
