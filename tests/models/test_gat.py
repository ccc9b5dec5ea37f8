from dataclasses import replace

import numpy as np
import pytest
import torch

from gnnrec_core.base.errors import RequestError
from gnnrec_core.graph import build_graph
from gnnrec_core.models.gat import EDGE, GAT, SOURCE, TARGET, GATSettings, edge_feature_names, edge_features
from gnnrec_core.models.lightgcn import EMBEDDING, LightGCN, LightGCNSettings
from gnnrec_core.models.ops.edges.attention import Weights, attend
from gnnrec_core.models.ops.edges.edge_graph import EdgeGraph
from gnnrec_core.models.ops.sampling import Batch
from gnnrec_core.models.protocol import FitOptions
from tests.worlds import make_dataset, random_dataset


def model(dataset, scale=0.0, **settings):
    """A GAT whose attention parameters are normal draws times `scale`."""
    gat = GAT.create(dataset, GATSettings(embedding_dim=8, **settings), 0, "cpu")
    rng = np.random.default_rng(7)
    tensors = gat.tensors()
    for name in (SOURCE, TARGET, EDGE):
        tensors[name] = (rng.standard_normal(tensors[name].shape) * scale).astype(np.float32)
    gat.set_tensors(tensors)
    return gat


def slow_alpha(gat, graph):
    """Attention of every layer and head edge by edge, from the definition."""
    s, tensors = gat.settings, {name: value.astype(np.float64) for name, value in gat.tensors().items()}
    features = edge_features(graph, edge_feature_names(gat.graph, s)).astype(np.float64)
    x, width = tensors[EMBEDDING], s.embedding_dim // s.n_heads
    alpha, layers = np.zeros((s.n_layers, s.n_heads, graph.n_edges)), [x]
    for layer in range(s.n_layers):
        following = np.zeros_like(x)
        for head in range(s.n_heads):
            block = slice(head * width, (head + 1) * width)
            mass, total = np.zeros(graph.n_edges), np.zeros(graph.n_nodes)
            for e, (j, v) in enumerate(graph.edge_index.T):
                logit = x[j, block] @ tensors[SOURCE][layer, head] + x[v, block] @ tensors[TARGET][layer, head]
                logit += features[e] @ tensors[EDGE][layer, head]
                logit = logit if logit >= 0 else 0.2 * logit
                mass[e] = graph.edge_weight[e] * np.exp(s.attention_bound * np.tanh(logit / s.attention_bound))
                total[v] += mass[e]
            for e, (j, v) in enumerate(graph.edge_index.T):
                alpha[layer, head, e] = mass[e] / total[v]
                following[v, block] += alpha[layer, head, e] * np.sqrt(graph.degree[v] / graph.degree[j]) * x[j, block]
        x = following
        layers.append(x)
    return alpha, sum(layers) / len(layers)


@pytest.mark.parametrize("n_heads", [1, 2])
def test_attention_and_embeddings_follow_the_definition_also_on_a_changed_graph(n_heads):
    gat = model(random_dataset(n_users=12, n_items=15, side_edges=True), scale=0.8, n_heads=n_heads, n_layers=2)
    changed = gat.graph.without(gat.graph.history_edges(2)[:2]).with_interactions(5, np.array([14]))
    for graph in (gat.graph, changed):
        alpha, final = slow_alpha(gat, graph)
        attention = gat.attention(graph)
        assert np.allclose(attention.alpha, alpha, atol=1e-6)
        assert np.allclose(attention.lift, alpha * graph.degree[graph.edge_index[1]] / graph.edge_weight, atol=1e-4)
        assert np.allclose(gat.propagation(graph).final, final, atol=1e-6)
        assert attention.lift.std() > 0.1
    assert np.allclose(gat.embeddings(), slow_alpha(gat, gat.graph)[1], atol=1e-6)


def test_an_untrained_gat_is_lightgcn_and_its_lift_is_one():
    dataset = random_dataset(side_edges=True)
    gat = model(dataset)
    lightgcn = LightGCN.create(dataset, LightGCNSettings(embedding_dim=8), 0, "cpu")
    assert np.allclose(gat.embeddings(), lightgcn.embeddings(), atol=1e-6)
    assert np.allclose(gat.attention().lift, 1, atol=1e-5)


def test_the_own_gradient_of_attention_is_right():
    graph = EdgeGraph(build_graph(random_dataset(n_users=6, n_items=8, per_user=5, side_edges=True)))
    for name in ("weight", "_ones", "degree"):
        setattr(graph, name, getattr(graph, name).double())
    weights = Weights.of(graph.weight, graph.degree)
    generator = torch.Generator().manual_seed(0)
    shapes = ((graph.n_nodes, 3), (graph.n_nodes,), (graph.n_nodes,), (len(graph.weight),))
    parts = [torch.randn(shape, dtype=torch.float64, generator=generator).requires_grad_() for shape in shapes]
    weighing = [tensor.clone().requires_grad_() for tensor in (weights.weight, weights.root, weights.inverse)]
    assert torch.autograd.gradcheck(
        lambda *values: attend(*values[:4], graph, Weights(*values[4:]), 1.5), [*parts, *weighing]
    )


def test_embeddings_at_other_weights_are_those_of_the_reweighted_graph():
    gat = model(random_dataset(side_edges=True), scale=0.5, edge_features=False)  # else attention sees weights too
    half = gat.graph.n_edges // 2
    weight = torch.rand(half, generator=torch.Generator().manual_seed(1)) + 0.5
    own = torch.from_numpy(gat.graph.edge_weight[:half].copy())
    with torch.no_grad():
        assert np.allclose(gat.embeddings_at(own).numpy(), gat.embeddings(), atol=1e-6)
        found = gat.embeddings_at(weight).numpy()
    changed = replace(gat.graph, edge_weight=weight.numpy()[np.arange(gat.graph.n_edges) % half])
    assert np.allclose(found, gat.propagation(changed).final, atol=1e-5)


def test_in_training_the_edges_of_the_batch_carry_no_message():
    dataset = random_dataset(side_edges=True)
    gat = model(dataset, scale=0.5)
    edges = torch.from_numpy(gat.graph.history_edges(3).copy())
    batch = Batch(edges, edges, *(torch.zeros(0),) * 3, None, len(edges))
    nodes = torch.arange(gat.graph.n_nodes)
    with torch.no_grad():
        hidden = gat.embed(nodes, batch)[0].numpy()
        shown = model(dataset, scale=0.5, hide_batch=False).embed(nodes, batch)[0].numpy()
    removed = gat.graph.without(edges.numpy())
    assert np.allclose(hidden, gat.propagation(removed).final, atol=1e-5)
    assert np.allclose(shown, gat.embeddings(), atol=1e-6)


def test_attention_learns_to_route_by_a_feature_that_matters():
    """Items rated 5 are from the user's community, items rated 1 from the other: attention has to prefer the former."""
    rng = np.random.default_rng(0)
    triples, ratings = [], []
    for user in range(60):
        own = 20 * (user % 2) + rng.permutation(20)[:7]
        other = 20 * (1 - user % 2) + rng.permutation(20)[:6]
        triples += [(user, int(item), "validation" if n == 0 else "train") for n, item in enumerate(own)]
        triples += [(user, int(item), "train") for item in other]
        ratings += [5.0] * 7 + [1.0] * 6
    dataset = make_dataset(triples, rating=np.array(ratings, np.float32))
    settings = GATSettings(embedding_dim=16, loss="bpr", n_negatives=1, epochs=60, attention_rate=1.0, batch_size=128)
    gat = GAT.create(dataset, settings, 0, "cpu")
    losses = [epoch.loss for epoch in gat.fit(FitOptions())]
    assert losses[-1] < losses[0]
    lift, graph = gat.attention().lift.mean(axis=(0, 1)), gat.graph
    high = dataset.interactions.rating[graph.edge_interaction] == 5
    assert abs(np.log(lift[high].mean() / lift[~high].mean())) > 0.1  # it does not ignore the feature


def test_heads_must_divide_the_embedding():
    with pytest.raises(RequestError, match="not a multiple"):
        model(random_dataset(), n_heads=3)


def test_a_user_without_train_interactions_still_has_finite_scores():
    gat = model(make_dataset([(0, 0, "train"), (1, 0, "test"), (0, 1, "train")], n_users=2), scale=1.0)
    assert np.isfinite(gat.score(np.arange(2))).all() and np.isfinite(gat.attention().lift).all()
