"""When a sequence of labels changed: worlds with a known turn, worlds without one, and the planted readers."""

import json
from pathlib import Path

import numpy as np
import pytest

from gnnrec_core.base.errors import RequestError
from gnnrec_core.change.drift import drift, history_in_time, labels_of, telling
from gnnrec_core.change.turn import find_turn
from gnnrec_core.cli import main
from gnnrec_core.data.truth import load_truth
from gnnrec_core.runs.run import load_run

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"


@pytest.fixture(scope="module")
def knn():
    return load_run(SAMPLE / "runs" / "itemknn")


def test_a_clean_turn_is_dated_to_the_interaction():
    shares = np.zeros((40, 3))
    shares[np.arange(40), [1, 0] * 12 + [2, 1] * 8] = 1.0  # label 2 takes the place of 0 after 24
    turn = find_turn(shares)
    assert turn is not None and (turn.cut, turn.rose, turn.fell, turn.stands) == (24, 2, 0, True)
    assert turn.p_value == 1 / 500


def test_false_alarms_are_no_more_than_the_level_says():
    rng = np.random.default_rng(3)
    alarms = 0
    for seed in range(200):
        shares = np.eye(5)[rng.integers(0, 5, 40)]
        turn = find_turn(shares, n_shuffles=149, seed=seed)
        alarms += turn is not None and turn.stands
    assert alarms <= 10  # 5 % is the promise


def test_short_or_uniform_histories_say_nothing():
    assert find_turn(np.eye(2)[[0, 1, 0, 1, 0, 1, 0, 1]]) is None
    assert find_turn(np.tile([1.0, 0.0], (40, 1))) is None


def test_planted_drift_is_dated_within_one_window(knn):
    """Of the readers with planted drift that are called, four in five are dated within one
    window of six; readers without drift are called in at most one of twenty (all readers: `bench_drift.py`)."""
    truth = load_truth(SAMPLE / "classics").table
    dataset = knn.dataset
    shares = telling(dataset, labels_of(dataset))
    reasons = dict(zip(zip(truth["user_index"], truth["item_index"], strict=True), truth["reason"], strict=True))
    near, called, false, still = 0, 0, 0, 0
    for user in range(0, 800):
        items, _, _ = history_in_time(dataset, user)
        drifts = [place for place, item in enumerate(items.tolist()) if reasons[user, item] == "drift"]
        if not drifts and user % 8:
            continue
        turn = find_turn(shares[items])
        if not drifts:
            still, false = still + 1, false + (turn is not None and turn.stands)
        elif turn is not None and turn.stands:
            called += 1
            near += abs(turn.cut - drifts[0]) <= np.ceil(len(items) / 6)
    assert called >= 30 and near / called >= 0.8
    assert false / still <= 0.06


def test_windows_are_the_history_in_order(knn):
    found = drift(knn, 7, n_windows=4, n_shuffles=49)
    items, times, _ = history_in_time(knn.dataset, 7)
    assert sum(window.n for window in found.windows) == len(items) == found.n
    assert (np.diff(times) >= 0).all() and found.windows[0].overlap is None
    for window in found.windows:
        assert sum(window.chosen) == pytest.approx(1.0) and (
            window.reasons is None or sum(window.reasons) == pytest.approx(1)
        )
    with pytest.raises(RequestError, match="windows"):
        drift(knn, 7, n_windows=1)
    by_author = drift(knn, 7, by="author", n_windows=2, n_shuffles=9)
    assert by_author.labels.column == "author"
    assert drift(knn, 7, by="popularity", n_windows=2, n_shuffles=9).labels.names == ("head", "middle", "tail")


def test_the_command_prints_windows_and_the_change(capsys):
    words = ["drift", str(SAMPLE / "runs" / "itemknn"), "--user", "reader-0002", "--windows", "3"]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["windows"]) == 3 and {"date", "found", "p_value", "rose", "fell"} <= found["change"].keys()
    assert main(words) == 0 and "trained again" in capsys.readouterr().out
