"""Audit and Compare on the shipped sample: the planted gap is found, figures are the library's, choices are links."""

import json
from dataclasses import replace

from gnnrec_core.audit.auditing import audit
from gnnrec_core.audit.verdicts import figure
from gnnrec_core.base.files import write_json
from gnnrec_core.runs.record import relative_dataset_path
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.workspace import SAMPLE, workspace
from gnnrec_ui.audit import compare_view
from gnnrec_ui.audit.audit_view import people_of
from tests.ui.app import open_page, own_workspace, texts, widget  # noqa: F401


def own_run(notes: str = "") -> str:
    """A copy of the shipped popularity run in the workspace; returns its id."""
    place = workspace()
    folder = place.new_folder_for("runs")
    folder.mkdir()
    shipped = place.run("popularity")
    for file in shipped.folder.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    data = relative_dataset_path(folder, place.dataset("classics").folder)
    write_json(folder / "run.json", replace(shipped.record, dataset_path=data, notes=notes).to_dict())
    return folder.name


def test_the_operator_of_a_linear_model_is_a_slider():
    app = open_page("audit", run="lightgcn", section="fix", method="operator", operator_degree_power="-0.3")
    assert {slider.label for slider in app.slider} >= {"Degree power", "Half life days"}
    said = " ".join(subheader.value for subheader in app.subheader)
    assert "By segment of items" in said and "Exposure of providers" in said
    assert any({"Before", "After", "Rank"} <= set(frame.value.columns) for frame in app.dataframe)


def test_the_planted_group_is_named_and_the_figures_are_the_librarys():
    app = open_page("audit", group="region", run="popularity")
    report = audit(load_run(SAMPLE / "runs" / "popularity"), 20, "region")
    figures = {metric.label: metric.value for metric in app.metric}
    assert figures["NDCG"] == figure(report.overall["ndcg"].value)
    assert all(" to " in metric.delta for metric in app.metric)  # each with its interval
    said = texts(app)
    assert report.verdicts[0].replace("\\", "") in said
    assert "groups under 10 people are never shown" in said
    drawn = " ".join(chart.proto.id for chart in app.get("plotly_chart"))
    assert all(f"-{name}_" in drawn for name in ("sizes", "forest", "heat_map"))
    assert widget(app.selectbox, "Group people by").value == "region"


def test_a_group_leads_to_its_people_the_worst_served_first():
    report = audit(load_run(SAMPLE / "runs" / "popularity"), 20, "region")
    rows = people_of(report, "Islands")
    ndcg = report.per_user["ndcg"][rows]
    member = report.grouping.member[:, report.grouping.labels.index("Islands")]
    assert len(rows) and member[rows].all() and (ndcg[:-1] <= ndcg[1:]).all()
    app = open_page("audit", group="region", run="popularity", of="Islands")
    assert widget(app.selectbox, "Group").value == "Islands"


def test_every_section_opens_by_its_link():
    for section, says in (("items", "How unevenly items are shown"), ("fix", "get a worse list"), ("all", "")):
        app = open_page("audit", group="region", section=section)
        assert says in texts(app) and not app.error
    assert len(app.dataframe[0].value) > 25  # all figures, with their definitions


def test_moving_a_slider_changes_the_figures_and_a_link_holds_its_place():
    app = open_page("audit", run="lightgcn", section="fix")
    before = {metric.label: metric.value for metric in app.metric}
    widget(app.slider, "Strength").set_value(0.6).run()
    after = [metric for metric in app.metric if metric.label == "Item coverage"][-1]
    assert after.value != before["Item coverage"] and after.delta.startswith("+")
    linked = open_page("audit", section="fix", popularity_penalty_strength="0.6")
    assert widget(linked.slider, "Strength").value == 0.6
    assert [metric for metric in linked.metric if metric.label == "Item coverage"][-1].value == after.value


def test_a_fix_is_saved_as_a_run_that_can_be_compared():
    app = open_page("audit", run="popularity", section="fix")
    next(button for button in app.button if button.label == "Save as a run").click().run()
    made = [run for run in workspace().runs() if not run.shipped]
    assert len(made) == 1 and made[0].is_usable and made[0].record.model == "reranked"
    assert not app.error


def test_compare_shows_runs_and_baselines_with_paired_differences():
    app = open_page("compare", runs="popularity,itemknn")
    assert [name.replace("\\", "") for name in app.table[0].value.index] == [
        *("Popularity · shipped", "ItemKNN · shipped"),
        *("Popularity (baseline)", "ItemKNN (baseline)", "EASE (baseline)", "Random (baseline)"),
    ]
    differences = app.dataframe[0].value
    same = differences[(differences.Run == "Popularity · shipped") & (differences.Against == "Popularity (baseline)")]
    assert list(same["Better for"]) == [0] and list(same["Worse for"]) == [0]  # a run against itself
    assert not app.error


def test_two_runs_of_one_model_are_told_apart():
    first, second = own_run(), own_run()
    runs = tuple(workspace().run(name) for name in (first, second))
    from gnnrec_ui.train.runs_view import labels

    called = labels(runs)
    assert len(set(called.values())) == 2 and called[first].endswith(f"({first[-6:]})")
    assert compare_view.COLUMNS[0] == "ndcg"


def test_notes_are_shown_as_typed_and_a_deleted_run_comes_back():
    name = own_run(notes="<b>bold</b> ![x](http://x)")
    app = open_page("train")
    table = app.dataframe[0].value
    assert "<b>bold</b> ![x](http://x)" in list(table["Notes"])
    gone = workspace().delete_run(name)
    app = open_page("train")
    assert gone.id in texts(app)
    next(button for button in app.button if button.label == "Undo").click().run()
    assert name in [run.id for run in workspace().runs()]


def test_a_damaged_run_is_named():
    name = own_run()
    record = workspace().run(name).folder / "run.json"
    record.write_text(json.dumps({"format_version": 1}), encoding="utf-8")
    app = open_page("train")
    assert any(name in error.value.replace("\\", "") and "damaged" in error.value for error in app.error)


def test_the_interactions_behind_a_difference_are_found_on_demand():
    app = open_page("audit", group="region", of="Islands")
    before = len(app.dataframe)
    next(button for button in app.button if "carry its difference" in button.label).click().run()
    assert not app.error
    edges, bundles = app.dataframe[before].value, app.dataframe[before + 1].value
    assert len(edges) == 20 and list(bundles["Taken out together"]) == sorted(bundles["Taken out together"])
