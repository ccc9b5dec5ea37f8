"""The fast GNNExplainer gives the masks of PyTorch Geometric's, and its pair score is that of masked propagation."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from torch_geometric.explain import Explainer, ModelConfig
from torch_geometric.explain import GNNExplainer as PyGExplainer
from torch_geometric.nn import LGConv

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.explain.methods.gnn_explainer import (
    GNNExplainer,
    GNNExplainerSettings,
    PyGGNNExplainer,
    PyGSettings,
    learn_mask,
)
from gnnrec_core.explain.scores.agreement import mean_agreement
from gnnrec_core.explain.scores.graph_masks import PairScore, differentiable
from gnnrec_core.explain.scores.pyg_module import PairModule
from tests.explain.linear_world import CASES, MARGIN, SCORE, TwoRelationModel, random_model


class Wrapper(torch.nn.Module):
    """LightGCN as PyG's explainers want it: embeddings in, layers of `LGConv`, one score out."""

    def __init__(self, n_layers: int) -> None:
        super().__init__()
        self.layers = torch.nn.ModuleList(LGConv() for _ in range(n_layers))

    def forward(self, x, edge_index, edge_label_index):
        outputs = [x]
        for layer in self.layers:
            outputs.append(layer(outputs[-1], edge_index))
        final = torch.stack(outputs).mean(0)
        user, item = edge_label_index
        return (final[user] * final[item]).sum(-1)


def pyg_mask(model, case, settings, seed):
    spread = model.propagation()
    explainer = Explainer(
        Wrapper(spread.n_layers),
        PyGExplainer(settings.n_epochs, settings.learning_rate, edge_size=settings.edge_size),
        explanation_type="model",
        edge_mask_type="object",
        model_config=ModelConfig(mode="regression", task_level="edge", return_type="raw"),
    )
    torch.manual_seed(seed)
    pair = torch.tensor([[case.user_index], [model.graph.n_users + case.item_index]])
    edge_index = torch.from_numpy(model.graph.edge_index.copy())
    found = explainer(torch.from_numpy(spread.embedding.astype(np.float32)), edge_index, edge_label_index=pair)
    return found.edge_mask.double().numpy()


@pytest.mark.parametrize(("n_layers", "edge_size"), [(1, 0.1), (2, 0.005), (3, 0.1)])
def test_masks_equal_those_of_pyg(n_layers, edge_size):
    model = random_model(n_layers=n_layers)
    case = model.case(SCORE)
    settings = GNNExplainerSettings(counts_as=0, edge_size=edge_size, n_epochs=60, learning_rate=0.05)
    theirs = pyg_mask(model, case, settings, seed=3)
    ours = learn_mask(PairScore.of(model.prepared, case), case.explained, settings, seed=3)
    assert np.ptp(theirs) > 0.1
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("make", [random_model, TwoRelationModel], ids=["lightgcn", "heads, loops, parallel edges"])
def test_pygs_own_explainer_runs_on_our_models_and_gives_our_masks(make, kind):
    model = make()
    case, settings = model.case(kind), {"n_epochs": 40, "n_seeds": 2}
    ours = GNNExplainer().explain(model, model.dataset, case, GNNExplainerSettings(**settings), 3)
    state = torch.get_rng_state()
    theirs = PyGGNNExplainer().explain(model, model.dataset, case, PyGSettings(**settings), 3)
    assert torch.equal(torch.get_rng_state(), state)
    values, others = ({part.edge: part.value for part in found.contributions} for found in (ours, theirs))
    assert values.keys() == others.keys() and np.ptp(list(values.values())) > 0.02
    assert theirs.method == "pyg_gnnexplainer"
    for edge, value in values.items():
        assert others[edge] == pytest.approx(value, abs=2e-6)


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("make", [random_model, TwoRelationModel], ids=["lightgcn", "heads, loops, parallel edges"])
def test_the_module_for_pyg_is_the_masked_score(make, kind):
    model = make()
    module, case = PairModule.of(model, model.case(kind)), model.case(kind)
    assert float(module(module.x, module.edge_index)) == pytest.approx(case.explained, abs=1e-10)
    mask = np.random.default_rng(2).uniform(0, 1.5, model.graph.n_edges)
    expected = PairScore.of(model.prepared, case).value_and_gradient(mask)[0]
    assert float(module(module.x, module.edge_index, torch.from_numpy(mask))) == pytest.approx(expected, abs=1e-10)


def test_masks_do_not_depend_on_the_scale_of_scores():
    model = random_model()
    case, settings = model.case(SCORE), GNNExplainerSettings(n_epochs=60)
    score = PairScore.of(model.prepared, case)
    louder = replace(score, starts=score.starts * [1, 8])
    assert louder.value_and_gradient(np.ones(score.n_edges))[0] == pytest.approx(8 * case.explained)
    found = learn_mask(score, case.explained, settings, seed=0)
    assert np.ptp(found) > 0.1
    np.testing.assert_allclose(learn_mask(louder, 8 * case.explained, settings, seed=0), found, atol=1e-6)


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("make", [random_model, TwoRelationModel], ids=["lightgcn", "heads, loops, parallel edges"])
def test_pair_score_is_that_of_masked_operators(make, kind):
    model = make()
    case, graph, spread = model.case(kind), model.graph, model.prepared.propagation
    mask = np.random.default_rng(0).uniform(0, 1.5, graph.n_edges)
    # From the definition: what each edge carries is its share of the entry between its ends.
    carried, whole = np.zeros((graph.n_nodes, graph.n_nodes)), np.zeros((graph.n_nodes, graph.n_nodes))
    source, target = graph.edge_index
    np.add.at(carried, (target, source), graph.edge_weight * mask)
    np.add.at(whole, (target, source), graph.edge_weight.astype(float))
    factor = np.where(whole > 0, carried / np.where(whole > 0, whole, 1), 1.0)
    masked = replace(
        spread,
        operators=tuple(tuple(sp.csr_array(p.toarray() * factor) for p in heads) for heads in spread.operators),
    )
    expected = sum(sign * masked.score(case.user_index, item) for item, sign in case.signed_items)
    score = PairScore.of(model.prepared, case)
    assert score.value_and_gradient(mask)[0] == pytest.approx(expected, abs=1e-10)
    assert score.value_and_gradient(np.ones(graph.n_edges))[0] == pytest.approx(case.explained, abs=1e-10)


@pytest.mark.parametrize("make", [random_model, TwoRelationModel])
def test_gradient_is_the_limit_of_differences(make):
    model = make()
    score = PairScore.of(model.prepared, model.case(MARGIN))
    mask = torch.from_numpy(np.random.default_rng(1).uniform(0.2, 1.0, score.n_edges)).requires_grad_()
    assert torch.autograd.gradcheck(lambda m: differentiable(score, m), (mask,), fast_mode=True)


def test_importances_are_in_range_for_the_users_edges_and_repeat_with_the_seed():
    model = random_model()
    case, settings = model.case(SCORE), GNNExplainerSettings(n_epochs=20, n_seeds=2)
    first, again, other = (GNNExplainer().explain(model, model.dataset, case, settings, seed) for seed in (0, 0, 1))
    values = [part.value for part in first.contributions]
    assert all(0.0 <= value <= 1.0 for value in values) and values == sorted(values, reverse=True)
    assert {part.edge for part in first.contributions} == set(model.prepared.edges_of(case.user_index).tolist())
    assert replace(first, seconds=0.0) == replace(again, seconds=0.0)
    assert values != [part.value for part in other.contributions]
    assert not first.is_additive and not first.exact and "Approximate" in first.warnings[0]


def test_agreement_of_rankings():
    up, down = np.array([1.0, 2.0, 3.0]), np.array([3.0, 2.0, 1.0])
    assert mean_agreement([up, up]) == pytest.approx(1.0)
    assert mean_agreement([up, up, down]) == pytest.approx(-1 / 3)
    assert mean_agreement([up]) is None and mean_agreement([up, np.ones(3)]) is None


def test_a_model_without_messages_is_refused_with_a_reason():
    with pytest.raises(UnsupportedError, match="passes no messages"):
        GNNExplainer().supports(object())
