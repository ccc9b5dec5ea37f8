"""The frame: menu, study in the URL, errors as sentences, presentation mode."""

import subprocess
import sys

import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import app_test

from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.places import PROJECT
from gnnrec_ui.frame.screens import SCREENS
from tests.ui.app import open_page, own_workspace, parameter, texts, widget  # noqa: F401


def test_importing_the_shell_imports_no_torch():
    heavy = ("torch", "torch_geometric", "captum")
    code = f"import sys, gnnrec_ui.frame.shell; print([m for m in {heavy} if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=True)
    assert answer.stdout.strip() == "[]"


def test_every_screen_has_its_page_and_says_how_to_read_it():
    for name, screen in SCREENS.items():
        assert (PROJECT / "pages" / f"{name}.py").is_file()
        assert name == "home" or len(screen.reading.splitlines()) == 2, name


def test_lightgcn_on_the_sample_is_what_opens_first():
    app = open_page("recommend")
    assert widget(app.selectbox, "Dataset").value == "classics"
    assert widget(app.selectbox, "Run").value == "lightgcn"
    assert parameter(app, "run") is None  # the default needs no place in the URL


def test_a_deep_link_into_a_server_that_never_ran_the_app_shows_the_whole_frame(monkeypatch):
    monkeypatch.setattr(app_test, "PagesManager", PagesManager)
    app = open_page("recommend", user="reader-0007")
    assert widget(app.selectbox, "Run").value == "lightgcn"
    assert widget(app.selectbox, "Person").value == "reader-0007"
    assert len(app.get("page_link")) > 10  # menu and list


def test_a_chosen_run_goes_into_the_url_and_a_link_with_it_opens_it():
    app = open_page("recommend")
    widget(app.selectbox, "Run").set_value("itemknn").run()
    assert parameter(app, "run") == "itemknn"
    assert widget(open_page("recommend", run="itemknn").selectbox, "Run").value == "itemknn"


def test_a_link_to_what_is_not_here_says_so_and_shows_something_else():
    app = open_page("recommend", run="*nope*", dataset="classics")
    assert "no run “*nope*”" in app.warning[0].value.replace("\\", "") and not app.error
    app = open_page("recommend", run="gat")
    assert not app.warning


def test_a_page_without_any_run_says_what_to_do(monkeypatch, tmp_path):
    from gnnrec_core.runs import workspace as library

    monkeypatch.setattr(library.Workspace, "runs", lambda self, fingerprint=None: ())
    app = open_page("explain")
    assert "no trained run yet" in app.info[0].value


def test_an_error_on_purpose_becomes_its_sentence_and_a_bug_a_number(monkeypatch):
    from gnnrec_ui import ask

    def refuse(*_arguments):
        raise RequestError("Item *x* is not there.", "Name another.")

    monkeypatch.setattr(ask, "recommendations", refuse)
    said = open_page("recommend").error[0].value
    assert "Name another" in said and "\\*x\\*" in said  # shown letter for letter

    def fail(*_arguments):
        raise KeyError("secret/path")

    monkeypatch.setattr(ask, "recommendations", fail)
    said = open_page("recommend").error[0].value
    assert "reference" in said and "secret" not in said


@pytest.mark.parametrize("present", ["0", "1"])
def test_presentation_hides_the_menu_by_style_only(present):
    app = open_page("recommend", present=present)
    hidden = any(
        "stSidebar" in element.proto.body and "font-size: 118%" in element.proto.body for element in app.get("html")
    )
    assert hidden == (present == "1")
