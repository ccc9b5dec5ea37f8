"""Sentences say what the figures say, name other people only by the names given, and claim nothing unchecked."""

import re
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from gnnrec_core.explain.explaining import explain, with_checks, with_faithfulness
from gnnrec_core.explain.explanation import (
    BaselineSplit,
    Case,
    Check,
    Contribution,
    Explanation,
    Foretold,
    Node,
    Retrained,
)
from gnnrec_core.explain.narrative import attribute_columns, named_parts, narrate
from gnnrec_core.explain.scores.scoring import scorer_of
from gnnrec_core.runs.run import Run
from tests.audit.small_runs import trained
from tests.explain.linear_world import MARGIN, SCORE, USER, LinearModel, random_model
from tests.worlds import make_dataset, random_dataset

AS_IT_IS = "in this model as it stands (recomputed)"


@pytest.fixture
def dataset():
    """One user who has read three books of two authors; the explained book is i3."""
    made = make_dataset([(0, 0, "train"), (0, 1, "train"), (0, 2, "train"), (1, 3, "train")])
    table = made.item_table.with_columns(
        pl.Series("title", ["Emma", "Dune", "Persuasion", "Solaris"]),
        pl.Series("author", ["Austen", "Herbert", "Austen", "Lem"]),
        pl.Series("genres", [["love"], ["space", "sand"], ["love"], ["space"]]),
        pl.Series("year", [1815, 1965, 1817, 1961]),
    )
    return replace(made, item_table=table)


def part(value, item, title, check=None, **fields):
    node = Node("item", item, title, 1)
    return Contribution(
        "history", title, value, value / 2.0, user="u0", item=item, nodes=(node,), checked=check, **fields
    )


def explanation(parts, **fields):
    case = Case(0, 3, "score", 10, 2.0, 2)
    given = {"method": "ledger", "is_additive": True, "baseline": 0.6, **fields}
    return Explanation(
        given.pop("case", case), given.pop("method"), 2.0, 2, given.pop("baseline"), given.pop("is_additive"), 0.0,
        tuple(parts), **given,
    )  # fmt: skip


def test_shares_and_recomputed_ranks_stand_as_measured(dataset):
    parts = [
        part(1.24, "i1", "Dune", Check(0.7, 9)),
        part(0.2, "i0", "Emma", Check(1.9, 2)),
        part(-0.04, "i2", "Persuasion"),
    ]
    said = narrate(explanation(parts), dataset)
    assert said[0] == "Solaris stands 2nd among the items that this person has not had, with a score of 2."
    start = "62 % of the score comes from Dune; without it the item"
    assert said[1] == f"{start} falls from 2nd to 9th {AS_IT_IS}."
    assert said[2] == f"10 % of the score comes from Emma; without it the item stays 2nd {AS_IT_IS}."
    assert said[3] == "Persuasion speaks against it, by 2 % of the score."
    assert said[4].startswith("30 % of the score is taste in the person's own embedding, learned in training")
    assert "2 items of the history with author Austen together carry 8 % of the score." in said
    assert "2 items of the history with genre love together carry 8 % of the score." in said
    assert "trained embeddings as they are" in said[-1]


def test_what_no_interaction_carries_can_speak_against(dataset):
    said = narrate(explanation([part(2.2, "i1", "Dune")], baseline=-0.2), dataset)
    assert said[2].startswith("Taste in the person's own embedding, learned in training")
    assert said[2].endswith("speaks against it, by 10 % of the score.")


@pytest.mark.parametrize(
    ("value", "check", "why"),
    [
        (-0.5, Check(2.3, 4), ", as others gain even more."),  # the score rises as the part says, the rank falls
        (-0.5, Check(1.8, 4), ", as what is left then counts more."),
        (0.5, Check(1.8, 1), ", as others lose even more."),
        (0.5, Check(2.3, 1), ", as what is left then counts more."),
        (0.5, Check(1.8, 4), "(recomputed)."),
        (-0.5, Check(2.3, 1), "(recomputed)."),
        (-0.5, Check(2.3, 2), "(recomputed)."),
    ],
)
def test_a_rank_that_moves_against_the_sign_is_explained(dataset, value, check, why):
    said = narrate(explanation([part(value, "i1", "Dune", check)]), dataset)
    assert said[1].endswith(why)


def test_nothing_is_called_recomputed_that_was_not(dataset):
    said = narrate(explanation([part(1.24, "i1", "Dune")]), dataset)
    assert not any("ecomputed" in sentence and "own embedding" not in sentence for sentence in said)


def test_what_does_not_sum_gets_no_share(dataset):
    parts = [part(0.9, "i1", "Dune", Check(1.0, 1)), part(0.1, "i0", "Emma")]
    said = narrate(explanation(parts, method="saliency", is_additive=False), dataset)
    assert said[1] == f"By saliency, Dune counts most; without it the item rises from 2nd to 1st {AS_IT_IS}."
    assert said[2] == "By saliency, Emma counts next."
    assert not any("%" in sentence for sentence in said)


def test_other_people_have_the_given_name_or_none(dataset):
    friend = Contribution(
        "side", "friend: secret-id", 1.0, 0.5, nodes=(Node("user", "secret-id", "secret-id", 1),), edge=4,
        detail={"relation": "friend"},
    )  # fmt: skip
    reader = Contribution("reader", "secret-id", 0.4, 0.2, user="secret-id", item="i3", nodes=friend.nodes)
    plain = " ".join(narrate(explanation([friend, reader]), dataset))
    assert "secret-id" not in plain and "50 % of the score comes from another person (friend)" in plain
    named = " ".join(narrate(explanation([friend, reader]), dataset, lambda raw: "user-1a2b"))
    assert "secret-id" not in named and "user-1a2b (friend)" in named and "user-1a2b (reader of the item)" in named


def test_a_sentence_begins_with_a_capital_but_never_changes_a_name(dataset):
    person = Contribution("side", "friend", -0.3, -0.15, nodes=(Node("user", "u1", "u1", 1),))
    book = part(-0.2, "i1", "iPhone: the missing manual")
    assert narrate(explanation([person]), dataset)[1].startswith("Another person (")
    assert narrate(explanation([book]), dataset)[1].startswith("iPhone: the missing manual speaks")


def test_a_margin_is_a_lead_over_the_reference(dataset):
    case = Case(0, 3, "margin", 10, 2.5, 2, 0, 0.5)
    said = narrate(explanation([part(1.24, "i1", "Dune")], case=case), dataset)
    assert said[0].endswith("2 ahead of Emma; this lead is explained.")
    assert said[1].startswith("62 % of the lead comes from Dune")


def test_what_no_interaction_carries_is_named_for_what_it_is(dataset):
    parts = [part(1.24, "i1", "Dune")]
    assert "The whole score comes from interactions." in narrate(explanation(parts, baseline=0.0), dataset)
    gated = " ".join(narrate(explanation(parts, frozen=("gates",)), dataset))
    assert "the person's own attributes" in gated and "embedding" not in gated
    from_item = " ".join(narrate(explanation(parts, settings={"side": "item"}), dataset))
    assert "the item's own embedding, learned in training and kept as it is" in from_item


def test_columns_of_shared_text_are_attributes(dataset):
    assert attribute_columns(dataset.item_table) == ["author", "genres"]


@pytest.mark.parametrize("target", ["score", "margin"])
def test_every_percentage_and_rank_is_one_of_the_explanations_figures(target):
    model = random_model()
    item = model.case(SCORE).item_index
    found = explain(Run.of(model, model.dataset), USER, item, "ledger", target, 5)
    shares = {round(100 * abs(p.share)) for p in found.contributions} | {round(100 * abs(found.baseline / found.score))}
    ranks = {found.rank, 6 if target == "margin" else found.rank} | {
        p.checked.rank_without for p in found.contributions if p.checked
    }
    text = " ".join(found.narrative)
    assert re.findall(r"(\d+) %", text) and "(recomputed)" in text
    assert {int(n) for n in re.findall(r"(\d+) %", text)} <= shares
    assert {int(n) for n in re.findall(r"(\d+)(?:st|nd|rd|th)", text)} <= ranks


def test_checks_in_the_narrative_are_those_of_rebuilt_graphs():
    model = random_model()
    case = model.case(MARGIN)
    found = explain(Run.of(model, model.dataset), USER, case.item_index, "ledger", "score", 5)
    strongest = found.contributions[0]
    changed = model.propagation(model.graph.without(np.array([strongest.edge])))
    score = changed.score(USER, case.item_index)
    assert strongest.checked.score_without == pytest.approx(float(score), abs=1e-5)
    assert with_checks(scorer_of(model), model.dataset, found, 10) == found


def test_every_part_that_has_a_sentence_was_recomputed():
    model = random_model()
    item = model.case(SCORE).item_index
    found = explain(Run.of(model, model.dataset), USER, item, "ledger", "score", 5, check_top=1)
    speaks_for, against = named_parts(found)
    assert len(speaks_for) > 1
    assert all(part.checked is not None for part in (*speaks_for, *against, found.contributions[0]))
    assert sum(part.checked is not None for part in found.contributions) <= 1 + len(speaks_for) + len(against)


def test_what_the_strongest_do_together_stands_beside_as_many_at_random(dataset):
    effects = [
        {"name": name, "n_edges": n, "rank_without": rank}
        for n, ranks in ((2, (4, 2, 2)), (9, (40, 3, 5)))
        for name, rank in zip(("ledger", "random", "most popular"), ranks, strict=True)
    ]
    said = narrate(replace(explanation([part(1.24, "i1", "Dune")]), faithfulness={"sets": effects}), dataset)
    assert (
        "Without the 9 interactions that ledger puts first the item falls from 2nd to 40th in this model as it "
        "stands; without 9 drawn at random it stands 3rd (recomputed; median of several draws)."
    ) in said


@pytest.mark.parametrize("method", ["ledger", "random"])
def test_faithfulness_comes_with_its_verdict(method):
    model = LinearModel(random_dataset(30, 60, 20), n_layers=2)
    item = model.case(SCORE).item_index
    found = explain(Run.of(model, model.dataset), USER, item, method, "score", 5)
    assert found.faithfulness == {}
    measured = with_faithfulness(model, model.dataset, found)
    assert measured.faithfulness["verdict"] in measured.narrative
    assert measured.contributions == found.contributions
    if method == "ledger":
        assert measured.faithfulness["stability"] == 1.0
    else:
        assert measured.faithfulness["stability"] < 0.9


def negative(parts, baseline=-0.0035):
    """The score of user 3 and item 23 of a real file: below 0, with a part above 0."""
    case = Case(0, 3, "score", 10, -0.0012, 2)
    shared = [replace(one, share=one.value / -0.0012) for one in parts]
    return replace(explanation(shared, case=case, baseline=baseline), score=-0.0012)


def test_a_part_above_zero_speaks_for_the_item_also_where_the_score_is_below(dataset):
    said = narrate(negative([part(0.0002, "i1", "Dune"), part(-0.0001, "i0", "Emma")]), dataset)
    assert said[1] == "Dune speaks for it, by 0.0002 (the score is −0.0012)."
    assert said[2] == "Emma speaks against it, by 0.0001 (the score is −0.0012)."
    assert (
        said[3].startswith("Taste in the person's own embedding")
        and "speaks against it, by 0.0035 (the score is −0.0012)" in said[3]
    )
    assert not any("%" in sentence for sentence in said)


def test_an_item_that_the_user_has_is_never_called_new(dataset):
    case = Case(0, 1, "score", 10, 2.0, 2)
    said = narrate(explanation([part(1.24, "i0", "Emma")], case=case), dataset)
    assert said[0].startswith(
        "This person has Dune already, so it is in no list of theirs; by its score it would stand 2nd"
    )


def test_a_list_without_a_history_is_not_personal(dataset):
    made = make_dataset([(0, 0, "train"), (0, 1, "train"), (1, 3, "test"), (2, 3, "train")])
    case = Case(1, 3, "score", 10, 2.0, 2)
    assert "the list is not personal" in narrate(explanation([], case=case), made)[1]
    assert not any("personal" in sentence for sentence in narrate(explanation([part(1.24, "i1", "Dune")]), dataset))


def test_many_small_parts_are_said_to_be_many(dataset):
    """4,000 parts of 0.0005 (0.025 % of 2.0) and one of -0.06: the only one that gets a sentence speaks against."""
    small = [part(0.0005, "i0", "Emma") for _ in range(4000)]
    said = narrate(explanation([part(-0.06, "i1", "Dune"), *small], baseline=0.06), dataset)
    assert said[1] == "Dune speaks against it, by 3 % of the score."
    assert said[2].startswith(
        "What speaks for it is spread over 4,000 parts, the largest of which is under 1 % of them"
    )
    few = narrate(explanation([part(1.24, "i1", "Dune"), *small[:20]]), dataset)
    assert not any("spread" in sentence for sentence in few)


def test_the_reference_of_a_lead_is_given_its_place():
    made = make_dataset([(0, 0, "train"), (1, 29, "train")])
    first = narrate(explanation([], case=Case(0, 3, "margin", 10, 2.5, 2, 7, 0.5)), made)[0]
    assert first.endswith(
        "2 ahead of Item 7, which stands 11th, the first beyond a list of 10; this lead is explained."
    )
    outside = narrate(explanation([], case=Case(0, 3, "margin", 10, 2.5, 14, 7, 0.5)), made)[0]
    assert "which stands 10th, the last of a list of 10" in outside


def test_a_model_is_described_by_what_it_has():
    made = random_dataset(30, 40)
    model = trained(made, "itemknn").model
    item = int(np.argsort(-model.score(np.array([0]))[0])[0])
    said = " ".join(explain(Run.of(model, made), 0, item, "ledger", "score", 5).narrative)
    assert "the weights between items as they are" in said
    assert not re.search("embedding|degree|trained again without", said.replace("a model trained again without it", ""))


def levels(**fields):
    return part(1.24, "i1", "Dune", Check(0.7, 9), **fields)


CALIBRATED = {"slope": 1.5, "spearman": 0.9, "n_pairs": 280, "trainings": 2}


@pytest.mark.parametrize(
    ("fields", "calibration", "said"),
    [
        (
            {"foretold": Foretold(0.4, 22, 19, 27)},
            CALIBRATED,
            "falls from 2nd to about 19th–27th if the model is trained without it "
            "(foretold; 9th in this model as it stands).",
        ),
        (
            {"foretold": Foretold(0.4, 3, 1, 4)},
            CALIBRATED,
            "stands about 1st–4th (now 2nd) if the model is trained without it "
            "(foretold; 9th in this model as it stands).",
        ),
        (
            {"foretold": Foretold(0.4, 12)},
            None,
            "falls from 2nd to 9th in this model as it stands (recomputed); "
            "trained without it perhaps 12th (foretold, but this run is not calibrated).",
        ),
        (
            {"foretold": Foretold(0.4, 22, 19, 27), "retrained": Retrained(0.3, 41, 3, False)},
            CALIBRATED,
            "falls from 2nd to 41st if the model is trained without it "
            "(trained again, 3 seeds; 9th in this model as it stands).",
        ),
        (
            {"retrained": Retrained(0.3, 5, 1, True)},
            None,
            "falls from 2nd to 5th if the model is trained without it "
            "(trained again, exactly; 9th in this model as it stands).",
        ),
    ],
)
def test_the_strongest_level_leads_and_says_its_name(dataset, fields, calibration, said):
    found = narrate(explanation([levels(**fields)], calibration=calibration), dataset)
    assert found[1] == f"62 % of the score comes from Dune; without it the item {said}"


def test_taste_is_shared_out(dataset):
    split = BaselineSplit(own_history=0.4, others=0.16, unassigned=0.04)
    said = narrate(explanation([part(1.24, "i1", "Dune")], baseline_split=split), dataset)[2]
    assert said.startswith("30 % of the score is taste in the person's own embedding")
    assert "20 % is what the person's own interactions ask for (foretold), 8 % what all people's" in said
    assert said.endswith("2 % is not assigned.")
    against = BaselineSplit(own_history=1.4, others=-0.7, unassigned=-0.1)  # no shares: only in the JSON
    plain = narrate(explanation([part(1.24, "i1", "Dune")], baseline_split=against), dataset)[2]
    assert "not assigned" not in plain
