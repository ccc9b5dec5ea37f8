"""The documentation says what the code does: the page, and every worked example in it."""

import numpy as np
import pytest

from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.audit.metrics.documentation import metrics_page
from gnnrec_core.audit.metrics.worked import small_world
from gnnrec_core.base.outside import declared
from tests.audit.oracle_world import small, world
from tests.audit.write_metrics_page import PAGE


@pytest.mark.skipif(bool(declared()), reason="the page in the project is without metrics of other packages")
def test_the_page_is_the_one_that_the_code_writes():
    assert PAGE.read_text(encoding="utf-8") == metrics_page(world())


HALVES = np.eye(8, dtype=bool)[:, :2] | np.array([[0, 0]] * 2 + [[1, 0]] * 2 + [[0, 1]] * 4, dtype=bool)
ONE = small([1, 2, 3], [2, 7], 3)
SHARED = np.zeros((8, 3), dtype=bool)
SHARED[0, [0, 1]] = SHARED[1, [1, 2]] = True
FIVE = small_world([[0]] * 5, relevant=[[1], [0], [0], [0], [0]])
EVEN = small_world([[0, 1, 2, 3], [4, 5, 6, 7]])

EXAMPLES = {
    "ndcg": (ONE, 0.3869),
    "recall": (ONE, 0.5),
    "recall_capped": (small([1, 2, 3], [1, 2, 3, 4, 5, 6], 3), 1.0),
    "precision": (ONE, 1 / 3),
    "hit_rate": (FIVE, 0.8),
    "mrr": (ONE, 0.5),
    "map": (ONE, 0.25),
    "coverage": (small_world([[0, 1, 2, 3], [4, 5, 6, 0]]), 0.875),
    "tail_coverage": (small_world([[2, 3], [4, 5]], popularity=[9, 8, 3, 2, 2, 1, 1, 0]), 0.6667),
    "gini": (small_world([[0]] * 18), 0.875),
    "gini_exposure": (small_world([[item] for item in range(8)]), 0.0),
    "entropy": (small_world([[0]] * 18), 0.0),
    "effective_items": (EVEN, 8.0),
    "top1_share": (small_world([[0, 1], [0, 2]], n_items=100), 0.5),
    "arp": (small_world([[0, 1, 2]], popularity=[2, 2, 1, 0, 0, 0, 0, 0], n_train_users=5), 1.6667),
    "arp_percentile": (small_world([[0]], popularity=[5, 3, 1, 0, 0, 0, 0, 0]), 1.0),
    "popularity_lift": (small_world([[0]], train=[[1]], popularity=[2, 4, 0, 0, 0, 0, 0, 0]), -0.5),
    "long_tail_share": (small_world([[0, 2, 3]], popularity=[9, 8, 3, 2, 2, 1, 1, 0]), 0.6667),
    "upd": (small_world([[7]], train=[[0]], popularity=[50, 20, 10, 5, 5, 4, 3, 3]), 1.0),
    "untrained_share": (small_world([[0, 1, 2, 3]], popularity=[1, 1, 1, 0, 0, 0, 0, 0]), 0.25),
    "ild": (small_world([[0, 1]], labels=SHARED), 0.6667),
    "ild_embedding": (small_world([[0, 1]], vectors=np.eye(8, dtype=np.float32)), 1.0),
    "novelty": (small_world([[0, 1]], popularity=[5, 5, 0, 0, 0, 0, 0, 0], n_train_users=10), 1.0),
    "personalization": (small_world([[0, 1], [0, 1]]), 0.0),
    "serendipity": (small_world([[1, 2]], train=[[0]], relevant=[[1]]), 0.5),
    "unexpectedness": (small_world([[1, 2]], train=[[0]]), 1.0),
    "calibration_kl": (small_world([[2]], train=[[3]], labels=HALVES), 0.0),
    "calibration_js": (small_world([[2]], train=[[5]], labels=HALVES), 1.0),
    "ndcg_worst20": (FIVE, 0.0),
    "ndcg_gini": (small_world([[0], [1]], relevant=[[0], [1]]), 0.0),
    "consistency": (small_world([[1, 2, 3], [1, 2, 4]], train=[[0], [0]]), 0.5),
    "awrf": (small_world([[0]], n_items=2, labels=np.eye(2, dtype=bool)), 0.5),
    "cold_item_recall": (
        small_world([[0]] * 4, relevant=[[0], [1], [1], [1]], popularity=[3, 5, 9, 9, 9, 9, 9, 9]),
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


WORKED = EXAMPLES | {name: metric.worked() for name, metric in METRICS.items() if metric.worked is not None}
"""With those that metrics of other packages bring themselves."""


@pytest.mark.parametrize("name", WORKED)
def test_the_worked_example(name):
    evidence, expected = WORKED[name]
    assert METRICS[name].value(evidence) == pytest.approx(expected, abs=6e-5)


def test_every_metric_has_a_worked_example():
    elsewhere = {"exposure_parity", "exposed_utility", "realised_utility", "cold_warm_ratio"}  # by hand below
    without = {name for name, metric in METRICS.items() if metric.worked is None}
    assert without <= {*EXAMPLES, *IN_THE_ORACLE, *elsewhere}


@pytest.mark.parametrize("name", IN_THE_ORACLE)
def test_the_examples_that_are_the_small_world(name):
    assert METRICS[name].value(world()) == pytest.approx(IN_THE_ORACLE[name], abs=6e-5)


def test_ratios_of_providers_by_hand():
    # Provider a has item 0, b has item 1; 0 stands at rank 1 for two users, 1 at rank 3 for both: half the exposure.
    labels = np.zeros((8, 2), dtype=bool)
    labels[0, 0] = labels[1, 1] = True
    evidence = small_world([[0, 7, 1], [0, 6, 1]], relevant=[[0, 1], [0, 1]], labels=labels)
    for name in ("exposure_parity", "exposed_utility", "realised_utility"):
        assert METRICS[name].value(evidence) == pytest.approx(0.5), name


def test_cold_against_warm_by_hand():
    # Two users of each length of history from 1 to 5; the newest find their item at rank 3, the oldest at rank 1.
    lists = [[7, 6, 0], [7, 6, 0], *[[5, 6, 7]] * 6, [0, 6, 7], [0, 6, 7]]
    train = [range(1, 2 + u // 2) for u in range(10)]
    evidence = small_world(lists, train=train, relevant=[[0]] * 10)
    assert METRICS["cold_warm_ratio"].value(evidence) == pytest.approx(0.5)
