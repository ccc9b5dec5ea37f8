"""No figure of fewer people than the threshold can be shown or worked out."""

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gnnrec_core.audit.disclosure import showable

T = 10


def partition(sizes, unknown=0):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    member = labels[:, None] == np.arange(len(sizes))
    return np.r_[member, np.zeros((unknown, len(sizes)), bool)]


def everybody(member):
    return np.ones(len(member), bool)


def shown(sizes, unknown=0):
    member = partition(sizes, unknown)
    return showable(member, everybody(member), T).tolist()


def test_a_small_group_takes_the_next_smallest_with_it():
    assert shown([3, 50, 20, 40]) == [False, True, False, True]


def test_several_small_groups_of_enough_people_together_hide_nobody_else():
    assert shown([6, 7, 50, 40]) == [False, False, True, True]


def test_of_two_groups_one_of_them_small_none_is_shown():
    assert shown([4, 90]) == [False, False]


def test_groups_that_are_large_enough_are_all_shown():
    assert shown([10, 20, 30]) == [True, True, True]


def test_a_group_of_everybody_and_one_of_nobody_say_nothing_of_others():
    assert shown([30]) == [True] and shown([30, 0]) == [True, True] and shown([5, 0]) == [False, True]


def test_a_few_unknown_users_are_protected_like_a_small_group():
    assert shown([30, 40], unknown=3) == [False, True]
    assert shown([30, 40], unknown=12) == [True, True]


def nested(outer, inner, n=100):
    """Two groups, one inside the other."""
    row = np.arange(n)[:, None]
    return row < np.array([outer, inner])


def test_the_threshold_itself_is_enough_and_one_person_less_is_not():
    assert shown([T, 50, 40]) == [True, True, True]
    assert shown([T - 1, 50, 40]) == [False, True, False]
    assert shown([90, T]) == [True, True] and shown([90, T - 1]) == [False, False]


def test_the_unknown_are_enough_at_the_threshold():
    assert shown([30, 40], unknown=T) == [True, True]
    assert shown([30, 40], unknown=T - 1) == [False, True]


def test_hidden_groups_are_enough_together_at_the_threshold():
    assert shown([4, T - 4, 50, 40]) == [False, False, True, True]
    assert shown([4, T - 5, 50, 40]) == [False, False, True, False]


def test_the_ring_around_a_group_is_enough_at_the_threshold():
    for n_between, expected in ((T, [True, True]), (T - 1, [True, False])):
        member = nested(30, 30 - n_between)
        assert showable(member, everybody(member), T).tolist() == expected


def test_a_group_that_gives_nothing_away_is_not_hidden_for_those_that_do():
    """All less 50 less 47 are the three: 47 is hidden. The twelve inside the fifty, fewer, have no part in it."""
    member = np.c_[partition([3, 50, 47]), np.isin(np.arange(100), np.arange(3, 15))]
    assert showable(member, everybody(member), T).tolist() == [False, True, False, True]


def test_only_those_measured_count():
    member = partition([T, 50, 40])
    counted = everybody(member)
    counted[0] = False
    assert showable(member, counted, T).tolist() == [False, True, False]


def test_a_group_of_nobody_is_shown_as_not_measurable():
    member = partition([20, 30])
    member = np.c_[member, np.zeros(len(member), bool)]
    assert showable(member, everybody(member), T).tolist() == [True, True, True]


def test_a_group_inside_another_is_not_worked_out_from_the_ring_around_it():
    member = np.zeros((60, 2), bool)
    member[:30, 0] = True
    member[:25, 1] = True  # 30 - 25 = 5 people between them
    assert showable(member, everybody(member), T).sum() <= 1


def derivable_small_sets(member, visible, threshold):
    """Brute force: every set of fewer than `threshold` people whose total is a combination of what is public."""
    public = np.vstack([np.ones(len(member)), member[:, visible].T]).astype(float)
    patterns, owner = np.unique(member, axis=0, return_inverse=True)
    found = []
    for size in range(1, len(patterns) + 1):
        for atoms in combinations(range(len(patterns)), size):
            wanted = np.isin(owner.ravel(), atoms).astype(float)
            if 0 < wanted.sum() < min(threshold, len(member)):
                solution = np.linalg.lstsq(public.T, wanted, rcond=None)[0]
                if np.allclose(public.T @ solution, wanted, atol=1e-7):
                    found.append(atoms)
    return found


@given(st.lists(st.integers(1, 30), min_size=1, max_size=6))
def test_no_partition_gives_a_small_set_away(sizes):
    member = partition(sizes)
    visible = showable(member, everybody(member), T)
    assert derivable_small_sets(member, visible, T) == []


@given(st.integers(0, 10_000), st.integers(2, 3))
def test_no_overlapping_groups_give_a_small_set_away(seed, n_groups):
    rng = np.random.default_rng(seed)
    member = rng.random((60, n_groups)) < rng.random(n_groups)
    visible = showable(member, everybody(member), T)
    assert derivable_small_sets(member, visible, T) == []


@given(st.lists(st.integers(10, 40), min_size=2, max_size=6))
def test_nothing_is_hidden_without_need(sizes):
    assert all(shown(sizes))
