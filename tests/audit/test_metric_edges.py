"""Metrics where the oracle's world has no such case: items of nobody, short lists, nothing at all, exact borders."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.spatial.distance import jensenshannon

from gnnrec_core.audit.curves import segment_table
from gnnrec_core.audit.evidence import Categories, Evidence
from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.audit.metrics.coverage import coverage_of_trained, coverage_with_padding, tail_coverage
from gnnrec_core.audit.metrics.diversity import ild_category, ild_cosine, novelty, novelty_of_interactions
from gnnrec_core.audit.metrics.individual import list_overlap, rank_biased_overlap
from gnnrec_core.audit.metrics.popularity import (
    arp_fraction,
    arp_of_maximum,
    pop_reo,
    pop_rsp,
    popularity_percentile,
    tail_count_80,
    tail_share_80,
    untrained_share,
)
from gnnrec_core.audit.metrics.providers import awrf_js
from gnnrec_core.audit.segments import head, popularity_bins, prefix_holding
from gnnrec_core.audit.stats.spread import entropy, gini, lorenz, relative_spread, row_shares
from gnnrec_core.ranking.recommendations import NONE_LEFT, Recommendations
from tests.audit import oracle_world


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


LABELS = Categories("genres", ("a", "b"), sp.csr_array(np.array([[1, 0], [1, 1], [0, 1]], bool)))


def labelled(lists):
    known = world(lists)
    return Evidence(known.lists, known.train, known.relevant, known.popularity, 7, LABELS)


def test_empty_places_of_a_list_make_no_pairs():
    e = labelled([[0, 1, NONE_LEFT], [0, 1, 2], [2, NONE_LEFT, NONE_LEFT]])
    assert ild_category(e) == pytest.approx([1 / 2, (1 / 2 + 1 / 2 + 1) / 3, np.nan], nan_ok=True)
    vectors = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
    assert ild_cosine(e, vectors) == pytest.approx([0, 2 / 3, np.nan], nan_ok=True)


def test_a_vector_of_zeros_is_at_a_right_angle_to_all():
    vectors = np.array([[3.0, 4.0], [0.0, 0.0], [0.0, 0.0]])
    assert ild_cosine(labelled([[0, 1, NONE_LEFT], [1, 2, NONE_LEFT]]), vectors) == pytest.approx([1, 1])


@pytest.mark.parametrize(
    ("popularity", "share", "n"),
    [
        ([5, 3, 2], 0.8, 2),  # 8 of 10 exactly
        ([5, 3, 2], 0.81, 3),
        ([7, 2, 1], 0.7, 1),  # 0.7 x 10 is a little more than 7 in floating point
        ([1, 1, 1, 1, 1, 1, 1, 1, 1, 1], 0.3, 3),
        ([4, 0, 0], 1.0, 1),
        ([3], 0.8, 1),
        ([0, 0], 0.8, 0),
        ([], 0.8, 0),
    ],
)
def test_the_shortest_run_that_holds_a_share(popularity, share, n):
    assert prefix_holding(np.array(popularity, dtype=np.int64), share).sum() == n


def test_bins_of_popularity_and_the_head_by_hand():
    # 20 interactions: the first 4 are those of item 0; 16 are held by items 0 to 3.
    assert popularity_bins(np.array([4, 4, 4, 4, 2, 1, 1, 0])).tolist() == [0, 1, 1, 1, 2, 2, 2, 2]
    assert [head(np.arange(n)).sum() for n in (1, 4, 5, 6, 10, 11)] == [1, 1, 1, 2, 2, 3]  # a fifth, rounded up


def test_where_there_is_nothing_spread_is_unknown():
    nothing = np.zeros(4)
    assert np.isnan([gini(nothing), entropy(nothing), relative_spread(nothing)]).all()
    assert lorenz(nothing).tolist() == [0] * 5
    assert np.isnan(row_shares(np.array([[0.0, 0.0]]))).all()


def test_one_interaction_is_all_of_train():
    lonely = Evidence(world([[0]]).lists, *(sp.csr_array((1, 3), dtype=bool),) * 2, np.array([0, 1, 0]), 1)
    assert segment_table(lonely)["train_share"].sum() == 1


def test_spread_over_head_and_tail_by_hand():
    """Items 0 to 4 hold 16 of the oracle's 18 interactions: at least 80 %. They are shown 14 times of 5 x 6 - 16."""
    e = oracle_world.world()
    rates = np.array([14 / 14, 4 / 16])
    assert pop_rsp(e) == pytest.approx(rates.std() / rates.mean())
    found = np.array([3 / 3, 3 / 7])
    assert pop_reo(e) == pytest.approx(found.std() / found.mean())


def test_attention_by_jensen_shannon_is_what_scipy_says():
    """X has the items 0, 4 and 5 of eight; places weigh 1, 1 / log2(3) and 1 / 2."""
    e, weight = oracle_world.world(), np.array([1, 1 / np.log2(3), 1 / 2])
    expected = []
    for items in e.lists.item_index:
        own = weight[np.isin(items, [0, 4, 5])].sum() / weight.sum()
        expected.append(1 - jensenshannon([own, 1 - own], [3 / 8, 5 / 8], base=2) ** 2)
    assert awrf_js(e) == pytest.approx(expected)


def test_conventions_of_popularity_by_hand():
    """Items with 7, 1 and no users; 8 interactions by 7 users."""
    e = world([[0, 1], [1, 2], [2, NONE_LEFT]])
    assert arp_of_maximum(e) == pytest.approx([8 / 2 / 7, 1 / 2 / 7, 0])
    assert arp_fraction(e) == pytest.approx([8 / 2 / 7, 1 / 2 / 7, 0])
    assert popularity_percentile(e) == pytest.approx([(1 + 1 / 2) / 2, 1 / 4, 0])
    assert untrained_share(e) == pytest.approx([0, 1 / 2, 1])
    assert tail_share_80(e) == pytest.approx([1 / 2, 1, 1])  # item 0 holds 7 of 8: more than 80 %
    assert tail_count_80(e) == pytest.approx([1, 2, 1])


def test_coverage_of_what_was_trained_and_of_the_tail():
    e = world([[0, 2]])  # of three items the head is the first; items 0 and 1 were trained
    assert (coverage_of_trained(e), tail_coverage(e), coverage_with_padding(e)) == (1 / 2, 1 / 2, 2 / 4)
    assert (coverage_of_trained(world([[2, 1]])), tail_coverage(world([[0, NONE_LEFT]]))) == (1 / 2, 0)


def test_overlap_of_lists_with_empty_places():
    first, second = (
        Recommendations(np.arange(3), np.array(items), np.zeros((3, 3)))
        for items in ([[1, 2, -1], [-1, -1, -1], [1, 2, 3]], [[3, 4, 1], [-1, -1, -1], [3, 2, 1]])
    )
    assert list_overlap(first, second) == pytest.approx([1 / (2 + 3 - 1), 1, 1])
    weight = np.array([1, 0.9, 0.81])  # shared among the first 1, 2, 3: 0, 0, 1 and 0, 1, 3
    assert rank_biased_overlap(first, second)[[0, 2]] == pytest.approx(
        np.array([0.81 / 3, 0.9 / 2 + 0.81]) / weight.sum()
    )
