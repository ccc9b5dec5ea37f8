"""The training loop against independent code: dense algebra, plain autograd, Adam by its formula; and its schedule."""

import math
import time

import numpy as np
import pytest
import torch

from gnnrec_core.models.lightgcn import EMBEDDING, LightGCN, LightGCNSettings
from gnnrec_core.models.ops.fitting import GradientFit, is_over
from gnnrec_core.models.protocol import FitOptions
from tests.worlds import random_dataset

WORLD = random_dataset(12, 15, per_user=7)


def fresh(**settings):
    small = {"embedding_dim": 4, "n_layers": 2, "batch_size": 20, "epochs": 3, "learning_rate": 0.05, "start": "random"}
    return LightGCN.create(WORLD, LightGCNSettings(**{**small, **settings}), seed=1, device="cpu")


def dense_operator(graph):
    adjacency = np.zeros((graph.n_nodes, graph.n_nodes))
    adjacency[graph.edge_index[1], graph.edge_index[0]] = graph.edge_weight
    scale = 1 / np.sqrt(np.maximum(adjacency.sum(1), 1e-12))
    return torch.from_numpy(adjacency * scale[:, None] * scale)


def ranking_loss(final, batch, n_users, settings):
    """Mean over the batch of -log sigmoid(s_pos - s_neg), or of the softmax over the positive and unseen negatives."""
    users, positives, negatives = final[batch.users], final[n_users + batch.items], final[n_users + batch.negatives]
    own = (users * positives).sum(1)
    if settings.loss == "bpr":
        return torch.nn.functional.softplus((users[:, None] * negatives).sum(2) - own[:, None]).mean(1).mean()
    others = users @ negatives.T / settings.temperature
    one_each = torch.zeros(len(batch.users.unique()), len(batch.negatives), dtype=torch.bool)
    one_each[batch.seen[0], batch.seen[1]] = True
    others[one_each[batch.users.unique(return_inverse=True)[1]]] = -torch.inf
    scores = torch.cat([own[:, None] / settings.temperature, others], dim=1)
    return -torch.log_softmax(scores, 1)[:, 0].mean()


def trained_by_hand(model, n_epochs):
    """The embeddings after `n_epochs` of Adam (Kingma and Ba 2015) on the model's own batches, in float64."""
    settings, n_users, operator = model.settings, WORLD.n_users, dense_operator(model.graph)
    weight = torch.from_numpy(model.tensors()[EMBEDDING].astype(np.float64)).requires_grad_()
    first, second, step = torch.zeros_like(weight), torch.zeros_like(weight), 0
    source = GradientFit(model, FitOptions())
    for epoch in range(1, n_epochs + 1):
        for batch in source.batches(epoch):
            final = (weight + operator @ weight + operator @ operator @ weight) / 3
            loss = ranking_loss(final, batch, n_users, settings)
            decayed = [batch.users, n_users + batch.items]
            decayed += [n_users + batch.negatives.flatten()] if settings.loss == "bpr" else []
            rows = weight[torch.cat(decayed)]
            loss = loss + settings.l2 / 2 * rows.square().sum() / len(batch.users)  # half the squared length of each
            gradient = torch.autograd.grad(loss, weight)[0]
            if settings.clip_norm:
                gradient = gradient * min(1.0, settings.clip_norm / float(gradient.norm()))
            step += 1
            first = 0.9 * first + 0.1 * gradient
            second = 0.999 * second + 0.001 * gradient.square()
            change = (first / (1 - 0.9**step)) / ((second / (1 - 0.999**step)).sqrt() + 1e-8)
            weight = (weight.detach() - settings.learning_rate * change).requires_grad_()
    return weight.detach().numpy()


@pytest.mark.parametrize("loss", ["bpr", "softmax"])
@pytest.mark.parametrize("changed", [{"l2": 0.0}, {"l2": 0.3}, {"l2": 0.3, "clip_norm": 0.05}], ids=str)
def test_training_is_that_of_independent_code(loss, changed):
    model = fresh(loss=loss, n_negatives=3, similarity="dot", temperature=0.5, **changed)
    expected = trained_by_hand(fresh(loss=loss, n_negatives=3, similarity="dot", temperature=0.5, **changed), 3)
    before = model.tensors()[EMBEDDING]
    for _ in model.fit(FitOptions()):
        pass
    np.testing.assert_allclose(model.tensors()[EMBEDDING], expected, atol=2e-4)
    assert np.abs(expected - before).max() > 0.1


def test_the_loss_of_an_epoch_is_the_mean_over_its_interactions():
    model = fresh(loss="bpr", n_negatives=2, learning_rate=1e-9, epochs=1)
    source, n = GradientFit(model, FitOptions()), 0
    final, total = torch.from_numpy(model.embeddings().astype(np.float64)), 0.0
    for batch in source.batches(1):
        total += float(ranking_loss(final, batch, WORLD.n_users, model.settings)) * batch.size
        n += batch.size
    assert next(iter(model.fit(FitOptions()))).loss == pytest.approx(total / n, rel=1e-5)


def test_the_loss_is_compiled_on_cuda_alone():
    fit = GradientFit(fresh(compile=True), FitOptions())
    assert fit.ranking == fit._ranking


def rates(**settings):
    fit = GradientFit(fresh(learning_rate=0.1, **settings), FitOptions())
    return [fit.learning_rate(epoch) for epoch in range(1, fit.settings.epochs + 1)]


def test_the_cosine_falls_from_the_learning_rate_to_a_twentieth():
    middle = 0.1 * (0.05 + 0.95 / 2)
    quarter = 0.1 * (0.05 + 0.95 * (1 + math.sqrt(0.5)) / 2)
    assert rates(schedule="cosine", epochs=5) == pytest.approx([0.1, quarter, middle, 0.11 - quarter - 0.005, 0.005])
    assert rates(schedule="constant", epochs=3) == pytest.approx([0.1, 0.1, 0.1])


def test_the_warm_up_rises_in_equal_steps_and_the_schedule_begins_after_it():
    assert rates(schedule="cosine", epochs=6, warmup_epochs=3) == pytest.approx(
        [0.025, 0.05, 0.075, 0.1, 0.0525, 0.005]
    )
    assert rates(schedule="constant", epochs=3, warmup_epochs=1) == pytest.approx([0.05, 0.1, 0.1])


def fitted(figures, **settings):
    """The epochs and the model of a training whose validation says these figures, one after the other."""
    model, said = fresh(epochs=len(figures), validate_every=1, **settings), iter(figures)

    def validate():
        ndcg = next(said)
        return {"recall@20": -ndcg, "ndcg@20": ndcg}  # another figure says the contrary

    return [(epoch, model.tensors()[EMBEDDING]) for epoch in model.fit(FitOptions(validate))], model


@pytest.mark.parametrize(
    ("figures", "best"),
    [
        ([0.1, 0.3, 0.3, 0.2], 2),  # of equals the first
        ([0.3, 0.3, 0.3], 1),
        ([0.1, 0.2, 0.3], 3),
        ([0.0, 0.0], 1),
    ],
)
def test_the_best_epoch_is_the_first_with_the_highest_ndcg(figures, best):
    epochs, model = fitted(figures, patience=99)
    assert np.array_equal(model.tensors()[EMBEDDING], epochs[best - 1][1])
    assert model.training_state().card["best_epoch"] == best
    assert [epoch.is_best for epoch, _ in epochs] == [
        figure > max(figures[:number], default=-1.0) for number, figure in enumerate(figures)
    ]


def test_it_stops_after_as_many_epochs_without_a_better_one_as_patience_says():
    epochs, _ = fitted([0.3, 0.2, 0.2, 0.2, 0.2], patience=2)
    assert len(epochs) == 3
    epochs, _ = fitted([0.1, 0.3, 0.3, 0.2, 0.2, 0.2], patience=3)
    assert len(epochs) == 5
    assert is_over([0.1], 1) and not is_over([], 1)


def test_only_every_so_many_epochs_and_the_last_are_validated():
    model = fresh(epochs=5, validate_every=2)
    told = [bool(epoch.validation) for epoch in model.fit(FitOptions(lambda: {"ndcg@20": 0.1}))]
    assert told == [False, True, False, True, True]


def test_the_seconds_of_an_epoch_are_those_that_it_took():
    start = time.perf_counter()
    epochs = list(fresh(epochs=3).fit(FitOptions(None)))
    assert all(epoch.seconds > 0 for epoch in epochs)
    assert sum(epoch.seconds for epoch in epochs) <= time.perf_counter() - start
