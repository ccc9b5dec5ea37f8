"""Relearning: the row that is found is the minimum of the run's own loss, and it agrees with training again."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from gnnrec_core.base.settings import read_settings
from gnnrec_core.explain.scores.linear import prepare
from gnnrec_core.explain.truth import relearning
from gnnrec_core.explain.truth.foretelling import foreteller_of
from gnnrec_core.explain.truth.relearning import relearner_of
from gnnrec_core.models import MODELS
from gnnrec_core.models.ops.losses import sampled_softmax
from gnnrec_core.models.protocol import FitOptions
from tests.explain.fakes import item_item
from tests.worlds import random_dataset

WORLD = random_dataset(n_users=60, n_items=30, per_user=11, seed=1)


def trained(name="lightgcn", rows=None, **changed):
    kind = MODELS.load(name)
    given = {"embedding_dim": 8, "epochs": 40, "batch_size": 512, "learning_rate": 0.02, "l2": 0.05, **changed}
    settings = read_settings(kind.settings_type, given)
    nothing = np.zeros(0, np.int64)
    model = kind.create_without(WORLD, settings, 0, "cpu", nothing if rows is None else rows)
    list(model.fit(FitOptions()))
    return model


@pytest.fixture(scope="module")
def model():
    return trained()


def own_loss(model, user, row):
    """The loss that training would give this user's interactions, by the code of training, in the row alone."""
    prepared, settings, graph = prepare(model), model.settings, model.graph
    _, messages, _ = prepared.messages(user)
    final = messages.sum(axis=0) + row / 4
    history, items = graph.history(user), prepared.propagation.final[graph.n_users :]
    users = torch.from_numpy(np.tile(final, (len(history), 1)))
    seen = torch.tensor([[r, c] for r in range(len(history)) for c in history]).T.contiguous()
    good, every = torch.from_numpy(items[history]), torch.from_numpy(items)
    loss = sampled_softmax(users, good, every, seen, settings.temperature, settings.similarity)
    return float(loss) + settings.l2 / 2 * len(history) * float(row @ row)


@pytest.mark.parametrize("similarity", ["dot", "user", "cosine"])
def test_the_row_is_the_minimum_of_the_loss_that_training_has(similarity):
    model = trained(similarity=similarity, epochs=2)
    relearner, user, rng = relearner_of(model), 5, np.random.default_rng(0)
    row = relearner.row(user)
    loss = relearner.loss(user, np.zeros(len(prepare(model).edges_of(user)), bool))
    assert loss.value(row)[0] == pytest.approx(own_loss(model, user, row), rel=1e-5)
    for _ in range(20):
        other = row + rng.normal(size=8) * 0.05
        assert loss.value(other)[0] > loss.value(row)[0]


@pytest.mark.parametrize(
    "changed",
    [{}, {"hide_batch": True}, {"similarity": "dot"}, {"similarity": "cosine"}, {"loss": "bpr"}, {"n_negatives": 9}],
    ids=str,
)
def test_the_gradient_is_that_of_the_loss(model, changed):
    relearner = replace(relearner_of(model), settings=model.settings.model_copy(update=changed))
    loss, rng = relearner.loss(3, np.arange(8) == 2), np.random.default_rng(1)
    row, step = rng.normal(size=8), 1e-6
    slope = loss.value(row)[1]
    for column in range(8):
        shift = np.eye(8)[column] * step
        numeric = (loss.value(row + shift)[0] - loss.value(row - shift)[0]) / (2 * step)
        assert slope[column] == pytest.approx(numeric, rel=1e-4, abs=1e-5)


def test_what_is_foretold_orders_the_changes_of_training_again(model):
    """For the mean over people: the rank correlation with a real retraining, and better than the frozen model alone."""
    rng, users = np.random.default_rng(2), np.arange(0, 60, 4)
    edges = [rng.permutation(model.graph.history_edges(int(user)))[:1] for user in users]
    again = trained(rows=model.graph.edge_interaction[np.concatenate(edges)])
    foreteller = foreteller_of(model)
    before, after = model.score(users), again.score(users)
    told, kept, real = [], [], []
    for place, user in enumerate(users):
        open_ = np.setdiff1d(np.arange(30), model.graph.history(int(user)))
        change = foreteller.changes(int(user), [edges[place]])[0]
        frozen = foreteller.scorer.scores_without(int(user), edges[place]) - foreteller.scorer.scores(int(user))
        told.append(change[open_])
        kept.append(frozen[open_])
        real.append((after[place] - before[place])[open_])
    told, kept, real = (np.concatenate(values) for values in (told, kept, real))
    assert np.corrcoef(told, real)[0, 1] > max(0.6, np.corrcoef(kept, real)[0, 1])


def test_edges_of_others_change_no_row_and_an_empty_history_has_none(model):
    relearner, user = relearner_of(model), 7
    others = model.graph.history_edges(8)
    assert not relearner.score_changes(user, [others]).any()
    everything = relearner.score_changes(user, [model.graph.history_edges(user)])[0]
    final = prepare(model).propagation.final
    np.testing.assert_allclose(everything, -final[60:90] @ relearner.held(user)[1] / 4, atol=1e-12)


def test_a_row_is_held_where_it_was_and_moved_by_what_it_remembers(model, monkeypatch):
    relearner, user = relearner_of(model), 7
    trained_row, n = prepare(model).propagation.embedding[user], len(prepare(model).edges_of(user))
    gone = np.eye(n, dtype=bool)[:3]
    history = model.graph.history(user)
    brought = relearner.remembered(user, gone)
    np.testing.assert_allclose(brought, relearning.FIRST_ORDER * relearner.shares[history[:3]])
    monkeypatch.setattr(relearning, "HOLD", 1e7)
    fast = replace(relearner, _held={})
    np.testing.assert_allclose(fast.held(user)[1], trained_row, atol=1e-5)
    np.testing.assert_allclose(fast.rows_without(user, gone), trained_row - brought, atol=1e-5)


def test_the_mean_curvature_is_the_mean_of_the_hessians_diagonal(model, monkeypatch):
    relearner, step = relearner_of(model), 1e-4
    nothing = np.zeros(len(prepare(model).edges_of(3)), bool)
    loss = replace(relearner.loss(3, nothing), centre=prepare(model).propagation.embedding[3], hold=5.0)
    free = replace(loss, hold=0.0)
    bend = [(free.value(loss.centre + d)[1] - free.value(loss.centre - d)[1]) @ d for d in np.eye(8) * step]
    monkeypatch.setattr("gnnrec_core.explain.truth.own_loss.N_PROBES", 600)
    assert loss.mean_curvature == pytest.approx(np.mean(bend) / (2 * step**2), rel=0.1)


def test_a_random_start_brings_nothing_and_the_seed_turns_no_sign(model):
    assert relearner_of(trained(start="random", epochs=1)).shares is None
    other = trained(epochs=1)
    other.seed = 5
    there, here = relearner_of(other).shares, relearner_of(trained(epochs=1)).shares
    assert np.corrcoef(there[:, :4].ravel(), here[:, :4].ravel())[0, 1] > 0.99


def test_models_without_rows_of_their_own_have_nothing_to_relearn():
    assert relearner_of(item_item(WORLD)) is None and foreteller_of(item_item(WORLD)) is None
    sage = trained("graphsage", epochs=1)
    assert relearner_of(sage) is None
    edges = sage.graph.history_edges(3)[:1]
    foreteller = foreteller_of(sage)
    expected = foreteller.scorer.scores_without(3, edges) - foreteller.scorer.scores(3)
    np.testing.assert_array_equal(foreteller.changes(3, [edges])[0], expected)


def test_of_very_many_items_evenly_chosen_ones_stand_for_all(model, monkeypatch):
    user, nothing = 4, np.zeros(len(prepare(model).edges_of(4)), bool)
    relearner = relearner_of(model)
    whole = relearner.loss(user, nothing)
    monkeypatch.setattr("gnnrec_core.explain.truth.relearning.MOST_OTHERS", 12)
    part = relearner.loss(user, nothing)
    assert len(part.others) == 11 and len(whole.others) == 22 and part.n_negatives == whole.n_negatives
    assert part.chance.sum() == pytest.approx(1.0)
    row = relearner.row(user)
    assert part.value(row)[0] == pytest.approx(whole.value(row)[0], rel=0.25)
