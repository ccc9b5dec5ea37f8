"""What is said of one difference, at each edge of each rule."""

import pytest

from gnnrec_core.audit.decision import POWER, Decision, Effect, decide
from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.audit.verdicts import group_sentence, p_text

NDCG = METRICS["ndcg"]


def effect(value=-0.2, low=-0.3, high=-0.1, p=0.01, base=0.5, n=200):
    return Effect(value, low, high, p, p, base, n, 300, 0.05)


def said(finding, n=200, **given):
    few = finding in ("worse", "better", "lower", "higher", "small") and n < 50
    return group_sentence(NDCG, "Isles", (0.3, 0.5), effect(n=n, **given), Decision(finding, few), 0.05)


def test_a_p_value_of_one_in_twenty_is_not_significant():
    assert decide(NDCG, effect(p=0.0499), 0.1).finding == "worse"
    assert decide(NDCG, effect(p=0.05), 0.1).finding == "cannot tell"


@pytest.mark.parametrize(("value", "expected"), [(-0.05, "worse"), (-0.0499, "small"), (0.0499, "small")])
def test_a_real_difference_below_what_matters_is_small(value, expected):
    assert decide(NDCG, effect(value=value), 0.1).finding == expected  # a tenth of 0.5 matters


@pytest.mark.parametrize(("high", "expected"), [(0.05, "none"), (0.0501, "cannot tell")])
def test_none_is_said_only_where_what_matters_is_ruled_out(high, expected):
    assert decide(NDCG, effect(value=0.01, low=-0.05, high=high, p=0.3), 0.1).finding == expected


def test_the_power_of_what_is_detectable_is_four_in_five():
    assert pytest.approx(0.841621, abs=1e-6) == POWER


def test_a_real_difference_is_said_with_its_size_its_interval_and_its_p_value():
    assert said("worse") == (
        "Isles (n = 200): NDCG 0.300, 40 % below all others "
        "(−0.200; 95 % interval −0.300 to −0.100 and p = 0.010, adjusted for all that was tested)."
    )


def test_a_small_one_is_called_real_but_small_and_no_other_is():
    assert said("small").endswith("; real but small.")
    assert not any("small" in said(other) for other in ("worse", "better", "higher", "lower", "none", "cannot tell"))


def test_few_people_are_named_with_their_number():
    assert "on few people (49 on the smaller side)" in said("worse", n=49) and "few" not in said("worse", n=50)


def test_p_values_near_the_edges_are_not_rounded_over_them():
    assert p_text(0.001) == "= 0.001" and p_text(0.000999) == "< 0.001"
    assert p_text(0.04996) == "= 0.04996" and p_text(0.0451) == "= 0.0451"
