"""Somebody new: a yes joins what they have, and new questions follow."""

from tests.ui.app import open_page, own_workspace, parameter, texts  # noqa: F401


def yes_buttons(app):
    return [button for button in app.button if button.label == "Yes"]


def test_a_yes_joins_what_the_person_has_and_other_questions_follow():
    app = open_page("what_if", who="new", run="lightgcn")
    assert "the questions that would teach most" in texts(app) and "Recommended" not in texts(app)
    first = [button.key for button in yes_buttons(app)]
    assert len(first) == 3
    yes_buttons(app)[0].click().run()
    assert not app.exception and parameter(app, "given") == first[0].removeprefix("_yes_")
    assert "Recommended" in texts(app) and first[0] not in [button.key for button in yes_buttons(app)]
    assert "people who have the same" in texts(app) or "anybody" in texts(app)
    assert any(button.label == "Measure each kind of list" for button in app.button)
