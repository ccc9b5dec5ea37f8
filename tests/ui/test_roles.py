"""Who may do what: from what a provider says of a person, and what the server's settings say of roles."""

import ast
from dataclasses import replace

import pytest
import streamlit as st
from streamlit import config as st_config
from streamlit.runtime.secrets import secrets_singleton

from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.settings import read_settings
from gnnrec_core.base.text import WORD_JOINER
from gnnrec_core.runs.workspace import Workspace
from gnnrec_ui import ask_again
from gnnrec_ui.frame import privacy, roles
from gnnrec_ui.frame.roles import VIEWER, Roles, role_of
from tests.security.test_static_rules import ROOT
from tests.ui.app import open_page, own_workspace, texts  # noqa: F401

ANN = {"email": "ann@lens.org", "email_verified": True, "groups": ["staff", "lens-editors"]}


@pytest.mark.parametrize(
    ("person", "settings", "role"),
    [
        (ANN, {}, "viewer"),
        (ANN, {"editor": ["ann@lens.org"]}, "editor"),
        (ANN, {"editor": ["ANN@lens.org"]}, "viewer"),
        (ANN, {"claim": "groups", "editor": ["lens-editors"]}, "editor"),
        (ANN, {"claim": "groups", "editor": ["editors"], "viewer": ["staff"]}, "viewer"),
        (ANN, {"claim": "groups", "viewer": ["others"]}, "none"),
        (ANN, {"claim": "roles", "viewer": ["others"]}, "none"),
        ({**ANN, "email_verified": False}, {"editor": ["ann@lens.org"]}, "viewer"),
        ({**ANN, "email_verified": "false"}, {"editor": ["ann@lens.org"]}, "viewer"),
        ({"groups": "*"}, {"claim": "groups", "editor": ["lens"], "viewer": []}, "none"),
        ({"groups": {"lens": 1}}, {"claim": "groups", "editor": ["lens"], "viewer": []}, "none"),
        ({"groups": [["lens"], 5, None, ""]}, {"claim": "groups", "editor": ["lens", ""], "viewer": []}, "none"),
        ({}, {"editor": ["*"]}, "editor"),
    ],
)
def test_the_role_follows_from_the_claim_and_the_lists(person, settings, role):
    assert role_of(person, read_settings(Roles, settings)) == role


@pytest.mark.parametrize("settings", [{"editors": ["a"]}, {"editor": "ann"}, {"editor": [5]}, {"claim": 5}])
def test_settings_of_roles_that_say_something_else_are_refused(settings):
    with pytest.raises(RequestError):
        read_settings(Roles, settings)


@pytest.fixture
def person(monkeypatch):
    """Somebody who is logged in at a server that wants it; the test may change what the provider says."""
    said = {**ANN, "is_logged_in": True}
    monkeypatch.setattr(roles, "_section", lambda name: {"auth": {"client_id": "x"}, "roles": {}}[name])
    monkeypatch.setattr(type(st.user), "to_dict", lambda self: dict(said))
    monkeypatch.setattr(type(st.user), "get", lambda self, key, default=None: said.get(key, default))
    return said


def test_a_viewer_sees_every_page_and_each_page_says_what_is_for_editors(person):
    for page in ("train", "data"):
        assert VIEWER[0] in texts(open_page(page)), page
    app = open_page("train")
    assert next(button for button in app.button if button.label == "Start training").disabled
    assert "none is imported" in open_page("data", show="import").info[0].value
    assert "ann@lens.org · viewer" in texts(app).replace(WORD_JOINER, "")


def test_a_viewer_is_refused_by_the_library_too(person, tmp_path):
    place = roles.workspace()
    for change in (lambda: place.new_folder_for("runs"), place.empty_trash, place.new_staging):
        with pytest.raises(RequestError, match="role on this server is viewer"):
            change()


def test_ids_of_others_are_not_for_viewers(person, monkeypatch):
    monkeypatch.setenv("GNNREC_REVEAL_IDS", "1")
    assert not privacy._may_reveal()
    monkeypatch.setattr(roles, "_section", lambda name: {"auth": {"client_id": "x"}, "roles": {"editor": ["*"]}}[name])
    assert privacy._may_reveal()


def test_somebody_who_is_not_logged_in_sees_nothing_but_the_way_in(person):
    person.clear()
    for page in ("home", "explain", "train"):
        app = open_page(page)
        assert [button.label for button in app.button] == ["Log in"]
        assert not app.selectbox and not app.dataframe and "Sample" not in texts(app)


def test_somebody_without_a_role_sees_nothing(person, monkeypatch):
    monkeypatch.setattr(roles, "_section", lambda name: {"auth": {"client_id": "x"}, "roles": {"viewer": []}}[name])
    app = open_page("home")
    assert "no role" in app.warning[0].value and [button.label for button in app.button] == ["Log out"]


def test_roles_that_cannot_be_read_let_nobody_in(person, monkeypatch):
    monkeypatch.setattr(roles, "_section", lambda name: {"auth": {"client_id": "x"}, "roles": {"editor": "ann"}}[name])
    app = open_page("home")
    assert "cannot be read" in app.error[0].value and not app.button


DAMAGED = ("[auth\nclient_id = 5", "auth = 5", "[auth]\n", "[auth]\nclient_id = 'x'\n[roles]\neditor = 'a'", "\xff")


@pytest.mark.parametrize("content", DAMAGED)
def test_a_file_of_secrets_that_is_damaged_or_half_empty_lets_nobody_in(tmp_path, content):
    """What cannot be read may say that a login is needed: it is not taken for no file at all."""
    file = tmp_path / "secrets.toml"
    file.write_text(content, encoding="latin-1")
    before = st.get_option("secrets.files")
    secrets_singleton._reset()
    st_config.set_option("secrets.files", [str(file)])
    try:
        app = open_page("home")
    finally:
        st_config.set_option("secrets.files", before)
        secrets_singleton._reset()
    assert not app.selectbox and [button.label for button in app.button] in ([], ["Log in"])


def test_a_viewer_and_a_read_only_server_train_nothing_again(person, own_workspace):  # noqa: F811
    for question in (lambda: ask_again.ask_luck(None, 1), lambda: ask_again.retrain(None, 0, 0, (), 1)):
        with pytest.raises(RequestError, match="role on this server is viewer"):
            question()
    app = open_page("explain", view="What would change it")
    assert next(button for button in app.button if button.label == "Train without them").disabled


def test_without_a_provider_everybody_edits():
    assert roles.role() == "editor" and not roles.workspace().read_only


def test_pages_get_the_workspace_from_the_roles_alone():
    """Only what a server does for itself, and the key of its pseudonyms, do not depend on who looks."""
    allowed = {"roles.py", "housekeeping.py", "privacy.py"}
    for path in [*(ROOT / "gnnrec_ui").rglob("*.py"), *(ROOT / "pages").glob("*.py")]:
        imported = {
            alias.name
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.ImportFrom) and node.module == "gnnrec_core.runs.workspace"
            for alias in node.names
        }
        assert path.name in allowed or "workspace" not in imported, path.name


def test_a_refusal_is_what_the_workspace_says(tmp_path):
    place = replace(Workspace(tmp_path, read_only=True), refusal=("No.", "Ask."))
    with pytest.raises(RequestError, match=r"No\.") as refused:
        place.check_writable()
    assert refused.value.hint == "Ask."
