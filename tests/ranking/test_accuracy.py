import numpy as np
import pytest
import scipy.sparse as sp
from scipy.stats import binomtest, t

from gnnrec_core.ranking.accuracy import ACCURACY, hits, n_relevant
from gnnrec_core.ranking.intervals import mean_interval, share_interval
from gnnrec_core.ranking.recommendations import Recommendations


def test_values_worked_out_by_hand():
    # One user, list (a, b, c), held-out items b and x: one hit at rank 2.
    lists = Recommendations(np.array([0, 1]), np.array([[0, 1, 2], [2, -1, -1]]), np.zeros((2, 3)))
    relevant = sp.csr_array(np.array([[0, 1, 0, 1], [0, 0, 0, 0]], dtype=bool))
    hit, n = hits(lists, relevant), n_relevant(lists, relevant)
    values = {name: metric(hit, n) for name, metric in ACCURACY.items()}
    assert values["recall"][0] == 0.5 and values["precision"][0] == 1 / 3 and values["hit_rate"][0] == 1
    assert values["mrr"][0] == 0.5 and values["map"][0] == 0.25
    ideal = 1 + 1 / np.log2(3)
    assert np.isclose(values["ndcg"][0], (1 / np.log2(3)) / ideal)
    assert all(np.isnan(value[1]) for value in values.values())  # not measurable, not 0


def test_an_absent_entry_is_never_a_hit():
    lists = Recommendations(np.array([1]), np.array([[-1, -1]]), np.full((1, 2), -np.inf))
    relevant = sp.csr_array(np.array([[0, 0, 1], [0, 0, 1]], dtype=bool))
    assert not hits(lists, relevant).any()


@pytest.mark.parametrize("n", [2, 3, 30])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_interval_of_a_mean_is_students(n, level):
    values = np.random.default_rng(n).normal(size=n)
    found = mean_interval(np.append(values, np.nan), level)
    error = np.sqrt(np.square(values - values.mean()).sum() / (n - 1) / n)
    assert (found.low, found.high) == pytest.approx(t.interval(level, n - 1, values.mean(), error))
    assert found.value == pytest.approx(values.mean())


def test_one_value_has_no_interval_and_none_has_no_mean():
    one, none = mean_interval(np.array([0.5, np.nan])), mean_interval(np.array([np.nan]))
    assert one.value == 0.5 and np.isnan([one.low, one.high, none.value, none.low]).all()
    assert np.isnan(share_interval(np.array([np.nan])).value)


@pytest.mark.parametrize(("k", "n"), [(0, 5), (1, 1), (3, 10), (10, 10), (40, 90)])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_the_interval_of_a_share_is_the_wider_of_clopper_pearson_and_wilson(k, n, level):
    found = share_interval(np.concatenate([np.ones(k), np.zeros(n - k), [np.nan]]), level)
    known = [binomtest(k, n).proportion_ci(level, method) for method in ("wilson", "exact")]
    wanted = (k / n, min(each.low for each in known), max(each.high for each in known))
    assert (found.value, found.low, found.high) == pytest.approx(wanted, abs=1e-9)
