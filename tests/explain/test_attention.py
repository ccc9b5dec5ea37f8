"""Attention is read off the model as it is, its walks sum to one, and it is never passed off as a preference."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.explain.case import make_case
from gnnrec_core.explain.methods.attention import (
    AttentionMethod,
    AttentionSettings,
    attention_matrices,
    attention_paths,
    tree_attention,
)
from gnnrec_core.models.gat import GAT, GATSettings
from tests.explain.linear_world import random_model
from tests.worlds import random_dataset

USER = 3


@pytest.fixture(scope="module")
def world():
    """A GAT whose attention parameters are drawn at random, as after training."""
    dataset = random_dataset(side_edges=True)
    settings = GATSettings(embedding_dim=8, n_layers=2, n_heads=2)
    untrained = GAT.create(dataset, settings, seed=0, device="cpu")
    rng = np.random.default_rng(1)
    tensors = {name: rng.normal(size=value.shape).astype(np.float32) for name, value in untrained.tensors().items()}
    return dataset, GAT.restore(dataset, settings, tensors)


def explained(world, **settings):
    dataset, model = world
    item = int(np.setdiff1d(np.arange(dataset.n_items), model.graph.history(USER))[0])
    case = make_case(model, dataset, USER, item, "score", 5)
    return AttentionMethod().explain(model, dataset, case, AttentionSettings(**settings), 0)


def test_every_edge_of_the_user_has_alpha_and_lift_of_every_layer_and_head(world):
    _, model = world
    graph, attention = model.graph, model.attention()
    explanation = explained(world)
    for part in explanation.contributions:
        (incoming,) = [
            column
            for column in np.flatnonzero(graph.edge_index[1] == USER)
            if column in (part.edge, graph.reverse(np.array([part.edge]))[0])
        ]
        figures = part.detail["attention"]
        assert [(f["layer"], f["head"]) for f in figures] == [(1, 1), (1, 2), (2, 1), (2, 2)]
        assert [f["alpha"] for f in figures] == pytest.approx(attention.alpha[:, :, incoming].ravel().tolist())
        assert [f["lift"] for f in figures] == pytest.approx(attention.lift[:, :, incoming].ravel().tolist())
        assert part.value == pytest.approx(np.mean([f["lift"] for f in figures]))
        assert part.share == 0.0
    alphas = [part.detail["attention"] for part in explanation.contributions]
    for place in range(4):  # all edges into the user: attention sums to one
        assert sum(figures[place]["alpha"] for figures in alphas) == pytest.approx(1.0, abs=1e-5)


def test_an_untrained_gat_attends_as_if_there_were_none(world):
    dataset, _ = world
    model = GAT.create(dataset, GATSettings(embedding_dim=8, n_layers=2), seed=0, device="cpu")
    explanation = explained((dataset, model))
    assert [part.value for part in explanation.contributions] == pytest.approx(
        [1.0] * len(explanation.contributions), abs=1e-5
    )


def test_walks_are_the_best_of_all_walks_and_all_sum_to_one(world):
    dataset, model = world
    alpha = model.attention().alpha.astype(np.float64)
    first, second = (m[0].toarray() for m in attention_matrices(model.graph, alpha.mean(axis=1, keepdims=True)))
    nodes = range(model.graph.n_nodes)
    every = {(USER, a, b): second[USER, a] * first[a, b] for a, b in product(nodes, nodes)}
    assert sum(every.values()) == pytest.approx(1.0, abs=1e-5)
    paths = attention_paths(dataset, model.graph, alpha, USER, 10)
    assert [path.value for path in paths] == pytest.approx(sorted(every.values(), reverse=True)[:10])
    for path in paths:
        assert every[tuple(node.index for node in path.nodes)] == pytest.approx(path.value)


def test_tree_attention_counts_every_place_of_an_edge_in_the_tree(world):
    _, model = world
    graph, alpha = model.graph, model.attention().alpha.astype(np.float64)
    weights = np.array([0.2, 0.3, 0.5])
    source, target = graph.edge_index
    expected = np.zeros(graph.n_edges)
    for head in range(2):
        for top in np.flatnonzero(target == USER):
            expected[top] += weights[2] * alpha[1, head, top] / 2  # last layer of walks of two steps
            expected[top] += weights[1] * alpha[0, head, top] / 2  # walks of one step
            for below in np.flatnonzero(target == source[top]):
                expected[below] += weights[2] * alpha[1, head, top] * alpha[0, head, below] / 2
    np.testing.assert_allclose(tree_attention(graph, alpha, weights, USER), expected, atol=1e-12)


@pytest.mark.parametrize("measure", ["lift", "alpha", "tree"])
def test_it_says_what_attention_is_and_how_far_deletion_agrees(world, measure):
    explanation = explained(world, measure=measure)
    said = " ".join(explanation.warnings)
    assert "never what the user prefers" in said
    assert "Rank correlation of attention with leaving the edge out" in said
    assert not explanation.is_additive and not explanation.exact
    assert replace(explanation, seconds=0) == replace(explained(world, measure=measure), seconds=0)


def test_a_model_without_attention_is_refused_with_a_reason():
    with pytest.raises(UnsupportedError, match="has no attention"):
        AttentionMethod().supports(random_model())
