"""The guided demo without a browser: every step opens, says its figures, and stands in the URL."""

import pytest

from gnnrec_core.whole.telling import KINDS
from gnnrec_ui.frame.tours import TOURS
from tests.ui.app import open_page, own_workspace, parameter, texts  # noqa: F401


def test_every_kind_of_case_has_a_tour_of_two_steps_or_more():
    assert set(TOURS) == set(KINDS) and all(2 <= len(tour.steps) <= 4 for tour in TOURS.values())


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "unfair"])
def test_a_link_that_names_only_the_step_opens_its_case(kind):
    step = TOURS[kind].steps[0]
    app = open_page(step.page, demo=f"{kind}.1")
    assert f"{TOURS[kind].title} · step 1 of {len(TOURS[kind].steps)}." in texts(app)
    assert parameter(app, "user") is not None
    assert not app.error and {button.label for button in app.button} >= {"Next", "End the demo"}


def test_whoever_is_chosen_during_the_demo_stays_and_the_demo_can_be_ended():
    app = open_page("recommend", demo="bestsellers.1")
    app.selectbox(key="user").select("reader-0003").run()
    assert parameter(app, "user") == "reader-0003" and parameter(app, "demo") == "bestsellers.1"
    next(button for button in app.button if button.label == "End the demo").click().run()
    assert parameter(app, "demo") is None and "step 1 of" not in texts(app)


@pytest.mark.parametrize("step", ["bestsellers.9", "bestsellers.x", "nothing.1", "bestsellers", ".1"])
def test_a_step_that_is_none_is_no_demo(step):
    app = open_page("recommend", demo=step)
    assert "step" not in texts(app) and not app.error


def test_a_run_without_such_a_case_says_so():
    app = open_page("recommend", demo="clear_reason.1", run="popularity")
    assert any("has no such case" in box.value for box in app.info)
