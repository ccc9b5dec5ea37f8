from dataclasses import dataclass

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from gnnrec_core.base.errors import RequestError
from gnnrec_core.ranking import factored
from gnnrec_core.ranking.topk import check_k, rank_items, rank_of, top_k


@given(st.integers(1, 6), st.integers(1, 9), st.integers(1, 12), st.integers(0, 10_000))
def test_top_k_is_the_head_of_a_stable_sort(rows, columns, k, seed):
    values = np.random.default_rng(seed).integers(0, 4, (rows, columns)).astype(np.float32)
    index, found = top_k(values, k)
    expected = np.argsort(-values, axis=1, kind="stable")[:, :k]
    assert np.array_equal(index, expected)
    assert np.array_equal(found, np.take_along_axis(values, expected, axis=1))


def test_nothing_seen_is_recommended_and_short_lists_end_in_minus_one():
    seen = sp.csr_array(np.array([[1, 1, 0], [0, 0, 0]], dtype=bool))
    lists = rank_items(lambda users: np.array([[3.0, 2.0, 1.0]] * len(users)), np.array([0, 1]), seen, 3)
    assert lists.item_index.tolist() == [[2, -1, -1], [0, 1, 2]]
    assert lists.score[0, 1] == -np.inf


def test_lists_longer_than_the_catalogue_end_in_minus_one():
    seen = sp.csr_array((1, 2), dtype=bool)
    lists = rank_items(lambda users: np.array([[1.0, 2.0]]), np.array([0]), seen, 4)
    assert lists.item_index.tolist() == [[1, 0, -1, -1]] and lists.score.tolist() == [[2.0, 1.0, -np.inf, -np.inf]]


def test_blocks_do_not_change_the_lists():
    rng = np.random.default_rng(0)
    scores, seen = rng.normal(size=(50, 70)), sp.csr_array(rng.random((50, 70)) < 0.2)
    users = rng.permutation(50)
    whole = rank_items(lambda u: scores[u].copy(), users, seen, 10, block=64)
    parts = rank_items(lambda u: scores[u].copy(), users, seen, 10, block=7)
    assert np.array_equal(whole.item_index, parts.item_index)


def test_rank_counts_items_that_are_better_and_leaves_out_the_seen():
    values = np.array([5.0, 4.0, 4.0, 1.0])
    assert rank_of(values, 2, np.array([0])) == 2
    assert rank_of(values, 2, np.array([0, 2])) == 2  # the item itself is always ranked
    assert rank_of(values, 3, np.array([], dtype=int)) == 4


@dataclass
class Factors:
    """Whole numbers, so that sums are exact and many scores are equal."""

    users: np.ndarray
    items: np.ndarray

    def user_factors(self, users):
        return self.users[users]

    def item_factors(self):
        return self.items


@pytest.mark.parametrize(("people", "numbers"), [(7, 50), (64, 10_000), (3, 3), (512, 2**20)])
@pytest.mark.parametrize("k", [1, 10, 45])
def test_lists_of_tiles_are_the_lists_of_whole_rows(monkeypatch, people, numbers, k):
    monkeypatch.setattr(factored, "PEOPLE", people)
    monkeypatch.setattr(factored, "NUMBERS", numbers)
    rng = np.random.default_rng(k)
    source = Factors(rng.integers(-2, 3, (64, 4)).astype(np.float32), rng.integers(-2, 3, (45, 4)).astype(np.float32))
    seen = sp.csr_array(rng.random((64, 45)) < 0.3)
    users = rng.permutation(64)[:40]
    whole = rank_items(lambda chosen: source.users[chosen] @ source.items.T, users, seen, k)
    tiled = rank_items(source, users, seen, k)
    assert np.array_equal(tiled.item_index, whole.item_index) and np.array_equal(tiled.score, whole.score)


@pytest.mark.parametrize("k", [-1, 0, 6])
def test_a_list_has_one_item_at_least_and_the_catalogue_at_most(k):
    for fits in (1, 5):
        check_k(fits, 5)
    with pytest.raises(RequestError, match=f"Lists of {k} items cannot be made out of 5 items"):
        check_k(k, 5)
