"""Side edges in the ridge filter: what each relation adds by its formula, exact parts, refits, and chosen weights."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from gnnrec_core.base.errors import RequestError
from gnnrec_core.data.dataset import Relation, without_rows
from gnnrec_core.models.ops.filters.related import HALF_LAGS, LATER
from gnnrec_core.models.ops.filters.related_filter import parsed, written
from gnnrec_core.whole.inputs import inputs_of
from tests.models.runs import fitted, run_of
from tests.worlds import make_dataset, random_dataset

PLAIN = {"penalty": 3.0, "user_power": 0.3, "item_power": 0.2, "degree_power": 0.1, "order": 20}
WEIGHTS = {"friend": 0.5, "author": 0.25, "similar": 0.125}
BOTH = {**PLAIN, "relations": written(WEIGHTS)}


@pytest.fixture(scope="module")
def world():
    found = random_dataset(40, 30, 10, side_edges=True)
    rng = np.random.default_rng(1)
    ends = np.unique(np.sort(rng.integers(0, 30, (25, 2)), axis=1), axis=0)
    ends = ends[ends[:, 0] != ends[:, 1]] + found.n_users
    similar = Relation("similar", "item-item", ends[:, 0], ends[:, 1], rng.uniform(0.5, 2, len(ends)))
    return replace(found, relations=(*found.relations, similar))


def dense(dataset):
    """What each relation adds to every score `[n_users, n_items]`, person by person and friend by friend."""
    log, (n, m) = dataset.interactions, (dataset.n_users, dataset.n_items)
    rows = log.rows("train")
    x, time, rating = (np.zeros((n, m)) for _ in range(3))
    pairs = log.user_index[rows], log.item_index[rows]
    x[pairs], time[pairs], rating[pairs] = log.weight[rows], log.timestamp[rows], log.rating[rows]
    has, had = x > 0, (x > 0).sum(1)
    span = np.ptp(log.timestamp[rows])
    authors, friends, similar = np.zeros((m, dataset.n_attributes)), np.zeros((n, n)), np.zeros((m, m))
    for relation in dataset.relations:
        for a, b, weight in zip(relation.source, relation.target, relation.weight, strict=True):
            if relation.name == "author":
                authors[a - n, b - n - m] += weight
            elif relation.name == "friend":
                friends[a, b] += weight
                friends[b, a] += weight
            else:
                similar[a - n, b - n] += weight
                similar[b - n, a - n] += weight
    shared = authors / authors.sum(0) @ authors.T
    np.fill_diagonal(shared, 0)
    from_friends = np.zeros((n, m))
    for u in range(n):
        for v in np.flatnonzero(friends[u]):
            pull = 0.0
            for j in np.flatnonzero(has[u] & has[v]):
                if time[v, j] < time[u, j] and rating[v, j] >= rating[v, has[v]].mean():
                    aged = 2.0 ** (-(time[u, j] - time[v, j]) / (span / HALF_LAGS))
                    pull += x[u, j] * aged / np.sqrt(has[:, j].sum())
            for i in np.flatnonzero(has[v]):
                later = (time[v, has[v]] > time[v, i]).sum()
                liked = rating[v, i] >= rating[v, has[v]].mean()
                strength = friends[u, v] * pull / np.sqrt(had[u] * had[v])
                from_friends[u, i] += strength * liked * 2.0 ** (-later / LATER)
    return x, {"author": x @ shared, "friend": from_friends, "similar": x @ similar}


def test_each_relation_adds_what_its_formula_says(world):
    x, added = dense(world)
    people = np.arange(world.n_users)
    alone = fitted("ridge", world, **PLAIN, relations="")
    plain = alone.score_on(alone.graph, people)
    model = fitted("ridge", world, **BOTH)
    expected = plain.copy()
    for name, weight in WEIGHTS.items():
        assert added[name].any()
        expected += weight * plain[x == 0].std() / added[name][x == 0].std() * added[name]
    assert np.allclose(model.score(people), expected, atol=2e-5)
    assert np.allclose(model.score_on(model.graph, people), expected, atol=2e-5)


def test_parts_sums_and_paths_are_exact_and_what_goes_takes_its_part(world):
    model, items = fitted("ridge", world, **BOTH), np.array([3, 17, 29])
    scores = model.score_on(model.graph, np.arange(world.n_users))
    users = np.array([5, 0, 39])
    signs = sp.csr_array(np.random.default_rng(0).integers(-1, 2, (3, world.n_items)).astype(float))
    sums = model.history_sums(users, signs)
    for row, user in enumerate(users.tolist()):
        parts = model.history_parts(user, items)
        assert np.allclose(parts.own + parts.values.sum(0), scores[user, items], rtol=1e-12)
        mine = sums.owner == row
        every = model.history_parts(user, np.arange(world.n_items)).values @ signs[[row]].toarray()[0]
        assert np.allclose(sums.values[mine], every) and np.array_equal(sums.edges[mine], parts.edges)
        without = model.score_on(model.graph.without(parts.edges[:2]), np.array([user]))[0, items]
        assert np.allclose(without, scores[user, items] - parts.values[:2].sum(0), rtol=1e-9, atol=1e-12)
        paths = model.reader_paths(user, [(3, 1.0), (17, -1.0)])
        assert paths.values.sum() + sum(paths.beside.values()) == pytest.approx(scores[user, 3] - scores[user, 17])
        assert "what items share (author)" in paths.beside


def test_fitted_without_an_interaction_is_a_fit_on_the_data_without_it(world):
    model = fitted("ridge", world, **BOTH)
    edges = model.graph.history_edges(7)[1:3]
    reduced = fitted("ridge", without_rows(world, model.graph.edge_interaction[edges]), **BOTH)
    expected = reduced.score_on(reduced.graph, np.array([7]))
    assert np.allclose(model.scores_refitted(7, [edges])[0], expected[0], rtol=1e-9)


def test_a_friend_who_had_it_later_pulls_nothing():
    friend = Relation("friend", "user-user", np.array([0]), np.array([1]), np.ones(1, np.float32))
    triples = [(0, 0, "train"), (0, 1, "train"), (1, 0, "train"), (1, 1, "train"), (1, 2, "train"), (2, 3, "train")]
    for time, pulls in (
        ([30, 40, 10, 20, 35, 50], [0, 1]),
        ([10, 20, 30, 40, 35, 50], []),
        ([30, 40, 10, 45, 35, 50], [0]),
    ):
        dataset = make_dataset(triples, relations=(friend,), timestamp=np.array(time))
        model = fitted("ridge", dataset, **PLAIN, relations="friend=1")
        assert model._pulls("friend", np.array([0]), model.graph).item.tolist() == pulls


def test_somebody_new_has_no_friends_and_new_items_came_now(world):
    model = fitted("ridge", world, **BOTH)
    edges = [e for e in range(world.n_users) if model._related.people["friend"][[e]].nnz]
    user = next(u for u in edges if len(model.graph.history(u)))
    friend = int(model._related.people["friend"][[user]].indices[0])
    fresh = np.setdiff1d(model.graph.history(friend), model.graph.history(user))[:1]
    graph = model.graph.with_interactions(user, fresh)
    parts = model.history_parts(user, np.arange(world.n_items), graph)
    assert np.allclose(parts.values.sum(0), model.score_on(graph, np.array([user]))[0])
    values = model.new_user_parts(np.array([3])).values[0]
    assert np.allclose(values, model.times(sp.csr_array(np.eye(world.n_items)[[3]]))[0])


def test_genres_of_genres_join_items():
    has = Relation("genre", "item-attribute", np.array([2, 3, 4]), np.array([6, 6, 7]), np.ones(3, np.float32))
    wider = Relation("wider", "attribute-attribute", np.array([6]), np.array([7]), np.ones(1, np.float32))
    triples = [(0, 0, "train"), (1, 1, "train"), (1, 3, "train")]
    dataset = make_dataset(triples, 2, 4, (has, wider), [("genre", "a"), ("genre", "b")])
    walks = fitted("ridge", dataset, **PLAIN)._related.items["wider"]
    # Items 0, 1 have genre a (2 items), item 2 genre b (1 item): 1/2 * 1 each way; a itself is joined to b alone.
    expected = np.zeros((4, 4))
    expected[[0, 1, 2, 2], [2, 2, 0, 1]] = 0.5
    assert np.allclose(walks.between(np.arange(4), np.arange(4)), expected)
    assert np.allclose(walks.times(sp.eye_array(4, format="csr")), expected)


def test_weights_are_chosen_on_validation_and_what_is_given_stays(world):
    rng = np.random.default_rng(0)
    triples = []
    for user in range(60):  # everybody keeps to one author
        own = rng.permutation(10)[:5] + 10 * (user % 3)
        triples += [
            (user, int(item), split) for item, split in zip(own, ("train", "train", "train", "validation", "test"))
        ]
    author = Relation("author", "item-attribute", np.arange(30) + 60, 90 + np.arange(30) // 10, np.ones(30, np.float32))
    shuffled = replace(author, name="chance", target=90 + rng.integers(0, 3, 30))
    dataset = make_dataset(triples, 60, 30, (author, shuffled), [("author", str(n)) for n in range(3)])
    chosen = parsed(fitted("ridge", dataset).settings.relations)
    assert chosen["author"] > 0 and chosen.get("chance", 0) < chosen["author"]
    assert fitted("ridge", dataset, relations="").settings.relations == ""
    assert fitted("ridge", dataset, relations="chance=0.5").settings.relations == "chance=0.5"


def test_what_a_relation_is_for_is_the_model_without_it(world):
    run = run_of(fitted("ridge", world, **BOTH), world)
    asked = {each.name: each for each in inputs_of(run) if "link" in each.name or "attribute" in each.name}
    assert run.model.relations_read() == ("friend", "author", "similar")
    without = fitted("ridge", world, **PLAIN, relations="author=0.25,similar=0.125")
    people = np.arange(world.n_users)
    assert np.allclose(asked["friend links"].score(people), without.score(people), atol=1e-6)
    unread = run_of(without, world)
    assert {each.name: each for each in inputs_of(unread)}["friend links"].is_used is False


@pytest.mark.parametrize("wrong", ["friend", "friend=x", "friend=-1", "=1"])
def test_weights_that_are_none_are_refused(world, wrong):
    with pytest.raises(RequestError, match="relations"):
        fitted("ridge", world, relations=wrong)


def test_an_unknown_relation_is_refused(world):
    with pytest.raises(RequestError, match="no relation 'freind'"):
        fitted("ridge", world, relations="freind=1")
