import numpy as np
import torch

from gnnrec_core.models.ops import losses
from gnnrec_core.models.ops.losses import bpr, sampled_softmax


def rows(*values):
    return torch.tensor(values, dtype=torch.float64)


def test_bpr_of_equal_scores_is_log_two_for_each_interaction():
    table = rows([1.0, 0.0], [0.0, 1.0], [2.0, 5.0], [7.0, 2.0])
    users, items = torch.tensor([0, 1]), torch.tensor([2, 3])
    assert torch.isclose(bpr(table, users, items, items.unsqueeze(1)), torch.tensor(2 * np.log(2)))


def test_bpr_averages_over_negatives():
    table = rows([1.0], [1.0], [0.0], [2.0])
    expected = (np.log1p(np.exp(-1)) + np.log1p(np.exp(1))) / 2
    found = bpr(table, torch.tensor([0]), torch.tensor([1]), torch.tensor([[2, 3]]))
    assert torch.isclose(found, torch.tensor(expected))


def test_bpr_has_the_gradient_of_the_definition_also_where_rows_repeat():
    generator = torch.Generator().manual_seed(0)
    table = torch.randn(7, 3, dtype=torch.float64, generator=generator).requires_grad_()
    users, positives = torch.tensor([0, 1, 0, 2]), torch.tensor([3, 4, 3, 6])
    negatives = torch.tensor([[5, 6], [3, 3], [4, 6], [5, 4]])
    scores = (table[users].unsqueeze(1) * (table[negatives] - table[positives].unsqueeze(1))).sum(2)
    expected = torch.nn.functional.softplus(scores).mean(1).sum()
    found = bpr(table, users, positives, negatives)
    assert torch.isclose(found, expected)
    (wanted,) = torch.autograd.grad(expected, table)
    (gradient,) = torch.autograd.grad(3 * found, table)
    assert torch.allclose(gradient, 3 * wanted)


def test_softmax_by_hand_leaves_out_what_the_user_has():
    users, positives, negatives = rows([1.0]), rows([2.0]), rows([0.0], [3.0])
    seen = torch.tensor([[0], [1]])
    assert np.isclose(float(sampled_softmax(users, positives, negatives, seen, 0.5)), np.log1p(np.exp(-4)))


def random_case(b=9, m=5, d=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    parts = [torch.randn(n, d, dtype=torch.float64, generator=generator) for n in (b, b, m)]
    mask = torch.rand(b, m, generator=generator) < 0.3
    return [part.requires_grad_() for part in parts], mask


def plain_softmax(users, positives, negatives, mask, temperature, similarity):
    """The definition with the whole score matrix and autograd."""
    if similarity != "dot":
        users = users / users.norm(dim=1, keepdim=True)
    if similarity == "cosine":
        positives, negatives = (x / x.norm(dim=1, keepdim=True) for x in (positives, negatives))
    good = (users * positives).sum(1, keepdim=True)
    scores = torch.cat([good, (users @ negatives.T).masked_fill(mask, -torch.inf)], dim=1) / temperature
    return -torch.log_softmax(scores, 1)[:, 0].sum()


def test_tiles_give_the_value_and_the_gradients_of_the_definition(monkeypatch):
    monkeypatch.setattr(losses, "TILE", 4)
    for similarity in ("dot", "user", "cosine"):
        parts, mask = random_case()
        expected = plain_softmax(*parts, mask, 0.7, similarity)
        wanted = torch.autograd.grad(expected, parts)
        found = sampled_softmax(*parts, mask.nonzero().T, 0.7, similarity)
        assert torch.isclose(found, expected)
        for mine, theirs in zip(torch.autograd.grad(3 * found, parts), wanted, strict=True):
            assert torch.allclose(mine, 3 * theirs)


def test_one_row_a_person_is_the_loss_of_all_their_rows(monkeypatch):
    monkeypatch.setattr(losses, "TILE", 2)
    (table, positives, negatives), mask = random_case(b=24, d=3)
    users = torch.randint(5, (24,), generator=torch.Generator().manual_seed(3)) + 2
    expected = plain_softmax(table[users], positives, negatives, mask[users], 0.7, "user")
    one, order, person = losses.by_person(users)
    people = users[one]
    assert torch.equal(people, users.unique()) and torch.equal(people[person], users[order])
    seen = mask[people].nonzero().T
    found = sampled_softmax(table[people], positives[order], negatives, seen, 0.7, "user", person)
    assert torch.isclose(found, expected)
    parts = (table, positives, negatives)
    wanted = torch.autograd.grad(expected, parts)
    for mine, theirs in zip(torch.autograd.grad(found, parts), wanted, strict=True):
        assert torch.allclose(mine, theirs)


def test_softmax_survives_scores_that_would_overflow():
    users, positives, negatives = rows([100.0]), rows([100.0]), rows([99.0])
    none = torch.zeros(2, 0, dtype=torch.int64)
    assert sampled_softmax(users, positives, negatives, none, 0.01) == 0


def test_what_is_far_behind_or_left_out_costs_and_learns_nothing():
    (users, positives, negatives), mask = random_case(m=40)
    expected = plain_softmax(users, positives, negatives, mask, 0.01, "dot")  # exponents of some hundreds
    found = sampled_softmax(users, positives, negatives, mask.nonzero().T, 0.01)
    assert torch.isclose(found, expected, rtol=1e-12)
    wanted = torch.autograd.grad(expected, (users, positives, negatives))
    for gradient, reference in zip(torch.autograd.grad(found, (users, positives, negatives)), wanted, strict=True):
        assert torch.allclose(gradient, reference, rtol=1e-9, atol=1e-30)


def test_products_are_the_same_on_one_thread_and_on_several():
    left, right = (torch.randn(*shape, generator=torch.Generator().manual_seed(1)) for shape in ((70, 33), (33, 50)))
    before, found = torch.get_num_threads(), []
    for n_threads in (1, 2):
        torch.set_num_threads(n_threads)
        found.append(losses.product(left, right))
    torch.set_num_threads(before)
    assert torch.allclose(*found, atol=1e-5)
