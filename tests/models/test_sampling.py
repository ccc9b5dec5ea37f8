import numpy as np
import torch

from gnnrec_core.graph import build_graph
from gnnrec_core.models.ops.fitting import NOISE
from gnnrec_core.models.ops.sampling import Sampler, share
from tests.worlds import checkerboard, random_dataset, two_communities


def sampler(dataset):
    return Sampler(build_graph(dataset), "cpu")


def test_an_epoch_has_every_train_interaction_once_with_its_edge():
    dataset = random_dataset(side_edges=True)
    graph, drawn = build_graph(dataset), sampler(dataset)
    batches = list(drawn.pairwise(drawn.generator(0, 1), 16, 1, 0.0))
    edges = torch.cat([batch.edges for batch in batches])
    rows = dataset.interactions.rows("train")
    assert sorted(graph.edge_interaction[edges]) == list(rows)
    for batch in batches:
        assert np.array_equal(graph.edge_index[0, batch.edges], batch.users)
        assert np.array_equal(graph.edge_index[1, batch.edges] - graph.n_users, batch.items)


def test_pairwise_negatives_are_unseen():
    graph = build_graph(checkerboard())
    drawn = Sampler(graph, "cpu")
    seen = graph.seen.toarray()
    for batch in drawn.pairwise(drawn.generator(0, 1), 8, 3, 0.5):
        wrong = seen[batch.users[:, None], batch.negatives]
        assert wrong.mean() < 0.05  # a redraw that fails five times at 3 of 8 items: (3/8)^6 = 0.3 %


def test_shared_negatives_name_exactly_what_each_user_has():
    graph = build_graph(random_dataset())
    drawn = Sampler(graph, "cpu")
    for n in (7, 1000):
        for batch in drawn.shared(drawn.generator(0, 1), 16, n, 0.0):
            people = batch.users.unique()
            mask = np.zeros((len(people), len(batch.negatives)), dtype=bool)
            mask[batch.seen[0], batch.seen[1]] = True
            assert np.array_equal(mask, graph.seen.toarray()[people][:, batch.negatives])
            assert np.all(np.diff(batch.seen[0]) >= 0)
    assert np.array_equal(batch.negatives, np.arange(graph.n_items))  # no more than n items: all of them


def test_draws_depend_on_seed_and_epoch_only():
    drawn = sampler(two_communities())

    def first(seed, epoch):
        return next(drawn.pairwise(drawn.generator(seed, epoch), 64, 1, 0.0)).negatives.flatten().tolist()

    assert first(1, 2) == first(1, 2) and first(1, 2) != first(1, 3) and first(1, 2) != first(2, 2)


def test_negatives_follow_popularity_to_the_power():
    graph = build_graph(random_dataset(n_users=200))
    drawn = Sampler(graph, "cpu")
    for power in (0.0, 0.5, 1.0):
        found = np.bincount(drawn._draw(200_000, power, drawn.generator(0, 1)), minlength=graph.n_items) / 200_000
        expected = graph.popularity.astype(float) ** power
        assert np.allclose(found, expected / expected.sum(), atol=0.005)


def test_shares_of_processes_make_up_the_batch():
    drawn = sampler(random_dataset())
    for batch in drawn.shared(drawn.generator(0, 1), 32, 9, 0.0):
        parts = [share(batch, rank, 2) for rank in range(2)]
        assert sorted(torch.cat([part.edges for part in parts]).tolist()) == sorted(batch.edges.tolist())
        people = [part.users.unique() for part in (batch, *parts)]
        whole, *shares = (
            {(int(who[row]), int(column)) for row, column in each.seen.T}
            for who, each in zip(people, (batch, *parts), strict=True)
        )
        assert set.union(*shares) == whole
        for who, found in zip(people[1:], shares, strict=True):
            assert found == {(person, column) for person, column in whole if person in who}
        assert all(part.size == batch.size and part.all_edges is batch.all_edges for part in parts)


def test_the_very_end_of_a_draw_is_the_last_item(monkeypatch):
    graph = build_graph(random_dataset())
    drawn = Sampler(graph, "cpu")
    monkeypatch.setattr(torch, "rand", lambda n, **_: torch.ones(n, dtype=torch.float64))
    assert drawn._draw(3, 0.5, drawn.generator(0, 1)).tolist() == [graph.n_items - 1] * 3


def test_noise_is_not_drawn_from_the_source_of_the_batches():
    drawn = sampler(two_communities())
    batches, noise = (torch.rand(9, generator=drawn.generator(1, 2, *what)) for what in ((), (NOISE,)))
    assert not torch.equal(batches, noise)
