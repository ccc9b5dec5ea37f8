"""The Decide page: the library's verdict, links to two ledgers, and experiments planned and read."""

import polars as pl

from gnnrec_core.decide.gate import gate
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.workspace import SAMPLE
from gnnrec_ui.server.slow_work import line
from tests.decide.logs import make_log
from tests.ui.app import open_page, own_workspace, parameter, texts, widget  # noqa: F401


def boxes(app):
    return " ".join(element.value for kind in (app.success, app.warning, app.info) for element in kind).replace(
        "\\", ""
    )


def answered(app):
    """The page once all that it has asked for is there."""
    for _ in range(3):
        for work in list(line()._works.values()):
            work.ended.wait(120)
        app.run()
    return app


def test_the_gate_shows_the_librarys_verdict_and_leads_to_two_ledgers():
    app = answered(open_page("decide", run="itemknn", incumbent="lightgcn"))
    found = gate(load_run(SAMPLE / "runs" / "itemknn"), load_run(SAMPLE / "runs" / "lightgcn"))
    assert found.verdict.word == "hold" and f"Hold. {found.verdict.sentences[0]}" in boxes(app)
    for part, headings in {
        "figures": ("Verdict", "Figures", "For whom"),
        "lists": ("What changed in the lists",),
        "why": ("Why",),
        "people": ("People whose lists",),
    }.items():
        app = answered(open_page("decide", run="itemknn", incumbent="lightgcn", look=part))
        assert all(heading in texts(app) for heading in headings)
    links = [link.proto.label for link in app.get("page_link")]
    assert (
        sum(label.startswith("Came: ") for label in links) == sum(label.startswith("Went: ") for label in links) == 10
    )
    widget(app.selectbox, "Incumbent: what people are shown now").set_value("popularity").run()
    assert parameter(app, "incumbent") == "popularity" and not app.exception


def test_a_plan_without_a_log_says_what_stands_in_for_the_outcome():
    app = answered(open_page("decide", decide="plan"))
    assert "people find an effect of 5 %" in boxes(app) and "stands in for what people would do" in boxes(app)
    assert "When to look" in texts(app)
    linked = answered(open_page("decide", decide="plan", plan_effect="0.1"))
    assert "people find an effect of 10 %" in boxes(linked)


def test_a_dropped_log_is_read(tmp_path):
    app = open_page("decide", decide="read")
    assert "One row an exposure" in boxes(app)
    file = tmp_path / "log.csv"
    make_log(400, effect=1.0).with_columns(pl.col("time").cast(pl.Int64)).write_csv(file)
    answered(app.file_uploader[0].upload(file.name, file.read_bytes(), "text/csv").run())
    assert not app.exception and "clicks: new raises it" in boxes(app)
    assert "Over days" in texts(app)


def test_what_fails_is_said_once_and_can_be_asked_again(tmp_path):
    app = open_page("decide", decide="read")
    file = tmp_path / "log.csv"
    make_log(50).with_columns(arm=pl.lit("new")).write_csv(file)
    answered(app.file_uploader[0].upload(file.name, file.read_bytes(), "text/csv").run())
    assert "fewer than two arms" in " ".join(element.value for element in app.error)
    assert any(button.label == "Ask again" for button in app.button)


def test_who_may_only_look_drops_no_log(monkeypatch):
    monkeypatch.setenv("GNNREC_READ_ONLY", "1")
    app = open_page("decide", decide="read")
    assert app.file_uploader[0].proto.disabled or app.file_uploader[0].disabled
