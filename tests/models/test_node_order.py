import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given
from hypothesis import strategies as st

from gnnrec_core.models.ops.node_order import NodeOrder, dealt
from gnnrec_core.models.ops.sparse import csr_tensor, product


@pytest.fixture
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def test_cards_are_dealt_to_and_fro_from_the_largest():
    assert dealt(np.array([1, 9, 5, 7, 3]), 2).tolist() == [0, 0, 1, 1, 0]  # 9 | 7 5 | 3 1


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=60), st.integers(1, 9))
def test_hands_have_equal_numbers_and_nearly_equal_sums(sizes, n_hands):
    hand = dealt(np.array(sizes), n_hands)
    counts = np.bincount(hand, minlength=n_hands)
    sums = np.bincount(hand, weights=sizes, minlength=n_hands)
    assert counts.max() - counts.min() <= 1
    assert sums.max() - sums.min() <= max(sizes)


def popular_first(n=90, seed=0):
    """A symmetric matrix whose first rows have most of the entries, and whose last row has none."""
    rng = np.random.default_rng(seed)
    chance = np.outer(*(1 / np.sqrt(np.arange(1, n + 1)),) * 2)
    chance[-1] = chance[:, -1] = 0
    dense = np.triu((rng.random((n, n)) < chance) * rng.random((n, n))).astype(np.float32)
    return sp.csr_array(dense + dense.T)


def test_products_in_the_order_are_those_of_the_numbering_bit_for_bit(three_threads):
    matrix = popular_first()
    order = NodeOrder.of(np.diff(matrix.indptr), "cpu")
    x = torch.randn(90, 64, generator=torch.Generator().manual_seed(0))
    found = product(csr_tensor(order.matrix(matrix)), order.rows(x))
    assert not torch.equal(order.nodes, torch.arange(90))
    assert torch.equal(found[order.places], product(csr_tensor(matrix), x))


def test_each_thread_gets_as_many_entries_and_its_nodes_in_turn(three_threads):
    matrix = popular_first()
    entries = np.diff(matrix.indptr)
    nodes = NodeOrder.of(entries, "cpu").nodes.numpy().reshape(3, 30)
    sums = entries[nodes].sum(1)
    assert sums.max() - sums.min() <= entries.max()
    assert entries.reshape(3, 30).sum(1).max() > 1.5 * sums.max()  # what the numbering would give the first
    assert (np.diff(nodes, axis=1) > 0).all()


def test_gradients_come_back_in_the_numbering(three_threads):
    order = NodeOrder.of(np.array([1, 5, 2, 8, 3, 0]), "cpu")
    table = torch.randn(6, 2, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(6, 2, dtype=torch.float64)
    (found,) = torch.autograd.grad((order.rows(table) * weight).sum(), table)
    assert torch.equal(found, weight[order.places])


def test_one_thread_keeps_the_numbering():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        order = NodeOrder.of(np.array([1, 5, 2]), "cpu")
    finally:
        torch.set_num_threads(before)
    table = torch.ones(3, 2)
    assert order.nodes.tolist() == order.places.tolist() == [0, 1, 2] and order.rows(table) is table
