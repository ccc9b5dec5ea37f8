"""Views that a run cannot serve are greyed with the reason, and lead on to a run that can."""

import pytest

from gnnrec_core.base.errors import LensError
from tests.ui.app import open_page, own_workspace, texts  # noqa: F401

GREYED = ":material/block:"


@pytest.mark.parametrize(
    ("page", "run", "views", "reason"),
    [
        ("drivers", "popularity", ("Drivers", "Cases by shape"), "has no parts that could be shown"),
        ("what_if", "popularity", ("Change a history",), "everybody gets the same scores"),
        ("what_if", "gat", ("Somebody new",), "cannot make a list for somebody who is not in its data"),
        ("over_time", "lightgcn", ("Attack",), "would have to be trained again for each number of accounts"),
        ("decide", "incumbent", ("Make it smaller",), "holds no trained tables"),
    ],
)
def test_a_view_that_the_run_cannot_serve_is_greyed_and_says_why(page, run, views, reason):
    app = open_page(page, run=run)
    line = next(caption.value for caption in app.caption if caption.value.startswith(GREYED))
    assert line.replace("\\", "").startswith(f"{GREYED} {', '.join(views)}: ") and reason in texts(app)


def test_the_first_view_that_can_be_served_is_open_and_a_greyed_one_leads_on():
    app = open_page("what_if", run="popularity")
    assert "This person has" in [box.label for box in app.multiselect]  # “Somebody new”
    app = open_page("what_if", run="popularity", who="change")
    links = [link.proto.label for link in app.get("page_link")]
    assert any(label.startswith("Open it in LightGCN") for label in links) and app.info


def test_attention_of_a_model_without_any_leads_to_the_one_that_has_it():
    app = open_page("explain", view="Attention")
    assert f"{GREYED} Attention: " in texts(app)
    links = [link.proto for link in app.get("page_link")]
    assert [link.label for link in links if link.label.startswith("Open it in")] == ["Open it in GAT · shipped"]
    assert not any(GREYED in caption.value for caption in open_page("explain", run="gat").caption)


def test_a_log_without_times_has_no_day_to_go_back_to(monkeypatch):
    from gnnrec_core.data import moments

    def untimed(dataset):
        raise LensError("This log has no times.", "Import one.")

    monkeypatch.setattr(moments, "span", untimed)
    from gnnrec_ui.frame import serving

    serving._refusal.clear()
    app = open_page("over_time")
    assert "As of a day, Groups over time, One person over time: This log has no times." in texts(app)
    serving._refusal.clear()
