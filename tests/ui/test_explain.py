"""Explain and What if: the figures on the page are those of the library."""

import re
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from gnnrec_core.explain.case import excluded_items
from gnnrec_core.explain.explaining import explain
from gnnrec_core.explain.questions.what_if import what_if
from gnnrec_core.ranking.matrix import interaction_matrix
from gnnrec_core.render import theme
from gnnrec_core.runs.recommend import recommend
from gnnrec_core.runs.reviews import reviews
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.workspace import SAMPLE, workspace
from gnnrec_core.whole.telling import missed_people
from tests.ui.app import open_page, own_workspace, parameter, texts, widget  # noqa: F401

RUN = load_run(SAMPLE / "runs" / "lightgcn")
USER = "reader-0005"
INDEX = RUN.dataset.users.index(USER)
FIRST = int(recommend(RUN, np.array([INDEX]), 10).item_index[0, 0])
CASE = {"user": USER, "item": RUN.dataset.items.ids[FIRST]}


def metric(app, label):
    return next(element.value for element in app.metric if element.label == label)


def test_the_margin_is_explained_first_and_the_score_on_request():
    lead = explain(RUN, INDEX, FIRST, "ledger", "margin")
    app = open_page("explain", **CASE)
    assert metric(app, "Lead") == theme.signed(lead.score)
    assert metric(app, "Score") == theme.number(lead.case.score) and metric(app, "Rank") == "1"
    app = open_page("explain", **CASE, target="score")
    assert not [element for element in app.metric if element.label == "Lead"]


def test_without_a_person_in_the_link_a_case_is_shown_whose_reasons_matter():
    app = open_page("explain")
    assert parameter(app, "user") is None and metric(app, "Rank") == "1"
    assert max(app.dataframe[0].value["Rank in this model"].dropna()) > 2


def test_the_biggest_gap_is_a_list_that_finds_nothing_of_what_was_held_out():
    people = missed_people(RUN)
    relevant = interaction_matrix(RUN.dataset, "test")
    lists = recommend(RUN, np.array(people), 10).item_index
    held_out = [relevant[[user]].indices for user in people]
    assert len(people) == 50 and not any(np.isin(*pair).any() for pair in zip(lists, held_out, strict=True))
    sizes = [len(items) for items in held_out]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] > 1


def test_the_narrative_and_the_checked_table_are_those_of_the_library():
    lead = explain(RUN, INDEX, FIRST, "ledger", "margin")
    app = open_page("explain", **CASE)
    said = texts(app)
    for sentence in lead.narrative:
        assert sentence in said
    table = app.dataframe[0].value
    assert table["Contribution"].tolist() == [part.value for part in lead.contributions]
    checked = [part.checked.rank_without for part in lead.contributions if part.checked]
    assert table["Rank in this model"].dropna().tolist() == checked
    foretold = [part.foretold for part in lead.contributions if part.foretold]
    assert [text.split("–")[0] for text in table["Rank foretold"].dropna()] == [str(one.rank_low) for one in foretold]
    assert f"four in five of {lead.calibration['n_pairs']} items" in said
    assert all(part.checked for part in lead.contributions[:10])  # beyond: what the narrative names (test_ledger)


def test_without_an_item_in_the_link_the_first_of_the_list_is_explained():
    assert f"*{RUN.dataset.title(FIRST)}*" in texts(open_page("explain", user=USER))


def test_another_person_gets_the_first_of_their_own_list_unless_an_item_was_chosen():
    app = open_page("explain", user=USER)
    widget(app.selectbox, "Person").set_value("reader-0009").run()
    assert "1st for reader-0009" in texts(app) and parameter(app, "item") is None
    app = open_page("explain", **CASE)
    widget(app.selectbox, "Person").set_value("reader-0009").run()
    assert f"*{RUN.dataset.title(FIRST)}*" in texts(app) and parameter(app, "item") == CASE["item"]


@pytest.mark.parametrize("run", ["gat", "itemknn"])
def test_other_models_are_explained_too(run):
    app = open_page("explain", run=run, user=USER)
    assert not app.error and metric(app, "Rank") == "1"


def test_a_model_without_parts_is_refused_in_a_sentence():
    app = open_page("explain", run="popularity", user=USER)
    assert "has no parts" in app.info[0].value.replace("\\", "") and not app.error


def open_view(name, **parameters):
    """The explain page with one of its views open."""
    return open_page("explain", **{**CASE, **parameters}, view=name)


def test_paths_say_what_they_carry_and_what_is_not_shown():
    assert "by the kind of path that it travels" in texts(open_view("Paths", target="score"))
    app = open_view("Paths", target="score", paths="walks")
    shown = explain(RUN, INDEX, FIRST, "paths", "score").path_share_shown
    assert f"carry {theme.percent(shown)} of the score" in texts(app)


def test_the_picture_is_made_of_the_ledger_and_what_is_chosen_in_it_shows_its_check():
    lead = explain(RUN, INDEX, FIRST, "ledger", "margin")
    first = lead.contributions[0]
    app = open_view("Picture")
    assert "How the lead of" in texts(app) and not app.exception and not app.error
    app = open_view("Picture", part=f"item:{first.item}")
    assert f"Without {first.label}" in texts(app)
    assert metric(app, "In this model") == str(first.checked.rank_without)
    assert metric(app, "Contribution") == theme.signed(first.value)
    widget(app.button, "Take it away").click().run()
    assert parameter(app, "off") == str(RUN.dataset.items.index(first.item))
    on = next(link.proto for link in app.get("page_link") if link.proto.label == "Go on in What if")
    assert f"off={RUN.dataset.items.index(first.item)}" in on.query_string and "item=" in on.query_string
    app = open_view("Picture", part="item:nothing-like-it")
    assert "Without" not in [element.value for element in app.markdown] and not app.error


def wait_for(app, is_there, patience=240):
    """Run the page again, as its bar does each second, until something is there."""
    end = time.monotonic() + patience
    while not is_there():
        assert time.monotonic() < end
        time.sleep(0.2)
        app.run()


def test_a_slow_method_is_asked_beside_the_page_and_its_answer_stays(monkeypatch):
    answered = explain(RUN, INDEX, FIRST, "saliency", "score")
    started, may_end = threading.Event(), threading.Event()

    def slow(run, user, item, method, *rest):
        if method != "gnnexplainer":
            return explain(run, user, item, method, *rest)
        started.set()
        assert may_end.wait(240)
        return replace(answered, method="gnnexplainer")

    app = open_view("Methods", target="score")
    monkeypatch.setattr("gnnrec_core.explain.explaining.explain", slow)
    widget(app.button, "Ask GNNExplainer").click().run()
    assert started.is_set() and not app.exception
    assert [button.label for button in app.button].count("Cancel") == 1
    assert metric(app, "Rank") == "1"
    may_end.set()
    wait_for(app, lambda: "GNNExplainer" in app.dataframe[0].value["Method"].tolist())
    assert "Ask GNNExplainer" not in [button.label for button in app.button]


def test_methods_are_measured_when_asked_for():
    app = open_view("Methods")
    widget(app.button, "Measure how far each can be believed on this case").click().run()
    wait_for(app, lambda: "Agrees with deletion" in app.dataframe[0].value)
    table = app.dataframe[0].value.set_index("Method")
    assert table.loc["Leave one out", "Agrees with deletion"] == pytest.approx(1.0)
    assert table.loc["Ledger", "Agrees with deletion"] > 0.9
    assert table.loc["Random", "Agrees with deletion"] < table.loc["Ledger", "Agrees with deletion"]


def test_training_without_an_interaction_runs_beside_the_page_and_says_where_the_item_stands(monkeypatch):
    from gnnrec_core.explain.case import make_case
    from gnnrec_core.explain.truth.retraining import Outcome, Retraining

    case = make_case(RUN.model, RUN.dataset, INDEX, FIRST, "score", 10)
    asked = []

    def trained(run, user, item, without, n_seeds):
        asked.append((user, item, n_seeds))
        return Retraining(case, without, (Outcome(0, 0.1, 23),), (Outcome(0, 0.2, 1),), False, 1.0)

    monkeypatch.setattr("gnnrec_core.explain.truth.retraining.retrain", trained)
    app = open_view("What would change it")
    said = texts(app)
    assert "in this model as it stands" in said or "No set of up to" in said
    assert widget(app.multiselect, "Interactions to leave out").value
    widget(app.button, "Train without them").click().run()
    wait_for(app, lambda: "trained again, 1 seed" in texts(app))
    assert "stands **23rd** (trained again, 1 seed; now 1st)" in texts(app) and asked == [(INDEX, FIRST, 1)]
    assert app.dataframe[0].value["Rank with everything"].tolist() == [1]


def test_an_item_outside_the_list_gets_the_why_not():
    scores = RUN.model.score(np.array([INDEX]))[0]
    far = int(np.argsort(-scores)[60])
    app = open_view("What would change it", item=RUN.dataset.items.ids[far])
    assert "outside the top 10" in texts(app)


def test_a_note_is_kept():
    app = open_view("Review")
    widget(app.text_input, "Your name").set_value("Ada")
    widget(app.text_area, "Comment").set_value("=1+1 plausible")
    widget(app.button, "Keep this note").click().run()
    assert not app.exception and not app.error
    kept = reviews(workspace(), "lightgcn")
    assert [(note.user, note.reviewer, note.comment) for note in kept] == [(USER, "Ada", "=1+1 plausible")]


def test_what_if_moves_the_list_as_the_library_says():
    history = RUN.graph.history(INDEX)
    gone = [int(history[0]), int(history[1])]
    wanted = what_if(RUN, INDEX, gone, [], 10)
    app = open_page("what_if", user=USER, off=",".join(map(str, gone)))
    table = app.dataframe[1].value
    assert table["Title"].tolist() == [RUN.dataset.title(int(item)) for item in wanted.after]
    assert "2 taken away, 0 added" in texts(app)


def test_somebody_new_gets_a_list_whose_parts_are_shown():
    app = open_page("what_if", who="new", given="3,4,5")
    assert len(app.dataframe[0].value) == 10
    assert not app.error


def test_the_map_can_be_coloured_and_marks_the_person():
    app = open_page("map", user=USER)
    assert not app.error and app.get("plotly_chart")
    app = open_page("map", side="people", colour="region")
    assert not app.error


def test_a_big_map_draws_some_first_and_a_loop_takes_all_inside(monkeypatch):
    monkeypatch.setattr("gnnrec_ui.map_view.SVG_POINTS", 50)
    monkeypatch.setattr("gnnrec_ui.map_view.FIRST_POINTS", 100)
    app = open_page("map", user=USER, colour="popularity")
    n = RUN.dataset.n_items
    (said,) = re.findall(rf"([\d,]+) of {n} items have a dot", texts(app))
    assert 100 <= int(said) <= 100 + len(RUN.graph.history(RUN.dataset.users.index(USER))) + 10
    loop = {"x": [-1e3, 1e3, 1e3, -1e3], "y": [-1e3, -1e3, 1e3, 1e3]}
    key = re.search(r"map_.*", app.get("plotly_chart")[0].proto.id)[0]
    app.session_state[key] = {"selection": {"points": [], "point_indices": [], "box": [], "lasso": [loop]}}
    app.run()
    assert f"{n} selected" in texts(app)
    app = open_page("map", user=USER, dots="all")
    assert not app.error and "items have a dot" not in texts(app)
    app = open_page("map", user=USER, dots="plain")  # for a browser without WebGL
    assert not app.error and "items have a dot" in texts(app)
    assert '"scattergl"' not in app.get("plotly_chart")[0].proto.spec


def test_luck_is_asked_beside_the_methods_page(monkeypatch):
    from gnnrec_core.explain.truth.luck import ByRank, Luck

    found = Luck(
        dataset_fingerprint="", created="", k=2, overlap=0.9, same_first=0.8, same_reason=0.75, sigma=1.0, shift=0.0,
        by_rank=(ByRank(rank=1, stays=1.0), ByRank(rank=2, stays=0.8)), n_users=800, seeds=3, seconds=1.0,
    )  # fmt: skip
    asked = []
    monkeypatch.setattr("gnnrec_core.explain.truth.luck.luck", lambda run, n, figures: asked.append(n) or found)
    app = open_page("methods")
    widget(app.button, "Train with 3 other seeds").click().run()
    wait_for(app, lambda: "Of a top 2, **90" in texts(app))
    assert "its strongest reason" in texts(app) and asked == [3]
    (table,) = [frame.value for frame in app.dataframe if "Stays" in frame.value]
    assert table["Stays"].tolist() == [1.0, 0.8]


def test_methods_page_describes_every_method():
    app = open_page("methods")
    tables = [frame.value for frame in app.dataframe if "Order of leads" in frame.value]
    assert len(tables) == 1 and {"In this model", "Foretold", "One seed for the others"} <= set(tables[0]["Level"])
    better = tables[0].set_index(["Trained again", "Level"])["Order of leads"].unstack()
    assert (better["Foretold"] > better["In this model"]).all()
    from gnnrec_core.explain import EXPLAINERS

    labels = " ".join(element.label for element in app.expander)
    assert all(plugin.title in labels for plugin in EXPLAINERS)


def test_the_settings_of_a_method_are_a_form_and_change_its_answer():
    app = open_page("explain", user=USER, view="Methods", settings_of="attention")
    assert not app.exception and {"Measure", "Number of paths"} <= {
        w.label for w in [*app.selectbox, *app.number_input]
    }
    from gnnrec_ui.explain import methods as view

    asked = []
    before = view.ask.explanation
    view.ask.explanation = lambda *case, **settings: asked.append((case[3], settings)) or before(*case, **settings)
    try:
        next(w for w in app.selectbox if w.label == "Measure").select("tree").run()
    finally:
        view.ask.explanation = before
    assert ("attention", {"measure": "tree"}) in asked and ("ledger", {}) in asked


def test_what_if_trains_the_list_again_and_shows_what_is_kept_with_the_run(monkeypatch):
    from gnnrec_core.explain.truth.retraining import Trained

    gone, kept = int(RUN.graph.history(INDEX)[0]), []
    scores = RUN.model.score(np.array([INDEX]))[0]

    def trained(run, user, without, n_seeds):
        kept.append(Trained(0, scores[::-1].copy(), scores))
        yield kept[-1]

    monkeypatch.setattr("gnnrec_core.explain.truth.retraining.trainings", trained)
    monkeypatch.setattr("gnnrec_core.explain.truth.retraining.trained_so_far", lambda *_: tuple(kept))
    app = open_page("what_if", user=USER, off=str(gone))
    assert "Trained without them" not in texts(app)
    widget(app.button, "Train without them").click().run()
    wait_for(app, lambda: "(trained again, 1 seed)" in texts(app))
    table = next(frame.value for frame in app.dataframe if "Without them" in frame.value)
    excluded = excluded_items(RUN.dataset, INDEX)
    best = [item for item in np.argsort(-scores[::-1], kind="stable") if item not in excluded][:10]
    assert table["Title"].tolist() == [RUN.dataset.title(int(item)) for item in best]
    assert table["Without them"].tolist() == list(range(1, 11)) and len(table["With everything"]) == 10
    assert "Train without them" not in [button.label for button in app.button]  # one seed is there already
