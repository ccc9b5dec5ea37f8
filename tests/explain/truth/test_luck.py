"""Luck: shares that are known where lists are made by hand, and a run from the command line."""

import json

import numpy as np
import pytest

from gnnrec_core.audit.auditing import audit
from gnnrec_core.audit.group_gaps import group_gaps
from gnnrec_core.audit.groups import available_groupings
from gnnrec_core.audit.metrics import find_metric
from gnnrec_core.base.errors import RequestError, RunError, UnsupportedError
from gnnrec_core.cli import main
from gnnrec_core.data.store import save_dataset
from gnnrec_core.explain.explaining import explain
from gnnrec_core.explain.truth.ensemble import Ensemble
from gnnrec_core.explain.truth.luck import Lists, _by_place, _judged, _kept, _stays, load_luck, luck, staying
from gnnrec_core.explain.truth.retraining import train_without
from gnnrec_core.runs.recommend import recommend
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.training import train
from gnnrec_core.runs.workspace import SAMPLE
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


def test_the_mean_of_seeds_is_a_run_with_an_exact_ledger(home, capsys):
    out = home / "mean"
    assert main(["luck", str(home / "run"), "--seeds", "2", "--k", "4", "--ensemble", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ensemble"] == str(out)
    run, mean = load_run(home / "run"), load_run(out)
    seeds = [run.model, *(train_without(run, np.zeros(0, np.int64), seed) for seed in (1, 2))]
    wanted = np.mean([model.score(np.arange(40)) for model in seeds], axis=0)
    np.testing.assert_allclose(mean.model.score(np.arange(40)), wanted, atol=1e-5)
    item = int(recommend(mean, np.array([3]), 4).item_index[0, 0])
    found = explain(mean, 3, item, "ledger", "score", 4)
    parts = sum(part.value for part in found.contributions)
    assert found.baseline + parts == pytest.approx(wanted[3, item], abs=1e-5)
    with pytest.raises(RequestError, match="exists"):
        Ensemble(run).save(out)
    with pytest.raises(UnsupportedError, match="no exact ledger"):
        Ensemble(load_run(home / "exact"))


def test_figures_are_kept_with_their_range_and_how_often_they_keep_their_sign():
    kept = _kept({"a": 0.2, "b": -1.0, "gone": 3.0}, [{"a": 0.1, "b": 2.0}, {"a": 0.3, "b": -2.0}])
    assert [(each.name, each.value, each.low, each.high, each.same_sign) for each in kept] == [
        ("a", 0.2, 0.1, 0.3, 1.0),
        ("b", -1.0, -2.0, 2.0, 0.5),
    ]


def test_gaps_between_groups_are_those_of_the_audit():
    run = load_run(SAMPLE / "runs" / "itemknn")
    column = next(choice.name for choice in available_groupings(run.dataset))
    report = audit(run, 10, column, tested=["ndcg"])
    gaps = group_gaps(run)(run.model)
    title = find_metric("ndcg").title
    told = {f"{title}: {column}, {each.group}": each.value for each in report.differences}
    assert told and {name: gaps[name] for name in told} == pytest.approx(told)


def test_what_refits_exactly_has_no_luck(home):
    with pytest.raises(UnsupportedError, match="no luck"):
        luck(load_run(home / "exact"))


def test_a_folder_that_is_there_is_refused_before_anything_is_trained(home, capsys):
    assert main(["luck", str(home / "run"), "--seeds", "50", "--ensemble", str(home / "data")]) == 2
    assert "exists already" in capsys.readouterr().err
