"""Search over explanations: the cases are those whose single explanation has the shape."""

import json

import numpy as np
import pytest

from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.cli import main
from gnnrec_core.explain.case import excluded_items, make_case
from gnnrec_core.explain.explaining import explain
from gnnrec_core.explain.scores.edge_effects import user_ledger
from gnnrec_core.explain.truth.faithfulness import measure
from gnnrec_core.explain.truth.luck import luck, staying
from gnnrec_core.runs.recommend import recommend
from gnnrec_core.runs.run import Run, load_run
from gnnrec_core.runs.training import fit, save
from gnnrec_core.runs.workspace import SAMPLE
from gnnrec_core.whole.shapes import SHAPES, cases_of_shape
from tests.models.runs import fitted
from tests.worlds import random_dataset

WORLD = random_dataset(n_users=20, n_items=25, per_user=8, seed=5, side_edges=True)
K = 3


@pytest.fixture(scope="module")
def runs():
    made = {"lightgcn": fitted("lightgcn", WORLD, epochs=2, embedding_dim=8), "itemknn": fitted("itemknn", WORLD)}
    return {name: Run.of(model, WORLD) for name, model in made.items()}


def described(run, user, item, target):
    """Weights of one case, from its own ledger: largest interaction, side edges, learned; and what speaks against."""
    own, edges, values = user_ledger(run.model, make_case(run.model, WORLD, user, item, target, K))
    parts = np.append(values, own)
    speaks_for, against = parts[parts > 0].sum(), -parts[parts < 0].sum()
    side = run.graph.edge_type[edges] != 0
    first = np.maximum(values[~side], 0).max(initial=0)
    return (
        first / speaks_for,
        np.maximum(values[side], 0).sum() / speaks_for,
        max(own, 0) / speaks_for,
        against / speaks_for,
    )


CONDITIONS = {
    "one_item": lambda first, side, learned, against: first > 0.5,
    "friends": lambda first, side, learned, against: side > 0.25,
    "learned": lambda first, side, learned, against: learned > 0.5,
    "contested": lambda first, side, learned, against: against > 0.5,
    "scattered": lambda first, side, learned, against: first < 0.05,
}


@pytest.mark.parametrize("target", ["score", "margin"])
@pytest.mark.parametrize("name", ["lightgcn", "itemknn"])
def test_cases_are_those_whose_own_ledger_has_the_shape(runs, name, target):
    run = runs[name]
    lists = recommend(run, np.arange(20), K).item_index
    places = [(user, int(item)) for user in range(20) for item in lists[user] if item >= 0]
    numbers = {pair: described(run, *pair, target) for pair in places}
    assert {*CONDITIONS, "fails_random", "fragile"} == set(SHAPES)
    for shape, holds in CONDITIONS.items():
        found = cases_of_shape(run, shape, K, target)
        wanted = {pair for pair in places if holds(*numbers[pair])}
        assert set(zip(found.users.tolist(), found.items.tolist(), strict=True)) == wanted, shape
        assert found.n_places == len(places) and np.all(np.diff(found.strength) <= 0)
        assert found.share.value == pytest.approx(len(wanted) / len(places))
        n_people = len({user for user, _ in wanted})
        assert (found.cohort is None) == (n_people < 10)  # of fewer people nothing is summed
        if n_people >= 10:
            total = sum(make_case(run.model, WORLD, *pair, target, K).explained for pair in wanted)
            assert found.cohort.total == pytest.approx(total, rel=1e-6)
        assert [lists[user, rank - 1] for user, rank in zip(found.users, found.ranks, strict=True)] == list(found.items)


def test_planted_cold_readers_rest_on_what_was_learned(capsys):
    """The Islands have fewer books by construction, so more of their lists rests on no link."""
    words = ["cases", str(SAMPLE / "runs" / "lightgcn"), "--shape", "learned", "--group-by", "region", "--json"]
    assert main(words) == 0
    answer = json.loads(capsys.readouterr().out)
    groups = {each["group"]: each for each in answer["groups"]}
    others = [each["value"] for name, each in groups.items() if name != "Islands"]
    assert groups["Islands"]["low"] > max(others) and answer["n_cases"] > len(answer["cases"]) == 50
    assert main(words[:-1]) == 0
    assert "The strongest" in capsys.readouterr().out


@pytest.mark.parametrize("target", ["score", "margin"])
@pytest.mark.parametrize("name", ["lightgcn", "itemknn"])
def test_what_fails_random_is_what_the_panel_of_the_single_explanation_says(runs, name, target):
    run, told = runs[name], {}
    found = cases_of_shape(run, "fails_random", K, target)
    lists = recommend(run, np.arange(20), K).item_index
    for user in range(20):
        for item in lists[user].tolist():
            single = explain(run, user, item, "ledger", target, K, check_top=0, beyond=False)
            panel = measure(run.model, WORLD, single)
            if panel.p_random is not None:
                told[user, item] = panel.p_random
    assert found.n_places == len(told) and "39 random sets" in found.said and "of everybody" in found.said
    cases = dict(zip(zip(found.users.tolist(), found.items.tolist(), strict=True), found.strength, strict=True))
    assert cases == pytest.approx({pair: p for pair, p in told.items() if p > 0.05})
    assert 0 < len(cases) < len(told)


def test_what_is_fragile_over_seeds_is_foretold_from_the_luck_of_the_run(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GNNREC_HOME", str(tmp_path / "home"))
    run = load_run(save(fit(WORLD, "lightgcn", {"epochs": 2, "embedding_dim": 8}), tmp_path / "run").place, None)
    with pytest.raises(RequestError, match="was not measured for this run") as error:
        cases_of_shape(run, "fragile", K)
    assert "luck RUN" in error.value.hint
    known = luck(run, 2, K)
    found = cases_of_shape(run, "fragile", K)
    wanted = {}
    for user in range(20):
        scores = run.model.score(np.array([user]))[0].astype(np.float64)
        scores[excluded_items(WORLD, user)] = -np.inf
        items = recommend(run, np.array([user]), K).item_index[0]
        for item, stays in zip(items.tolist(), staying(scores, items, K, known.sigma, known.shift), strict=True):
            if stays < 0.5:
                wanted[user, item] = 1 - stays
    cases = dict(zip(zip(found.users.tolist(), found.items.tolist(), strict=True), found.strength, strict=True))
    assert cases == pytest.approx(wanted, abs=1e-6) and found.n_places == 20 * K
    assert found.said == "foretold from 2 trainings with other seeds"
    with pytest.raises(RequestError, match="only of 3"):
        cases_of_shape(run, "fragile", K + 1)


def test_a_model_that_any_seed_gives_is_not_fragile(runs):
    with pytest.raises(UnsupportedError, match="nothing is fragile"):
        cases_of_shape(runs["itemknn"], "fragile", K)


def test_the_command_names_every_shape(capsys):
    with pytest.raises(SystemExit):
        main(["cases", "--help"])
    said = capsys.readouterr().out
    assert all(shape in said for shape in SHAPES)


def test_an_unknown_shape_is_refused(runs):
    with pytest.raises(RequestError, match="no shape"):
        cases_of_shape(runs["itemknn"], "round", K)
