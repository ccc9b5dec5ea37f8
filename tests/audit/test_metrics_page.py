"""The documentation says what the code does: the page, and every worked example in it."""

import numpy as np
import pytest
import scipy.sparse as sp

from gnnrec_core.audit.evidence import Categories, Evidence
from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.audit.metrics.documentation import metrics_page
from gnnrec_core.ranking.recommendations import Recommendations
from tests.audit.oracle_world import small, world
from tests.audit.write_metrics_page import PAGE


def test_the_page_is_the_one_that_the_code_writes():
    assert PAGE.read_text(encoding="utf-8") == metrics_page(world())


def lists_of(items, train=(), relevant=(), n_items=8, n_train_users=None, popularity=None, labels=None, vectors=None):
    """Evidence of a few users from their lists, histories and held-out items."""
    n = len(items)
    index = np.array(items)

    def matrix(sets):
        dense = np.zeros((n, n_items), dtype=bool)
        for row, chosen in enumerate(sets):
            dense[row, list(chosen)] = True
        return sp.csr_array(dense)

    history = matrix(train)
    known = np.bincount(history.indices, minlength=n_items) if popularity is None else np.array(popularity)
    groups = None if labels is None else Categories("g", tuple("abcdefgh"[: labels.shape[1]]), sp.csr_array(labels))
    scores = np.zeros(index.shape, np.float32)
    lists = Recommendations(np.arange(n), index, scores)
    return Evidence(lists, history, matrix(relevant), known, n_train_users or n, groups, groups, vectors)


HALVES = np.eye(8, dtype=bool)[:, :2] | np.array([[0, 0]] * 2 + [[1, 0]] * 2 + [[0, 1]] * 4, dtype=bool)
ONE = small([1, 2, 3], [2, 7], 3)
SHARED = np.zeros((8, 3), dtype=bool)
SHARED[0, [0, 1]] = SHARED[1, [1, 2]] = True
FIVE = lists_of([[0]] * 5, relevant=[[1], [0], [0], [0], [0]])
EVEN = lists_of([[0, 1, 2, 3], [4, 5, 6, 7]])

EXAMPLES = {
    "ndcg": (ONE, 0.3869),
    "recall": (ONE, 0.5),
    "recall_capped": (small([1, 2, 3], [1, 2, 3, 4, 5, 6], 3), 1.0),
    "precision": (ONE, 1 / 3),
    "hit_rate": (FIVE, 0.8),
    "mrr": (ONE, 0.5),
    "map": (ONE, 0.25),
    "coverage": (lists_of([[0, 1, 2, 3], [4, 5, 6, 0]]), 0.875),
    "tail_coverage": (lists_of([[2, 3], [4, 5]], popularity=[9, 8, 3, 2, 2, 1, 1, 0]), 0.6667),
    "gini": (lists_of([[0]] * 18), 0.875),
    "gini_exposure": (lists_of([[item] for item in range(8)]), 0.0),
    "entropy": (lists_of([[0]] * 18), 0.0),
    "effective_items": (EVEN, 8.0),
    "top1_share": (lists_of([[0, 1], [0, 2]], n_items=100), 0.5),
    "arp": (lists_of([[0, 1, 2]], popularity=[2, 2, 1, 0, 0, 0, 0, 0], n_train_users=5), 1.6667),
    "arp_percentile": (lists_of([[0]], popularity=[5, 3, 1, 0, 0, 0, 0, 0]), 1.0),
    "popularity_lift": (lists_of([[0]], train=[[1]], popularity=[2, 4, 0, 0, 0, 0, 0, 0]), -0.5),
    "long_tail_share": (lists_of([[0, 2, 3]], popularity=[9, 8, 3, 2, 2, 1, 1, 0]), 0.6667),
    "upd": (lists_of([[7]], train=[[0]], popularity=[50, 20, 10, 5, 5, 4, 3, 3]), 1.0),
    "untrained_share": (lists_of([[0, 1, 2, 3]], popularity=[1, 1, 1, 0, 0, 0, 0, 0]), 0.25),
    "ild": (lists_of([[0, 1]], labels=SHARED), 0.6667),
    "ild_embedding": (lists_of([[0, 1]], vectors=np.eye(8, dtype=np.float32)), 1.0),
    "novelty": (lists_of([[0, 1]], popularity=[5, 5, 0, 0, 0, 0, 0, 0], n_train_users=10), 1.0),
    "personalization": (lists_of([[0, 1], [0, 1]]), 0.0),
    "serendipity": (lists_of([[1, 2]], train=[[0]], relevant=[[1]]), 0.5),
    "unexpectedness": (lists_of([[1, 2]], train=[[0]]), 1.0),
    "calibration_kl": (lists_of([[2]], train=[[3]], labels=HALVES), 0.0),
    "calibration_js": (lists_of([[2]], train=[[5]], labels=HALVES), 1.0),
    "ndcg_worst20": (FIVE, 0.0),
    "ndcg_gini": (lists_of([[0], [1]], relevant=[[0], [1]]), 0.0),
    "consistency": (lists_of([[1, 2, 3], [1, 2, 4]], train=[[0], [0]]), 0.5),
    "awrf": (lists_of([[0]], n_items=2, labels=np.eye(2, dtype=bool)), 0.5),
    "cold_item_recall": (
        lists_of([[0]] * 4, relevant=[[0], [1], [1], [1]], popularity=[3, 5, 9, 9, 9, 9, 9, 9]),
        0.25,
    ),
}
"""The `example` of each metric as a small world of its own."""

IN_THE_ORACLE = {
    "pop_reo": 0.4,
    "pop_rsp": 0.6,
    "provider_reo": 0.0769,
    "provider_rsp": 0.12,
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_worked_example(name):
    evidence, expected = EXAMPLES[name]
    assert METRICS[name].value(evidence) == pytest.approx(expected, abs=6e-5)


@pytest.mark.parametrize("name", IN_THE_ORACLE)
def test_the_examples_that_are_the_small_world(name):
    assert METRICS[name].value(world()) == pytest.approx(IN_THE_ORACLE[name], abs=6e-5)


def test_ratios_of_providers_by_hand():
    # Provider a has item 0, b has item 1; 0 stands at rank 1 for two users, 1 at rank 3 for both: half the exposure.
    labels = np.zeros((8, 2), dtype=bool)
    labels[0, 0] = labels[1, 1] = True
    evidence = lists_of([[0, 7, 1], [0, 6, 1]], relevant=[[0, 1], [0, 1]], labels=labels)
    for name in ("exposure_parity", "exposed_utility", "realised_utility"):
        assert METRICS[name].value(evidence) == pytest.approx(0.5), name


def test_cold_against_warm_by_hand():
    # Ten users, user u has u + 1 train items; the two newest find their item at rank 3, the two oldest at rank 1.
    lists = [[7, 6, 0], [7, 6, 0], *[[5, 6, 7]] * 6, [0, 6, 7], [0, 6, 7]]
    train = [range(1, 1 + min(u + 1, 5)) for u in range(10)]
    evidence = lists_of(lists, train=train, relevant=[[0]] * 10)
    assert METRICS["cold_warm_ratio"].value(evidence) == pytest.approx(0.5)
