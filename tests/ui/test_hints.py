"""On the page an error names controls, and buttons set them: no option of the command line is left to be typed."""

import re
from pathlib import Path

import pytest

from gnnrec_core.data.options import ImportOptions
from gnnrec_ui.data import hints
from tests.data.bad_inputs import good_rows, text
from tests.ui.app import own_workspace, parameter  # noqa: F401
from tests.ui.test_import_cures import button, dropped, figures

pytestmark = pytest.mark.usefixtures("own_workspace")


def test_every_option_that_a_sentence_of_the_library_names_has_a_control():
    """All options in strings of the data layer: those of an import are called by their control."""
    folder = Path(hints.__file__).parents[2] / "gnnrec_core" / "data"
    named = {
        name.replace("-", "_")
        for file in folder.rglob("*.py")
        for line in file.read_text(encoding="utf-8").splitlines()
        for name in re.findall(r"--([a-z]+(?:-[a-z]+)*)", line)
    }
    assert len(named & set(ImportOptions.model_fields)) > 15
    for name in named & set(ImportOptions.model_fields):
        flag = f"--{name.replace('_', '-')}"
        assert flag not in hints.in_the_app(f"Say {flag}, or {flag} x.") and hints.name_of(name)


def test_a_split_by_time_without_times_is_cured_by_a_button():
    app = dropped(log__csv=text([row[:3] for row in good_rows()], header="user_id,item_id,rating"))
    assert figures(app)["Interactions"] == "240"
    next(box for box in app.selectbox if box.label == "Split").set_value("temporal").run()
    assert "--" not in app.error[0].value and "“Split”" in app.error[0].value
    button(app, "Set Split to random").click().run()
    assert figures(app)["Interactions"] == "240" and parameter(app, "import_split") == "random"


def test_what_was_met_is_told_by_controls_too():
    events = ("view", "view", "cart", "purchase")
    rows = [[*row[:2], events[n % 4], row[3]] for n, row in enumerate(good_rows())]
    app = dropped(log__csv=text(rows, header="user_id,item_id,event_type,timestamp"))
    said = " ".join(next(frame.value["What"] for frame in app.dataframe if "What" in frame.value.columns))
    assert "Choose with “Keep only rows where”: event_type in" in said and not re.search(r"--[a-z]", said)


def test_an_item_that_stands_first_is_swapped_by_a_button():
    rows = [[row[1], row[0], *row[2:]] for row in good_rows()]
    app = dropped(log__csv=text(rows, header=None))
    users = figures(app)["Users"]
    button(app, "Set User id to").click().run()
    assert figures(app)["Items"] == users and parameter(app, "import_user_col") == "column_2"


def test_unreadable_times_are_left_unread_by_a_button():
    rows = [[*row[:3], "yesterday"] for row in good_rows()]
    app = dropped(log__csv=text(rows))
    assert "--" not in app.error[0].value
    button(app, "Set Time to none").click().run()
    assert figures(app)["Interactions"] == "240" and parameter(app, "import_time_col") == "none"
