"""Rows of several sets at once: the same minima as one by one, and a curvature that is the slope's own change."""

from dataclasses import replace

import numpy as np
import pytest

from gnnrec_core.explain.truth.own_loss import TOLERANCE
from gnnrec_core.explain.truth.relearning import relearner_of
from tests.explain.truth.test_relearning import trained

CHOSEN = [{"similarity": "dot"}, {"similarity": "user"}, {"similarity": "cosine"}, {"n_negatives": 9, "l2": 0.01}]


@pytest.fixture(scope="module")
def model():
    return trained()


def near(model, changed):
    return replace(
        relearner_of(model),
        settings=model.settings.model_copy(update={"hide_batch": False, **changed}),
        _known={},
        _held={},
    )


def sets_of(relearner, user):
    """Each interaction of the user alone, and three of them together."""
    n = len(relearner.prepared.edges_of(user))
    return np.concatenate([np.eye(n, dtype=bool), np.arange(n)[None] < 3])


@pytest.mark.parametrize("hold", [0.0, 0.7])
@pytest.mark.parametrize("changed", CHOSEN, ids=str)
def test_slopes_are_those_of_the_losses_one_by_one(model, changed, hold):
    relearner, rng = near(model, changed), np.random.default_rng(0)
    gone = sets_of(relearner, 3)
    rows, centre = rng.normal(size=(2, len(gone), 8))
    found = relearner._together(3, gone, hold, centre).slopes(rows)
    losses = [replace(relearner.loss(3, own), hold=hold, centre=at) for own, at in zip(gone, centre, strict=True)]
    alone = [loss.value(row)[1] for loss, row in zip(losses, rows, strict=True)]
    np.testing.assert_allclose(found, alone, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("hold", [0.0, 0.7])
@pytest.mark.parametrize("changed", CHOSEN, ids=str)
def test_the_curvature_is_the_change_of_the_slope(model, changed, hold):
    relearner, (row, centre) = near(model, changed), np.random.default_rng(1).normal(size=(2, 8))
    losses = relearner._together(4, sets_of(relearner, 4)[:1], hold, centre[None])
    step = 1e-6
    numeric = [
        (losses.slopes((row + shift)[None]) - losses.slopes((row - shift)[None]))[0] / (2 * step)
        for shift in np.eye(8) * step
    ]
    found = losses.curvature(row)
    if losses.is_unit and not (losses.l2 or hold):
        unit = (losses.base[0] + losses.own_weight * row) / np.linalg.norm(losses.base[0] + losses.own_weight * row)
        assert unit @ found @ unit > 0 and abs(unit @ np.array(numeric) @ unit) < 1e-6
        flat = np.eye(8) - np.outer(unit, unit)
        found, numeric = flat @ found @ flat, flat @ np.array(numeric) @ flat
    np.testing.assert_allclose(found, numeric, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("changed", CHOSEN, ids=str)
def test_each_set_ends_at_the_minimum_of_its_own_loss(model, changed):
    relearner = near(model, changed)
    gone = sets_of(relearner, 5)
    rows, (hold, whole) = relearner.rows_without(5, gone), relearner.held(5)
    centre = relearner.prepared.propagation.embedding[5] - relearner.remembered(5, gone)
    assert hold > 0
    for own, row, at in zip(gone, rows, centre, strict=True):
        loss = replace(relearner.loss(5, own), hold=hold, centre=at)
        value, slope = loss.value(row)
        assert np.abs(slope).max() <= 10 * TOLERANCE
        assert value == pytest.approx(loss.value(loss.solve(whole))[0], abs=1e-8)
