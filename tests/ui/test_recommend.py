"""Recommend: person, history, list and neighbourhood, all in the URL."""

import numpy as np

from gnnrec_core.explain.walks.list_flow import list_flow
from gnnrec_core.render.network import node_title
from gnnrec_core.runs.recommend import chosen_later, recommend
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.workspace import SAMPLE
from gnnrec_ui.show import tables
from tests.ui.app import open_page, own_workspace, parameter, texts, widget, with_network_table  # noqa: F401

RUN = load_run(SAMPLE / "runs" / "lightgcn")


def test_the_list_is_the_one_that_the_library_gives():
    app = open_page("recommend", user="reader-0005", k="5")
    user = RUN.dataset.users.index("reader-0005")
    wanted = recommend(RUN, np.array([user]), 5).item_index[0]
    links = [element.proto.label.replace("\\", "") for element in app.get("page_link")]
    shown = [label for label in links if label[:1].isdigit()]
    assert shown == [f"{rank}. {RUN.dataset.title(int(item))}" for rank, item in enumerate(wanted, start=1)]


def test_a_row_leads_to_its_explanation():
    app = open_page("recommend", user="reader-0005")
    row = next(element.proto for element in app.get("page_link") if element.proto.label.startswith("1."))
    assert "user=reader-0005" in row.query_string and "item=" in row.query_string


def test_hits_are_marked_and_misses_are_one_click_from_their_reason():
    user = RUN.dataset.users.index("reader-0005")
    later = chosen_later(RUN.model, RUN.dataset, user)
    missed = [each for each in later if each.rank > 10]
    app = open_page("recommend", user="reader-0005", k="10")
    said = texts(app)
    assert said.count("chosen later**") == len(later) - len(missed)
    assert (
        f"Later this person chose {len(later)} items" in said and f": {len(later) - len(missed)} in this list" in said
    )
    rows = [link.proto for link in app.get("page_link") if link.proto.label.endswith(": why not?")]
    wanted = [f"item={RUN.dataset.items.ids[each.item_index]}" for each in missed[:5]]
    assert len(rows) == len(wanted) > 0
    assert all(item in row.query_string and "view=What" in row.query_string for item, row in zip(wanted, rows))
    app = open_page("explain", user="reader-0005", item=RUN.dataset.items.ids[missed[0].item_index])
    assert "They did choose it later" in texts(app) and "a list of 10 missed it" in texts(app)


def test_choosing_a_person_changes_the_url_and_the_history():
    app = open_page("recommend")
    widget(app.selectbox, "Person").set_value("reader-0007").run()
    assert parameter(app, "user") == "reader-0007"
    history = RUN.graph.history(RUN.dataset.users.index("reader-0007"))
    assert len(app.dataframe[0].value) == len(history)
    assert set(app.dataframe[0].value["Title"]) == {RUN.dataset.title(int(item)) for item in history}


def test_the_history_stands_without_scrolling_and_old_years_are_written_as_people_do():
    item = RUN.dataset.titles.index("The Histories")
    reader = int(next(row for row in range(RUN.graph.n_users) if item in RUN.graph.history(row)))
    past = tables.history_table(RUN.dataset, reader)
    assert tables.shown_first(past) == ["Title", "When", "Rating"]
    assert tables.shown_first(past.drop(columns=["When", "Rating"])) == ["Title", "Author", "Year"]
    assert past.loc[item, "Year"] == "430 BC" and "430 BC" in tables.item_line(RUN.dataset, item)


def test_an_unknown_person_in_a_link_is_said_with_near_names():
    app = open_page("recommend", user="reader-005")
    assert "reader" in app.warning[0].value and "Did you mean" in app.warning[0].value


def test_surprise_me_chooses_somebody_with_the_fewest_interactions():
    app = open_page("recommend")
    app.session_state["_surprise"] = True  # opened
    app.run()
    widget(app.button, "Somebody new").click().run()
    chosen = RUN.dataset.users.index(str(parameter(app, "user")))
    counts = np.diff(RUN.graph.seen.indptr)
    assert counts[chosen] == counts[counts > 0].min()


def test_the_picture_holds_the_person_the_list_and_a_table_of_the_same():
    app = with_network_table(open_page("recommend", user="reader-0005"))
    table = app.dataframe[-1].value
    assert table.loc[0, "Name"] == "reader-0005" and table.loc[0, "Hops away"] == 0
    assert len(table) <= 60 and set(table["Kind"]) <= {"person", "item", "attribute"}
    more = with_network_table(open_page("recommend", user="reader-0005", nodes="250")).dataframe[-1].value
    assert len(table) < len(more) <= 260


def test_the_picture_holds_what_carries_the_list_and_says_where_that_is_not_known():
    app = with_network_table(open_page("recommend", user="reader-0005"))
    user = RUN.dataset.users.index("reader-0005")
    items = recommend(RUN, np.array([user]), 10).item_index[0].tolist()
    matter = list_flow(RUN.model, RUN.dataset, RUN.graph, user, items).matter
    drawn = set(app.dataframe[-1].value["Name"])
    people = matter[: RUN.graph.n_users].copy()
    linked = RUN.graph.adjacency[[user]].indices
    people[[user, *linked[linked < len(people)]]] = 0  # friends are one step away
    strongest = np.argsort(-people)[:3]
    assert {node_title(RUN.graph, RUN.dataset, int(node)) for node in strongest} <= drawn
    assert "What carries this list" in texts(app)
    assert "Messages travel along the lines" in texts(open_page("recommend", run="popularity"))


def test_the_whole_graph_is_searched_by_parts_of_names_and_a_match_comes_into_the_middle():
    app = open_page("recommend", user="reader-0005")
    app.text_input(key="_find_node").input("Dicken").run()
    widget(app.button, "Charles Dickens").click().run()  # Dickens is not among the nodes that are drawn
    node = next(n for n in range(RUN.graph.n_nodes) if node_title(RUN.graph, RUN.dataset, n) == "Charles Dickens")
    assert parameter(app, "focus") == f"n{node}"
    app.text_input(key="_find_node").input("dnkes").run()  # letters that only stand in this order somewhere
    assert "Nothing in the graph is called" in texts(app)


def test_a_clicked_node_comes_into_the_middle_and_into_the_url():
    item = int(RUN.graph.history(RUN.dataset.users.index("reader-0005"))[0])
    app = with_network_table(open_page("recommend", user="reader-0005", focus=f"n{RUN.graph.item_node(item)}"))
    assert app.dataframe[-1].value.loc[0, "Name"] == RUN.dataset.title(item)
    widget(app.button, "Back to reader-0005").click().run()
    assert parameter(app, "focus") is None
