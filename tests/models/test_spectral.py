import numpy as np
import pytest

from gnnrec_core.graph import build_graph
from gnnrec_core.models.ops import spectral
from gnnrec_core.models.ops.spectral import item_shares, spectral_embedding
from tests.worlds import make_dataset, random_dataset


@pytest.mark.parametrize("tall", [200_000, 1])
def test_the_leading_directions_are_those_of_the_exact_decomposition(monkeypatch, tall):
    monkeypatch.setattr(spectral, "TALL", tall)
    graph = build_graph(random_dataset(n_users=40, n_items=30))
    n, last = graph.n_users, graph.n_users + graph.n_items
    block = graph.normalised_adjacency[:n, n:last].toarray()
    left = np.linalg.svd(block)[0][:, :4] * np.sqrt(graph.degree[:n, None])
    found = spectral_embedding(graph, 4, seed=0, std=1.0)[:n]
    # The same space up to the noise of a tenth: what one spans, the other explains.
    explained = left @ np.linalg.lstsq(left, found, rcond=None)[0]
    assert np.linalg.norm(found - explained) < 0.25 * np.linalg.norm(found)


def test_it_is_finite_of_the_asked_size_and_decided_by_the_seed():
    for dataset in (random_dataset(side_edges=True), make_dataset([(0, 0, "train"), (1, 1, "test")])):
        graph = build_graph(dataset)
        one, same, other = (spectral_embedding(graph, 16, seed, 0.1) for seed in (1, 1, 2))
        assert one.shape == (graph.n_nodes, 16) and one.dtype == np.float32 and np.isfinite(one).all()
        assert np.array_equal(one, same) and not np.array_equal(one, other)
        assert 0.09 < one.std() < 0.12


@pytest.mark.parametrize("side_edges", [False, True])
def test_a_user_starts_as_the_sum_of_the_shares_of_their_items(side_edges):
    graph = build_graph(random_dataset(n_users=50, n_items=30, side_edges=side_edges))
    noise = np.random.default_rng((3, 0)).standard_normal((graph.n_nodes, 6), dtype=np.float32)
    start = spectral_embedding(graph, 6, seed=3, std=0.1) - 0.01 * noise
    weighted = graph.adjacency[: graph.n_users, graph.n_users : graph.n_users + graph.n_items]
    assert np.allclose(weighted @ item_shares(graph, 6, 3), start[: graph.n_users], atol=1e-5)


def test_untrained_scores_already_tell_communities_apart():
    from gnnrec_core.models.lightgcn import LightGCN, LightGCNSettings
    from tests.worlds import two_communities

    model = LightGCN.create(two_communities(), LightGCNSettings(embedding_dim=4), 0, "cpu")
    score = model.score(np.arange(20))
    own = np.add.outer(np.arange(20) // 10, np.arange(20) // 10) % 2 == 0
    assert score[own].mean() > 5 * abs(score[~own].mean())
