"""Luck: shares that are known where lists are made by hand, and a run from the command line."""

import json

import numpy as np
import pytest

from gnnrec_core.base.errors import RunError, UnsupportedError
from gnnrec_core.cli import main
from gnnrec_core.data.store import save_dataset
from gnnrec_core.explain.truth.luck import Lists, _by_place, _judged, _stays, load_luck, luck, staying
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.training import train
from tests.worlds import random_dataset


def test_what_stays_is_counted_by_place():
    own, other = np.array([[0, 1, 2], [3, 4, -1]]), np.array([[2, 5, 0], [3, 6, 7]])
    stays = _stays(own, other)
    assert stays.tolist() == [[True, False, True], [True, False, False]]
    assert _by_place(stays[None], own >= 0).tolist() == [1.0, 0.0, 1.0]  # of the third place one list has an item


def test_a_lead_of_one_sigma_stays_in_84_of_100():
    scores = np.array([5.0, 4.0, 3.0, 2.0, -np.inf])
    assert staying(scores, np.array([1]), 2, 1.0)[0] == pytest.approx(0.8413, abs=1e-4)
    assert staying(scores, np.array([2]), 2, 1.0)[0] == pytest.approx(0.1587, abs=1e-4)  # outside: against the last in
    assert staying(scores, np.array([0, 3]), 4, 1.0).tolist() == [1.0, 1.0]  # everything has a place


def test_probabilities_beat_the_base_rate_where_leads_are_known_and_halves_agree():
    rng, k = np.random.default_rng(0), 5
    truth = rng.normal(size=(300, 40)) * 2

    def lists():
        scores = truth + 0.3 * rng.normal(size=truth.shape)
        return Lists(np.argsort(-scores, axis=1)[:, :k], scores)

    own, others = lists(), [lists() for _ in range(6)]
    judged = _judged(own, others, np.array([_stays(own.items, other.items) for other in others]))
    assert judged["brier"] < judged["brier_base"] and judged["halves"] < 0.06


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("luck")
    save_dataset(random_dataset(n_users=40, n_items=30, per_user=9), home / "data")
    train(home / "data", "lightgcn", {"embedding_dim": 8, "epochs": 3, "batch_size": 128}, home / "run")
    train(home / "data", "itemknn", {}, home / "exact")
    return home


def test_luck_answers_as_the_contract_says_and_is_kept(home, capsys):
    assert main(["luck", str(home / "run"), "--seeds", "2", "--k", "4", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {"overlap", "same_first", "same_reason", "by_rank", "n_users", "seeds", "seconds"} <= set(said)
    assert [entry["rank"] for entry in said["by_rank"]] == [1, 2, 3, 4] and said["n_users"] == 40 and said["seeds"] == 2
    assert said["overlap"] == pytest.approx(np.mean([entry["stays"] for entry in said["by_rank"]]))
    assert 0 <= said["brier"] <= 1 and 0 <= said["halves"] <= 1
    run = load_run(home / "run")
    assert load_luck(run).overlap == said["overlap"]
    (home / "run" / "luck.json").write_text("{")
    with pytest.raises(RunError, match="damaged"):
        load_luck(run)


def test_what_refits_exactly_has_no_luck(home):
    with pytest.raises(UnsupportedError, match="no luck"):
        luck(load_run(home / "exact"))
