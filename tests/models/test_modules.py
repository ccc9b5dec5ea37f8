"""PyG modules as recommenders: the textbook stack, anybody's module trained here, and modules trained elsewhere."""

import json
import textwrap

import numpy as np
import pytest
import torch
from torch_geometric.nn import GCNConv
from torch_geometric.utils import add_self_loops

import gnnrec_core as gr
from gnnrec_core.base.errors import DataError, RequestError, RunError, UnsupportedError
from gnnrec_core.cli import main
from gnnrec_core.data.store import save_dataset
from gnnrec_core.explain.case import make_case
from gnnrec_core.explain.scores.masks import masked_score
from gnnrec_core.models.ops.edges.features import edge_feature_names, edge_features
from tests.models.runs import fitted, run_of
from tests.worlds import random_dataset

QUICK = {"embedding_dim": 8, "epochs": 3, "batch_size": 64}


class Convolution(torch.nn.Module):
    """A module that somebody else might have: no edge features, a bias, a nonlinearity."""

    def __init__(self, in_channels):
        super().__init__()
        self.layer = GCNConv(in_channels, 6)

    def forward(self, x, edge_index):
        return torch.tanh(self.layer(x, edge_index))


@pytest.fixture(scope="module")
def world():
    return random_dataset(side_edges=True)


@pytest.fixture(scope="module")
def stack(world):
    return fitted("gat_conv", world, n_layers=2, n_heads=2, **QUICK)


def by_hand(model, graph):
    """Two GATConv layers written out: softmax over incoming edges and the self-loop, ELU in between."""
    values = {name: torch.from_numpy(value) for name, value in model.tensors().items()}
    x, n = values["embedding.weight"], graph.n_nodes
    features = torch.from_numpy(edge_features(graph, edge_feature_names(model.graph, model.settings)))
    edges, features = add_self_loops(torch.from_numpy(graph.edge_index.copy()), features, "mean", n)
    source, target = edges
    alphas = []
    for layer in range(2):
        part = {name.split(f"layers.{layer}.")[1]: v for name, v in values.items() if f"layers.{layer}." in name}
        h = (x @ part["lin.weight"].T).view(n, 2, 4)
        e = (features @ part["lin_edge.weight"].T).view(-1, 2, 4)
        logit = (h * part["att_src"]).sum(-1)[source] + (h * part["att_dst"]).sum(-1)[target]
        logit = torch.nn.functional.leaky_relu(logit + (e * part["att_edge"]).sum(-1), 0.2).exp()
        alpha = logit / torch.zeros(n, 2).index_add(0, target, logit)[target]
        x = torch.zeros(n, 2, 4).index_add(0, target, alpha[:, :, None] * h[source]).view(n, 8) + part["bias"]
        x = torch.nn.functional.elu(x) if layer == 0 else x
        alphas.append(alpha[: graph.n_edges].T.numpy())
    return x.numpy(), np.array(alphas)


def test_the_stack_is_the_textbook(stack, world):
    final, alpha = by_hand(stack, stack.graph)
    np.testing.assert_allclose(stack.embeddings(), final, atol=1e-5)
    np.testing.assert_allclose(stack.attention().alpha, alpha, atol=1e-5)
    less = stack.graph.without(stack.graph.history_edges(3)[:2])
    changed, alpha = by_hand(stack, less)
    items = changed[world.n_users : world.n_users + world.n_items]
    np.testing.assert_allclose(stack.score_on(less, np.array([3]))[0], items @ changed[3], atol=1e-5)
    np.testing.assert_allclose(stack.attention(less).alpha, alpha, atol=1e-5)
    uniform = stack.attention().alpha / stack.attention().lift
    n_into = np.bincount(stack.graph.edge_index[1])[stack.graph.edge_index[1]]
    np.testing.assert_allclose(uniform, np.broadcast_to(1 / (1 + n_into), uniform.shape), rtol=1e-5)


def test_masks_are_those_of_pyg_on_a_copy(stack, world):
    case = make_case(stack, world, 3, 5, "margin", 5)
    score = masked_score(stack, case)
    assert score.at(1.0) == pytest.approx(case.explained, abs=1e-5)
    masks = torch.rand(1, len(score.edges), dtype=torch.float64)
    graph, values = stack.graph, {name: torch.from_numpy(v) for name, v in stack.tensors().items()}
    kept = torch.ones(graph.n_edges)
    kept[score.edges] = kept[graph.reverse(score.edges)] = masks[0].float()
    inputs, x = stack.module_inputs(), values["embedding.weight"]
    full, everything = add_self_loops(inputs.edge_index, inputs.edge_attr, "mean", graph.n_nodes)
    carried = torch.cat([kept, torch.ones(graph.n_nodes)])
    for number, layer in enumerate(inputs.module.layers):
        _, (_, alpha) = layer(x, inputs.edge_index, inputs.edge_attr, return_attention_weights=True)
        h = layer.lin(x).view(len(x), 2, 4)
        sent = (carried[:, None] * alpha)[:, :, None] * h[full[0]]
        x = torch.zeros(len(x), 2, 4).index_add(0, full[1], sent).view(len(x), 8) + layer.bias
        x = torch.nn.functional.elu(x) if number == 0 else x
    assert len(everything) == len(carried)
    expected = sum(sign * float(x[3] @ x[world.n_users + item]) for item, sign in case.signed_items)
    assert float(score(masks)) == pytest.approx(expected, abs=1e-5)
    assert stack.score(np.array([3]))[0][5] - stack.score(np.array([3]))[0][case.reference_item] == pytest.approx(
        case.explained, abs=1e-5
    )


def test_what_is_removed_is_asked_again(stack, world):
    run = run_of(stack, world)
    item = gr.recommend(run, "u3").to_frame()["item"][0]
    found = gr.explain(run, "u3", item, "leave_one_out").value
    part = next(part for part in found.contributions if part.item is not None)
    without = stack.score_on(stack.graph.without(np.array([part.edge])), np.array([3]))[0]
    index = world.items.index(item)
    assert part.value == pytest.approx(stack.score_on(stack.graph, np.array([3]))[0][index] - without[index], abs=1e-9)
    lost = gr.counterfactual(run, "u3", item, k=2).value
    after = stack.score_on(stack.graph.without(np.array(lost.edges, np.int64)), np.array([3]))[0]
    assert lost.score_after == pytest.approx(after[index], abs=1e-9) and lost.calls is None
    with pytest.raises(UnsupportedError, match="bend"):
        gr.explain(run, "u3", item)


def test_anybodys_module_is_trained_stored_and_asked_again(world, tmp_path):
    run = gr.fit(world, module=Convolution, **QUICK)
    again = gr.fit(world, module=Convolution, **QUICK)
    everybody = np.arange(world.n_users)
    np.testing.assert_array_equal(run.model.score(everybody), again.model.score(everybody))
    other = gr.fit(world, module=Convolution, seed=1, **QUICK)
    assert not np.allclose(run.model.score(everybody), other.model.score(everybody))
    assert run.record.model == "module" and run.record.settings["source"] == "Convolution"
    assert run.record.figures["n_parameters"] == world.n_nodes * 8 + 8 * 6 + 6
    stored = run.save(tmp_path / "run")
    np.testing.assert_array_equal(stored.model.score(everybody), run.model.score(everybody))
    item = gr.recommend(stored, "u3").to_frame()["item"][0]
    with pytest.raises(UnsupportedError, match="not at hand"):
        gr.explain(stored, "u3", item, "leave_one_out")
    opened = gr.load(tmp_path / "run", module=Convolution)
    ours, theirs = (gr.explain(one, "u3", item, "saliency").to_dict() for one in (run, opened))
    assert ours["contributions"] == theirs["contributions"]
    with pytest.raises(RunError, match="do not fit"):
        gr.load(tmp_path / "run", module=lambda in_channels: GCNConv(in_channels, 5))


def test_a_module_on_the_command_line_is_trained_and_resumed_by_its_file(world, tmp_path, capsys):
    save_dataset(world, tmp_path / "data")
    code = """
    import torch
    from torch_geometric.nn import SAGEConv

    class Net(torch.nn.Module):
        def __init__(self, in_channels, edge_dim=None):
            super().__init__()
            self.layer, self.edge = SAGEConv(in_channels, 4), torch.nn.Linear(edge_dim, 4)

        def forward(self, x, edge_index, edge_attr):
            sent = torch.zeros(len(x), 4).index_add(0, edge_index[1], self.edge(edge_attr))
            return self.layer(x, edge_index) + 0.1 * sent
    """
    path = tmp_path / "net.py"
    path.write_text(textwrap.dedent(code), encoding="utf-8")
    words = ["train", str(tmp_path / "data"), "--module", f"{path}:Net", "--out", str(tmp_path / "run"), "--json"]
    sets = [word for name, value in QUICK.items() for word in ("--set", f"{name}={value}")]
    assert main([*words, *sets]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["model"] == "module" and told["epochs_run"] == 3 and len(told["settings"]["sha256"]) == 64
    item = gr.recommend(tmp_path / "run", "u3").to_frame()["item"][0]
    words = ["explain", str(tmp_path / "run"), "--user", "u3", "--item", item, "--method", "input_x_gradient", "--json"]
    assert main(words) == 2
    assert "not at hand" in json.loads(capsys.readouterr().out)["error"]["message"]
    assert main([*words, "--module", f"{path}:Net"]) == 0
    assert json.loads(capsys.readouterr().out)["contributions"]
    path.write_text(path.read_text() + "\n# changed\n")
    assert main([*words, "--module", f"{path}:Net"]) == 2
    assert "has changed" in json.loads(capsys.readouterr().out)["error"]["message"]
    for wrong, message in ((f"{path}:Nett", "no class"), (f"{path}", "names no module"), ("no.py:Net", "no module")):
        with pytest.raises(RequestError, match=message):
            gr.fit(world, module=wrong)


def test_a_trained_module_is_taken_as_it_is(world):
    torch.manual_seed(0)
    net, x = Convolution(8), torch.randn(world.n_nodes, 8)
    run = gr.from_module(net, world, x)
    edges = torch.from_numpy(run.graph.edge_index.copy())
    final = net(x, edges).detach().numpy()
    np.testing.assert_allclose(
        run.model.score(np.array([3]))[0], final[world.n_users : world.n_users + world.n_items] @ final[3], atol=1e-6
    )
    before = {name: value.clone() for name, value in net.state_dict().items()}
    item = gr.recommend(run, "u3").to_frame()["item"][0]
    gr.explain(run, "u3", item, "pyg_gnnexplainer", n_epochs=3)
    gr.explain(run, "u3", item, "integrated_gradients")
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert net.layer.explain is None  # no trace of PyG's masks


def test_modules_that_do_not_fit_are_a_sentence(world):
    x = torch.randn(world.n_nodes, 8)
    with pytest.raises(DataError, match="rows"):
        gr.from_module(Convolution(8), world)
    with pytest.raises(DataError, match="x has shape"):
        gr.from_module(Convolution(8), world, x[1:])
    with pytest.raises(DataError, match="cannot be called"):
        gr.from_module(Convolution(9), world, x)
    with pytest.raises(RequestError, match="gave shape"):
        gr.fit(world, module=Pooled, **QUICK)
    with pytest.raises(RequestError, match="running state"):
        gr.fit(world, module=lambda in_channels: torch.nn.BatchNorm1d(in_channels), **QUICK)
    with pytest.raises(RequestError, match="needs heads, sizes"):
        gr.fit(world, module=Demanding, **QUICK)
    with pytest.raises(RequestError, match="no module"):
        gr.fit(world, module=3, **QUICK)


class Pooled(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layer = torch.nn.Linear(width, 3)

    def forward(self, x, edge_index):
        return self.layer(x).mean(0, keepdim=True)


class Demanding(torch.nn.Module):
    def __init__(self, edge_dim, heads, sizes):
        super().__init__()
