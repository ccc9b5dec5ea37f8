"""The one decision: by hand for each finding, and never at odds with its own interval."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnnrec_core.audit.decision import Effect, decide, interval_from_test, side_by_side
from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.audit.verdicts import group_sentence
from gnnrec_core.ranking.intervals import Interval

NDCG, TAIL, UPD = METRICS["ndcg"], METRICS["long_tail_share"], METRICS["upd"]


def effect(value=-0.1, low=-0.15, high=-0.05, p=0.001, base=0.4, n=(200, 300), detectable=0.06):
    return Effect(value, low, high, p, p, base, *n, detectable)


@pytest.mark.parametrize(
    ("metric", "found", "expected"),
    [
        (NDCG, effect(), "worse"),
        (NDCG, effect(0.1, 0.05, 0.15), "better"),
        (UPD, effect(0.1, 0.05, 0.15), "worse"),
        (TAIL, effect(), "lower"),
        (TAIL, effect(0.1, 0.05, 0.15), "higher"),
        (NDCG, effect(-0.01, -0.015, -0.005), "small"),  # 2.5 % of 0.4
        (NDCG, effect(-0.001, -0.019, 0.018, p=0.5), "none"),  # all of it within 5 % of 0.4
        (NDCG, effect(-0.001, -0.021, 0.018, p=0.5), "cannot tell"),
        (NDCG, effect(0.0, -0.001, 0.001, p=0.5, base=0.0), "cannot tell"),  # no share of 0 can be ruled out
        (NDCG, effect(p=float("nan")), "cannot tell"),
    ],
)
def test_every_finding(metric, found, expected):
    assert decide(metric, found, 0.05).finding == expected


def test_few_people_qualify_a_finding_and_do_not_silence_it():
    few, many = (decide(NDCG, effect(n=(n, 300)), 0.05) for n in (49, 50))
    assert (few.finding, few.is_qualified) == ("worse", True) and (many.finding, many.is_qualified) == ("worse", False)


def test_what_would_be_needed():
    """A true difference of 0.06 is found among 200; 0.02, a third of it, takes nine times as many."""
    unknown = effect(-0.001, -0.05, 0.05, p=0.9, detectable=0.06)
    assert decide(NDCG, unknown, 0.05).needed == 1800
    assert decide(NDCG, effect(-0.001, -0.05, 0.05, p=0.9, n=(10, 20), detectable=0.038), 0.05).needed == 37  # 36.1
    assert "about 1,800 people on the smaller side, which has 200" in group_sentence(
        NDCG, "A", (0.399, 0.4), unknown, decide(NDCG, unknown, 0.05), 0.05
    )


@pytest.mark.parametrize(
    ("own", "base", "words"),
    [
        (0.2, 0.4, "NDCG 0.200, 50 % below all others"),
        (0.0, 0.4, "NDCG 0: nothing, against 0.400 for all others"),
        (0.4, 0.0, "NDCG 0.400, all others 0"),
    ],
)
def test_relative_to_zero_is_said_in_words(own, base, words):
    value = own - base
    found = effect(value, value - 0.1, value + 0.1, base=base)
    said = group_sentence(NDCG, "A", (own, base), found, decide(NDCG, found, 0.05), 0.05)
    assert words in said and "nan" not in said and "inf" not in said


def test_the_interval_of_a_difference_by_hand():
    """Error 0.05 x 2 = 0.1 around 0.3; what knows the range says 0.1 to 0.6: it widens the bound away from 0 only."""
    assert interval_from_test(0.3, 0.1, 0.01, (0.1, 0.6), 1.0) == pytest.approx((0.2, 0.6))
    assert interval_from_test(-0.3, 0.1, 0.01, (-0.6, -0.1), 1.0) == pytest.approx((-0.6, -0.2))
    assert interval_from_test(0.05, 0.1, 0.3, (-0.2, 0.1), 1.0) == pytest.approx((-0.2, 0.15))
    assert interval_from_test(0.95, 0.1, 0.01, None, 1.0) == pytest.approx((0.85, 1.0))
    assert np.isnan(interval_from_test(0.0, 0.0, 1.0, None, 1.0)).all()
    squares = side_by_side(Interval(0.5, 0.2, 0.7), Interval(0.3, 0.26, 0.6))
    assert squares == pytest.approx((0.2 - np.hypot(0.3, 0.3), 0.2 + np.hypot(0.2, 0.04)))


@given(st.floats(-1, 1), st.floats(0, 2), st.floats(0, 1), st.floats(0, 1))
def test_no_decision_is_at_odds_with_its_interval(value, reach, wider, base):
    """p under 5 % exactly where |value| > reach: as `permutation_tests` and `paired_tests` promise."""
    p = 0.01 if abs(value) > reach else 0.5
    low, high = interval_from_test(value, reach, p, (value - wider, value + wider), 1.0)
    decision = decide(NDCG, Effect(value, low, high, p, p, base, 30, 60, reach), 0.05)
    assert decision.stands == (not low <= 0 <= high)
    assert -1 <= low <= value + 1e-12 and value - 1e-12 <= high <= 1
    assert decision.stands or decision.finding in ("none", "cannot tell")
