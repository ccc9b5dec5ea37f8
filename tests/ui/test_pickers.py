"""Choices that stay quick with tens of thousands of people, and a URL that says them."""

import pytest

from gnnrec_ui.frame import pickers, search
from tests.ui.app import open_page, own_workspace, parameter, widget, with_network_table  # noqa: F401, with_network_table


def test_with_many_people_the_menu_holds_the_matches_of_a_search_only(monkeypatch):
    monkeypatch.setattr(pickers, "MOST_OPTIONS", 100)
    app = open_page("recommend", user="reader-0123")
    field = next(element for element in app.text_input if element.label.startswith("Find among"))
    assert len(widget(app.selectbox, "Person").options) <= 51
    field.set_value("0777").run()
    menu = widget(app.selectbox, "Person")
    assert menu.options == ["reader-0123", "reader-0777"] and menu.value == "reader-0123"
    menu.set_value("reader-0777").run()
    assert parameter(app, "user") == "reader-0777"


def test_an_item_outside_the_list_is_found_by_title():
    app = open_page("explain", user="reader-0005")
    widget(app.text_input, "Find another").set_value("walden").run()
    assert widget(app.selectbox, "Item").options[0] == "Walden"


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
