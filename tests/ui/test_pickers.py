"""Choices that stay quick with tens of thousands of people, and a URL that says them."""

import json
import re

import pytest

from gnnrec_ui.frame import pickers, search
from tests.ui.app import open_page, own_workspace, parameter, texts, widget, with_network_table  # noqa: F401, with_network_table


def type_into(monkeypatch, label, text):
    """What the browser sends once when somebody types `text` into a menu and presses Enter; AppTest cannot."""
    menu, left = pickers.st.selectbox, [text]

    def typed(name, *arguments, **options):
        chosen = menu(name, *arguments, **options)
        return left.pop() if name == label and left and options.get("accept_new_options") else chosen

    monkeypatch.setattr(pickers.st, "selectbox", typed)


def test_of_many_people_one_menu_holds_some_and_finds_the_others(monkeypatch):
    """Finding 15: one control and two clicks, not a field, a menu and three."""
    monkeypatch.setattr(pickers, "MOST_OPTIONS", 100)
    app = open_page("recommend", user="reader-0123")
    menu = widget(app.selectbox, "Person")
    assert not [field for field in app.text_input if field.label.startswith("Find among")]
    assert len(menu.options) <= 51
    type_into(monkeypatch, "Person", "077")
    app.run()
    menu = widget(app.selectbox, "Person")
    assert menu.value == parameter(app, "user") == "reader-0077" and "reader-0777" in menu.options
    assert "match “077”" in texts(app)
    type_into(monkeypatch, "Person", "no such person")
    app.run()
    assert parameter(app, "user") == "reader-0077" and "Nothing matches “no such person”" in texts(app)


def test_all_items_stand_in_one_menu_the_list_first():
    app = open_page("explain", user="reader-0005")
    menu = widget(app.selectbox, "Item")
    assert not [field for field in app.text_input if field.label == "Find another"]
    assert menu.options[0].startswith("1. ") and "Walden" in menu.options and len(menu.options) == 820
    menu.set_value("walden").run()
    assert parameter(app, "item") == "walden"


def test_the_map_is_searched_whole_and_a_region_is_a_loop_for_keyboards(monkeypatch):
    """Finding 15: what is not drawn is found too, and letters that are scattered are no match."""
    monkeypatch.setattr("gnnrec_ui.map_view.SVG_POINTS", 50)
    app = open_page("map", dots="plain", find="walden")
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert any("Walden" in note["text"] for note in figure["layout"]["annotations"])
    assert "most similar to Walden" in texts(app) and "21 selected" in texts(app)
    assert (
        widget(app.selectbox, "Find on the map").proto.filter_mode == widget(app.selectbox, "Person").proto.filter_mode
    )
    app = open_page("map", user="reader-0005")
    menu = widget(app.selectbox, "Find on the map")
    menu.set_value("walden").run()
    assert parameter(app, "find") == "walden" and "most similar to Walden" in texts(app)
    widget(app.selectbox, "Find on the map").set_value(None).run()
    assert parameter(app, "find") is None and "most similar" not in texts(app)
    app = open_page("map", region="0")
    (said,) = re.findall(r"Region:\*\* ([\d]+)", texts(app))
    assert f"{said} selected" in texts(app)


def test_of_very_many_dots_the_regions_are_named_when_the_dots_stand(monkeypatch):
    monkeypatch.setattr("gnnrec_ui.map_view.MOST_NAMED_AT_ONCE", 10)
    at_once = json.loads(open_page("map", region="0").get("plotly_chart")[0].proto.spec)["layout"]["annotations"]
    app = open_page("map", user="reader-0006")
    for _ in range(50):
        drawn = json.loads(app.get("plotly_chart")[0].proto.spec)["layout"]["annotations"]
        if len(drawn) == len(at_once):
            break
        app.run()
    named = {note["text"] for note in drawn if note["text"].startswith("<b>")}
    assert named and named == {note["text"] for note in at_once if note["text"].startswith("<b>")}


def test_search_is_capped_and_blind_to_case_and_accents():
    texts = [f"Émile {number}" for number in range(500)]
    assert len(search.find("EMILE", texts, limit=50)) == 50
    assert search.find("emile 7", texts)[0] == 7
    assert search.find("nothing", texts) == []


def test_people_and_items_that_were_looked_at_are_at_hand_again():
    app = open_page("explain", user="reader-0005", item="walden")
    assert widget(app.selectbox, "Item").value == "walden"
    menu = widget(app.selectbox, "Item")
    menu.select_index(0).run()
    assert "Walden (seen before)" in widget(app.selectbox, "Item").options
    widget(app.selectbox, "Person").set_value("reader-0009").run()
    app.session_state["_recent"] = True  # opened
    app.run()
    app.button(key="_recent_reader-0005").click().run()
    assert widget(app.selectbox, "Person").value == parameter(app, "user") == "reader-0005"
    assert [button.key for button in app.button if "_recent_" in str(button.key)] == ["_recent_reader-0009"]


@pytest.mark.parametrize("k", ["0", "51", "ten", "-1"])
def test_a_list_length_that_makes_no_sense_is_ten(k):
    assert widget(open_page("recommend", k=k).number_input, "List length").value == 10


@pytest.mark.parametrize("hostile", ["9999999", "-1", "<script>", "1,2", "n"])
def test_a_focus_that_is_no_node_is_the_person(hostile):
    app = with_network_table(open_page("recommend", user="reader-0005", focus=hostile))
    assert app.dataframe[-1].value.loc[0, "Name"] == "reader-0005"


def test_indices_in_a_link_are_checked():
    app = open_page("what_if", user="reader-0005", off="999999,x,-4", add="3,3,999999")
    assert not app.error
    assert [len(element.value) for element in app.multiselect] == [1]
