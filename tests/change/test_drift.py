"""When a sequence of labels changed: worlds with a known turn, worlds without one, and the planted readers."""

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from gnnrec_core.base.errors import RequestError
from gnnrec_core.change.chances import EVENLY, FOLLOWED, Chances
from gnnrec_core.change.drift import drift, history_in_time, labels_of
from gnnrec_core.change.turn import TASTE, find_turn
from gnnrec_core.cli import main
from gnnrec_core.data.sample.catalogue import read_catalogue
from gnnrec_core.data.sample.readers import make_readers
from gnnrec_core.runs.run import load_run

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"


@pytest.fixture(scope="module")
def knn():
    return load_run(SAMPLE / "runs" / "itemknn")


def of_labels(labels: list[int], n_labels: int):
    """A history whose items say their label: (P(item | label), P(item)), each label with ten items."""
    own = np.eye(n_labels)[labels] / 10
    return own, np.full(len(labels), 0.1 / n_labels)


def test_a_clean_turn_is_dated_to_the_interaction():
    labels = [1, 0] * 12 + [2, 1] * 8  # label 2 takes the place of 0 after 24
    turn = find_turn(*of_labels(labels, 3))
    assert turn is not None and (turn.cut, turn.rose, turn.fell, turn.stands) == (24, 2, 0, True)
    assert turn.p_value == 1 / 200 and turn.evidence > 3


def test_the_evidence_is_the_average_over_tastes_and_cuts():
    """By hand: all tastes, all turns, all cuts one by one."""
    chances, anyway = of_labels([0, 1, 0, 1, 0, 2, 1, 2, 2], 3)
    chance = [
        [[TASTE * (c[g] + c[h]) / 2 + (1 - TASTE) * q for h in range(3)] for g in range(3)]
        for c, q in zip(chances, anyway)
    ]
    two = [(g, h) for g in range(3) for h in range(3) if g != h]
    still = np.mean([np.prod([row[g][h] for row in chance]) for g, h in two])
    turned = [
        np.mean(
            [
                np.prod([row[g][h] for row in chance[:cut]]) * np.prod([row[c][h] for row in chance[cut:]])
                for g, h in two
                for c in range(3)
                if c not in (g, h)
            ]
        )
        for cut in (4, 5)
    ]
    turn = find_turn(chances, anyway, 9)
    assert turn is not None and turn.evidence == pytest.approx(np.log(np.mean(turned) / still))
    assert turn.cut == 4 + int(np.argmax(turned))


def test_false_alarms_are_no_more_than_the_level_says():
    rng = np.random.default_rng(3)
    alarms = 0
    for seed in range(200):
        turn = find_turn(*of_labels(rng.integers(0, 5, 40).tolist(), 5), n_shuffles=99, seed=seed)
        alarms += turn is not None and turn.stands
    assert alarms <= 10  # 5 % is the promise


def test_short_or_uniform_histories_say_nothing():
    assert find_turn(*of_labels([0, 1, 2, 0, 1, 2, 0, 1], 3)) is None
    assert find_turn(*of_labels([0] * 40, 3)) is None


def test_a_series_by_one_provider_is_expected_and_nothing_else_is():
    """Four items, popularity and a half 1.5, 2.5, 0.5, 0.5; provider 0 has items 0, 1, 2 and provider 1 item 3."""
    provided = sp.csr_array(np.array([[1.0, 0], [1, 0], [1, 0], [0, 1]]))
    popularity = np.array([1.5, 2.5, 0.5, 0.5])
    alone = EVENLY / 4 + (1 - EVENLY) * popularity / 5
    chances = Chances(np.eye(4), alone, popularity, provided)
    _, anyway = chances.along(np.array([0, 3, 1, 2]))
    assert anyway[0] == pytest.approx(alone[0])  # nobody is followed yet
    assert anyway[1] == pytest.approx((1 - FOLLOWED) * alone[3])  # provider 0 is, and has no part in item 3
    # Provider 1 has nothing left: provider 0 alone is followed, with 2.5 of 3 left in item 1.
    assert anyway[2] == pytest.approx(FOLLOWED * 2.5 / 3.0 + (1 - FOLLOWED) * alone[1])
    assert anyway[3] == pytest.approx(FOLLOWED * 1.0 + (1 - FOLLOWED) * alone[2])
    by_label = Chances.of(load_run(SAMPLE / "runs" / "itemknn").dataset, "author", np.ones((820, 1)))
    assert by_label.provided.shape == (820, 0)  # what the labels are is not explained away
    assert by_label.along(np.array([5, 6]))[1] == pytest.approx(by_label.anyway[[5, 6]])


def test_planted_drift_is_dated_within_one_window(knn):
    """Of the readers with planted drift that are called, nine in ten are dated within one window of six; readers
    without drift are called in at most one of twenty (all readers, and what can be seen at all: `bench_drift.py`)."""
    readers = make_readers(read_catalogue(), np.random.default_rng(0))
    labels = labels_of(knn.dataset)
    chances = Chances.of(knn.dataset, labels.column, labels.shares)
    near, called, false, still = 0, 0, 0, 0
    for user, reader in enumerate(readers):
        drifts = reader.drift_from < 1
        if user % (2 if drifts else 4):
            continue
        items, _, _ = history_in_time(knn.dataset, user)
        turn = find_turn(*chances.along(items), 99)
        stands = turn is not None and turn.stands
        if drifts and stands:
            called, near = called + 1, near + (abs(turn.cut - reader.drift_from * len(items)) <= len(items) / 6)
        if not drifts:
            still, false = still + 1, false + stands
    assert called >= 20 and near / called >= 0.9
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
