import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gnnrec_core.audit.stats.statistics import (
    benjamini_hochberg,
    bootstrap_ratios,
    grouped_jackknife,
    holm,
    paired_permutation,
    percentile_interval,
    permutation_tests,
)
from gnnrec_core.ranking.intervals import mean_interval


def two_groups(gap=0.0, n=400, share=0.3, seed=0):
    rng = np.random.default_rng(seed)
    member = np.zeros((n, 2), bool)
    member[: int(share * n), 0] = True
    member[:, 1] = ~member[:, 0]
    values = rng.normal(1.0, 0.5, n) + gap * member[:, 0]
    return values[:, None], np.ones((n, 1)), member


def test_the_bootstrap_agrees_with_the_normal_interval_of_a_mean():
    values, ones, member = two_groups()
    low, high = percentile_interval(bootstrap_ratios(values, ones, member, 4000, 0))
    own = values[member[:, 0], 0]
    expected = mean_interval(own)
    assert np.isclose(low[0, 0], expected.low, atol=0.01) and np.isclose(high[0, 0], expected.high, atol=0.01)


def test_users_who_are_not_measurable_have_no_weight():
    values, ones, member = two_groups()
    ones[::2] = 0
    values = np.where(ones > 0, values, 0)
    draws = bootstrap_ratios(values, ones, member, 2000, 1)
    assert np.isclose(draws[:, 0, 0].mean(), values[1::2][member[1::2, 0]].mean(), atol=0.01)


def test_a_difference_is_signed_and_a_real_one_is_found():
    tests = permutation_tests(*two_groups(gap=-0.5), 500, 0)
    assert tests.difference[0, 0] < -0.35 and np.isclose(tests.difference[0, 0], -tests.difference[0, 1])
    assert tests.p_value[0, 0] < 1e-6 and tests.omnibus[0] == 1 / 501


def test_p_values_agree_with_scipy():
    values, ones, member = two_groups(gap=0.12, n=120)
    own = permutation_tests(values, ones, member, 4000, 0).p_value[0, 0]
    mask = member[:, 0]
    known = stats.permutation_test(
        (values[mask, 0], values[~mask, 0]),
        lambda a, b, axis: a.mean(axis) - b.mean(axis),
        vectorized=True,
        n_resamples=4000,
        rng=np.random.default_rng(1),
    )
    assert own == pytest.approx(known.pvalue, abs=0.03)


def unequal_groups():
    """Groups of 4, 16 and 100: the smallest is far off, which weighs little where groups count by their size."""
    member = np.repeat(np.arange(3), [4, 16, 100])[:, None] == np.arange(3)
    values = np.random.default_rng(5).normal(size=120)
    values[:4] += 0.9
    return values[:, None], np.ones((120, 1)), member


def test_the_omnibus_test_weighs_groups_by_their_measurable_users():
    """The sum of squares between groups orders permutations as the F of an analysis of variance does."""
    values, ones, member = unequal_groups()
    own = permutation_tests(values, ones, member, 2000, 0).omnibus[0]
    groups = [values[member[:, group], 0] for group in range(3)]

    def by_f(*of_groups, axis):
        return stats.f_oneway(*of_groups, axis=axis).statistic

    def by_means(*of_groups, axis):  # what it would be without the sizes
        return np.square(np.stack([group.mean(axis) - values.mean() for group in of_groups])).sum(0)

    known, other = (
        stats.permutation_test(groups, statistic, vectorized=True, n_resamples=2000, alternative="greater", rng=1)
        for statistic in (by_f, by_means)
    )
    assert own == pytest.approx(known.pvalue, abs=0.03) and abs(known.pvalue - other.pvalue) > 0.1


def test_the_smallest_detectable_difference_is_2_80_standard_errors():
    """1.96 to be significant, 0.84 more to be so in 80 %; the error of a difference of two means in closed form."""
    values, ones, member = two_groups(n=200)
    found = permutation_tests(values, ones, member, 3000, 0).smallest_detectable
    error = np.sqrt(values.var(ddof=1) * (1 / 60 + 1 / 140))
    wanted = (stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) * error
    assert np.allclose(found, wanted, rtol=0.05) and wanted / error == pytest.approx(2.80, abs=0.005)


def test_p_values_of_no_difference_are_uniform():
    rng = np.random.default_rng(0)
    values = rng.gamma(0.5, size=(150, 1))
    found = []
    for seed in range(120):
        member = np.zeros((150, 1), bool)
        member[rng.choice(150, 60, replace=False)] = True
        found.append(permutation_tests(values, np.ones((150, 1)), member, 150, seed).p_value[0, 0])
    assert stats.kstest(found, "uniform").pvalue > 0.01


def test_paired_differences():
    rng = np.random.default_rng(0)
    assert paired_permutation(rng.normal(0.5, 1, 200), 999, 0) < 1e-6
    assert paired_permutation(np.zeros(20), 99, 0) == 1.0
    noise = rng.normal(0, 1, 60)
    known = stats.permutation_test((noise,), np.mean, permutation_type="samples", n_resamples=5000, rng=1)
    assert paired_permutation(noise, 5000, 0) == pytest.approx(known.pvalue, abs=0.03)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_adjusted_p_values(p):
    p = np.array(p)
    order = np.argsort(p, kind="stable")
    running, expected = 0.0, np.empty(len(p))
    for place, index in enumerate(order):  # Holm, step by step
        running = max(running, min(1.0, (len(p) - place) * p[index]))
        expected[index] = running
    assert np.allclose(holm(p), expected)
    assert np.allclose(benjamini_hochberg(p), stats.false_discovery_control(p))


def test_nothing_measurable_is_left_out_of_the_count():
    assert np.allclose(holm(np.array([0.01, np.nan, 0.04])), [0.02, np.nan, 0.04], equal_nan=True)


def test_the_jackknife_error_of_a_mean_is_the_standard_error():
    values = np.random.default_rng(0).normal(size=500)
    error = grouped_jackknife(lambda rows: values[rows].mean(), 500, 500, 0)
    assert np.isclose(error, stats.sem(values))
