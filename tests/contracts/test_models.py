"""What every registered model promises, whatever it is."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.settings import describe_settings, read_settings
from gnnrec_core.models import MODELS
from gnnrec_core.models.history_protocol import HistoryRecommender, InductiveRecommender
from gnnrec_core.models.protocol import EmbeddingRecommender, Epoch, PropagationRecommender
from gnnrec_core.ranking.topk import rank_items
from gnnrec_core.runs.recommend import left_out
from tests.models.runs import fitted
from tests.worlds import checkerboard, random_dataset

QUICK = {"embedding_dim": 8, "epochs": 6, "batch_size": 64, "validate_every": 1}
WITH_PARTS = [name for name in MODELS.names if hasattr(MODELS.load(name), "history_parts")]
LEARNS_TASTE = MODELS.having("personal")


def quick(name: str, **more: object) -> dict[str, object]:
    """Settings that train fast, as far as the model has them."""
    fields = MODELS.load(name).settings_type.model_fields
    return {key: value for key, value in {**QUICK, **more}.items() if key in fields}


@pytest.fixture(scope="module")
def world():
    return random_dataset(side_edges=True)


@pytest.fixture(scope="module", params=MODELS.names)
def model(request, world):
    return fitted(request.param, world, **quick(request.param))


def test_scores_are_finite_fresh_and_float32(model, world):
    users = np.array([4, 0, 4])
    first = model.score(users)
    assert first.shape == (3, world.n_items) and first.dtype == np.float32
    assert np.isfinite(first).all() and np.array_equal(first[0], first[2])
    kept = first.copy()
    first[:] = -7.0  # whoever asks may write to the answer
    assert np.array_equal(model.score(users), kept)
    assert np.allclose(model.score(np.arange(world.n_users))[users], kept, rtol=1e-5, atol=1e-6)
    assert model.score(np.array([], dtype=np.int64)).shape == (0, world.n_items)


def test_the_same_seed_gives_the_same_scores(model, world):
    again = fitted(model.name, world, **quick(model.name))
    assert np.array_equal(again.score(np.arange(world.n_users)), model.score(np.arange(world.n_users)))


def test_tensors_restore_the_same_model(model, world):
    back = type(model).restore(world, model.settings, model.tensors())
    assert np.array_equal(back.score(np.arange(world.n_users)), model.score(np.arange(world.n_users)))
    assert all(np.array_equal(value, model.tensors()[name]) for name, value in back.tensors().items())


def test_being_asked_never_changes_a_model(model, world):
    before = {name: value.copy() for name, value in model.tensors().items()}
    edges = model.graph.edge_index.copy()
    model.score(np.arange(world.n_users))
    if isinstance(model, EmbeddingRecommender):
        model.embeddings()
    if isinstance(model, PropagationRecommender):
        model.propagation(model.graph.without(np.array([0])))
    if isinstance(model, HistoryRecommender):
        model.history_parts(0, np.array([1]), model.graph.without(np.array([0])))
    if isinstance(model, InductiveRecommender):
        model.new_user_parts(np.array([0, 1]))
    for value in model.tensors().values():
        value[...] = 0  # what `tensors` gives is a copy
    assert all(np.array_equal(value, before[name]) for name, value in model.tensors().items())
    assert np.array_equal(model.graph.edge_index, edges)


def test_embeddings_and_propagation_give_the_scores(model, world):
    scores = model.score(np.arange(world.n_users))
    if isinstance(model, EmbeddingRecommender):
        final = model.embeddings()
        items = final[world.n_users : world.n_users + world.n_items]
        assert np.allclose(final[: world.n_users] @ items.T, scores, rtol=1e-4, atol=1e-5)
    if isinstance(model, PropagationRecommender):
        found = model.propagation().score(3, np.arange(world.n_items))
        assert np.allclose(found, scores[3], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", WITH_PARTS)
def test_exact_parts_sum_to_the_score(name, world):
    model = fitted(name, world, **quick(name))
    items = np.arange(world.n_items)
    for graph in (model.graph, model.graph.without(model.graph.history_edges(3)[:2])):
        parts = model.history_parts(3, items, graph)
        scores = model.score_on(graph, np.array([3]))[0]
        assert np.abs(parts.own + parts.values.sum(0) - scores).max() <= 1e-5 * max(1, np.abs(scores).max())
    assert np.allclose(model.score_on(model.graph, np.array([3])), model.score(np.array([3])), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", LEARNS_TASTE)
def test_the_checkerboard_is_solved(name):
    """Each user's one held-out item is of the user's own colour; the other colour is never recommended before it.

    Items say their colour, because a model without ids can tell items of one degree apart by nothing else.
    """
    board = checkerboard(8)
    board = replace(board, item_table=board.item_table.with_columns(colour=pl.Series(["white", "black"] * 4)))
    model = fitted(name, board, **quick(name, epochs=200, learning_rate=0.05))
    lists = rank_items(model.score, np.arange(8), left_out(board), 1)
    assert lists.item_index[:, 0].tolist() == [(user + 2) % 8 for user in range(8)]


@pytest.mark.parametrize("name", MODELS.names)
def test_settings_are_declared_once_with_ranges_and_a_line(name):
    settings_type = MODELS.load(name).settings_type
    for field in describe_settings(settings_type):
        assert len(field.description) > 10, field.name
        if field.kind in ("int", "float"):
            assert field.low is not None and field.high is not None, field.name
    with pytest.raises(RequestError, match="no setting named"):
        read_settings(settings_type, {"no_such_setting": 1})


@pytest.mark.parametrize("name", MODELS.names)
def test_fit_yields_epochs_with_one_best(name, world):
    from gnnrec_core.models.protocol import FitOptions

    model_type = MODELS.load(name)
    model = model_type.create(world, read_settings(model_type.settings_type, quick(name, epochs=2)), 0, "cpu")
    epochs = list(model.fit(FitOptions(lambda: {"ndcg@20": 0.5, "recall@20": 0.5})))
    assert all(isinstance(epoch, Epoch) for epoch in epochs)
    assert [epoch.epoch for epoch in epochs] == list(range(1, len(epochs) + 1))
    assert epochs[0].is_best and epochs[0].validation == {"ndcg@20": 0.5, "recall@20": 0.5}


def test_listing_models_imports_no_torch():
    code = "import sys, gnnrec_core.models as m; print(len(m.MODELS.names), 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(len(MODELS.names)), "False"]
