"""Search and compression on the Decide page, the front on Compare: a study is a process that stops and goes on."""

import time

import pytest

from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.settings import read_settings
from gnnrec_core.data.store import load_dataset
from gnnrec_core.decide import studies
from gnnrec_core.decide.trials import SearchSettings
from gnnrec_core.runs import jobs
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.workspace import SAMPLE, workspace
from tests.ui.app import open_page, own_workspace, texts, widget  # noqa: F401
from tests.ui.test_decide import answered, boxes

RULES = read_settings(SearchSettings, {})


def until(what, seconds=120):
    """The first study, once `what` is true of it."""
    dataset, end = load_dataset(SAMPLE / "classics"), time.monotonic() + seconds
    while True:
        one = studies.studies(workspace(), dataset)[0]
        if what(one):
            return one
        assert time.monotonic() < end, (one.state, one.message)
        time.sleep(0.2)


def test_a_search_is_begun_watched_and_its_trial_becomes_a_run(monkeypatch):
    asked = []
    monkeypatch.setattr(jobs, "start", lambda place, request: asked.append(request))
    app = open_page("decide", decide="search", search_model="itemknn")
    assert "Nothing has been searched" in texts(app)
    widget(app.number_input, "Trials").set_value(3)
    widget(app.button, "Search").click().run()
    assert not app.exception
    study = until(lambda one: one.state == "finished")
    assert study.n_ended == 3 and study.asked.model == "itemknn"
    app.run()
    said = texts(app)
    for heading in ("ItemKNN", "What no other trial beats", "What makes the difference", "Trial 0 has the settings"):
        assert heading.lower() in said.lower(), heading
    other = next(trial for trial in study.found.trials if trial.number != study.found.best.number)
    widget(app.selectbox, "Trial").set_value(other.number)
    widget(app.button, "Make this trial a run").click().run()
    assert [request.settings for request in asked] == [other.settings] and asked[0].seed == 0
    front = open_page("compare")
    assert "What no other trial beats" in texts(front)


def test_a_stopped_search_goes_on_and_a_second_one_waits():
    place = workspace()
    entry = place.dataset("classics")
    studies.begin(place, entry, "lightgcn", 40, RULES)
    with pytest.raises(RequestError, match="Another search"):
        studies.begin(place, entry, "itemknn", 2, RULES)
    one = until(lambda one: one.state == "running")
    studies.stop(place, one)
    one = until(lambda one: one.state == "stopped")
    assert one.n_ended < 40
    with pytest.raises(RequestError, match="cannot begin"):
        studies.begin(place, entry, "nothing", 2, RULES)
    (one.folder / studies.ASKED).write_text("{}", encoding="utf-8")  # damaged: left out, nothing breaks
    assert studies.studies(place, load_dataset(SAMPLE / "classics")) == ()
    studies.begin(place, entry, "itemknn", 2, RULES)  # nor does it keep others from beginning
    studies.stop(place, until(lambda one: one.state == "running"))


@pytest.mark.parametrize(("way", "says"), [("bits", "times smaller"), ("edges", "edges"), ("dimensions", "tables")])
def test_a_smaller_run_shows_its_price_and_is_kept(way, says):
    app = answered(open_page("decide", decide="smaller", run="lightgcn", way=way))
    said = texts(app)
    assert "In the place of the other" in boxes(app) and "Do the reasons survive?" in said
    assert says in app.dataframe[0].value.iloc[0, 0]
    if way == "edges":
        widget(app.button, "Keep it as a run").click().run()
        kept = next(run for run in workspace().runs() if run.record.model == "pruned")
        assert load_run(kept.folder).model.name == "lightgcn" and not app.exception


def test_what_cannot_be_made_smaller_says_why():
    app = answered(open_page("decide", decide="smaller", run="popularity"))
    assert "popularity has no table to round" in boxes(app)
