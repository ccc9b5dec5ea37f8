import numpy as np
import scipy.sparse as sp

from gnnrec_core.ranking.accuracy import ACCURACY, hits, n_relevant
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
