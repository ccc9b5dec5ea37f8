"""What an address may say: everything has a type and a cap, and what is too much ends in a sentence."""

import pytest

from gnnrec_core.runs.workspace import workspace
from gnnrec_ui.frame import state
from tests.ui.app import open_page, own_workspace, parameter, texts  # noqa: F401

LONG = "9" * 5_000


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("7", 7),
        ("0", None),
        ("51", None),
        ("-1", None),
        ("1.5", None),
        ("", None),
        (LONG, None),
        ("٣", None),
        ("1e3", None),
    ],
)
def test_a_number_is_one_in_range_or_none(text, found):
    assert state.whole(text, 1, 50) == found


def test_a_list_holds_each_known_name_once_and_no_more_than_it_may():
    assert state.names(",".join(["a", "b", "x", "a"] * 500), {"a", "b", "c"}, 8) == ["a", "b"]
    assert state.names(",".join("abcdefghij"), set("abcdefghij"), 3) == ["a", "b", "c"]
    assert state.names("", {"a"}, 3) == []


@pytest.mark.parametrize(
    ("page", "parameters"),
    [
        ("recommend", {"k": LONG, "focus": f"n{LONG}", "user": "x" * 100_000}),
        ("what_if", {"off": LONG, "add": ",".join([LONG] * 3), "who": "x" * 100_000}),
        ("audit", {"k": LONG, "section": "fix", "calibrated_weight": LONG}),
        ("home", {"step": LONG, **{f"p{number}": "1" for number in range(500)}}),
    ],
)
def test_too_long_an_address_ends_in_a_sentence_and_the_defaults(page, parameters):
    app = open_page(page, **parameters)
    assert not app.error, [error.value for error in app.error]
    assert sum("more than a choice can be" in warning.value for warning in app.warning) == 1
    assert "something went wrong" not in texts(app).lower()
    assert all(len(parameter(app, key) or "") <= state.MOST_TEXT for key in parameters)


def test_five_hundred_runs_are_each_taken_once():
    runs = [run.id for run in workspace().runs()][:2]
    app = open_page("compare", runs=",".join(runs * 250))
    assert not app.error and app.multiselect(key="runs_chosen").value == runs
    assert "names 500 runs" in texts(app)
