"""What a first visitor ran into on 0.1.0 (the findings of the screens): each test fails on what was there then."""

from __future__ import annotations

import re

import numpy as np
import pytest

from gnnrec_core.explain.explaining import explain
from gnnrec_core.explain.questions.why_not import why_not
from gnnrec_core.render import theme
from gnnrec_core.runs.recommend import chosen_later, recommend
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.workspace import SAMPLE
from gnnrec_ui.frame.screens import SCREENS
from tests.ui.app import open_page, own_workspace, parameter, texts, widget  # noqa: F401

RUN = load_run(SAMPLE / "runs" / "lightgcn", SAMPLE / "classics")
USER = 4
LIST = recommend(RUN, np.array([USER]), 10).item_index[0].tolist()
CASE = {"user": RUN.dataset.users.ids[USER], "item": RUN.dataset.items.ids[LIST[0]]}


@pytest.mark.parametrize("page", ["explain", "recommend"])
def test_3_another_run_keeps_the_person_and_the_item(page):
    app = open_page(page)
    before = {key: app.selectbox(key=key).value for key in ("user", "item") if page == "explain" or key == "user"}
    app.selectbox(key="run").select("gat").run()
    assert parameter(app, "run") == "gat" and not app.error
    assert {key: app.selectbox(key=key).value for key in before} == before


def test_4_a_lead_says_over_whom_and_at_which_place_that_stands():
    app = open_page("explain", **CASE)
    reference = recommend(RUN, np.array([USER]), 11).item_index[0, 10]
    assert f"ahead of {RUN.dataset.title(int(reference))}, which stands 11th" in texts(app)


def test_7_itemknn_is_told_by_its_own_parts_and_by_no_embedding():
    app = open_page("explain", run="itemknn", **CASE)
    said = texts(app).replace(SCREENS["explain"].reading, "")  # which speaks of all models
    assert "embedding" not in said and "by degree" not in said and "learned in training" not in said
    assert "stands" in said and len(app.dataframe[0].value) > 0


def test_7_what_raises_never_speaks_against_and_without_it_the_lead_is_less():
    run = load_run(SAMPLE / "runs" / "itemknn", SAMPLE / "classics")
    found = explain(run, USER, LIST[0], "ledger", "margin", 10)
    for part in found.contributions:
        if part.checked and abs(part.value) > 1e-6 and part.kind == "history":
            assert (part.checked.score_without < found.score) == (part.value > 0)


def test_10_a_why_not_names_what_was_added_whether_it_lifted_the_item_or_not():
    later = next(each for each in chosen_later(RUN.model, RUN.dataset, USER) if each.rank > 10)
    found = why_not(RUN, USER, later.item_index, 10)
    item = RUN.dataset.items.ids[later.item_index]
    said = texts(open_page("explain", user=CASE["user"], item=item, view="What would change it"))
    assert found.added and all(RUN.dataset.title(added) in said for added in found.added)
    assert theme.ordinal(found.rank_after) in said


def test_12_what_the_person_chose_later_is_marked_and_each_miss_is_one_click_from_its_why():
    app = open_page("recommend", user=CASE["user"])
    missed = [each for each in chosen_later(RUN.model, RUN.dataset, USER) if each.rank > 10]
    links = [link.proto for link in app.get("page_link") if link.proto.label.endswith(": why not?")]
    assert len(links) == min(5, len(missed)) > 0
    for each, link in zip(missed, links):
        assert theme.ordinal(each.rank) in link.label
        assert f"item={RUN.dataset.items.ids[each.item_index]}" in link.query_string


def test_14_a_model_without_reasons_leads_to_runs_that_are_here_and_have_them():
    app = open_page("explain", run="popularity", **CASE)
    assert app.info and not app.get("tab")
    links = [link.proto for link in app.get("page_link") if link.proto.label.startswith("Explain it in")]
    runs = {re.search(r"run=([\w-]+)", link.query_string)[1] for link in links}
    assert runs == {"lightgcn", "gat", "itemknn"}
    assert all(f"item={CASE['item']}" in link.query_string for link in links)


def test_18_a_selected_reason_shows_its_checks_and_moves_the_list_when_taken_away():
    found = explain(RUN, USER, LIST[0], "ledger", "margin", 10)
    part = next(each for each in found.contributions if each.kind == "history" and each.checked)
    app = open_page("explain", **CASE, part=f"item:{part.item}")
    figures = {metric.label: metric.value for metric in app.metric}
    assert figures["Contribution"] == theme.signed(part.value)
    assert figures["In this model"] == f"{part.checked.rank_without:,}" and "Foretold" in figures
    assert "Trained again" in figures
    widget(app.button, "Take it away").click().run()
    assert parameter(app, "off") == str(RUN.dataset.items.index(part.item))
    assert f"to **{theme.ordinal(part.checked.rank_without)}**" in texts(app)
    widget(app.button, "Put it back").click().run()
    assert parameter(app, "off") is None and "Taken away" not in texts(app)


def test_18_a_selection_that_this_case_does_not_have_is_none():
    app = open_page("explain", **CASE, part="item:nothing")
    assert "Select a reason" in texts(app) and not app.error


def test_16_back_undoes_what_was_added_and_what_was_taken_away():
    app = open_page("what_if", user=CASE["user"])
    add = app.multiselect(key="_add")
    new = next(item for item in LIST if item not in RUN.graph.history(USER))
    add.select(new).run()
    assert parameter(app, "add") == str(new) and "0 taken away, 1 added" in texts(app)
    app.query_params.clear()
    app.query_params["user"] = CASE["user"]  # what the browser's Back does
    app.run()
    assert app.multiselect(key="_add").value == [] and "The list as it is." in texts(app)
    for off, said in ((str(RUN.graph.history(USER)[0]), "1 taken away, 0 added"), ("", "The list as it is.")):
        app.query_params["off"] = off
        app.run()
        assert said in texts(app)
