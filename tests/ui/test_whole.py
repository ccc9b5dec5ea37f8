"""Drivers and Item: the pages show what the library gives, with their choices in the URL."""

import time

import numpy as np
import pytest

from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.workspace import SAMPLE
from gnnrec_core.views.whole.new_item import new_item_sentence
from gnnrec_core.whole.drivers import drivers
from gnnrec_core.whole.items.new_item import new_item
from gnnrec_core.whole.items.standing import standing
from gnnrec_core.whole.shapes import cases_of_shape
from tests.ui.app import open_page, own_workspace, parameter, texts, widget  # noqa: F401

RUN = load_run(SAMPLE / "runs" / "lightgcn")


def finished(app, sign, seconds=240):
    """The page after its work has ended: when `sign` stands on it."""
    until = time.monotonic() + seconds
    while sign not in texts(app) + " ".join(m.label for m in app.metric) and time.monotonic() < until:
        time.sleep(0.3)
        app.run()
    assert not app.exception, app.exception
    assert sign in texts(app) + " ".join(m.label for m in app.metric)
    return app


def test_drivers_are_those_of_the_library():
    app = finished(open_page("drivers", by="author", target="margin", group="region"), "comes from")
    first = drivers(RUN, 10, "author", "margin").everybody.drivers[0]
    assert f"comes from {first.name}" in texts(app) and "By group" in texts(app)
    assert set(app.dataframe[0].value.columns) >= {"Driver", "Islands", "Spread"}
    assert parameter(app, "by") == "author" and parameter(app, "target") == "margin"


def test_drivers_of_two_runs_and_of_two_groups_are_held_together():
    app = finished(
        open_page("drivers", by="popularity", group="region", against="itemknn", one="Islands"), "How they differ"
    )
    finished(app, "lightgcn and itemknn")
    finished(app, "Islands and East")
    assert any("difference" in frame.value.columns for frame in app.dataframe)


def test_one_driver_leads_to_its_cases():
    app = finished(open_page("drivers", by="popularity", driver="tail"), "What one driver decides")
    widget(app.button, "Who would lose an item without it?").click().run()
    finished(app, "lose an item of their top 10 without it")
    assert any("user=reader-" in link.proto.query_string for link in app.get("page_link"))


def test_cases_by_shape_lead_to_their_explanations():
    app = finished(open_page("drivers", whole="cases", shape="learned", group="region"), "The strongest")
    found = cases_of_shape(RUN, "learned", 10, "score")
    assert f"In {len(found.users):,} of {found.n_places:,} places" in texts(app)
    links = [link.proto.query_string for link in app.get("page_link")]
    first = RUN.dataset.users.ids[found.users[0]], RUN.dataset.items.ids[found.items[0]]
    assert any(f"user={first[0]}" in each and f"item={first[1]}" in each for each in links)


def test_main_parameters_and_the_card_stand_beside():
    app = finished(open_page("drivers", whole="parameters"), "Without profiling")
    assert "popularity: without it" in texts(app)
    app = finished(open_page("drivers", whole="card", run="lightgcn"), "no legal advice")
    assert len(app.text_area) == 9 and "open" in set(app.dataframe[0].value["Status"])
    widget(app.text_area, "Why do the main parameters have the weight that they have?").set_value("Because.").run()
    finished(app, "no legal advice")
    statuses = dict(zip(app.dataframe[0].value["Asks"], app.dataframe[0].value["Status"], strict=True))
    assert statuses["The reasons for the relative importance of the parameters are given."] == "answered"


def test_an_item_from_its_own_side_by_deep_link():
    app = finished(open_page("item", item="the-odyssey", group="region"), "Have it")
    index = RUN.dataset.items.index("the-odyssey")
    shown = {metric.label: metric.value for metric in app.metric}
    assert shown["In lists of 10"] == f"{standing(RUN, index, 10).listed.sum():,}"
    assert shown["Have it"] == f"{RUN.graph.popularity[index]:,}"
    finished(app, "What keeps it from others")
    assert any("item=the-odyssey" in link.proto.query_string for link in app.get("page_link"))


def test_luck_is_measured_where_a_shape_asks_for_it():
    app = open_page("drivers", run="lightgcn", whole="cases", shape="fragile")
    assert "was not measured for this run yet" in texts(app)
    widget(app.button, "Train with 3 other seeds")
    assert not app.exception


def test_a_new_item_stands_where_the_library_puts_it():
    table = RUN.dataset.attribute_table
    crime = int(table.filter((table["relation"] == "genre") & (table["label"] == "crime"))["attribute_index"][0])
    address = {"view": "new", "like": "the-a-b-c-murders", "n": "6", "with": str(crime), "title": "A Test", "k": "10"}
    app = finished(open_page("item", run="lightgcn", **address), "Where it would stand")
    index = RUN.dataset.items.index("the-a-b-c-murders")
    has_it = RUN.graph.seen.tocsc()[:, [index]].nonzero()[0]
    readers = np.sort(np.random.default_rng(0).permutation(has_it)[:6])
    found = new_item(RUN, "A Test", [("genre", "crime")], readers.tolist())
    finished(app, "What keeps it from others")
    assert new_item_sentence(found) in [box.value.replace("\\", "") for box in app.info]
    assert {m.label: m.value for m in app.metric}["In lists of 10"] == f"{found.side.n_listed:,}"
    assert "the genre crime" in set(app.dataframe[0].value["link"])


def test_of_an_item_of_which_nothing_is_known_nothing_is_said():
    app = open_page("item", run="lightgcn", view="new", n="0")
    assert "nothing can be said" in app.info[0].value and not app.exception


@pytest.mark.long
def test_recourse_is_asked_with_a_button():
    app = finished(open_page("item", item="the-odyssey"), "What would bring it")
    widget(app.button, "The fewest links that bring it to 5 more people").click().run()
    finished(app, "Each row was recomputed")
