"""Home, Data and Train on the shipped sample: what they show, offer and refuse."""

import subprocess
import sys
from pathlib import Path

import pytest

from gnnrec_core.data.preview import Draft
from gnnrec_core.data.store import save_dataset
from gnnrec_core.runs import jobs
from gnnrec_core.runs.job_files import TrainRequest
from gnnrec_core.runs.workspace import workspace
from gnnrec_ui.data import import_view
from gnnrec_ui.server import slow_work
from gnnrec_ui.train import new_training
from tests.ui.app import open_page, own_workspace, parameter, texts, widget  # noqa: F401
from tests.worlds import make_dataset, random_dataset


@pytest.fixture
def own_dataset(own_workspace: None) -> str:  # noqa: F811
    """A dataset of the workspace, stored as the Data page stores one."""
    place = workspace()
    staged = place.new_staging() / "dataset"
    save_dataset(random_dataset(), staged)
    return place.store_dataset(staged, "Own <b>log</b> ![x](http://x)").id


def stage_log(text: str, name: str = "log.csv") -> str:
    """A staged upload with this content; returns its token."""
    staged = workspace().new_staging()
    (staged / "source").mkdir()
    (staged / "source" / name).write_text(text, encoding="utf-8")
    return staged.name


LOG = "user_id,item_id,rating\n" + "".join(
    f"u{u},i{(u * 3 + i) % 12},{1 + i % 5}\n" for u in range(10) for i in range(6)
)


def test_home_tells_the_story_with_the_studys_own_figures():
    app = open_page("home")
    said = texts(app)
    assert "Guided demo" in said
    figures = {metric.label: metric for metric in app.metric}
    assert figures["People"].value == "800" and figures["Items"].value == "820"
    run = workspace().run("lightgcn").record.figures["validation"]["ndcg@20"]
    assert figures["NDCG@20, validation"].value == f"{run:.3f}"
    links = [link.proto for link in app.get("page_link")]
    assert {"recommend", "explain", "what_if", "audit"} <= {link.page for link in links}


def test_home_takes_a_score_apart_at_once_and_links_to_the_whole_answer():
    app = open_page("home")
    assert "Why is *Hard Times" in texts(app) and len(app.get("bidi_component")) == 1, [e.value for e in app.error]
    link = next(link.proto for link in app.get("page_link") if link.proto.label == "The whole answer")
    assert "user=reader-" in link.query_string
    app = open_page("home", run="popularity")  # its scores have no parts
    assert not app.get("bidi_component") and not app.error and "Guided demo" in texts(app)


def test_data_describes_the_chosen_dataset():
    app = open_page("data")
    assert {metric.label: metric.value for metric in app.metric}["Interactions"] == "35,091"
    assert len(app.get("plotly_chart")) == 4
    assert not [button for button in app.button if "Delete" in button.label]  # the sample stays


def test_suspicious_interactions_are_looked_for_when_asked(own_workspace):  # noqa: F811
    """Two people with the same ten items are listed, under pseudonyms."""
    place = workspace()
    staged = place.new_staging() / "dataset"
    copies = [(user, item, "train") for user in range(2) for item in range(10)]
    others = [(user, item, "train") for user in range(2, 14) for item in (user % 5, 10 + user % 7)]
    save_dataset(make_dataset(copies + others, n_items=20), staged)
    app = open_page("data", dataset=place.store_dataset(staged, "Copies").id)
    button = next(button for button in app.button if button.label == "Look for suspicious interactions")
    button.click().run()
    for work in list(slow_work.line()._works.values()):
        assert work.ended.wait(60)
    app.run()
    assert not app.exception and "2 of 14 people have a figure over its limit" in app.warning[0].value
    table = next(frame.value for frame in app.dataframe if "person" in frame.value.columns)
    assert list(table["reason"]) == ["copies", "copies"] and table["person"].str.startswith("user-").all()
    said = " ".join(info.value for info in app.info).replace("\\", "")
    assert "Trained again without these 2 people, itemknn gives" in said


def test_a_name_from_outside_is_shown_letter_for_letter(own_dataset):
    app = open_page("data", dataset=own_dataset)
    assert "Own <b>log</b> ![x](http:" in texts(app)
    assert all("![x](" not in element.value for element in (*app.markdown, *app.subheader, *app.caption))
    assert [button for button in app.button if "Delete" in button.label]


def test_deleting_a_dataset_asks_for_its_runs_and_can_be_undone(own_dataset):
    app = open_page("data", dataset=own_dataset)
    next(button for button in app.button if "Delete" in button.label).click().run()
    assert [entry.id for entry in workspace().datasets()] == ["classics"]
    app = open_page("train")
    next(button for button in app.button if button.label == "Undo").click().run()
    assert own_dataset in [entry.id for entry in workspace().datasets()]


def test_an_import_shows_columns_effect_and_problems_and_stores_on_demand():
    token = stage_log(LOG + "u1,,3\n")
    app = open_page("data", show="import", **{import_view.PARAMETER: token})
    assert widget(app.selectbox, "User id").value == "user_id"
    figures = {metric.label: metric.value for metric in app.metric}
    assert figures["Interactions"] == "60" and figures["People"] == "10"
    assert "Rows in the file: 61" in texts(app)
    widget(app.text_input, "Minimum rating").set_value("3").run()
    effect = next(metric for metric in app.metric if metric.label == "Interactions")
    assert effect.value == "30" and effect.delta == "-30 by your choices"
    assert [entry.id for entry in workspace().datasets()] == ["classics"]
    widget(app.number_input, "K core").set_value(9).run()
    assert app.error and not app.exception  # nothing would be left
    widget(app.number_input, "K core").set_value(0).run()
    widget(app.text_input, "Name").set_value("Ten people")
    next(button for button in app.button if button.label == "Store dataset").click().run()
    assert workspace().datasets()[1].name == "Ten people"
    assert parameter(app, "dataset") == workspace().datasets()[1].id
    assert parameter(app, import_view.PARAMETER) is None


def test_an_import_builds_once_for_each_set_of_choices(monkeypatch):
    built = []
    build = Draft.build
    monkeypatch.setattr(Draft, "build", lambda *given: built.append(given[1]) or build(*given))
    app = open_page("data", show="import", **{import_view.PARAMETER: stage_log(LOG)})
    assert len(built) == 1
    widget(app.text_input, "Minimum rating").set_value("3").run()
    app.run()
    assert len(built) == 2
    widget(app.selectbox, "Rating").set_value("none").run()
    assert app.error and "no ratings" in app.error[0].value  # the effect is that of the new columns
    widget(app.text_input, "Minimum rating").set_value("").run()
    figures = {metric.label: metric for metric in app.metric}
    assert figures["Interactions"].value == "60" and not figures["Interactions"].delta


def test_a_log_with_files_of_people_and_friends_becomes_one_dataset():
    token = stage_log(LOG)
    source = workspace().staging(token) / "source"
    (source / "users.csv").write_text("user_id,region\n" + "".join(f"u{u},{'ab'[u % 2]}\n" for u in range(10)))
    (source / "friends.csv").write_text("source,target\nu1,u2\nu3,u4\n")
    app = open_page("data", show="import", **{import_view.PARAMETER: token})
    assert not app.error and not app.exception
    assert [widget(app.selectbox, name).value for name in ("friends.csv", "log.csv", "users.csv")] == [
        "user-user",
        "log",
        "users",
    ]
    assert "relation friends (user-user): 2 edges" in texts(app)
    widget(app.multiselect, "Attributes of people that become nodes of the graph").set_value(["region"]).run()
    assert "relation region (user-attribute): 10 edges" in texts(app)
    widget(app.selectbox, "friends.csv").set_value("users").run()
    assert "2 of the dropped files" in app.error[0].value and not app.exception


def test_a_wrong_choice_on_import_is_a_sentence_not_a_traceback():
    token = stage_log(LOG)
    app = open_page("data", show="import", **{import_view.PARAMETER: token})
    widget(app.selectbox, "Item id").set_value("user_id").run()
    assert "cannot be both" in app.error[0].value
    assert not app.exception


def test_an_import_that_is_gone_says_so():
    app = open_page("data", show="import", **{import_view.PARAMETER: "../../etc"})
    assert "no longer at hand" in app.error[0].value


def test_rubbish_is_refused_with_a_sentence():
    for content in ("", "\x00\x01\x02", "<html><body>log in</body></html>"):
        token = stage_log(content)
        app = open_page("data", show="import", **{import_view.PARAMETER: token})
        assert app.error and "Something went wrong" not in app.error[0].value, content


def test_a_preset_fills_the_form_and_the_defaults_come_back(own_dataset):
    from gnnrec_core.models.presets import preset_settings

    app = open_page("train", dataset=own_dataset, model="lightgcn")
    default = widget(app.number_input, "Epochs").value
    widget(app.selectbox, "Begin with").set_value("gowalla").run()
    wanted = preset_settings("gowalla", "lightgcn")
    shown = {
        name: element.value
        for name in wanted
        for element in (*app.number_input, *app.selectbox, *app.text_input, *app.toggle)
        if element.key == f"lightgcn_{name}"
    }
    assert shown == wanted and not app.error
    widget(app.selectbox, "Begin with").set_value("").run()
    assert widget(app.number_input, "Epochs").value == default
    assert not [box for box in open_page("train", model="itemknn").selectbox if box.label == "Begin with"]


def test_train_offers_every_declared_setting_with_its_range(own_dataset):
    from gnnrec_core.base.settings import describe_settings
    from gnnrec_core.models.lightgcn import LightGCN

    app = open_page("train", dataset=own_dataset, model="lightgcn")
    held = {element.key for kind in ("number_input", "selectbox", "toggle") for element in getattr(app, kind)}
    assert {f"lightgcn_{field.name}" for field in describe_settings(LightGCN.settings_type)} <= held
    layers = next(element for element in app.number_input if element.key == "lightgcn_n_layers")
    assert (layers.min, layers.max) == (0, 8)


def test_the_button_asks_for_exactly_what_the_form_says(own_dataset, monkeypatch):
    asked: list[TrainRequest] = []
    monkeypatch.setattr(jobs, "start", lambda place, request: asked.append(request))
    app = open_page("train", dataset=own_dataset, model="lightgcn")
    next(element for element in app.number_input if element.key == "lightgcn_epochs").set_value(7).run()
    widget(app.number_input, "Seed").set_value(3).run()
    next(button for button in app.button if button.label == "Start training").click().run()
    folder = str(workspace().dataset(own_dataset).folder)
    assert asked == [TrainRequest(folder, "lightgcn", {"epochs": 7}, seed=3, device="auto")]


def test_what_a_training_costs_is_measured_when_asked(own_dataset, monkeypatch):
    asked = []

    def measured(request):
        asked.append(request)
        return {"fits": True, "seconds_per_epoch": 2.5, "seconds_at_most": 750, "n_bytes": 3e8, "free_bytes": 8e9}

    monkeypatch.setattr(new_training, "trial", measured)
    slow_work.line.clear()
    app = open_page("train", dataset=own_dataset, model="gat")
    next(button for button in app.button if button.label == "Measure here").click().run()
    while "Measured here" not in texts(app):
        app.run()
    assert "2.5 s an epoch, at most 12 min for all" in texts(app) and "0.3 of 8.0 GB" in texts(app)
    assert [request.model for request in asked] == ["gat"]
    next(element for element in app.number_input if element.key == "gat_epochs").set_value(7).run()
    assert "Measured here" not in texts(app)  # other settings, another cost


def test_a_read_only_server_has_no_buttons_that_write(own_dataset, monkeypatch):
    monkeypatch.setenv("GNNREC_READ_ONLY", "1")
    app = open_page("train", dataset=own_dataset)
    assert next(button for button in app.button if button.label == "Start training").disabled
    app = open_page("data", dataset=own_dataset)
    assert not [button for button in app.button if button.label in ("Rename", "Delete this dataset")]
    assert "read-only" in open_page("data", show="import").info[0].value


def test_the_log_of_a_failed_training_is_at_hand(own_dataset):
    place = workspace()
    job = jobs.start(place, TrainRequest(str(Path("/nowhere")), "popularity", {}))
    while jobs.is_alive(job):
        pass
    app = open_page("train", dataset=own_dataset)
    assert "There is no dataset at" in texts(app)
    assert any("There is no dataset at" in code.value for code in app.code)


def test_a_running_training_is_shown_before_any_heavy_library_is_loaded():
    """Whoever comes back after the server has died waits for none of them."""
    heavy = {"torch", "numpy", "scipy", "pandas", "polars", "pyarrow", "networkx"}
    code = f"import sys, gnnrec_ui.frame.shell, gnnrec_ui.train.jobs_view; print({heavy} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"
