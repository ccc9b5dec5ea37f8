"""A new item: it stands where a model fitted with it has it, and where its own loss puts it."""

import json

import numpy as np
import pytest
from scipy.optimize import check_grad

import gnnrec_core as gr
from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.cli import main
from gnnrec_core.explain.scores.linear import prepare
from gnnrec_core.explain.truth.item_rows import ItemRelearner
from gnnrec_core.runs.recommend import left_out
from gnnrec_core.runs.run import Run, load_run
from gnnrec_core.runs.workspace import SAMPLE
from gnnrec_core.whole.items.new_item import labels_of, new_item, with_item
from gnnrec_core.whole.items.standing import standing
from tests.models.runs import fitted
from tests.worlds import random_dataset

WORLD = random_dataset(n_users=30, n_items=20, per_user=8, seed=2, side_edges=True)
K = 4
LABELS = tuple(labels_of(WORLD, "author"))


@pytest.fixture(scope="module")
def run():
    return Run.of(fitted("lightgcn", WORLD, epochs=4, embedding_dim=8), WORLD)


def listed_by_hand(scores, dataset, item, readers):
    """Whose list of K holds the item."""
    scores = np.array(scores, np.float64)
    scores[left_out(dataset).toarray().astype(bool)] = -np.inf
    lists = np.argsort(-scores, axis=1, kind="stable")[:, :K]
    return {user for user in range(dataset.n_users) if item in lists[user] and user not in readers}


@pytest.mark.parametrize("name", ["itemknn", "ease", "popularity"])
def test_a_model_with_one_outcome_is_fitted_with_it(name):
    run, readers = Run.of(fitted(name, WORLD), WORLD), [1, 2, 3, 4, 5, 6]
    found = new_item(run, "New", [("author", LABELS[0])], readers, K)
    assert found.level == "trained again" and found.unused == (LABELS[0],) and found.item == 20
    wider = found.run.dataset
    held = wider.interactions.item_index == 20
    assert wider.interactions.user_index[held].tolist() == readers and wider.title(20) == "New"
    by_hand = fitted(name, wider)
    assert np.allclose(by_hand.score(np.arange(30)), found.run.model.score(np.arange(30)))
    assert found.side.n_listed == len(listed_by_hand(by_hand.score(np.arange(30)), wider, 20, readers))
    for link, n, rank in found.without[:-1]:
        left = [reader for reader in readers if reader != link.node]
        other = new_item(run, "New", [("author", LABELS[0])], left, K)
        scores = other.run.model.score(np.arange(30))
        assert n == len(listed_by_hand(scores, other.run.dataset, 20, readers))
        now = standing(other.run, 20, K)
        assert rank == np.median(now.rank[np.setdiff1d(np.flatnonzero(now.open), readers)])


def test_without_links_nothing_else_moves_and_the_data_are_the_same(run):
    wider = with_item(WORLD, "New")
    assert wider.items.ids[:-1] == WORLD.items.ids and wider.attribute_table.equals(WORLD.attribute_table)
    assert labels_of(wider, "author") == {label: node + 1 for label, node in labels_of(WORLD, "author").items()}
    assert with_item(with_item(WORLD, "i3"), "i3").items.ids[-2:] == ("i3 (new)", "i3 (new) (new)")


def test_a_new_item_in_a_propagation_has_the_row_that_its_loss_asks_for(run):
    readers = [1, 2, 3, 4, 5, 6]
    found = new_item(run, "New", [("author", LABELS[0])], readers, K, group_by="activity", trainings=1)
    assert found.level == "foretold" and found.unused == () and len(found.trained) == 1
    model, wider = found.run.model, found.run.dataset
    spread = prepare(model).propagation
    node = wider.n_users + 20
    assert np.allclose(spread.embedding[:node], run.model.propagation().embedding[:node], atol=1e-6)
    assert 0 < np.linalg.norm(spread.embedding[node]) < 3 * np.linalg.norm(spread.embedding[30:node], axis=1).max()
    scores = model.score(np.arange(30))
    assert found.side.n_listed == len(listed_by_hand(scores, wider, 20, readers))
    assert [link.node for link, *_ in found.without[:6]] == readers and len(found.without) == 7
    assert np.isfinite(found.by_chance)


@pytest.mark.parametrize("settings", [{}, {"similarity": "cosine"}, {"similarity": "dot"}, {"loss": "bpr"}])
def test_the_loss_of_an_item_has_its_own_slope_and_a_lowest_point(settings):
    model = fitted("lightgcn", WORLD, epochs=2, embedding_dim=6, hide_batch=True, negative_popularity=0.5, **settings)
    relearner = ItemRelearner(prepare(model), model.settings)
    row, loss = relearner.row(3), relearner.loss(3)
    rng = np.random.default_rng(0)
    for point in (row, *rng.normal(0, 0.5, (3, 6))):
        assert check_grad(lambda x: loss.value(x)[0], lambda x: loss.value(x)[1], point) < 1e-4
        assert loss.value(point)[0] >= loss.value(row)[0] - 1e-9
    log = WORLD.interactions
    others = (log.split == 0) & ~np.isin(log.user_index, loss.readers)
    assert len(loss.own) == others.sum() and len(loss.readers) == ((log.split == 0) & (log.item_index == 3)).sum()


def test_the_loss_of_an_item_is_the_softmax_of_the_training():
    """By hand, over all pairs of people and what they have, with every item that they have not among the negatives."""
    model = fitted("lightgcn", WORLD, epochs=2, embedding_dim=6, hide_batch=False, similarity="dot")
    relearner, item = ItemRelearner(prepare(model), model.settings), 3
    spread, graph, t = prepare(model).propagation, model.graph, model.settings.temperature
    seen = graph.seen.toarray() != 0

    def by_hand(row):
        items = spread.final[30:50].astype(np.float64).copy()
        items[item] += spread.layer_weights[0] * (row - spread.embedding[30 + item])
        scores = spread.final[:30].astype(np.float64) @ items.T / t
        total = 0.0
        for user, had in zip(*np.nonzero(seen), strict=True):
            rivals = np.exp(scores[user][~seen[user]]).sum()
            total -= scores[user, had] - np.log(np.exp(scores[user, had]) + rivals)
        return total + model.settings.l2 / 2 * seen[:, item].sum() * row @ row

    points = np.random.default_rng(1).normal(0, 0.5, (3, 6))
    told = [relearner.loss(item).value(point)[0] for point in points]
    wanted = [by_hand(point) for point in points]
    assert np.diff(told) == pytest.approx(np.diff(wanted), rel=1e-6)


def test_rows_that_are_learned_again_are_those_that_training_found():
    run = load_run(SAMPLE / "runs" / "lightgcn")
    rows = run.model.propagation().embedding[run.graph.n_users :]
    relearner = ItemRelearner(prepare(run.model), run.settings)
    for item in (10, 200, 400):
        again = relearner.row(item)
        assert np.corrcoef(again, rows[item])[0, 1] > 0.95
        short = relearner.shrinkage(int(run.graph.popularity[item]))
        assert np.linalg.norm(short * again) == pytest.approx(np.linalg.norm(rows[item]), rel=0.3)


def test_what_cannot_be_folded_in_is_said(run):
    gat = Run.of(fitted("gat", WORLD, epochs=1, embedding_dim=8), WORLD)
    with pytest.raises(UnsupportedError, match="known from training alone"):
        new_item(gat, "New", readers=[1, 2], k=K)
    trained = new_item(Run.of(fitted("graphsage", WORLD, epochs=1), WORLD), "New", readers=[1, 2], k=K, trainings=1)
    assert trained.level == "trained again" and trained.without == () and np.isnan(trained.by_chance)
    for wrong, said in (
        ({"readers": []}, "Nothing is known"),
        ({"readers": [1, 1]}, "given twice"),
        ({"attributes": [("shop", "x")]}, "no attribute 'shop'"),
        ({"attributes": [("author", "Nobody")]}, "No item has author"),
        ({"readers": range(21)}, "21 links"),
        ({"readers": [1], "k": 0}, "Lists of 0"),
    ):
        with pytest.raises(RequestError, match=said):
            new_item(run, "New", **wrong)
    with pytest.raises(RequestError, match="no title"):
        new_item(run, " ", readers=[1])


def test_the_command_says_where_it_would_stand(capsys):
    place = str(SAMPLE / "runs" / "itemknn")
    words = ["item", place, "--new", "A Test", "--readers", "reader-0003,reader-0010", "--group-by", "region"]
    assert main([*words, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["title"] == "A Test" and answer["level"] == "trained again" and len(answer["links"]) == 2
    assert {"Islands", "North"} <= {each["group"] for each in answer["who_gets_it"]["groups"]}
    assert main([*words, "--attribute", "genre=crime"]) == 0
    assert "does not use attributes: crime" in capsys.readouterr().out
    for wrong, said in (
        (["--more", "3"], "--more says nothing of a new item"),
        (["--attribute", "crime"], "no pair"),
        (["--readers", "nobody"], "There is no user"),
    ):
        assert main([*words, *wrong]) == 2
        assert said in capsys.readouterr().err
    assert main(["item", place, "--item", "the-odyssey", "--readers", "reader-0003"]) == 2
    assert "--readers says nothing of an item that is in the data" in capsys.readouterr().err
    assert gr.new_item(place, "A Test", readers=["reader-0003"]).to_dict()["n_readers"] == 1
