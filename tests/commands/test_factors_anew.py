"""Final embeddings whose training is unknown: a person is solved for anew, and it is said how near."""

import json

import numpy as np
import pytest
import scipy.sparse as sp
from threadpoolctl import threadpool_limits

import gnnrec_core as gr
from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.cli import main
from gnnrec_core.data.store import save_dataset
from gnnrec_core.explain.scores.scoring import rescorer_of
from gnnrec_core.graph import build_graph
from gnnrec_core.models.brought.embeddings import EMBEDDING
from gnnrec_core.models.brought.factors import Factors, FactorsSettings
from gnnrec_core.runs.recommend import recommend
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.workspace import SAMPLE
from tests.worlds import random_dataset

SCALE = 3.0


@pytest.fixture(scope="module")
def world():
    return random_dataset(n_users=30, n_items=25, per_user=6)


@pytest.fixture(scope="module")
def items(world):
    return np.random.default_rng(0).normal(size=(world.n_items, 5))


def solved(items, history, confidence=10.0, share=0.1):
    """Somebody with these items, by the normal equations of all items."""
    unit = np.square(items).sum(axis=0).mean()
    weight = np.ones(len(items))
    weight[history] = confidence
    target = np.zeros(len(items))
    target[history] = 1.0
    left = items.T @ (weight[:, None] * items) + share * unit * np.eye(items.shape[1])
    return np.linalg.solve(left, items.T @ (weight * target))


@pytest.fixture(scope="module")
def rows(world, items):
    """Rows as least squares on another scale would give them: what they are is known, how they came about is not."""
    graph = build_graph(world)
    return np.array([SCALE * solved(items, graph.history(user)) for user in range(world.n_users)])


@pytest.fixture(scope="module")
def place(world, items, rows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("factors")
    save_dataset(world, folder / "data")
    np.save(folder / "u.npy", rows.astype(np.float32))
    np.save(folder / "i.npy", items.astype(np.float32))
    return folder


def brought(place, out, **more):
    files = {"user_embeddings": place / "u.npy", "item_embeddings": place / "i.npy"}
    return gr.import_run(place / "data", out, **{**files, **more})


def first_item(run, user):
    return gr.recommend(run, user, k=1).to_frame()["item"][0]


def test_leaving_one_out_is_what_solving_without_it_changes(world, place, items, tmp_path):
    run = brought(place, tmp_path / "run")
    item = first_item(run, "u3")
    found = gr.explain(run, "u3", item, "leave_one_out").value
    history, target = run.graph.history(3), world.items.index(item)
    whole = solved(items, history)
    exact = {
        world.items.ids[gone]: SCALE * float((whole - solved(items, history[history != gone])) @ items[target])
        for gone in history
    }
    assert {part.item: part.value for part in found.contributions} == pytest.approx(exact, abs=1e-4)
    for part in found.contributions:
        assert part.checked.score_without == pytest.approx(found.score - part.value, abs=1e-6)
    assert found.calls == 1 + len(history)  # the history as it is, and each without one
    assert "correlate 1.00 with the given ones" in found.warnings[-1] and f"{found.calls:,} times" in found.warnings[-1]
    assert "a fold-in" in found.kept and any("solved for by least squares" in said for said in found.narrative)
    again = gr.explain(run, "u3", item, "leave_one_out").value
    assert again.calls == found.calls  # nothing is solved twice


def test_with_the_history_as_it_is_the_given_scores_stay(world, place, rows, items, tmp_path):
    run = brought(place, tmp_path / "run")
    others = run.graph.history_edges(4)
    people = np.array([3, 5])
    np.testing.assert_allclose(run.model.score_on(run.graph.without(others), people), rows[people] @ items.T, atol=1e-5)
    assert run.model.n_asked == 0


def test_what_the_fold_in_cannot_reproduce_stays_and_is_told(world, place, items, tmp_path):
    """Rows at random hang on no history: the change is that of the fold-in, and the agreement says what it is worth."""
    drawn = np.random.default_rng(5).normal(size=(world.n_users, 5)).astype(np.float32)
    np.save(tmp_path / "u.npy", drawn)
    run = brought(place, tmp_path / "run", user_embeddings=tmp_path / "u.npy")
    edges, model = run.graph.history_edges(3)[:1], run.model
    anew, history = model._anew, run.graph.history(3)
    changed = model.score_on(run.graph.without(edges), np.array([3]))[0]
    step = anew.solver.row(history, np.ones(len(history))) - anew.solver.row(history[1:], np.ones(len(history) - 1))
    np.testing.assert_allclose(changed, (drawn[3] - anew.scale * step) @ items.T, atol=1e-5)
    rest = np.setdiff1d(np.arange(world.n_items), history)
    given, fold = drawn[3] @ items[rest].T, anew.solver.row(history, np.ones(len(history))) @ items[rest].T
    assert anew.agreement(3) == pytest.approx(np.corrcoef(given, fold)[0, 1], abs=1e-5)
    assert len(anew.agreements) == world.n_users
    if anew.agreement(3) < 0.5:
        assert "says little" in model.told_calls(3)


def test_a_cosine_keeps_its_length_and_biases_stay(world, place, rows, items, tmp_path):
    turned = brought(place, tmp_path / "cosine", similarity="cosine")
    without = turned.graph.without(turned.graph.history_edges(3)[:1])
    row = turned.model._row(without, 3)
    assert np.linalg.norm(row) == pytest.approx(1.0) and not np.allclose(row, turned.model._embedding[3])
    np.save(tmp_path / "bi.npy", np.arange(world.n_items, dtype=np.float32))
    biased = brought(place, tmp_path / "biased", item_biases=tmp_path / "bi.npy")
    plain = brought(place, tmp_path / "plain")
    given, gone = (
        [run.model.score_on(graph, np.array([3]))[0] for run in (biased, plain)] for graph in (biased.graph, without)
    )
    np.testing.assert_allclose(given[0] - given[1], np.arange(world.n_items), atol=1e-4)
    np.testing.assert_allclose(gone[0] - gone[1], np.arange(world.n_items), atol=1e-4)


def test_a_counterfactual_is_verified_by_solving_again(world, place, items, tmp_path):
    run = brought(place, tmp_path / "run")
    found = 0
    for user in range(12):
        name = world.users.ids[user]
        item = first_item(run, name)
        answer = gr.counterfactual(run, name, item, k=2).value
        history = run.graph.history(user)
        left = history[~np.isin(history, answer.removed)]
        row = run.model._embedding[user] + SCALE * (solved(items, left) - solved(items, history))
        scores = items @ row
        scores[history] = -np.inf
        scores[world.interactions.item_index[world.interactions.of_user(user)]] = np.where(
            world.interactions.split[world.interactions.of_user(user)] < 2,
            -np.inf,
            scores[world.interactions.item_index[world.interactions.of_user(user)]],
        )
        assert answer.rank_after == 1 + np.count_nonzero(scores > scores[world.items.index(item)])
        assert answer.verified and answer.found == (answer.rank_after > 2) and "solved for" in answer.told
        found += answer.found
    assert found > 3


def test_the_command_line_says_what_it_can_and_how_near_it_comes(place, tmp_path, capsys):
    words = ["run", "import", str(place / "data"), "--out", str(tmp_path / "run"), "--json"]
    files = ["--user-embeddings", str(place / "u.npy"), "--item-embeddings", str(place / "i.npy")]
    assert main([*words, *files]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {"explain leave_one_out", "explain shapley", "counterfactual", "what-if", "fold-in"} <= set(told["can"])
    why = {entry["what"]: entry["why"] for entry in told["cannot"]}
    assert "leave_one_out and shapley solve for the person anew" in why["explain ledger"]
    item = first_item(gr.load(tmp_path / "run"), "u3")
    ask = ["explain", str(tmp_path / "run"), "--user", "u3", "--item", item, "--no-faithfulness"]
    assert main([*ask, "--json"]) == 2
    refused = json.loads(capsys.readouterr().out)["error"]
    assert "leave_one_out" in refused["hint"]
    assert main([*ask, "--method", "leave_one_out", "--json", "--set", "max_calls=2", "--top", "0"]) == 0
    few = json.loads(capsys.readouterr().out)
    assert len(few["contributions"]) <= 2 and few["calls"] == 3 and "max_calls" in few["warnings"][0]
    assert main([*ask, "--method", "leave_one_out"]) == 0
    assert "correlate 1.00 with the given ones" in capsys.readouterr().out.replace("\n", " ")
    assert main(["counterfactual", str(tmp_path / "run"), "--user", "u3", "--item", item, "--k", "3"]) == 0
    assert "solved for by least squares" in " ".join(capsys.readouterr().out.split())


def test_somebody_without_a_row_is_not_made_up(world, place, tmp_path):
    table = np.load(place / "u.npy")
    table[3] = 0.0
    np.save(tmp_path / "u.npy", table)
    run = brought(place, tmp_path / "run", user_embeddings=tmp_path / "u.npy")
    with pytest.raises(UnsupportedError, match="no embedding of this person"):
        gr.explain(run, "u3", world.items.ids[0], "leave_one_out")


def test_als_brought_as_factors_agrees_with_als_brought_as_als(world, place, tmp_path):
    """The fold-in is not told how ALS was trained, and comes near to what its own equations say."""
    from implicit.als import AlternatingLeastSquares

    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(
            factors=4, iterations=8, regularization=0.05, alpha=7.0, random_state=0, num_threads=1
        )
        model.fit(sp.csr_matrix(build_graph(world).seen.astype(np.float32)), show_progress=False)
    np.save(tmp_path / "i.npy", model.item_factors)
    solved_run = gr.import_run(
        place / "data", tmp_path / "als", item_embeddings=tmp_path / "i.npy", least_squares=(0.05, 7.0)
    )
    np.save(tmp_path / "u.npy", np.array([solved_run.model._row(solved_run.graph, user) for user in range(30)], "f4"))
    files = {"user_embeddings": tmp_path / "u.npy", "item_embeddings": tmp_path / "i.npy"}
    run = brought(place, tmp_path / "run", **files)
    assert np.median(run.model._anew.agreements) > 0.99
    ours, theirs = [], []
    for user in ("u1", "u2", "u3", "u4"):
        item = first_item(run, user)
        for found, one in ((ours, run), (theirs, solved_run)):
            parts = gr.explain(one, user, item, "leave_one_out").value.contributions
            found += [part.value for part in sorted(parts, key=lambda part: part.edge)]
    assert np.corrcoef(ours, theirs)[0, 1] > 0.98
    assert np.dot(ours, theirs) / np.dot(theirs, theirs) == pytest.approx(1.0, abs=0.15)


def test_what_leaving_out_does_by_fold_in_beside_what_it_does_in_the_lightgcn_that_gave_the_rows():
    """The figures of docs/bring-your-own.md: rows agree, effects less so, and a whole row moves further."""
    own = load_run(SAMPLE / "runs" / "lightgcn")
    rows, data = own.model.embeddings(), own.dataset
    model = Factors(data, FactorsSettings(embedding_dim=rows.shape[1]), {EMBEDDING: rows})
    graphs, alike, larger = (own.model.graph, model.graph), [], []
    for user in range(0, data.n_users, data.n_users // 25):
        item = recommend(own, np.array([user]), 1).item_index[0]
        exact, ours = (
            rescorer_of(one).scores(user)[item]
            - rescorer_of(one).scores_without_each(user, graph.history_edges(user), item)
            for one, graph in zip((own.model, model), graphs, strict=True)
        )
        if len(exact) > 5:
            alike.append(np.corrcoef(exact[:, 0], ours[:, 0])[0, 1])
            larger.append(float(exact[:, 0] @ ours[:, 0] / (exact[:, 0] @ exact[:, 0])))
    assert np.median(model._anew.agreements) == pytest.approx(0.99, abs=0.01)
    assert np.median(alike) == pytest.approx(0.87, abs=0.03) and np.median(larger) == pytest.approx(2.4, abs=0.2)
