"""Cold start in a world where the answer is known, and questions that can be worked out by hand."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from gnnrec_core.base.errors import RequestError
from gnnrec_core.cli import main
from gnnrec_core.data.dataset import Relation
from gnnrec_core.decide.cold_start import _chosen, cold_start, kinds_of
from gnnrec_core.decide.questions import teach
from gnnrec_core.runs.run import Run
from gnnrec_core.runs.training import fit
from tests.decide.planted import RUNS
from tests.worlds import make_dataset


def camps(n=60, per_camp=12):
    """Two camps of people, each with items of its own: 4 train, 1 validation, 1 test, all from the camp; item labels
    say the camp and friends are of one camp."""
    rng, rows = np.random.default_rng(0), []
    for user in range(n):
        own = rng.permutation(per_camp)[:6] + per_camp * (user % 2)
        rows += [(user, int(i), p) for i, p in zip(own, ["train"] * 4 + ["validation", "test"], strict=True)]
    dataset = make_dataset(rows, n, 2 * per_camp)
    items = n + np.arange(2 * per_camp)
    labels = n + 2 * per_camp + np.repeat([0, 1], per_camp)
    friends = np.arange(n - 2)
    relations = (
        Relation("camp", "item-attribute", items, labels, np.ones(len(items), np.float32)),
        Relation("friend", "user-user", friends, friends + 2, np.ones(n - 2, np.float32)),
    )
    table = pl.DataFrame({"attribute_index": [0, 1], "relation": ["camp"] * 2, "label": ["left", "right"]})
    return replace(dataset, relations=relations, attribute_table=table)


@pytest.fixture(scope="module")
def run():
    return fit(camps(), "itemknn")


def test_whoever_is_known_gets_lists_of_their_camp_and_nobody_else(run):
    found = cold_start(run, k=5, known=(0, 1, 3))
    curves = {one.kind: [value.value for value in one.values] for one in found.curves}
    assert list(curves) == ["popularity", "content", "social", "personal"] and not found.missing
    assert curves["content"][0] == curves["personal"][0] == curves["popularity"][0]  # nothing known: popularity
    for kind in ("content", "personal"):
        assert min(curves[kind][1:]) > 1.3 * max(curves["popularity"])
    assert min(curves["social"]) > 1.3 * max(curves["popularity"])
    assert found.n_people == (60, 60, 60) and found.switch[0] == "social" and "popularity" not in found.switch
    for place, kind in enumerate(found.switch):
        assert found.switched[place].value == curves[kind][place]


def test_scores_of_each_kind_by_hand(run):
    kinds, _ = kinds_of(run)
    content = kinds["content"](0, np.array([3, 4]))
    assert content[:12] == pytest.approx(2.0) and not content[12:].any()
    friends = [2]  # the first person has one friend
    seen = run.graph.seen.toarray().astype(float)
    np.testing.assert_array_equal(kinds["social"](0, np.zeros(0, np.int64)), seen[friends].sum(axis=0))
    personal = kinds["personal"](0, np.array([3]))
    assert personal[3] == 0 and personal.argmax() < 12


def test_the_simpler_kind_stays_unless_a_later_one_is_better_with_confidence():
    rng = np.random.default_rng(1)
    base = rng.random(100)
    values = {"popularity": base, "content": base.copy(), "personal": base + 0.2}
    assert _chosen(values, tuple(values)) == "personal"
    noisy = {"popularity": base, "personal": base + rng.normal(0.001, 0.5, 100)}
    assert _chosen(noisy, tuple(noisy)) == "popularity"


def test_what_is_not_there_is_said(run):
    bare = Run.of(run.model, replace(run.dataset, relations=()))
    kinds, missing = kinds_of(bare)
    assert list(kinds) == ["popularity", "personal"] and set(missing) == {"content", "social"}
    with pytest.raises(RequestError, match="Fewer than 20 people"):
        cold_start(fit(camps(8), "itemknn"), 5)


def test_the_first_question_tells_the_camps_apart(run):
    """Whoever says yes to any item gets their camp's list, so the first answer gains."""
    found = teach(run, np.zeros(0, np.int64), k=5)
    assert found.n_people == 60 and found.alike and len(found.questions) == 3
    first = found.questions[0]
    people = run.graph.seen.toarray()
    assert first.share_yes == pytest.approx(people[:, first.item].mean())
    worth = [found.ndcg, *(question.ndcg for question in found.questions)]
    assert worth[1] > worth[0] and found.questions[0].gain == pytest.approx(worth[1] - worth[0])
    alone = {item: teach_one(run, item) for item in (first.item, (first.item + 12) % 24, (first.item + 1) % 24)}
    assert alone[first.item] == pytest.approx(first.ndcg) and first.ndcg >= max(alone.values()) - 1e-12


def teach_one(run, item):
    """Mean NDCG where everybody answers one question, in plain Python."""
    people, popularity, values = run.graph.seen.toarray(), run.graph.popularity.astype(float), []
    kinds, _ = kinds_of(run)
    for own in people:
        scores = kinds["personal"](0, np.array([item])) if own[item] else popularity.copy()
        scores[item] = -np.inf
        left = set(np.flatnonzero(own)) - {item}
        best = sorted(range(len(scores)), key=lambda i: (-scores[i], i))[:5]
        gain = sum(1 / np.log2(place + 2) for place, i in enumerate(best) if i in left)
        values.append(gain / sum(1 / np.log2(place + 2) for place in range(min(5, len(left)))))
    return np.mean(values)


def test_the_command_says_all_of_it(capsys):
    words = ["cold-start", str(RUNS / "itemknn"), "--items", "the-hobbit", "--questions", "1"]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {one["kind"] for one in found["curves"]} == {"popularity", "content", "social", "personal"}
    assert len(found["switch"]) == len(found["known"]) and found["teaching"]["questions"][0]["item"] != "the-hobbit"


@pytest.mark.parametrize("k", [0, 25])
def test_lists_of_nothing_or_of_more_than_there_is_are_refused(run, k):
    with pytest.raises(RequestError, match=f"Lists of {k} items"):
        cold_start(run, k)
