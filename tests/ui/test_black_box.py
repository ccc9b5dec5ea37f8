"""Explain of a model whose scores have no parts: what leaving each interaction out does, and what that rests on."""

import numpy as np
import pytest

from gnnrec_core.data.store import save_dataset
from gnnrec_core.explain.explaining import explain
from gnnrec_core.explain.questions.counterfactual import find_counterfactual
from gnnrec_core.render import theme
from gnnrec_core.render.charts.explain_charts import waterfall
from gnnrec_core.runs.bringing.scorers import run_of_scorer
from gnnrec_core.runs.recommend import recommend
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.training import fit, save
from gnnrec_core.runs.workspace import workspace
from gnnrec_ui.train.bring_in import added
from tests.ui.app import open_page, own_workspace, texts  # noqa: F401
from tests.worlds import random_dataset


@pytest.fixture
def dataset(own_workspace: None):  # noqa: F811
    place = workspace()
    staged = place.new_staging() / "dataset"
    save_dataset(random_dataset(), staged)
    return place.store_dataset(staged, "Own log")


@pytest.fixture
def factors(dataset, tmp_path):
    rng, own = np.random.default_rng(0), random_dataset()
    np.save(tmp_path / "u.npy", rng.normal(size=(own.n_users, 4)).astype(np.float32))
    np.save(tmp_path / "i.npy", rng.normal(size=(own.n_items, 4)).astype(np.float32))
    return added(
        workspace(), dataset, {"user_embeddings": tmp_path / "u.npy", "item_embeddings": tmp_path / "i.npy"}, {}
    )


def case_of(run_id):
    run = load_run(workspace().run(run_id).folder)
    return run, 3, int(recommend(run, np.array([3]), 1).item_index[0, 0])


def test_final_embeddings_are_explained_by_leaving_out_and_say_how_near_the_fold_in_comes(dataset, factors):
    run, user, item = case_of(factors)
    found = explain(run, user, item, "leave_one_out", "margin")
    here = {"run": factors, "user": run.dataset.users.ids[user], "item": run.dataset.items.ids[item]}
    app = open_page("explain", **here)
    said = texts(app)
    assert "correlate" in said and "they do not sum to the lead" in said and found.narrative[1] in said
    table = app.dataframe[0].value
    assert table["Contribution"].tolist() == [part.value for part in found.contributions]
    assert table["Rank in this model"].tolist() == [part.checked.rank_without for part in found.contributions]
    assert "Share" not in table.columns and ":material/block: Picture, Paths: " in said
    lead = next(element.value for element in app.metric if element.label == "Lead")
    assert lead == theme.signed(found.score)
    answer = find_counterfactual(run, user, item)
    said = texts(open_page("explain", **here, view="What would change it"))
    assert f"{answer.checked_smaller_sets:,} smaller sets were tried" in said and "solved for by least squares" in said


def test_a_module_of_layers_is_explained_too(dataset):
    place = workspace()
    run = fit(random_dataset(), "gat_conv", {"embedding_dim": 8, "n_heads": 2, "epochs": 1}, device="cpu")
    folder = place.new_folder_for("runs")
    save(run, folder, False, dataset.folder)
    run, user, item = case_of(folder.name)
    here = {"run": folder.name, "user": run.dataset.users.ids[user], "item": run.dataset.items.ids[item]}
    found = explain(run, user, item, "leave_one_out", "margin")
    app = open_page("explain", **here)
    assert app.dataframe[0].value["Contribution"].tolist() == pytest.approx([p.value for p in found.contributions])
    assert "Lift is attention over what equal attention would be" in texts(
        open_page("explain", **here, view="Attention")
    )


def test_bars_of_effects_start_at_zero_and_have_no_total(dataset, factors):
    run, user, item = case_of(factors)
    found = explain(run, user, item, "leave_one_out", check_top=0)
    (bars,) = waterfall(found, n=3).data
    assert list(bars.x) == [part.value for part in found.contributions[:3]] and not np.any(bars.base)


def test_a_scorer_that_is_not_at_hand_is_a_sentence(dataset):
    own, place = random_dataset(), workspace()
    run = run_of_scorer(lambda user, history, items: np.arange(own.n_items, dtype=float), own)
    folder = place.new_folder_for("runs")
    save(run, folder, False, dataset.folder)
    app = open_page("explain", run=folder.name, user="u3")
    said = texts(app) + app.info[0].value.replace("\\", "")
    assert "not at hand" in said and "See the list" in [link.proto.label for link in app.get("page_link")]
