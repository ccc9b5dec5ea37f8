import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gnnrec_core.audit.stats import statistics
from gnnrec_core.audit.stats.statistics import adjusted_p, n_distinct, paired_tests, permutation_tests
from gnnrec_core.ranking.intervals import grouped_jackknife


def two_groups(gap=0.0, n=400, share=0.3, seed=0):
    rng = np.random.default_rng(seed)
    member = np.zeros((n, 2), bool)
    member[: int(share * n), 0] = True
    member[:, 1] = ~member[:, 0]
    values = rng.normal(1.0, 0.5, n) + gap * member[:, 0]
    return values[:, None], np.ones((n, 1)), member


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


def test_the_error_of_one_difference_is_that_of_two_means():
    """For a mean, in closed form: the standard deviation of all times the root of 1 / n + 1 / m, within a twentieth."""
    values, ones, member = two_groups(n=200)
    found = permutation_tests(values, ones, member, 3000, 0)
    assert np.allclose(found.error, np.sqrt(values.var(ddof=1) * (1 / 60 + 1 / 140)), rtol=0.05)


def test_p_values_of_no_difference_are_uniform():
    rng = np.random.default_rng(0)
    values = rng.gamma(0.5, size=(150, 1))
    found = []
    for seed in range(120):
        member = np.zeros((150, 1), bool)
        member[rng.choice(150, 60, replace=False)] = True
        found.append(permutation_tests(values, np.ones((150, 1)), member, 150, seed).p_value[0, 0])
    assert stats.kstest(found, "uniform").pvalue > 0.01


def test_alone_and_together_by_hand():
    """Three tests, 99 draws of |statistic|: draw b has b, 2 b and 0. The largest is 2 b: 192 or more in 4 draws."""
    draws = np.arange(1, 100)[:, None] * np.array([1.0, 2.0, 0.0])
    p, together, critical = adjusted_p(draws, np.array([192.0, 193.0, 0.0]), np.array([True, True, True]), 3)
    assert together[0] == pytest.approx(0.05) and together[1] < 0.05 and p[2] == together[2] == 1
    assert critical == 192.0  # above this a statistic stands


def test_decisions_agree_with_the_critical_statistic():
    rng = np.random.default_rng(0)
    for seed in range(20):
        values = rng.gamma(0.3, size=(80, 3)) * (rng.random((80, 1)) < 0.7)
        member = rng.integers(0, 4, 80)[:, None] == np.arange(4)
        values[member[:, 0]] += 0.3
        tests = permutation_tests(values, np.ones((80, 3)), member, 199, seed)
        beyond = np.abs(tests.difference) > tests.critical * tests.error
        assert np.array_equal(beyond, tests.p_adjusted < 0.05) and (tests.p_adjusted >= tests.p_value).all()


def test_the_error_is_that_of_welch_with_four_typical_users_on_each_side():
    values, ones, member = two_groups()
    tests = permutation_tests(values, ones, member, 99, 0)
    typical = values.var()
    parts = [side.var(ddof=1) / len(side) + 4 * typical / len(side) ** 2 for side in (values[:120, 0], values[120:, 0])]
    assert tests.error[0, 0] == pytest.approx(np.sqrt(sum(parts)))


def test_where_all_are_alike_there_is_nothing_to_find_and_no_warning():
    member = np.repeat([0, 1], 20)[:, None] == np.arange(2)
    tests = permutation_tests(np.zeros((40, 1)), np.ones((40, 1)), member, 99, 0)
    assert (tests.p_adjusted == 1).all() and (tests.error == 0).all()
    nobody = permutation_tests(np.zeros((40, 1)), np.zeros((40, 1)), member, 99, 0)
    assert np.isnan(nobody.p_adjusted).all() and np.isnan(nobody.difference).all()


def test_paired_differences():
    rng = np.random.default_rng(0)
    assert paired_tests(rng.normal(0.5, 1, (200, 1)), 999, 0).p_value[0] < 1e-6
    assert paired_tests(np.zeros((20, 1)), 99, 0).p_adjusted[0] == 1.0
    noise = rng.normal(0, 1, 60)
    known = stats.permutation_test((noise,), np.mean, permutation_type="samples", n_resamples=5000, rng=1)
    assert paired_tests(noise[:, None], 5000, 0).p_value[0] == pytest.approx(known.pvalue, abs=0.03)


def test_draws_in_blocks_are_draws(monkeypatch):
    values = np.random.default_rng(3).normal(0.2, 1, (30, 2))
    whole = paired_tests(values, 1000, 0)
    monkeypatch.setattr(statistics, "BLOCK_CELLS", 30 * 7)  # 142 blocks of seven draws, and one of six
    assert paired_tests(values, 1000, 0).p_value == pytest.approx(whole.p_value, abs=0.05)


@given(st.integers(0, 10_000), st.integers(5, 60), st.floats(0, 1))
def test_a_paired_interval_excludes_zero_exactly_where_the_test_stands(seed, n, shift):
    rng = np.random.default_rng(seed)
    values = rng.normal(shift, 1, (n, 4)) * (rng.random((n, 4)) < 0.6)
    tests = paired_tests(values, 199, seed)
    assert np.array_equal(np.abs(values.mean(0)) > tests.reach * (1 + 1e-5), tests.p_adjusted < 0.05)


def test_the_jackknife_error_of_a_mean_is_the_standard_error():
    values = np.random.default_rng(0).normal(size=500)
    error = grouped_jackknife(lambda rows: values[rows].mean(), 500, 500, 0)
    assert np.isclose(error, stats.sem(values))


def test_a_group_that_is_the_rest_of_another_is_the_same_test():
    first, other = np.array([1, 1, 0, 0], bool), np.array([1, 0, 1, 0], bool)
    for groups, n in (((first, ~first, other), 2), ((first, other), 2), ((first, first), 2), ((first,), 1)):
        member = np.stack(groups, axis=1)
        assert n_distinct(np.zeros(len(groups)), member, np.ones((3, len(groups)), bool)) == 3 * n
