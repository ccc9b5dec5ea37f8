"""Over time and under stress: each section answers, days are in the URL, and groups stand behind the gate."""

import pytest

from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.workspace import SAMPLE
from gnnrec_ui.change.sections import SECTIONS
from tests.ui.app import open_page, own_workspace, parameter, texts  # noqa: F401


def test_a_link_to_a_day_shows_that_day():
    app = open_page("over_time", user="reader-0005", item="emma", asof="2023-06-01")
    said = texts(app)
    assert "As of 2023-06-01" in said and "The audit then" in said and "in this model as it stands" in said
    assert parameter(app, "asof") == "2023-06-01"
    assert any("As of 2023-06-01" in info.value.replace("\\", "") for info in app.info)
    alternatives = [table.proto.alt for table in app.dataframe]
    assert "The list then" in alternatives and all(alternatives)  # a table without a caption has its heading


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
    next(button for button in app.button if button.label == "Shake and compare").click().run()
    for _ in range(20):
        if any("lists overlap by" in info.value for info in app.info):
            break
        app.run()
    assert any("lists overlap by" in info.value for info in app.info) and not app.exception
    assert "Least stable people" in texts(app)


def test_an_attack_is_begun_by_a_button_and_says_what_an_account_is():
    app = open_page("over_time", section="attack", profile="bandwagon")
    assert "Push it" in [button.label for button in app.button]
    assert "the most popular items" in texts(app)


def test_forgetting_makes_a_run_with_a_receipt(tmp_path):
    assert SAMPLE.is_dir() and set(SECTIONS) >= {"forget"}
    app = open_page("over_time", run="itemknn", section="forget", user="reader-0007")
    next(button for button in app.button if button.label == "Forget and show the receipt").click().run()
    for _ in range(60):
        if "Receipt" in texts(app):
            break
        app.run()
    assert any("fitted anew on the data without them: exact" in table.value.to_string() for table in app.dataframe)
    (made,) = [folder for folder in (tmp_path / "runs").iterdir() if (folder / "forgetting.json").is_file()]
    assert "reader-0007" not in load_run(made).dataset.users and not app.exception


def test_groups_are_chosen_on_the_page():
    app = open_page("over_time", section="shake", group="age_band")
    picker = next(box for box in app.selectbox if box.label == "Group people by")
    assert picker.value == "age_band" and len(picker.options) > 3
