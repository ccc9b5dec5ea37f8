"""The item's side: counts are those of the lists, and recourse does what it says when it is done."""

import json
from itertools import combinations

import numpy as np
import pytest

import gnnrec_core as gr
from gnnrec_core.base.errors import RequestError
from gnnrec_core.cli import main
from gnnrec_core.models.protocol import FitOptions
from gnnrec_core.runs.recommend import left_out, recommend
from gnnrec_core.runs.run import Run, load_run
from gnnrec_core.runs.training import fit
from gnnrec_core.runs.workspace import SAMPLE
from gnnrec_core.whole.items.item_side import item_side
from gnnrec_core.whole.items.links import Link, data_with, scores_on, with_links
from gnnrec_core.whole.items.recourse import addable, recourse
from gnnrec_core.whole.items.standing import n_listed, standing
from tests.audit.small_runs import run_of
from tests.explain.linear_world import LinearModel
from tests.models.runs import fitted
from tests.worlds import random_dataset

K = 3


def small_run(seed, side_edges=False):
    world = random_dataset(n_users=12, n_items=14, per_user=6, seed=seed, side_edges=side_edges)
    return Run.of(LinearModel(world, n_layers=2, seed=seed), world)


def some_item(run):
    """An item that some have in their list and others nearly."""
    standings = [standing(run, item, K) for item in range(run.dataset.n_items)]
    near = [(now.open & (now.rank > K) & (now.rank <= 5 * K)).sum() for now in standings]
    return max(range(run.dataset.n_items), key=lambda item: min(near[item], standings[item].listed.sum()))


@pytest.fixture(scope="module")
def run():
    world = random_dataset(n_users=40, n_items=30, per_user=8, seed=1, side_edges=True)
    return fit(world, "lightgcn", {"epochs": 3, "embedding_dim": 8})


def test_an_item_stands_where_the_lists_have_it(run):
    lists = recommend(run, np.arange(40), 30).item_index
    for item in (0, 7, 29):
        now = standing(run, item, K)
        for user in range(40):
            place = np.flatnonzero(lists[user] == item)
            assert now.open[user] == bool(len(place)) and now.rank[user] == (place[0] + 1 if len(place) else 0)
            if len(place):
                others = lists[user][(lists[user] != item) & (lists[user] >= 0)]
                rival = others[min(K, len(others)) - 1] if len(others) >= K else -1
                assert now.rival[user] == rival
                scores = run.model.score(np.array([user]))[0].astype(np.float64)
                assert rival < 0 or now.gap[user] == pytest.approx(scores[item] - scores[rival], abs=1e-6)
        assert now.listed.sum() == (lists[:, :K] == item).sum()
        assert n_listed(run.model.score, run, item, K, np.zeros(0, np.int64)) == now.listed.sum()


def test_what_carries_it_sums_to_its_scores_and_what_keeps_it_out_to_its_gaps(run):
    popular = some_item(run)
    found, now = item_side(run, popular, K, most=0), standing(run, popular, K)
    scores = run.model.score(np.arange(40))[:, popular].astype(np.float64)
    assert found.carried.total == pytest.approx(scores[now.listed].sum(), rel=1e-5)
    near = now.open & ~now.listed & (now.rank <= 5 * K)
    assert found.n_near == near.sum() and found.kept_out.total == pytest.approx(now.gap[near].sum(), rel=1e-5)
    for part in (found.carried, found.carried_paths, found.kept_out):
        assert sum(each.value for each in part.drivers) + part.unassigned.value == pytest.approx(part.total)
    assert sum(rival.n_lists for rival in found.rivals) <= near.sum()
    assert found.recourse is None


def brute_force(run, item, now, relations):
    """The most lists that any one and any two added links reach, each on the changed graph."""
    world = run.dataset
    links = [Link("interaction", int(user)) for user in np.flatnonzero(now.open)]
    node = int(run.graph.item_node(item))
    held = run.graph.edge_index[1, run.graph.edge_index[0] == node]
    first = world.n_users + world.n_items
    links += [Link("author", n) for n in range(first, world.n_nodes) if relations and n not in held]
    seen = left_out(world).toarray()
    best = []
    for size in (1, 2):
        counts = []
        for chosen in combinations(links, size):
            scores = scores_on(run.model, with_links(run.graph, item, chosen))(np.arange(world.n_users)).copy()
            scores[seen] = -np.inf
            may = now.open.copy()
            may[[link.node for link in chosen if link.relation == "interaction"]] = False
            own = scores[:, item]
            above = (scores > own[:, None]).sum(1)
            counts.append(int((may & (above < now.k)).sum()))
        best.append(max(counts))
    return best


@pytest.mark.parametrize("side_edges", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_recourse_is_never_larger_than_trying_all_single_and_pair_additions(seed, side_edges):
    run = small_run(seed, side_edges)
    item = int(np.argsort(run.graph.popularity)[5])
    now = standing(run, item, K)
    single, pair = brute_force(run, item, now, side_edges)
    before = int(now.listed.sum())
    for goal in {single, pair} - {count for count in (single, pair) if count <= before}:
        found = recourse(run, item, now, more=goal - before, most=2, relations=["author"] if side_edges else [])
        assert found.reached and found.level == "in this model"
        assert len(found.steps[-1].links) == (1 if single >= goal else 2)
        for step in found.steps:
            graph = with_links(run.graph, item, step.links)
            added = np.array([link.node for link in step.links if link.relation == "interaction"], np.int64)
            assert step.n_after == n_listed(scores_on(run.model, graph), run, item, K, added)
            assert step.is_fewest


def test_a_single_link_is_the_fewest_and_what_was_not_tried_is_not_proved(run):
    item = some_item(run)
    found = recourse(run, item, standing(run, item, K), more=30, most=2)
    assert [step.is_fewest for step in found.steps] == [True, False]  # 30 candidates, of which 16 were recomputed


def test_nobody_is_told_to_give_a_book_another_author():
    """In the sample a book has one author and several genres: only a genre can be added."""
    sample = load_run(SAMPLE / "runs" / "lightgcn")
    assert addable(sample.dataset) == ("genre",)
    world = random_dataset(side_edges=True)
    run = Run.of(fitted("lightgcn", world, epochs=1, embedding_dim=8), world)
    now = standing(run, 3, K)
    kinds = {link.relation for step in recourse(run, 3, now, most=2).steps for link in step.links}
    assert addable(world) == () and kinds == {"interaction"}
    with pytest.raises(RequestError, match="no relation 'shop'"):
        recourse(run, 3, now, relations=["shop"])


def test_an_answer_is_trained_again_with_its_links_and_without_them(run):
    """By hand: the data with the links; the control draws the same numbers without them."""
    item = some_item(run)
    now = standing(run, item, K)
    found = recourse(run, item, now, most=1, relations=["author"], trainings=2)
    links = found.steps[-1].links
    readers = np.array([link.node for link in links if link.relation == "interaction"], np.int64)
    data = data_with(run.dataset, {item: links})
    for relation, old in zip(data.relations, run.dataset.relations, strict=True):
        assert len(relation) - len(old) == sum(link.relation == relation.name for link in links)
    log = data.interactions
    rows = np.flatnonzero((log.item_index == item) & np.isin(log.user_index, readers))
    assert len(rows) == len(readers) and (log.split[rows] == 0).all()
    for seed in range(2):
        for gone, counts in ((rows, found.trained.n_before), (rows[:0], found.trained.n_after)):
            by_hand = type(run.model).create_without(data, run.settings, seed, "cpu", gone)
            for epoch in by_hand.fit(FitOptions()):
                if epoch.epoch == run.record.figures["best_epoch"]:
                    break
            assert counts[seed] == n_listed(by_hand.score, run, item, K, readers)
    pairs = zip(found.trained.n_before, found.trained.n_after, strict=True)
    assert found.trained.held == sum(after > before for before, after in pairs)


def test_models_with_one_outcome_are_fitted_anew():
    world = random_dataset(n_users=20, n_items=12, per_user=6, seed=4)
    run = Run.of(fitted("popularity", world), world)
    item = int(np.argsort(-run.graph.popularity, kind="stable")[K + 1])
    now = standing(run, item, K)
    found = recourse(run, item, now, more=3, most=3)
    assert found.level == "trained again"
    for step in found.steps:  # by hand: one more reader is one more point
        points = run.graph.popularity.copy()
        points[item] += len(step.links)
        readers = [link.node for link in step.links]
        seen = left_out(world).toarray()
        may = now.open.copy()
        may[readers] = False
        above = ((points[None, :] > points[item]) & ~seen).sum(1) + ((points == points[item]) & ~seen)[:, :item].sum(1)
        assert step.n_after == (may & (above < K)).sum()


def test_models_that_say_nothing_of_changed_graphs_get_no_recourse():
    lists = run_of(random_dataset(), LinearModel(random_dataset(side_edges=False)))

    class Stored:
        name, graph, score = "stored", lists.graph, lists.model.score

    run = Run.of(Stored(), lists.dataset)
    found = item_side(run, 0, K)
    assert found.recourse is None and "says nothing about a changed graph" in found.why_no_recourse
    assert found.carried is None and found.why_not


def test_the_command_answers_with_pseudonyms(capsys, tmp_path, monkeypatch, run):
    from gnnrec_core.runs.training import save

    monkeypatch.setenv("GNNREC_HOME", str(tmp_path / "home"))
    folder = save(run, tmp_path / "run").place
    popular = run.dataset.items.ids[some_item(run)]
    assert main(["item", str(folder), "--item", popular, "--group-by", "activity", "--most", "1", "--json"]) == 0
    said = capsys.readouterr().out
    answer = json.loads(said)
    assert answer["item"] == popular and answer["who_gets_it"]["n_people"] == len(answer["who_gets_it"]["people"])
    assert answer["carried_by"]["items"]["drivers"] and answer["rivals"]
    for step in answer["recourse"]:
        assert set(step) >= {"added", "n_people_before", "n_people_after", "verified"} and step["verified"] is True
    ids = {user["user"] for user in answer["who_gets_it"]["people"]}
    assert not ids & set(run.dataset.users.ids)
    assert main(["item", str(folder), "--item", "nowhere", "--json"]) == 2


def test_the_facade_and_the_page_of_text(run):
    answer = gr.item(run, "i0", most=0)
    assert "Who gets it" in str(answer) and answer.to_dict()["item"] == "i0"


def test_the_sample_names_its_simulated_readers(capsys):
    words = ["item", str(SAMPLE / "runs" / "lightgcn"), "--item", "the-odyssey", "--most", "0", "--json"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["who_gets_it"]["people"][0]["user"].startswith("reader-")
