"""Over time and under stress: each section answers, days are in the URL, and groups stand behind the gate."""

import pytest

from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.workspace import SAMPLE
from gnnrec_ui.change.sections import SECTIONS
from tests.ui.app import open_page, own_workspace, parameter, texts  # noqa: F401


def until(app, what, n=80):
    """Draw the page until `what` holds: work of a few seconds ends beside it."""
    for _ in range(n):
        if what(app):
            return app
        app.run()
    raise AssertionError(texts(app)[-2000:])


def press(app, label):
    next(button for button in app.button if button.label == label).click().run()
    return app


def test_a_link_to_a_day_shows_that_day():
    app = open_page("over_time", user="reader-0005", item="emma", asof="2023-06-01")
    said = texts(until(app, lambda app: "What the score was made of" in texts(app)))
    assert "As of 2023-06-01" in said and "in this model as it stands" in said
    assert parameter(app, "asof") == "2023-06-01"
    assert any("As of 2023-06-01" in info.value.replace("\\", "") for info in app.info)
    for part, heading in (("1", "The list then"), ("2", "What was known then"), ("3", "The audit then")):
        app = open_page("over_time", user="reader-0005", item="emma", asof="2023-06-01", then=part)
        until(app, lambda app, heading=heading: heading in texts(app))
        alternatives = [table.proto.alt for table in app.dataframe]
        assert heading in texts(app) and alternatives and all(alternatives)  # without a caption it is the heading


def test_a_day_that_the_log_has_not_is_said_so():
    app = open_page("over_time", user="reader-0005", item="emma", asof="1999-01-01")
    assert any("1999" in warning.value for warning in app.warning)


@pytest.mark.parametrize("section", ["drift", "shake", "rounds"])
def test_slow_sections_ask_first(section):
    app = open_page("over_time", section=section)
    labels = [button.label for button in app.button]
    assert {"drift": "This person over time", "shake": "Shake and compare", "rounds": "Play ten rounds"}[
        section
    ] in labels


def test_shaking_answers_on_the_page():
    app = open_page("over_time", section="shake", kind="drop", shaken="0.05")
    until(press(app, "Shake and compare"), lambda app: any("lists overlap by" in info.value for info in app.info))
    assert not app.exception
    assert "Least stable people" in texts(app)


def test_an_attack_is_begun_by_a_button_and_says_what_an_account_is():
    app = open_page("over_time", run="itemknn", section="attack", profile="bandwagon")
    assert "Push it" in [button.label for button in app.button]
    assert "the most popular items" in texts(app)


def test_forgetting_makes_a_run_with_a_receipt(tmp_path):
    assert SAMPLE.is_dir() and set(SECTIONS) >= {"forget"}
    app = open_page("over_time", run="itemknn", section="forget", user="reader-0007")
    until(press(app, "Forget and show the receipt"), lambda app: "Receipt" in texts(app))
    assert any("fitted anew on the data without them: exact" in table.value.to_string() for table in app.dataframe)
    (made,) = [folder for folder in (tmp_path / "runs").iterdir() if (folder / "forgetting.json").is_file()]
    assert "reader-0007" not in load_run(made).dataset.users and not app.exception


def test_an_update_learns_what_was_held_out_and_says_what_it_changed(tmp_path):
    app = open_page("over_time", run="itemknn", section="update")
    assert "has as many people and items" in texts(app) and "fitted anew on the newer data" in texts(app)
    until(press(app, "Update and show what it changed"), lambda app: "What it changed" in texts(app))
    (made,) = [folder for folder in (tmp_path / "runs").iterdir() if (folder / "update.json").is_file()]
    data = load_run(made).dataset
    assert not len(data.interactions.rows("validation")) and len(data.interactions.rows("test"))
    said = " ".join(table.value.to_string() for table in app.dataframe)
    assert "first reason of the first item stays" in said and "first item after" in said and not app.exception


def test_gaps_of_groups_are_followed_and_a_link_names_the_day():
    app = open_page("over_time", run="itemknn", section="groups", group="region", asof="2023-06-01")
    until(app, lambda app: "Groups as of 2023-06-01" in texts(app))
    assert any("Islands" in table.value.to_string() for table in app.dataframe)
    until(press(app, "Follow the gaps over time"), lambda app: "When gaps changed" in texts(app))
    assert parameter(app, "asof") == "2023-06-01" and not app.exception


def test_rounds_are_compared_with_re_rankers_from_the_link():
    app = open_page("over_time", run="popularity", section="rounds", ways="fa_star_ir,magic")
    assert any("of which something is not here" in warning.value for warning in app.warning)
    assert parameter(app, "ways") == "fa_star_ir"
    until(press(app, "Play ten rounds"), lambda app: "Re-rankers over the rounds" in texts(app))
    assert "Providers" in texts(app) and not app.exception


def test_groups_are_chosen_on_the_page():
    app = open_page("over_time", section="shake", group="age_band")
    picker = next(box for box in app.selectbox if box.label == "Group people by")
    assert picker.value == "age_band" and len(picker.options) > 3
