"""What happened in a row: found, counted, chosen and weighed; never merged without a word."""

import json

import polars as pl
import pytest

from gnnrec_core.data.clean.conditions import fulfilled, parse_condition
from gnnrec_core.data.store import load_dataset
from tests.data.bad_inputs import N_ROWS, bring, codes, error, good_rows, problem, text
from tests.worlds import SHARED, needs_shared

EVENTS = ("view", "view", "cart", "purchase", "dislike", "view")
"""What the rows of the good log say in turn: of 240, 120 views and 40 of each other."""


@pytest.fixture
def bring_in(capsys, tmp_path):
    return lambda content, *words, name="log.csv": bring(capsys, tmp_path, content, *words, name=name)


def log(column="event_type", values=EVENTS):
    rows = [[*row[:2], values[n % len(values)], row[3]] for n, row in enumerate(good_rows())]
    return text(rows, header=f"user_id,item_id,{column},timestamp")


def weights(folder):
    """{(user id, item id): weight}"""
    found = load_dataset(folder / "dataset")
    rows = zip(found.interactions.user_index, found.interactions.item_index, found.interactions.weight, strict=True)
    return {(found.users.ids[user], found.items.ids[item]): float(weight) for user, item, weight in rows}


@pytest.mark.parametrize("name", ["event_type", "event", "action", "behavior_type", "Event-Type", "type"])
def test_a_column_of_events_is_named_with_its_counts(bring_in, name):
    answer = bring_in(log(name.replace("-", "_")))
    note = problem(answer, "behaviours")
    assert answer["n_interactions"] == N_ROWS and note["severity"] == "warning"
    assert note["details"]["counts"] == {"view": 120, "cart": 40, "dislike": 40, "purchase": 40}
    assert note["value"] == name.replace("-", "_") and "view 120" in note["message"]
    assert "--keep" in note["message"] and "dislike=0" in note["message"]


def test_a_column_that_says_nothing_of_events_is_no_behaviour(bring_in):
    for name, values in (("colour", EVENTS), ("type", ("Film", "Series")), ("event_id", tuple(map(str, range(240))))):
        assert "behaviours" not in codes(bring_in(log(name, values)))


def test_conditions_keep_rows_and_count_the_others(bring_in):
    answer = bring_in(log(), "--keep", "event_type in purchase,cart")
    assert answer["n_interactions"] == 80 and "behaviours" not in codes(answer)
    assert problem(answer, "not_kept")["rows_removed"] == 160 and problem(answer, "not_kept")["lines"][:2] == [2, 3]
    both = bring_in(text(good_rows()), "--keep", "rating >= 3", "--keep", "timestamp < 2020-09-13T13:50:00")
    ratings = [float(row[2]) for row in good_rows() if float(row[2]) >= 3 and int(row[3]) < 1_600_005_000]
    assert both["n_interactions"] == len(ratings)


@pytest.mark.parametrize(
    "condition, kept",
    [("x = 1", [0, 1]), ("x != 1", [2, 3]), ("x in 1, b", [0, 1, 2]), ("x in (1.0)", [0, 1]), ('x = "b"', [2])],
)
def test_a_condition_compares_numbers_as_numbers_and_text_as_text(condition, kept):
    found = fulfilled(parse_condition(condition), pl.Series("x", ["1", "1.0", "b", ""]))
    assert [row for row, yes in enumerate(found) if yes] == kept


def test_a_condition_orders_numbers_and_refuses_text():
    numbers = pl.Series("x", [3.0, None, 5.0])
    kept = {"<": [0], "<=": [0, 2], ">": [], ">=": [2]}
    for operator, rows in kept.items():
        found = fulfilled(parse_condition(f"x {operator} 5"), numbers)
        assert [row for row, yes in enumerate(found) if yes] == rows
    with pytest.raises(ValueError, match="no number"):
        fulfilled(parse_condition("x < 5"), pl.Series("x", ["a", "1"]))


def test_wrong_conditions_are_sentences(bring_in):
    assert "COLUMN OP VALUE" in error(bring_in(log(), "--keep", "purchase"))["message"]
    assert "event_type" in error(bring_in(log(), "--keep", "event_typ = view"))["hint"]
    assert "cannot be applied" in error(bring_in(log(), "--keep", "event_type > view"))["message"]
    assert "view 120" in error(bring_in(log(), "--keep", "event_type = refund"))["message"]
    refused = error(bring_in(log(), "--behaviour-col", "event_type"))
    assert "view 120" in refused["message"] and "--behaviour-weights view=1" in refused["hint"]
    assert (
        "never says 'buy'"
        in error(bring_in(log(), "--behaviour-col", "event_type", "--behaviour-weights", "buy=1"))["message"]
    )
    assert "no column" in error(bring_in(log(), "--behaviour-weights", "buy=1"))["message"]


def test_behaviours_are_weighed_and_a_pair_keeps_its_strongest(bring_in, tmp_path):
    again = "".join(f"{row[0]},{row[1]},purchase,1600099999\n" for row in good_rows()[:1])  # a view that was bought
    options = ("--behaviour-col", "event_type", "--behaviour-weights", "purchase=3,cart=2,view=1")
    answer = bring_in(log() + again, *options)
    note = problem(answer, "behaviour_without_weight")
    assert note["rows_removed"] == 40 and "dislike 40" in note["message"]
    found = weights(tmp_path)
    rows = [(row[0], row[1], EVENTS[n % 6]) for n, row in enumerate(good_rows())]
    strength = {"view": 1.0, "cart": 2.0, "purchase": 3.0}
    wanted = {(user, item): strength[what] for user, item, what in rows if what in strength}
    wanted[good_rows()[0][0], good_rows()[0][1]] = 3.0
    assert found == wanted


def test_a_lone_label_leaves_its_negatives_out_and_says_how_to_keep_them(bring_in):
    answer = bring_in(log("label", ("1", "0", "1")))
    note = problem(answer, "negatives")
    assert answer["n_interactions"] == 160 and note["rows_removed"] == 80
    assert note["details"]["counts"] == {"1": 160, "0": 80} and '--keep "label in 1,0"' in note["message"]
    assert bring_in(log("label", ("1", "0", "1")), "--keep", "label in 0,1")["n_interactions"] == N_ROWS


def test_several_flags_are_named_and_none_is_chosen(bring_in):
    rows = [[*row[:2], "01"[n % 2], "001"[n % 3], row[3]] for n, row in enumerate(good_rows())]
    answer = bring_in(text(rows, header="user_id,item_id,is_click,is_like,timestamp"))
    named = [entry["value"] for entry in answer["problems"] if entry["code"] == "behaviours"]
    assert answer["n_interactions"] == N_ROWS and named == ["is_click", "is_like"]


def test_dislikes_and_zeros_among_ratings_are_said(bring_in):
    thumbs = [[*row[:2], "1" if n % 3 else "-1", row[3]] for n, row in enumerate(good_rows())]
    assert '--keep "rating > 0"' in problem(bring_in(text(thumbs)), "negative_rating")["message"]
    zeros = [[*row[:2], "1" if n % 3 else "0", row[3]] for n, row in enumerate(good_rows())]
    answer = bring_in(text(zeros), "--weighting", "rating")
    assert problem(answer, "zero_rating")["count"] == problem(answer, "low_rating_weights")["count"] == 80
    assert bring_in(text(zeros), "--keep", "rating > 0")["n_interactions"] == 160


@pytest.mark.parametrize("form", ["parquet", "json", "inter"])
def test_the_same_in_other_formats(bring_in, tmp_path, form):
    frame = pl.read_csv(log().encode())
    if form == "parquet":
        frame.write_parquet(tmp_path / "x.parquet")
        content, name = (tmp_path / "x.parquet").read_bytes(), "log.parquet"
    elif form == "json":
        content, name = "".join(json.dumps(row) + "\n" for row in frame.iter_rows(named=True)), "log.json"
    else:
        lines = ["\t".join(map(str, row)) for row in frame.rows()]
        content, name = "\n".join(["\t".join(f"{n}:token" for n in frame.columns), *lines]) + "\n", "log.inter"
    column = "event_type:token" if form == "inter" else "event_type"
    counts = problem(bring_in(content, name=name), "behaviours")["details"]["counts"]
    assert counts == {"view": 120, "cart": 40, "dislike": 40, "purchase": 40}
    assert problem(bring_in(content, name=name), "behaviours")["value"] == column
    assert bring_in(content, "--keep", "event_type in purchase,cart", name=name)["n_interactions"] == 80


@needs_shared
@pytest.mark.parametrize(
    "name, counts",
    [
        ("03-event-type.csv", {"impression": 35, "click": 31, "purchase": 27, "dislike": 27}),
        ("03-view-cart-transaction.csv", {"view": 120, "addtocart": 27, "transaction": 27}),
    ],
)
def test_the_shared_cases_of_events(bring_in, name, counts):
    answer = bring_in((SHARED / "cases" / name).read_bytes())
    assert problem(answer, "behaviours")["details"]["counts"] == counts


@needs_shared
def test_the_shared_case_of_labels(bring_in):
    answer = bring_in((SHARED / "cases" / "03-label-0-1.csv").read_bytes())
    assert answer["n_interactions"] == 58 and problem(answer, "negatives")["rows_removed"] == 62
