"""Calibration, and training again from the command line: on a small run, stored beside it, read with care."""

import json

import numpy as np
import pytest

from gnnrec_core.base.errors import RequestError, RunError, UnsupportedError
from gnnrec_core.cli import main
from gnnrec_core.data.store import save_dataset
from gnnrec_core.explain.case import excluded_items
from gnnrec_core.explain.explaining import explain
from gnnrec_core.explain.questions.what_if import list_trained_again
from gnnrec_core.explain.truth import kept_scores, retraining
from gnnrec_core.explain.truth.calibration import (
    FILE,
    FORMAT,
    Calibration,
    Pairs,
    calibrate,
    coverage,
    fit,
    load_calibration,
)
from gnnrec_core.explain.truth.foretelling import Spread, foreteller_of
from gnnrec_core.runs.recommend import recommend
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.training import train
from tests.worlds import random_dataset

SETTINGS = {"embedding_dim": 8, "epochs": 6, "batch_size": 256}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    home = tmp_path_factory.mktemp("calibration")
    save_dataset(random_dataset(n_users=250, n_items=40, per_user=11, seed=1), home / "data")
    train(home / "data", "lightgcn", SETTINGS, home / "run")
    train(home / "data", "ease", {}, home / "exact")
    return home


def question(run, user=3, place=2):
    item = int(recommend(run, np.array([user]), 10).item_index[0, place])
    return run.dataset.users.ids[user], run.dataset.items.ids[item], user, item


def test_calibration_is_kept_and_said_beside_what_is_foretold(folder, capsys):
    run = load_run(folder / "run")
    _, _, user, item = question(run)
    before = explain(run, user, item, "ledger", check_top=2)
    assert load_calibration(run) is None and before.calibration is None
    assert before.contributions[0].foretold.rank_low is None  # no interval without a calibration
    assert main(["calibrate", str(folder / "run"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {"slope", "spearman", "sign_rate", "coverage", "rank_noise", "n_pairs", "trainings", "seconds"} <= set(said)
    assert (
        said["trainings"] in (2, 3)
        and said["n_pairs"] == 10 * said["n_people"]
        and set(said["rank_noise"]) == {str(rank) for rank in range(1, 11)}
    )
    after = explain(run, user, item, "ledger", check_top=2)
    part, raw = after.contributions[0], before.contributions[0]
    assert after.calibration["slope"] == said["slope"] and load_calibration(run).slope == said["slope"]
    assert part.foretold.rank_low <= part.foretold.rank_without <= part.foretold.rank_high
    assert part.foretold.score_without - after.score == pytest.approx(
        said["slope"] * (raw.foretold.score_without - before.score)
    )
    split = after.baseline_split
    assert split.own_history + split.others + split.unassigned == pytest.approx(after.baseline)


@pytest.mark.parametrize("content", ["{", "[]", '{"slope": 1e999}', "[" * 5000, '{"slope": -1}'])
def test_a_damaged_calibration_is_refused_with_a_way_out(folder, content):
    run, path = load_run(folder / "run"), folder / "run" / FILE
    kept = path.read_bytes() if path.is_file() else None
    path.write_text(content)
    with pytest.raises(RunError, match="damaged") as error:
        load_calibration(run)
    assert "calibrate" in error.value.hint
    path.unlink()
    if kept is not None:
        path.write_bytes(kept)


def test_the_calibration_of_another_run_does_not_count(folder):
    run = load_run(folder / "run")
    found = calibrate(run)
    for changed in ({"created": "2001-01-01T00:00:00+00:00"}, {"format_version": FORMAT - 1}):  # of other predictions
        (folder / "run" / FILE).write_text(found.model_copy(update=changed).model_dump_json())
        assert load_calibration(run) is None
    (folder / "run" / FILE).write_text(found.model_dump_json())
    assert load_calibration(run) == found and isinstance(found, Calibration)


def test_retrain_answers_as_the_contract_says_and_computes_nothing_twice(folder, capsys, monkeypatch):
    run = load_run(folder / "run")
    user_id, item_id, user, item = question(run)
    gone = run.dataset.items.ids[int(run.graph.history(user)[0])]
    words = ["retrain", str(folder / "run"), "--user", user_id, "--item", item_id, "--without", gone, "--seeds", "2"]
    assert main([*words, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [entry["seed"] for entry in said["after"]] == [entry["seed"] for entry in said["control"]] == [0, 1]
    assert said["control"][0]["rank"] == said["before"]["rank"]  # the run's own seed repeats the run
    assert said["control"][0]["score"] == pytest.approx(said["before"]["score"], abs=1e-4)
    assert said["rank_low"] <= said["rank_mean"] <= said["rank_high"] and not said["exact"]

    def never(*_):
        raise AssertionError("trained twice")

    monkeypatch.setattr(retraining, "train_without", never)
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["after"] == said["after"]
    explained = explain(run, user, item, "ledger", check_top=100)
    part = next(part for part in explained.contributions if part.item == gone)
    assert part.retrained.n_seeds == 2 and not part.retrained.exact
    assert part.retrained.score_without == pytest.approx(np.mean([entry["score"] for entry in said["after"]]), rel=1e-5)
    assert all(other.retrained is None for other in explained.contributions if other.item != gone)


def test_a_list_trained_again_is_ordered_by_the_mean_over_seeds_and_comes_from_disk(folder):
    run = load_run(folder / "run")
    gone = [int(run.graph.history(4)[0])]
    assert retraining.trained_so_far(run, 4, gone) == ()
    pairs = list(retraining.trainings(run, 4, gone, 2))
    kept = retraining.trained_so_far(run, 4, gone)
    assert [pair.seed for pair in kept] == [0, 1]
    np.testing.assert_array_equal(kept[1].after, pairs[1].after)
    found = list_trained_again(run, 4, kept, 5)
    open_ = np.setdiff1d(np.arange(run.dataset.n_items), excluded_items(run.dataset, 4))  # by hand from here
    mean = (pairs[0].after + pairs[1].after) / 2
    assert found.items.tolist() == sorted(open_, key=lambda item: -mean[item])[:5]
    for place, item in enumerate(found.items):
        ranks = [1 + int((pair.after[open_] > pair.after[item]).sum()) for pair in pairs]
        control = [1 + int((pair.control[open_] > pair.control[item]).sum()) for pair in pairs]
        assert found.ranks[place].tolist() == ranks and found.rank_control[place].tolist() == control
    now = recommend(run, np.array([4]), 40).item_index[0].tolist()
    assert found.rank_before.tolist() == [now.index(item) + 1 for item in found.items]
    assert set(found.left) == set(now[:5]) - set(found.items.tolist())


def test_a_model_that_refits_exactly_is_trained_again_at_once(folder, capsys):
    run = load_run(folder / "exact")
    user_id, item_id, user, item = question(run)
    explained = explain(run, user, item, "ledger", check_top=3)
    part = explained.contributions[0]
    assert part.retrained.exact and part.foretold is None and explained.baseline_split is None
    words = ["retrain", str(folder / "exact"), "--user", user_id, "--item", item_id, "--without", part.item]
    assert main([*words, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["exact"] and said["after"][0]["rank"] == part.retrained.rank_without
    assert said["after"][0]["score"] == pytest.approx(part.retrained.score_without)
    assert not (folder / "exact" / kept_scores.FOLDER).exists()
    with pytest.raises(UnsupportedError, match="nothing to calibrate"):
        calibrate(run)


def test_wrong_requests_say_what_is_wrong(folder):
    run = load_run(folder / "run")
    _, _, user, item = question(run)
    with pytest.raises(RequestError, match="no train interaction"):
        retraining.retrain(run, user, item, [item])
    with pytest.raises(RequestError, match="Nothing to train without"):
        retraining.retrain(run, user, item, [])
    with pytest.raises(RequestError, match="0 seeds"):
        retraining.retrain(run, user, item, [int(run.graph.history(user)[0])], n_seeds=0)


def synthetic(slope, noise, n_people=40, seed=0):
    """People whose leads really change by `slope` times what is told, give or take `noise`."""
    rng, people = np.random.default_rng(seed), []
    for _ in range(n_people):
        now = np.sort(rng.normal(size=40))[::-1]
        items, told = np.arange(10), np.zeros(10)
        change = np.zeros(40)
        change[:10] = told = rng.normal(size=10) * 0.3
        real = slope * told + noise * rng.normal(size=10)
        rank = np.array([1 + np.sum(np.delete(now + slope * change, i) > now[i] + real[i]) for i in items])
        people.append(Pairs(told, real, rank, items, now, change))
    return people


@pytest.mark.parametrize(("slope", "noise"), [(1.0, 0.05), (2.5, 0.3)])
def test_the_fit_finds_slope_and_spread_and_the_interval_holds_four_in_five(slope, noise):
    found, spread = fit(synthetic(slope, noise))
    assert found == pytest.approx(slope, rel=0.1) and spread.floor == pytest.approx(noise, rel=0.35)
    assert 0.75 <= coverage(synthetic(slope, noise)) <= 0.86
    wider = Spread(spread.floor, spread.share, 2 * spread.reach)
    assert wider.half_width(0.1) == pytest.approx(2 * spread.half_width(0.1))


def test_a_margin_is_foretold_as_the_difference_of_two_scores(folder):
    run = load_run(folder / "run")
    _, _, user, item = question(run)
    lead = explain(run, user, item, "ledger", "margin", check_top=1)
    part, foreteller = lead.contributions[0], foreteller_of(run.model, load_calibration(run))
    change = foreteller.changes(user, [np.array([part.edge])])[0] * foreteller.slope
    moved = change[item] - change[lead.case.reference_item]
    assert part.foretold.score_without - lead.score == pytest.approx(moved, abs=1e-6)
