"""What is said of one difference, at each edge of each rule."""

import pytest

from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.audit.verdicts import finding_of, p_text, sentence_of

GIVEN = {"value": -0.2, "relative": -0.4, "p_adjusted": 0.01, "n": 200, "detectable": 0.05, "practical": 0.1}


def finding(metric="ndcg", **changed):
    return finding_of(METRICS[metric], **{**GIVEN, **changed})


@pytest.mark.parametrize(
    ("metric", "value", "expected"),
    [
        ("ndcg", -0.2, "worse"),  # higher is better
        ("ndcg", 0.2, "better"),
        ("gini", 0.2, "worse"),  # lower is better
        ("gini", -0.2, "better"),
        ("novelty", 0.2, "higher"),  # neither
        ("novelty", -0.2, "lower"),
    ],
)
def test_the_direction_of_a_metric_decides_what_is_worse(metric, value, expected):
    assert finding(metric, value=value, relative=2 * value) == expected


def test_fewer_than_fifty_people_on_a_side_are_too_few():
    assert finding(n=49) == "cannot tell" and finding(n=50) == "worse"


def test_what_has_no_p_value_cannot_be_told():
    assert finding(p_adjusted=float("nan")) == "cannot tell"


def test_a_p_value_of_one_in_twenty_is_not_significant():
    assert finding(p_adjusted=0.0499) == "worse"
    assert finding(p_adjusted=0.05) == "none"


@pytest.mark.parametrize(("relative", "expected"), [(-0.1, "worse"), (-0.0999, "small"), (0.0999, "small")])
def test_a_real_difference_below_what_matters_is_small(relative, expected):
    assert finding(value=relative / 2, relative=relative) == expected


@pytest.mark.parametrize(
    ("detectable", "expected"),
    [(0.02, "none"), (0.0201, "cannot tell")],  # what matters: 0.1 of 0.2, the figure of the others
)
def test_no_significance_means_none_only_where_what_matters_would_have_been_found(detectable, expected):
    assert finding(value=-0.01, relative=-0.05, p_adjusted=0.3, detectable=detectable) == expected


def test_without_a_relative_difference_there_is_no_telling():
    assert finding(value=0.0, relative=0.0, p_adjusted=1.0, detectable=0.0) == "cannot tell"


def said(finding, n=200, value=-0.05, relative=-0.12, p_adjusted=0.012, **of):
    interval = (value, value - 0.02, value + 0.02)
    return sentence_of(
        METRICS[of.get("metric", "ndcg")], "Isles", 0.35, n, interval, relative, p_adjusted, finding, 0.06
    )


def test_a_real_difference_is_said_with_its_size_its_interval_and_its_p_value():
    assert said("worse") == (
        "Isles (n = 200): NDCG 0.350, 12 % below all others "
        "(−0.0500; 95 % interval −0.0700 to −0.0300, adjusted p = 0.012)."
    )
    assert "13 % above all others (+0.0500;" in said("better", value=0.05, relative=0.126)


def test_a_small_one_is_called_real_but_small_and_no_other_is():
    assert said("small").endswith("adjusted p = 0.012); real but small.")
    assert not any("small" in said(other) for other in ("worse", "better", "higher", "lower", "none", "cannot tell"))


def test_why_one_cannot_tell_is_said():
    assert said("cannot tell", n=49) == (
        "Isles (n = 49): cannot tell whether NDCG differs with 49 measurable users on the smaller side."
    )
    assert said("cannot tell", n=50) == (
        "Isles (n = 50): cannot tell; NDCG differs by −0.0500 (−0.0700 to −0.0300), "
        "and with this many users only a difference of about 0.0600 would be found."
    )
    assert said("none") == "Isles (n = 200): no difference in NDCG that matters (−0.0700 to −0.0300)."


def test_p_values_below_a_thousandth_are_not_spelled_out():
    assert p_text(0.001) == "= 0.001" and p_text(0.000999) == "< 0.001"
