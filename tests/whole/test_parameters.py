"""Main parameters: removed inputs are those that are named, and what has no effect is said to have none."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from gnnrec_core.data.dataset import Relation
from gnnrec_core.explain.scores.linear import prepare
from gnnrec_core.explain.scores.scoring import scorer_of
from gnnrec_core.ranking.recommendations import Recommendations
from gnnrec_core.runs.run import Run, load_run
from gnnrec_core.runs.workspace import SAMPLE
from gnnrec_core.whole.inputs import history_parts, inputs_of
from gnnrec_core.whole.parameters import main_parameters, overlaps
from tests.models.runs import fitted
from tests.worlds import make_dataset, random_dataset

WORLD = random_dataset(n_users=30, n_items=25, per_user=9, seed=3, side_edges=True)


@pytest.fixture(scope="module")
def runs():
    quick = {"epochs": 2, "embedding_dim": 8}
    made = {name: fitted(name, WORLD, **quick) for name in ("lightgcn", "gat")}
    return {name: Run.of(model, WORLD) for name, model in (*made.items(), ("ease", fitted("ease", WORLD)))}


@pytest.mark.parametrize("name", ["lightgcn", "gat", "ease"])
def test_without_own_history_and_learned_taste_the_ledger_lacks_these_parts(runs, name):
    run = runs[name]
    found = {each.name: each for each in inputs_of(run)}
    sizes = {part: len(edges) for part, _, edges in history_parts(WORLD, run.graph)}
    assert sum(sizes.values()) == 2 * sizes["own history"]
    users, items = np.array([0, 7, 29]), np.arange(WORLD.n_items)
    for row, user in enumerate(users.tolist()):
        parts = scorer_of(run.model).parts(user, items)
        for part, _, edges in history_parts(WORLD, run.graph):
            gone = np.isin(parts.edges, edges)
            wanted = parts.own + parts.values[~gone].sum(0)
            assert np.allclose(found[part].score(users)[row], wanted, atol=1e-7)
        if name != "ease":
            assert np.allclose(found["learned taste"].score(users)[row], parts.values.sum(0), atol=1e-7)
    if name == "ease":
        assert not found["learned taste"].is_used and not found["friend links"].is_used
        assert found["other people's behaviour"].score is None


def test_without_a_relation_the_graph_lacks_it_and_without_popularity_items_have_one_mean(runs):
    run, users = runs["lightgcn"], np.arange(30)
    found = {each.name: each for each in inputs_of(run)}
    edges = np.flatnonzero(run.graph.edge_type == run.graph.relations.index("author"))
    final = run.model.propagation(run.graph.without(edges)).final
    assert np.allclose(found["attribute author"].score(users), final[:30] @ final[30:55].T)
    assert np.allclose(found["popularity"].score(users).mean(0), 0, atol=1e-7)
    spread = prepare(run.model).propagation
    first = spread.layer_weights[0] * spread.embedding + spread.layer_weights[1] * spread.layers[1]
    assert np.allclose(found["other people's behaviour"].score(users), first[:30] @ spread.embedding[30:55].T)


def test_an_overlap_counts_places_that_stay():
    def lists(*rows):
        items = np.array(rows)
        return Recommendations(np.arange(len(rows)), items, np.zeros(items.shape))

    found = overlaps(lists([1, 2], [1, 2], [3, -1], [-1, -1]), lists([2, 1], [3, 4], [3, 5], [1, 2]))
    assert np.array_equal(found, [1.0, 0.0, 1.0, np.nan], equal_nan=True)


def test_on_the_sample_inputs_rank_as_planted():
    """What others do and who is popular decide most, then what the person has; genres and friends hardly anything."""
    found = main_parameters(load_run(SAMPLE / "runs" / "lightgcn"), 10)
    order = [row.name for row in found.rows]
    strong, weak = ("popularity", "other people's behaviour", "own history"), ("attribute genre", "friend links")
    assert max(map(order.index, strong)) < min(map(order.index, (*weak, "attribute author")))
    by_name = {row.name: row for row in found.rows}
    assert all(by_name[name].has_effect and by_name[name].accuracy.value < 0 for name in strong)
    assert not any(by_name[name].has_effect for name in weak)
    assert found.without_profiling.accuracy.high < 0 and 0 < found.without_profiling.overlap.value < 1


def test_a_model_that_is_nothing_but_popularity_says_so():
    found = main_parameters(Run.of(fitted("popularity", WORLD), WORLD), 5)
    first, *others = found.rows
    assert first.name == "popularity" and first.has_effect and "no list" in first.sentence
    assert all(not row.is_used and row.overlap.value == 1 for row in others)
    assert found.without_profiling.overlap.value == 1 and found.without_profiling.has_effect is False


def random_attribute(seed):
    """Two tastes that people keep to, and an attribute that is dealt to items by chance."""
    rng, triples = np.random.default_rng(seed), []
    for user in range(60):
        chosen = 20 * (user % 2) + rng.permutation(20)[:9]
        splits = ["train"] * 6 + ["validation", "test", "test"]
        triples += [(user, int(item), split) for item, split in zip(chosen, splits, strict=True)]
    nodes = 100 + rng.integers(0, 5, 40)
    shelf = Relation("shelf", "item-attribute", 60 + np.arange(40), nodes, np.full(40, 0.3, np.float32))
    return make_dataset(triples, 60, 40, (shelf,), [("shelf", f"Shelf {number}") for number in range(5)])


def draws_with_effect(seeds):
    said, own = [], []
    for seed in seeds:
        dataset = random_attribute(seed)
        run = Run.of(fitted("lightgcn", dataset, seed=seed, epochs=15, embedding_dim=16, n_layers=2), dataset)
        rows = {row.name: row for row in main_parameters(run, 5).rows}
        said.append(rows["attribute shelf"].has_effect)
        own.append(rows["other people's behaviour"].has_effect)
    return np.array(said), np.array(own)


def test_a_random_attribute_is_called_without_effect():
    said, _ = draws_with_effect(range(3))
    assert not said.any()


@pytest.mark.long
def test_a_random_attribute_is_called_without_effect_in_at_least_95_percent_of_draws():
    said, _ = draws_with_effect(range(40))
    assert said.mean() <= 0.05


def test_data_without_times_have_no_ages():
    dataset = replace(WORLD, interactions=replace(WORLD.interactions, timestamp=None))
    names = [part for part, _, _ in history_parts(dataset, Run.of(fitted("ease", dataset), dataset).graph)]
    assert names == ["own history"] and isinstance(dataset.item_table, pl.DataFrame)
