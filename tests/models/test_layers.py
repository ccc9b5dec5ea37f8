"""Weights of layers, noise in them, and contrastive losses, against independent code; what is explained stays exact."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from gnnrec_core.explain.explaining import explain
from gnnrec_core.models.lightgcn import EMBEDDING, LightGCN, LightGCNSettings
from gnnrec_core.models.ops.fitting import NOISE, GradientFit
from gnnrec_core.models.ops.layers import LAYERS, Noise, contrast, layer_weights
from gnnrec_core.models.protocol import FitOptions
from gnnrec_core.runs.run import Run
from tests.models.runs import fitted
from tests.models.test_fitting import dense_operator, ranking_loss
from tests.worlds import random_dataset

WORLD = random_dataset(12, 15, per_user=7)
SMALL = {"embedding_dim": 4, "n_layers": 2, "batch_size": 20, "epochs": 3, "start": "random"}


def fresh(**settings):
    return LightGCN.create(WORLD, LightGCNSettings(**{**SMALL, **settings}), seed=1, device="cpu")


def info_nce(first, second, temperature):
    cosines = functional.normalize(first, dim=1) @ functional.normalize(second, dim=1).T / temperature
    return -torch.log_softmax(cosines, 1).diagonal().mean()


def test_contrast_by_hand():
    """Views that are alike and at right angles to the other node's: log(1 + e^(-1/t)) for both."""
    views = torch.eye(2)
    assert float(contrast(views, views, 0.5)) == pytest.approx(np.log(1 + np.exp(-2)))


def test_contrast_is_its_formula_and_processes_share_it():
    source = torch.Generator().manual_seed(0)
    first, second = torch.randn(2, 7, 3, generator=source)
    assert torch.allclose(contrast(first, second, 0.2), info_nce(first, second, 0.2), atol=1e-5)
    shares = sum(contrast(first, second, 0.2, rank, 3) for rank in range(3))
    assert torch.allclose(shares, info_nce(first, second, 0.2), atol=1e-5)


def test_noise_has_its_length_and_makes_numbers_larger():
    x = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    x[0, 0] = 0.0
    added = Noise(0.3, torch.Generator().manual_seed(1))(x) - x
    assert torch.allclose(added[1:].norm(dim=1), torch.full((4,), 0.3), atol=1e-6)
    assert added[0, 0] == 0 and torch.all(added * x >= 0)


def test_the_weights_of_the_layers():
    def weights(name, n_layers=2):
        return layer_weights(LightGCNSettings(layers=name, n_layers=n_layers), {LAYERS: torch.tensor([3.0, 4.0])})

    assert weights("mean").tolist() == pytest.approx([1 / 3] * 3)
    assert weights("propagated").tolist() == [0, 0.5, 0.5]
    assert weights("last").tolist() == [0, 0, 1]
    assert weights("learned").tolist() == [3.0, 4.0]
    assert weights("last", 0).tolist() == weights("propagated", 0).tolist() == [1.0]


@pytest.mark.parametrize("kind", ["simgcl", "xsimgcl"])
def test_a_step_follows_the_gradient_of_both_losses(kind):
    """The gradient of one step in float64 by autograd through dense matrices, with the noise that the model drew."""
    settings = {"loss": "bpr", "n_negatives": 2, "contrast": kind, "contrast_weight": 0.7, "layers": "propagated"}
    model = fresh(**settings)
    fit = GradientFit(model, FitOptions())
    batch = next(iter(fit.batches(1)))
    before = torch.from_numpy(model.tensors()[EMBEDDING].astype(np.float64)).requires_grad_()
    fit.step(batch)
    operator, n_users = dense_operator(model.graph), WORLD.n_users
    noise = Noise(0.1, fit.sampler.generator(model.seed, 1, NOISE))

    def layers(noisy):
        found = [before]
        for _ in range(2):
            x = operator @ found[-1]
            found.append(x + (noise(x.float()) - x.float()).double().detach() if noisy else x)
        return [*found, (found[1] + found[2]) / 2]

    first = layers(True)
    second = first[1] if kind == "xsimgcl" else layers(True)[-1]
    final = first[-1] if kind == "xsimgcl" else layers(False)[-1]
    users, items = torch.unique(batch.users), torch.unique(batch.items) + n_users
    beside = sum(info_nce(first[-1][some], second[some], 0.2) for some in (users, items))
    loss = ranking_loss(final, batch, n_users, model.settings) + 0.7 * beside
    expected = torch.autograd.grad(loss, before)[0].numpy()
    np.testing.assert_allclose(model.parameters[EMBEDDING].grad.numpy(), expected, atol=2e-5)


@pytest.mark.parametrize("layers", ["mean", "propagated", "last", "learned"])
@pytest.mark.parametrize("name", ["lightgcn", "gat"])
def test_the_ledger_is_exact_whatever_the_layers_and_losses(name, layers):
    dataset = random_dataset(n_users=14, n_items=16, per_user=6, side_edges=True)
    contrastive = {"contrast": "xsimgcl" if layers == "mean" else "simgcl"}
    short = {"embedding_dim": 8, "epochs": 2, "learning_rate": 0.05, "layers": layers, **contrastive}
    model = fitted(name, dataset, **short)
    assert np.allclose(model.propagation().final, model.embeddings(), atol=1e-5)
    assert model.propagation().layer_weights.sum() == pytest.approx(1, abs=0.5)
    found = explain(Run.of(model, dataset), 3, 5, "ledger", check_top=0)
    total = found.baseline + sum(part.value for part in found.contributions)
    assert total == pytest.approx(float(model.score(np.array([3]))[0, 5]), abs=1e-4)
    assert found.completeness_error < 1e-6
    if layers == "learned":
        assert np.abs(model.tensors()[LAYERS] - 1 / 4).max() > 0.01
        again = type(model).restore(dataset, model.settings, model.tensors())
        assert np.array_equal(again.score(np.arange(14)), model.score(np.arange(14)))
    other = fitted(name, dataset, **{**short, "contrast": "none"})
    assert not np.allclose(other.embeddings(), model.embeddings(), atol=1e-3)  # the second loss did something


def test_noise_is_drawn_from_the_seed_and_the_epoch_alone():
    first, second = (fitted("lightgcn", WORLD, **SMALL, contrast="xsimgcl") for _ in range(2))
    assert np.array_equal(first.embeddings(), second.embeddings())
