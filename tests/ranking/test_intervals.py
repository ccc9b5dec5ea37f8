"""Intervals of bounded figures: inside the bounds, never of width 0, blind to order, and true as often as they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gnnrec_core.ranking.intervals import (
    UNIT,
    auc_interval,
    bounded_bounds,
    correlation_interval,
    gaffke_bound,
    mean_interval,
    rate_interval,
    share_bounds,
    share_interval,
)

VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=60)


@given(VALUES, st.sampled_from((0.8, 0.95, 0.99999)), st.integers(0, 99))
def test_inside_the_bounds_never_of_width_zero_and_blind_to_order(values, level, seed):
    values = np.array(values)
    low, high = bounded_bounds(values, level)
    assert 0 <= low < high <= 1 and low <= values.mean() + 1e-9 and values.mean() - 1e-9 <= high
    assert bounded_bounds(np.random.default_rng(seed).permutation(values), level) == (low, high)
    mirrored = bounded_bounds(1 - (1 - values), level)
    assert np.allclose(bounded_bounds(1 - values, level), (1 - mirrored[1], 1 - mirrored[0]), atol=1e-6)


@given(st.integers(0, 40), st.integers(1, 40))
def test_a_share_is_the_wider_of_two_well_known_intervals(k, n):
    k = min(k, n)
    exact, wilson = (stats.binomtest(k, n).proportion_ci(method=method) for method in ("exact", "wilson"))
    expected = min(exact.low, wilson.low), max(exact.high, wilson.high)
    assert share_bounds(k, n, 0.025) == pytest.approx(expected, abs=1e-9)


def test_the_same_numbers_have_the_same_interval_whatever_they_are_called():
    hits = np.array([1.0, 0.0, 0.0, np.nan, 1.0])
    assert mean_interval(hits, bounds=UNIT) == share_interval(hits)
    doubled = mean_interval(2 * hits, bounds=(0.0, 2.0))
    assert (doubled.low, doubled.high) == pytest.approx((2 * share_interval(hits).low, 2 * share_interval(hits).high))


@pytest.mark.parametrize("n", [3, 10, 50, 400])
def test_the_saddlepoint_is_the_quantile_that_draws_give(n):
    rng = np.random.default_rng(n)
    values = rng.beta(0.4, 1.5, n) * (rng.random(n) < 0.6)
    weight = rng.exponential(size=(20_000, n + 1))
    draws = weight @ np.append(values, 1.0) / weight.sum(1)
    for tail in (0.025, 0.2):
        assert gaffke_bound(values, tail) == pytest.approx(np.quantile(draws, 1 - tail), abs=0.008)


@pytest.mark.parametrize("n", [5, 10, 30, 100])
def test_shares_are_covered_by_at_least_95_percent_exactly(n):
    shares = np.arange(2, 99) / 100
    bounds = np.array([share_bounds(k, n, 0.025) for k in range(n + 1)])
    inside = (bounds[:, :1] <= shares) & (bounds[:, 1:] >= shares)
    assert (stats.binom.pmf(np.arange(n + 1)[:, None], n, shares) * inside).sum(0).min() >= 0.95


def test_graded_figures_with_many_zeros_are_covered():
    rng, n, draws = np.random.default_rng(0), 20, 400
    truth = 0.55 * 0.4 / (0.4 + 1.5)
    found = 0
    for _ in range(draws):
        low, high = bounded_bounds(rng.beta(0.4, 1.5, n) * (rng.random(n) < 0.55))
        found += low <= truth <= high
    assert found >= 0.95 * draws  # Student's t: 0.90


def test_without_bounds_nothing_is_said_where_nothing_varies():
    assert np.isnan(mean_interval(np.full(20, 3.5)).low) and mean_interval(np.full(20, 3.5)).value == 3.5
    assert mean_interval(np.full(4, np.nan)).reason and mean_interval(np.array([1.0, 2.0])).reason == ""


@given(st.floats(-1, 1), st.integers(0, 3000))
def test_a_correlation_stays_inside_and_is_symmetric(value, n):
    found, mirrored = correlation_interval(value, n), correlation_interval(-value, n)
    assert -1 <= found.low <= value <= found.high <= 1 and found.low < found.high
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low))
    assert correlation_interval(float("nan"), n).reason


@given(st.floats(0, 1), st.integers(1, 3000), st.integers(1, 3000))
def test_an_area_stays_inside_and_is_symmetric(value, n, m):
    found, mirrored = auc_interval(value, n, m), auc_interval(1 - value, m, n)
    assert 0 <= found.low <= value <= found.high <= 1 and found.low < found.high
    assert (mirrored.low, mirrored.high) == pytest.approx((1 - found.high, 1 - found.low), abs=1e-6)
    assert auc_interval(value, 0, m).reason


def test_known_intervals():
    low, high = np.tanh(np.arctanh(0.5) + 1.959964 * np.array([-1, 1]) * np.sqrt(np.array([1.125, 1.25]) / 47))
    assert correlation_interval(0.5, 50).to_dict() == pytest.approx({"value": 0.5, "low": low, "high": high})
    assert rate_interval(0.9, 50).low == pytest.approx(share_bounds(45, 50, 0.025)[0])
    half = auc_interval(0.5, 1000, 1000)  # large samples: the error of Mann and Whitney's statistic
    assert half.high - 0.5 == pytest.approx(1.959964 * np.sqrt(2001 / (12 * 1e6)), rel=0.02)


N_DRAWS = [30, pytest.param(1000, marks=[pytest.mark.long, pytest.mark.timeout(3600)])]


@pytest.mark.parametrize("draws", N_DRAWS)
@pytest.mark.parametrize("n", [10, 20, 50, 300, 1000])
def test_rank_correlations_are_covered(n, draws):
    rng = np.random.default_rng(n)
    for truth in (0.0, 0.6, 0.9, 0.98):
        r = 2 * np.sin(np.pi * truth / 6)  # Spearman's from Pearson's for a normal pair
        first = rng.standard_normal((draws, n))
        second = r * first + np.sqrt(1 - r * r) * rng.standard_normal((draws, n))
        spans = [correlation_interval(stats.spearmanr(a, b).statistic, n) for a, b in zip(first, second, strict=True)]
        assert np.mean([span.low <= truth <= span.high for span in spans]) >= (0.93 if draws == 1000 else 0.8)


@pytest.mark.parametrize("draws", N_DRAWS)
@pytest.mark.parametrize(("n", "m"), [(10, 10), (10, 100), (50, 50), (100, 400)])
def test_areas_are_covered(n, m, draws):
    rng = np.random.default_rng(n)
    for truth in (0.5, 0.7, 0.9, 0.98):
        score = rng.standard_normal((draws, n + m))
        score[:, :n] += np.sqrt(2) * stats.norm.ppf(truth)
        areas = (stats.rankdata(score, axis=1)[:, :n].sum(1) - n * (n + 1) / 2) / (n * m)
        spans = [auc_interval(float(area), n, m) for area in areas]
        assert np.mean([span.low <= truth <= span.high for span in spans]) >= (0.93 if draws == 1000 else 0.8)
