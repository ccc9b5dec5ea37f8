"""Splits: worked by hand, and what must hold for any log."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.settings import read_settings
from gnnrec_core.data.about.leak import measure_leak
from gnnrec_core.data.dataset import SPLITS
from gnnrec_core.data.importing import import_source
from gnnrec_core.data.options import ImportOptions
from gnnrec_core.data.splits import held_out_counts, random_split


def dataset(tmp_path, rows, **options):
    (tmp_path / "log.csv").write_text("user,item,time\n" + "".join(f"{u},{i},{t}\n" for u, i, t in rows))
    return import_source(tmp_path / "log.csv", ImportOptions(**options))


def parts(data):
    """{(user id, item id): part}"""
    log = data.interactions
    return {
        (data.users.ids[u], data.items.ids[i]): SPLITS[part]
        for u, i, part in zip(log.user_index, log.item_index, log.split)
    }


ROWS = [("a", "p", 10), ("a", "q", 30), ("a", "r", 20), ("b", "p", 5), ("b", "q", 6), ("c", "r", 40)]


def test_leave_last_by_hand(tmp_path):
    assert parts(dataset(tmp_path, ROWS, split="leave-last")) == {
        ("a", "p"): "train",
        ("a", "r"): "validation",
        ("a", "q"): "test",
        ("b", "p"): "train",
        ("b", "q"): "test",
        ("c", "r"): "train",
    }
    without = parts(dataset(tmp_path, ROWS, split="leave-last", ratios=(0.9, 0.0, 0.1)))
    assert without["a", "r"] == "train" and without["a", "q"] == "test"
    validated = parts(dataset(tmp_path, ROWS, split="leave-last", ratios=(0.9, 0.1, 0.0)))
    assert "test" not in validated.values()
    assert [pair for pair, part in validated.items() if part == "validation"] == [("a", "q"), ("b", "q")]


def test_temporal_by_hand(tmp_path):
    found = parts(dataset(tmp_path, ROWS, split="temporal", ratios=(0.5, 0.25, 0.25)))
    # times 5 6 10 | 20 | 30 40: places 3 and round(4.5) = 4
    assert [k for k, v in found.items() if v == "train"] == [("a", "p"), ("b", "p"), ("b", "q")]
    assert found["a", "r"] == "validation" and found["a", "q"] == found["c", "r"] == "test"


def test_temporal_keeps_equal_times_together_and_parts_at_the_nearest_date(tmp_path):
    rows = [(f"u{n}", f"i{n % 3}", day) for n, day in enumerate([7] * 17 + [8, 8, 9])]
    found = dataset(tmp_path, rows, split="temporal")
    assert dict(found.interactions.n_by_split) == {"train": 17, "validation": 2, "test": 1}  # wanted 16, 2, 2
    (note,) = [problem for problem in found.problems if problem.code == "split_shares"]
    assert note.details["reached"] == [0.85, 0.1, 0.05] and "85.0%" in note.message


def test_temporal_refuses_parts_far_from_their_share_and_names_what_fits(tmp_path):
    rows = [(f"u{n}", f"i{n % 7}", day) for n, day in enumerate([7] * 85 + [8] * 5 + [9] * 10)]
    with pytest.raises(RequestError, match=r"85% of it has one time .* 5.0% \(asked 10%\)") as refused:
        dataset(tmp_path, rows, split="temporal")
    assert "--ratios 0.850,0.050,0.100" in refused.value.hint
    found = dataset(tmp_path, rows, split="temporal", ratios=(0.85, 0.05, 0.1))
    assert dict(found.interactions.n_by_split) == {"train": 85, "validation": 5, "test": 10}


@pytest.mark.parametrize("times", [[7] * 10, [7] * 5 + [8] * 5])
def test_temporal_refuses_what_no_date_can_part(tmp_path, times):
    rows = [(f"u{n}", f"i{n % 3}", time) for n, time in enumerate(times)]
    with pytest.raises(RequestError, match="cannot part them into 3 parts") as refused:
        dataset(tmp_path, rows, split="temporal")
    assert "--split random" in refused.value.hint
    halves = [(user, item, 7 + (n > 4)) for n, (user, item, _) in enumerate(rows)]
    two = dataset(tmp_path, halves, split="temporal", ratios=(0.5, 0, 0.5))
    assert dict(two.interactions.n_by_split) == {"train": 5, "validation": 0, "test": 5}


def test_ties_that_decide_a_leave_last_split_are_counted(tmp_path):
    rows = [("a", "p", 10), ("a", "q", 20), ("a", "r", 20), ("b", "p", 5), ("b", "q", 6), ("b", "r", 7)]
    found = dataset(tmp_path, rows, split="leave-last")
    (tie,) = [problem for problem in found.problems if problem.code == "ties"]
    assert tie.count == 1 and "1 of 2 users" in tie.message
    untied = dataset(tmp_path, [(u, i, t + (i == "r")) for u, i, t in rows], split="leave-last")
    assert "ties" not in {problem.code for problem in untied.problems}


def test_the_leak_of_a_split_is_measured(tmp_path):
    """Train ends at 40; of the test interactions a-q (30) and b-q (6) both are earlier, c-r is train."""
    last = dataset(tmp_path, ROWS, split="leave-last")
    assert measure_leak(last.interactions, "leave-last").share == 1.0
    assert "--split temporal" in measure_leak(last.interactions, "leave-last").meaning
    by_date = dataset(tmp_path, ROWS, split="temporal")
    assert measure_leak(by_date.interactions, "temporal").share == 0.0
    untimed = dataset(tmp_path, ROWS, time_col="none")
    assert measure_leak(untimed.interactions, "random").share is None


def test_two_shares_are_told_that_there_are_three():
    with pytest.raises(RequestError, match="three are needed: train, validation and test"):
        read_settings(ImportOptions, {"ratios": "0.8,0.2"})


def test_interactions_without_a_time_stay_in_train(tmp_path):
    rows = [*ROWS, ("a", "s", ""), ("c", "s", "")]
    for split in ("leave-last", "temporal"):
        found = parts(dataset(tmp_path, rows, split=split))
        assert found["a", "s"] == found["c", "s"] == "train"


def test_given_needs_parts(tmp_path):
    with pytest.raises(RequestError, match="brings no parts"):
        dataset(tmp_path, ROWS, split="given")


def test_what_the_source_says_is_kept_and_validation_is_taken_from_its_train_part(tmp_path):
    (tmp_path / "train.txt").write_text("0 0 1 2 3 4 5 6 7\n1 1 2\n")
    (tmp_path / "test.txt").write_text("0 8 9\n1 0\n")
    for split in ("auto", "given"):
        found = import_source(tmp_path, ImportOptions(split=split))
        assert found.settings["split"] == "given"
        assert found.interactions.n_by_split == {"train": 10, "validation": 0, "test": 3}
    carved = import_source(tmp_path, ImportOptions(validation_ratio=0.25))
    assert carved.interactions.n_by_split == {"train": 8, "validation": 2, "test": 3}  # 2 of 8; of 2 none
    assert [k for k, v in parts(carved).items() if v == "test"] == [("0", "8"), ("0", "9"), ("1", "0")]
    assert import_source(tmp_path, ImportOptions(split="random")).settings["split"] == "random"


def test_where_nothing_is_held_out_the_account_says_so(tmp_path):
    found = dataset(tmp_path, [("a", "p", 1), ("b", "q", 2)], split="random").problems
    assert next(problem.message for problem in found if problem.code == "nothing_held_out") == (
        "No interaction is held out for test, so evaluation is impossible: no user has enough interactions to be split."
    )


def test_without_parts_the_split_is_random(tmp_path):
    assert dataset(tmp_path, ROWS).settings["split"] == "random"


@pytest.mark.parametrize(
    ("ratios", "n", "held_out"),
    [
        ((0.1, 0.45, 0.45), 4, (1, 2)),  # 1.8 each: two for test, what is left but one for validation
        ((0.1, 0.45, 0.45), 3, (1, 1)),
        ((0.1, 0.0, 0.9), 4, (0, 3)),  # 3.6: one of the four stays
        ((0.1, 0.9, 0.0), 4, (3, 0)),
        ((0.1, 0.45, 0.45), 2, (0, 0)),
        ((0.1, 0.45, 0.45), 1, (0, 0)),
        ((0.98, 0.01, 0.01), 3, (1, 1)),  # 0.03 each: a part that is wanted gets one
        ((0.7, 0.2, 0.1), 20, (4, 2)),
    ],
)
def test_how_many_are_held_out_of_one_user(ratios, n, held_out):
    assert tuple(int(part[0]) for part in held_out_counts(np.array([n]), ratios)) == held_out


@given(st.integers(0, 200), st.floats(0, 1), st.floats(0, 1))
def test_at_least_one_interaction_stays_in_train_whatever_the_ratios(n, first, second):
    ratios = (1 - max(first, second), min(first, second), max(first, second) - min(first, second))
    n_validation, n_test = (int(part[0]) for part in held_out_counts(np.array([n]), ratios))
    assert n_validation >= 0 and n_test >= 0 and n_validation + n_test <= max(0, n - 1)


@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=30), st.integers(0, 5), st.sampled_from([0.0, 0.1, 0.25, 0.45])
)
def test_random_split_has_exact_counts(counts, seed, share):
    counts = np.array(counts)
    ratios = (1 - 2 * share, share, share)
    user = np.repeat(np.arange(len(counts)), counts).astype(np.int32)
    split = random_split(user, ratios, seed)
    n_validation, n_test = held_out_counts(np.bincount(user), ratios)
    for part, wanted in ((1, n_validation), (2, n_test)):
        assert np.array_equal(np.bincount(user[split == part], minlength=len(wanted)), wanted)
    assert np.all(np.bincount(user[split == 0], minlength=len(n_test)) >= (np.bincount(user) > 0))
    assert np.array_equal(split, random_split(user, ratios, seed))


def test_random_split_is_uniform():
    """Each of 10 interactions is test in 1 of 10 seeds: 600 draws of 30 users, 4 standard deviations allowed."""
    user = np.repeat(np.arange(30), 10).astype(np.int32)
    hits = sum((random_split(user, (0.8, 0.1, 0.1), seed) == 2).reshape(30, 10).sum(0) for seed in range(20))
    assert hits.sum() == 600 and np.all(np.abs(hits - 60) < 4 * np.sqrt(600 * 0.1 * 0.9))
