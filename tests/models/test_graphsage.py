"""GraphSAGE: features by hand, sampled means, exact parts, and what it knows of those it has never seen."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import torch

from gnnrec_core.base.errors import RunError
from gnnrec_core.base.settings import read_settings
from gnnrec_core.data.dataset import Relation
from gnnrec_core.graph import build_graph
from gnnrec_core.models.graphsage import GraphSAGE
from gnnrec_core.models.ops.features import degree_features, node_features
from gnnrec_core.models.ops.neighbours import Neighbours, mean_operator
from gnnrec_core.models.ops.sampling import Sampler
from gnnrec_core.runs.estimating import estimate
from gnnrec_core.runs.fold_in import fold_in
from tests.models.runs import fitted, run_of
from tests.worlds import make_dataset, random_dataset

QUICK = {"embedding_dim": 8, "epochs": 3, "batch_size": 64, "id_dropout": 1.0}
"""Nobody has an id: what attributes and neighbours make of everybody."""


def with_items(dataset, **columns):
    """`dataset` with attribute columns of items."""
    return replace(dataset, item_table=dataset.item_table.with_columns(pl.Series(k, v) for k, v in columns.items()))


def genres_world(n_users: int = 24, n_items: int = 20, newcomers: int = 4):
    """Even users read genre A (even items), odd users B; the last items have a genre and nobody who read them."""
    rng = np.random.default_rng(0)
    old = n_items - newcomers
    triples = []
    for user in range(n_users):
        own = rng.permutation(np.arange(user % 2, old, 2))[:6]
        triples += [(user, int(item), "train") for item in own[:5]] + [(user, int(own[5]), "validation")]
    world = make_dataset(triples, n_users, n_items)
    return with_items(world, genre=["A" if item % 2 == 0 else "B" for item in range(n_items)])


def test_features_by_hand():
    world = make_dataset([(0, 0, "train"), (0, 1, "train"), (1, 1, "train"), (1, 2, "test")])
    world = with_items(world, year=[1900, 1902, None], tags=[["x", "y"], ["x"], ["z"]])
    features = node_features(world)
    # "y" and "z" stand at one item alone, so they would be ids in disguise.
    assert features.names == ("year", "tags=x", "type=user", "type=item", "type=attribute")
    assert features.static[:2].tolist() == [[0, 0, 1, 0, 0]] * 2
    assert features.static[2:].tolist() == [[-1, 1, 0, 1, 0], [1, 1, 0, 1, 0], [0, 0, 0, 1, 0]]
    log2, log3 = np.log([2, 3]).astype(np.float32)
    graph = build_graph(world)
    assert degree_features(graph).tolist() == [[log3, 0, 0], [log2, 0, 0], [0, log2, 0], [0, log3, 0], [0, 0, 0]]
    assert features.on(graph).shape == (5, features.n)
    assert features.unknown_user(2).tolist() == [0, 0, 1, 0, 0, log3, 0, 0]


def test_no_feature_is_an_id():
    dataset = random_dataset(side_edges=True)
    names = node_features(dataset).names
    assert not any("u1" in name or "i1" in name or "Item" in name for name in names)


def test_means_are_weighted():
    friends = Relation("friend", "user-user", np.array([0]), np.array([1]), np.array([0.5], np.float32))
    graph = build_graph(make_dataset([(0, 0, "train"), (1, 1, "train")], relations=(friends,)))
    assert mean_operator(graph).toarray()[0] == pytest.approx([0, 1 / 3, 2 / 3, 0])


def test_drawn_neighbours_are_neighbours_and_their_mean_is_right_on_average():
    graph = build_graph(random_dataset(side_edges=True))
    neighbours = Neighbours(graph, "cpu")
    nothing = neighbours.hidden(torch.zeros(0, dtype=torch.int64))
    nodes = torch.arange(graph.n_nodes)
    near, weight = neighbours.draw(nodes, 4000, nothing, torch.Generator().manual_seed(0))
    expected = mean_operator(graph).toarray()
    drawn = np.zeros_like(expected)
    np.add.at(drawn, (np.arange(graph.n_nodes)[:, None], near.numpy()), weight.numpy())
    assert (drawn[expected == 0] == 0).all()
    assert np.abs(drawn - expected).max() < 0.05
    assert drawn.sum(1) == pytest.approx((graph.degree > 0).astype(float), abs=1e-4)


def test_hidden_edges_carry_nothing_in_either_direction():
    graph = build_graph(random_dataset())
    neighbours = Neighbours(graph, "cpu")
    edges = graph.history_edges(3)
    near, weight = neighbours.draw(
        torch.arange(graph.n_nodes), 50, neighbours.hidden(torch.from_numpy(edges)), torch.Generator().manual_seed(1)
    )
    assert weight[3].sum() == 0
    assert weight[near == 3].sum() == 0


def test_training_embeds_as_always_when_all_neighbours_are_drawn():
    """With so many draws that every neighbour is drawn in its share, the sampled embedding is the full one."""
    model = fitted("graphsage", random_dataset(8, 6, per_user=5, seed=1), **QUICK, n_neighbours=1000)
    batch = next(Sampler(model.graph, "cpu").pairwise(torch.Generator().manual_seed(0), 1, 1, 0.0))
    batch = replace(batch, all_edges=batch.all_edges[:0])
    nodes = torch.tensor([0, 3, 9, 0])
    with torch.no_grad():
        sampled, full = (table[places] for table, places in (model.embed(nodes, batch), model.embed(nodes, None)))
    assert torch.allclose(sampled, full, atol=0.15 * float(full.abs().max()))
    assert torch.equal(sampled[0], sampled[3])


def test_items_and_users_never_seen_are_placed_by_what_is_known_of_them():
    world = genres_world()
    model = fitted("graphsage", world, embedding_dim=16, epochs=60, batch_size=64, learning_rate=0.02)
    scores = model.score(np.arange(24))
    new_a, new_b = scores[:, [16, 18]].mean(1), scores[:, [17, 19]].mean(1)
    assert (new_a[::2] > new_b[::2]).all() and (new_b[1::2] > new_a[1::2]).all()
    answer = fold_in(run_of(model, world), [1, 3], 4)
    assert (answer.item_index % 2 == 1).all()
    assert np.allclose(answer.own + answer.values.sum(0), answer.score)


def test_parts_of_a_new_user_are_those_of_a_user_with_that_history():
    """A user of whom nothing is known but the history is folded in to the very same scores."""
    world = random_dataset(seed=6)
    model = fitted("graphsage", world, **QUICK)
    history = model.graph.history(4)
    parts = model.new_user_parts(history)
    assert np.allclose(parts.own + parts.values.sum(0), model.score_on(model.graph, np.array([4]))[0], atol=1e-8)
    assert parts.frozen == ("gates",)


def test_removing_an_interaction_is_recomputed():
    model = fitted("graphsage", random_dataset(seed=2, side_edges=True), **QUICK)
    edges = model.graph.history_edges(0)
    changed = model.score_on(model.graph.without(edges[:1]), np.array([0]))
    assert not np.allclose(changed, model.score_on(model.graph, np.array([0])))
    parts = model.history_parts(0, np.array([1, 2]))
    friends = np.flatnonzero(model.graph.edge_index[0] == 0)
    assert set(parts.edges) == set(friends) and set(edges) <= set(friends)


def test_resumed_training_draws_the_same_neighbours():
    model = fitted("graphsage", random_dataset(), **QUICK)
    batch = next(Sampler(model.graph, "cpu").pairwise(torch.Generator().manual_seed(0), 32, 1, 0.0))
    first, second = model._generator(batch), model._generator(batch)
    assert torch.equal(torch.rand(3, generator=first), torch.rand(3, generator=second))


def test_torch_geometric_embeds_the_same():
    """Two `SAGEConv` with these weights, on a graph without weights, are this model."""
    from torch_geometric.nn import SAGEConv

    model = fitted("graphsage", random_dataset(seed=3), **QUICK)
    weights = {name: torch.from_numpy(value) for name, value in model.tensors().items()}
    edges = torch.from_numpy(model.graph.edge_index.copy())
    h = torch.from_numpy(model.features.on(model.graph)) @ weights["input"]
    for layer in (1, 2):
        conv = SAGEConv(8, 8, aggr="mean")
        with torch.no_grad():
            conv.lin_l.weight.copy_(weights[f"near.{layer}"].T)
            conv.lin_l.bias.copy_(weights[f"bias.{layer}"])
            conv.lin_r.weight.copy_(weights[f"own.{layer}"].T)
            h = conv(h, edges)
            h = torch.relu(h) if layer == 1 else h
    assert np.allclose(model.embeddings(), h.numpy(), rtol=1e-4, atol=1e-5)


WITH_IDS = {**QUICK, "id_dropout": 0.3}


def test_ids_are_of_those_who_are_known_and_parts_stay_complete():
    """Items 16 to 19 were chosen by nobody: their ids stay 0, so attributes and neighbours alone place them."""
    world = genres_world()
    model = fitted("graphsage", world, **WITH_IDS)
    ids = model.tensors()["ids"]
    assert (ids[24 + 16 :] == 0).all() and (ids[: 24 + 16] != 0).all()
    whole = model.score_on(model.graph, np.arange(24))
    assert np.allclose(model.score(np.arange(24)), whole, atol=1e-4)
    items = np.arange(world.n_items)
    for user in (0, 5):
        parts = model.history_parts(user, items)
        assert np.abs(parts.own + parts.values.sum(0) - whole[user]).max() < 1e-9
    signs = np.zeros((1, world.n_items))
    signs[0, [2, 3]] = 1, -1
    sums = model.history_sums(np.array([5]), signs)
    assert sums.own[0] + sums.values.sum() == pytest.approx(whole[5, 2] - whole[5, 3], abs=1e-9)


def test_an_id_is_a_feature_that_can_be_masked():
    model = fitted("graphsage", genres_world(), **WITH_IDS)
    names, columns = model.features_of(0)
    assert names[-1] == "known as itself (id)" and columns[-1] == model.features.n
    assert model.features_of(24 + 16)[0][-1] != names[-1]
    nodes = np.array([0])
    rows = model.feature_rows(nodes)
    assert np.allclose(model.embeddings_from(nodes, rows).numpy(), model.embeddings(), atol=1e-5)
    rows[0, -1] = 0
    masked = model.embeddings_from(nodes, rows).numpy()
    own = model.tensors()["ids"][0]
    model.set_tensors(model.tensors() | {"ids": np.where(np.arange(44)[:, None] == 0, 0, model.tensors()["ids"])})
    assert own.any() and np.allclose(masked, model.embeddings(), atol=1e-5)


def test_somebody_new_has_no_id():
    """A person whose only knowledge is the history: the own part is what the network makes of a 0 in place of an id."""
    model = fitted("graphsage", genres_world(), **WITH_IDS)
    history = model.graph.history(4)
    layers = model._layers(model.graph)
    first = model.features.unknown_user(len(history)).astype(np.float64) @ model._weight("input")
    one = first @ model._weight("own.1") + model._weight("bias.1")
    one = np.maximum(one + layers[0][24 + history].mean(0) @ model._weight("near.1"), 0)
    two = one @ model._weight("own.2") + layers[1][24 + history].mean(0) @ model._weight("near.2")
    expected = layers[-1][24:44] @ (two + model._weight("bias.2") + first)
    parts = model.new_user_parts(history)
    assert np.abs(parts.own + parts.values.sum(0) - expected).max() < 1e-9


def test_without_attributes_it_says_so_before_the_start():
    plain = random_dataset()
    settings = model_settings(id_dropout=1.0)
    assert "attributes" in GraphSAGE.caution(plain, settings)
    assert GraphSAGE.caution(genres_world(), settings) == ""
    assert GraphSAGE.caution(plain, model_settings(id_dropout=0.3)) == ""
    of_plain = estimate(plain, "graphsage", {"embedding_dim": 8, "id_dropout": 1.0}, "cpu")
    assert GraphSAGE.caution(plain, settings) in of_plain.warnings
    assert estimate(plain, "graphsage", {"embedding_dim": 8}, "cpu").warnings == ()
    assert estimate(plain, "lightgcn", {"embedding_dim": 8}, "cpu").warnings == ()


def test_a_stranger_is_placed_by_attributes_alone(monkeypatch):
    monkeypatch.setattr("gnnrec_core.models.graphsage.STRANGERS", 1.0)
    model = GraphSAGE.create(genres_world(), model_settings(embedding_dim=8, id_dropout=0.9999), 0, "cpu")
    sampler = Sampler(model.graph, "cpu")
    batch = next(sampler.shared(sampler.generator(0, 1), 16, 8, 0.0))
    nodes = torch.arange(model.graph.n_nodes)
    table, places = model.embed(nodes, batch)
    x = torch.from_numpy(model.features.static)
    p = model.parameters
    first = h = x @ p["input"][: x.shape[1]]
    h = torch.relu(h @ p["own.1"] + p["bias.1"]) @ p["own.2"] + p["bias.2"]
    assert torch.allclose(table[places], h + first, atol=1e-6)


def test_runs_from_before_nodes_had_ids_open_as_they_were():
    world = genres_world()
    old = fitted("graphsage", world, **QUICK)
    said = old.settings.model_dump()
    del said["id_dropout"]  # what a record of that time does not say
    again = GraphSAGE.restore(world, read_settings(GraphSAGE.settings_type, said), old.tensors())
    assert not again.has_ids and again.settings.id_dropout == 1.0
    assert np.array_equal(again.embeddings(), old.embeddings())
    with pytest.raises(RunError, match="do not fit"):
        GraphSAGE.restore(world, model_settings(embedding_dim=8, id_dropout=0.1), old.tensors())


def test_by_default_nodes_are_known_by_themselves_as_well():
    assert fitted("graphsage", genres_world(), embedding_dim=8, epochs=1).has_ids


def model_settings(**given):
    return GraphSAGE.settings_type(**given)
