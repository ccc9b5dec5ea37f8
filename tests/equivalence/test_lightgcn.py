"""LightGCN against independent code: dense linear algebra by the definition, and PyG's own class."""

import numpy as np
import pytest
import torch

from gnnrec_core.models.lightgcn import EMBEDDING, LightGCN, LightGCNSettings
from gnnrec_core.models.ops.sampling import Batch
from gnnrec_core.models.ops.sparse import layer_mean
from tests.worlds import make_dataset, random_dataset


def model(dataset, **settings):
    return LightGCN.create(dataset, LightGCNSettings(embedding_dim=8, **settings), seed=3, device="cpu")


def dense_final(graph, embedding, n_layers):
    """Mean of D^-1/2 A D^-1/2 to the powers 0 .. K, written edge by edge."""
    adjacency = np.zeros((graph.n_nodes, graph.n_nodes))
    for (source, target), weight in zip(graph.edge_index.T, graph.edge_weight, strict=True):
        adjacency[target, source] += weight
    degree = adjacency.sum(1)
    scale = np.array([d**-0.5 if d > 0 else 0.0 for d in degree])
    operator = adjacency * scale[:, None] * scale
    return sum(np.linalg.matrix_power(operator, power) @ embedding for power in range(n_layers + 1)) / (n_layers + 1)


@pytest.mark.parametrize("n_layers", [0, 1, 3])
@pytest.mark.parametrize("side_edges", [0.0, 0.7])
def test_final_embeddings_and_scores_follow_the_definition(n_layers, side_edges):
    dataset = random_dataset(side_edges=True, seed=1)
    ours = model(dataset, n_layers=n_layers, side_edges=side_edges)
    expected = dense_final(ours.graph, ours.tensors()[EMBEDDING].astype(np.float64), n_layers)
    assert np.allclose(ours.embeddings(), expected, atol=1e-6)
    items = expected[dataset.n_users : dataset.n_users + dataset.n_items]
    assert np.allclose(ours.score(np.array([4, 0])), expected[[4, 0]] @ items.T, atol=1e-6)
    assert np.allclose(ours.propagation().final, expected, atol=1e-6)


def test_final_embeddings_are_those_of_pyg():
    from torch_geometric.nn.models import LightGCN as PyGLightGCN

    dataset = random_dataset(seed=2)
    ours = model(dataset)
    theirs = PyGLightGCN(dataset.n_nodes, 8, num_layers=3)
    with torch.no_grad():
        theirs.embedding.weight.copy_(ours.parameters[EMBEDDING])
        found = theirs.get_embedding(torch.from_numpy(ours.graph.edge_index.copy()))
    assert np.allclose(ours.embeddings(), found.numpy(), atol=1e-6)


def test_a_path_by_hand():
    # u0 - i0 - u1: degrees 1, 2, 1; P = 1/sqrt(2) on both edges; one layer: z = (E + PE) / 2.
    ours = model(make_dataset([(0, 0, "train"), (1, 0, "train")]), n_layers=1)
    e = ours.tensors()[EMBEDDING]
    r = np.sqrt(0.5)
    assert np.allclose(
        ours.embeddings(), [(e[0] + r * e[2]) / 2, (e[1] + r * e[2]) / 2, (e[2] + r * (e[0] + e[1])) / 2]
    )


def test_the_gradient_of_the_layer_mean_is_that_of_plain_autograd():
    ours = model(random_dataset(seed=4))
    operator = torch.from_numpy(ours.graph.normalised_adjacency.toarray())
    x = torch.randn(ours.graph.n_nodes, 5, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(ours.graph.n_nodes, 5, dtype=torch.float64)
    plain = (x + operator @ x + operator @ operator @ x) / 3
    wanted = torch.autograd.grad((plain * weight).sum(), x)[0]
    found = torch.autograd.grad((layer_mean(x, operator, 2) * weight).sum(), x)[0]
    assert torch.allclose(found, wanted)


def test_without_an_edge_the_propagation_is_that_of_a_model_on_the_smaller_graph():
    dataset = random_dataset(seed=5)
    ours = model(dataset)
    changed = ours.graph.without(ours.graph.history_edges(3)[:2])
    expected = dense_final(changed, ours.tensors()[EMBEDDING].astype(np.float64), 3)
    assert np.allclose(ours.propagation(changed).final, expected, atol=1e-6)


def test_hidden_interactions_of_a_batch_carry_no_message_and_count_in_no_degree():
    ours = model(random_dataset(side_edges=True, seed=5), hide_batch=True)
    edges = torch.from_numpy(ours.graph.history_edges(3)[:2].copy())
    batch = Batch(edges, edges, *(torch.zeros(0),) * 3, None, len(edges))
    with torch.no_grad():
        found = ours.embed(torch.arange(ours.graph.n_nodes), batch)[0].numpy()
    changed = ours.graph.without(edges.numpy())
    expected = dense_final(changed, ours.tensors()[EMBEDDING].astype(np.float64), 3)
    assert np.allclose(found, expected, atol=1e-6)
    assert not np.allclose(found, ours.embeddings(), atol=1e-4)


def test_an_isolated_user_is_scored_by_its_own_embedding_alone():
    dataset = make_dataset([(0, 0, "train"), (1, 0, "test")], n_users=2)
    ours = model(dataset)
    assert np.allclose(ours.embeddings()[1], ours.tensors()[EMBEDDING][1] / 4)
    assert np.isfinite(ours.score(np.arange(2))).all()
