"""Novelty where an item has nobody: beside the oracle's world, in which every item has somebody."""

import numpy as np
import pytest
import scipy.sparse as sp

from gnnrec_core.audit.evidence import Evidence
from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.audit.metrics.diversity import novelty, novelty_of_interactions
from gnnrec_core.ranking.values import NONE_LEFT, Recommendations


def world(lists):
    """Seven train users; item 0 has all of them, item 1 one, item 2 nobody."""
    items = np.array(lists)
    nothing = sp.csr_array((len(items), 3), dtype=bool)
    recs = Recommendations(np.arange(len(items)), items, np.where(items >= 0, 1.0, -np.inf))
    return Evidence(recs, nothing, nothing, np.array([7, 1, 0]), 7)


@pytest.mark.parametrize(
    ("items", "bits"),
    [
        ([0, NONE_LEFT], 0.0),
        ([1, NONE_LEFT], np.log2(7)),
        ([2, NONE_LEFT], 3.0),  # one of 7 + 1
        ([0, 2], 1.5),
    ],
)
def test_an_item_of_nobody_counts_as_one_user_more_than_there_are(items, bits):
    assert novelty(world([items]))[0] == pytest.approx(bits)


def test_the_convention_by_interactions_leaves_such_items_out():
    assert novelty_of_interactions(world([[0, 2]]))[0] == pytest.approx(-np.log2(7 / 8))
    assert novelty_of_interactions(world([[1, 0]]))[0] == pytest.approx((3 - np.log2(7 / 8)) / 2)
    assert np.isnan(novelty_of_interactions(world([[2, NONE_LEFT]]))[0])
    assert METRICS["novelty"].value(world([[0, 2], [1, 0]]), "Recommenders") == pytest.approx(
        np.mean([-np.log2(7 / 8), (3 - np.log2(7 / 8)) / 2])
    )


def test_a_list_of_nothing_has_no_novelty():
    assert np.isnan(novelty(world([[NONE_LEFT, NONE_LEFT]]))[0])
