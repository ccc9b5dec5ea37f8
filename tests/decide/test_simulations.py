"""Errors are as rare as promised; the short versions run always, the whole ones in the long job."""

import pytest

from tests.decide import simulations


def test_looking_every_day_is_paid_for_and_peeking_is_not():
    found = simulations.sequential(n_logs=300)
    assert found["false_positives_always_valid"] <= 0.05
    assert found["false_positives_peeking_with_welch"] > 0.12  # what it protects from


def test_intervals_cover_and_nothing_is_found_where_nothing_is():
    found = simulations.experiments(n_logs=300)
    assert all(share <= 0.09 for share in found["false_positives_once"].values())  # P(more | 5 %) < 0.2 %
    assert all(share >= 0.91 for share in found["coverage"].values())


@pytest.mark.long
def test_two_thousand_experiments():
    found = simulations.experiments() | simulations.sequential()
    assert found["false_positives_always_valid"] <= 0.05
    assert all(share <= 0.065 for share in found["false_positives_once"].values())  # 5 % and 3 errors of 2,000
    assert all(0.93 <= share <= 0.97 for share in found["coverage"].values())


@pytest.mark.long
def test_a_planted_harm_is_found_on_people_drawn_anew():
    found = simulations.gate_of_harm()
    assert found["found"] >= 0.9 and found["cause_is_first"]
