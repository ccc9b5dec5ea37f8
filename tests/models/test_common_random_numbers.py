"""Training again without some interactions: by the draws of the first training, so that luck stays out of it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from gnnrec_core.base.settings import read_settings
from gnnrec_core.data.dataset import without_rows
from gnnrec_core.graph import build_graph
from gnnrec_core.models import MODELS
from gnnrec_core.models.ops.sampling import Sampler
from gnnrec_core.models.ops.spectral import spectral_embedding
from gnnrec_core.models.protocol import FitOptions
from tests.worlds import random_dataset

WORLD = random_dataset(n_users=40, n_items=30, per_user=9, seed=3)
GONE = WORLD.interactions.rows("train")[[3, 50, 51, 120]]
NONE = np.zeros(0, np.int64)


def batches(dataset, whole, way, power):
    sampler = Sampler(build_graph(dataset), "cpu", None if whole is None else build_graph(whole))
    draw = getattr(sampler, way)
    return sampler, list(draw(sampler.generator(0, 1), 32, 5, power))


@pytest.mark.parametrize("way", ["pairwise", "shared"])
@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_with_nothing_removed_the_draws_are_those_of_a_training(way, power):
    plain = batches(WORLD, None, way, power)[1]
    aligned = batches(WORLD, WORLD, way, power)[1]
    for one, other in zip(plain, aligned, strict=True):
        for name in ("edges", "users", "items", "negatives"):
            assert torch.equal(getattr(one, name), getattr(other, name))
        assert torch.equal(other.drawn, one.all_edges) and other.kept.all() and one.drawn is None


@pytest.mark.parametrize("way", ["pairwise", "shared"])
def test_removed_interactions_are_dropped_from_their_batches_and_nothing_else_moves(way):
    plain = batches(WORLD, None, way, 0.0)[1]
    sampler, reduced = batches(without_rows(WORLD, GONE), WORLD, way, 0.0)
    gone = set(zip(WORLD.interactions.user_index[GONE].tolist(), WORLD.interactions.item_index[GONE].tolist()))
    n_dropped = 0
    for one, other in zip(plain, reduced, strict=True):
        pairs = list(zip(one.users.tolist(), one.items.tolist()))
        kept = [place for place, pair in enumerate(pairs) if pair not in gone]
        n_dropped += len(pairs) - len(kept)
        assert list(zip(other.users.tolist(), other.items.tolist())) == [pairs[place] for place in kept]
        assert other.size == len(kept) and other.kept.tolist() == [pair not in gone for pair in pairs]
        if way == "shared":
            assert torch.equal(one.negatives, other.negatives)
        else:
            same = (one.negatives[kept] == other.negatives).float().mean()
            assert same > 0.9 and not sampler._has(other.users[:, None], other.negatives).float().mean() > 0.02
    assert n_dropped == len(GONE)


@pytest.mark.parametrize("name", ["lightgcn", "gat"])
@pytest.mark.parametrize("loss", ["bpr", "softmax"])
def test_training_again_with_nothing_removed_is_the_training(name, loss):
    kind = MODELS.load(name)
    settings = read_settings(kind.settings_type, {"embedding_dim": 8, "loss": loss, "epochs": 3, "batch_size": 64})
    first, again = kind.create(WORLD, settings, 1, "cpu"), kind.create_without(WORLD, settings, 1, "cpu", NONE)
    for model in (first, again):
        list(model.fit(FitOptions()))
    for key, value in first.tensors().items():
        np.testing.assert_allclose(again.tensors()[key], value, rtol=0, atol=2e-6)


@pytest.mark.parametrize("name", ["lightgcn", "gat", "graphsage"])
def test_one_interaction_less_changes_less_than_another_seed(name):
    kind = MODELS.load(name)
    settings = read_settings(kind.settings_type, {"embedding_dim": 8, "epochs": 8, "batch_size": 128})

    def scores(rows, seed):
        model = kind.create_without(WORLD, settings, seed, "cpu", rows)
        list(model.fit(FitOptions()))
        return model.score(np.arange(WORLD.n_users))

    whole, less, other = scores(NONE, 0), scores(GONE[:1], 0), scores(NONE, 1)
    untouched = np.arange(WORLD.n_users) != WORLD.interactions.user_index[GONE[0]]
    assert 0 < np.abs(less - whole)[untouched].mean() < 0.6 * np.abs(other - whole)[untouched].mean()


def test_a_start_without_some_interactions_is_turned_towards_the_start_with_them():
    whole, reduced = build_graph(WORLD), build_graph(without_rows(WORLD, GONE))
    target = spectral_embedding(whole, 8, 0, 0.1)
    turned, free = spectral_embedding(reduced, 8, 0, 0.1, whole), spectral_embedding(reduced, 8, 0, 0.1)
    assert np.linalg.norm(turned - target) < 0.3 * np.linalg.norm(target)
    assert np.linalg.norm(turned - target) <= np.linalg.norm(free - target) * 1.01
    # A rotation only: scores of the start stay what they were, up to the noise that is added.
    np.testing.assert_allclose(turned @ turned.T, free @ free.T, atol=0.15 * np.abs(free @ free.T).max())
    np.testing.assert_allclose(spectral_embedding(whole, 8, 0, 0.1, whole), target, atol=1e-5)


def test_rows_go_and_users_and_items_stay():
    reduced = without_rows(WORLD, GONE)
    assert len(reduced.interactions) == len(WORLD.interactions) - 4
    assert reduced.n_users == WORLD.n_users and reduced.interactions.rating is not None
    assert replace(WORLD, interactions=reduced.interactions).fingerprint == reduced.fingerprint != WORLD.fingerprint
