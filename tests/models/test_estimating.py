import pytest

from gnnrec_core.base.errors import RequestError
from gnnrec_core.runs import estimating
from gnnrec_core.runs.estimating import estimate
from tests.worlds import random_dataset


def test_an_epoch_of_more_steps_is_estimated_longer(monkeypatch):
    monkeypatch.setattr(estimating, "_step_seconds", lambda fit: 2.0)
    monkeypatch.setattr(estimating, "_validation_seconds", lambda model, dataset: 10.0)
    dataset = random_dataset()  # 150 train interactions
    found = estimate(dataset, "lightgcn", {"batch_size": 40, "epochs": 7, "validate_every": 5}, "cpu")
    assert found.seconds_per_epoch == 4 * 2.0 + 10.0 / 5 and found.seconds_at_most == 7 * found.seconds_per_epoch
    assert found.fits and found.n_bytes > 0


def test_the_estimate_is_measured_on_the_model_itself():
    for model in ("lightgcn", "gat"):
        found = estimate(random_dataset(side_edges=True), model, {"embedding_dim": 16}, "cpu")
        assert found.seconds_per_epoch > 0


def test_what_does_not_fit_is_not_tried(monkeypatch):
    monkeypatch.setattr(estimating, "free_bytes", lambda device: 1000)
    found = estimate(random_dataset(), "lightgcn", {}, "cpu")
    assert not found.fits and found.seconds_per_epoch is None
    with pytest.raises(RequestError, match="no setting"):
        estimate(random_dataset(), "lightgcn", {"dim": 3}, "cpu")


def test_a_model_without_epochs_has_no_time_for_one():
    assert estimate(random_dataset(), "popularity", {}, "cpu").seconds_per_epoch is None
