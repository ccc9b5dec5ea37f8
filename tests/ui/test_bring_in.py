"""The Train page takes in lists and models of other libraries; files run nothing."""

import numpy as np
import polars as pl
import pytest

from gnnrec_core.base.errors import DataError, RequestError
from gnnrec_core.data.store import save_dataset
from gnnrec_core.runs.bringing.apart import import_apart
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.workspace import workspace
from gnnrec_ui.train.bring_in import KINDS, added, in_the_app
from tests.ui.app import open_page, own_workspace, texts  # noqa: F401
from tests.worlds import random_dataset


@pytest.fixture
def dataset(own_workspace: None):  # noqa: F811
    place = workspace()
    staged = place.new_staging() / "dataset"
    save_dataset(random_dataset(), staged)
    return place.store_dataset(staged, "Own log")


def test_lists_with_columns_of_their_own_become_a_run_of_the_workspace(dataset, tmp_path):
    rows = [("u1", "i30", 2), ("u1", "i31", 1), ("u2", "i32", 1), ("ghost", "i32", 1)]
    pl.DataFrame(rows, ["uid", "sku", "pos"], orient="row").write_csv(tmp_path / "lists.csv")
    columns = {"user_col": "uid", "item_col": "sku", "rank_col": "pos"}
    with pytest.raises(DataError, match="ghost") as refused:
        added(workspace(), dataset, {"lists": tmp_path / "lists.csv"}, columns)
    assert "--unknown drop" in refused.value.hint
    said = in_the_app(refused.value.hint)
    assert "“Leave out unknown ids”" in said and "--" not in said and "`" not in said
    run_id = added(workspace(), dataset, {"lists": tmp_path / "lists.csv"}, {**columns, "unknown": "drop"})
    run = load_run(workspace().run(run_id).folder)
    assert [run.dataset.items.ids[item] for item in run.model.items[1] if item >= 0] == ["i31", "i30"]
    assert run.record.figures["imported"]["n_dropped"] == 1
    app = open_page("train", dataset=dataset.id, bring="lists")
    app.session_state["_brought"] = run_id
    app.run()
    said = texts(app)
    assert "The first list begins with: Item" in said and "1 rows of unknown ids were left out" in said
    assert any("Added" in element.value for element in app.success)


def test_als_and_its_biases_come_in_by_the_page(dataset, tmp_path):
    rng, own = np.random.default_rng(0), random_dataset()
    np.save(tmp_path / "i.npy", rng.normal(size=(own.n_items, 4)).astype(np.float32))
    np.save(tmp_path / "b.npy", rng.normal(size=own.n_items).astype(np.float32))
    np.save(tmp_path / "u.npy", rng.normal(size=(own.n_users, 4)).astype(np.float32))
    solved = added(workspace(), dataset, {"item_embeddings": tmp_path / "i.npy"}, {"least_squares": "0.1,5"})
    assert load_run(workspace().run(solved).folder).settings.confidence == 5
    files = {"user_embeddings": "u.npy", "item_embeddings": "i.npy", "item_biases": "b.npy"}
    run_id = added(workspace(), dataset, {role: tmp_path / name for role, name in files.items()}, {})
    run = load_run(workspace().run(run_id).folder)
    expected = np.load(tmp_path / "u.npy") @ np.load(tmp_path / "i.npy").T + np.load(tmp_path / "b.npy")
    np.testing.assert_allclose(run.model.score(np.arange(own.n_users)), expected, atol=1e-5)
    for kind in ("als", "gat"):
        assert not open_page("train", dataset=dataset.id, bring=kind).exception


def test_a_bomb_or_a_pickle_is_a_sentence_and_leaves_nothing(dataset, tmp_path):
    runs = {entry.id for entry in workspace().runs()}
    (tmp_path / "e.pt").write_bytes(b"x")
    with pytest.raises(DataError, match="may run code"):
        added(workspace(), dataset, {"embeddings": tmp_path / "e.pt"}, {"propagation": "lightgcn", "layers": 2})
    with (tmp_path / "e.npy").open("wb") as file:  # a header that promises 40 TB
        np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": (10**7, 10**6)})
    with pytest.raises(DataError):
        added(workspace(), dataset, {"embeddings": tmp_path / "e.npy"}, {"propagation": "lightgcn", "layers": 2})
    assert {entry.id for entry in workspace().runs()} == runs


def test_no_upload_names_a_command_or_code(dataset, tmp_path):
    assert not any({"scorer", "module"} & {*kind.roles, *kind.fixed} for kind in KINDS.values())
    for name in ("scorer", "module", "overwrite"):
        with pytest.raises(RequestError, match="cannot come from an upload"):
            import_apart(dataset.folder, tmp_path / "run", {name: "touch /tmp/x"})


def test_the_page_offers_every_kind(dataset):
    for name, kind in KINDS.items():
        app = open_page("train", dataset=dataset.id, bring=name)
        assert kind.about.split(";")[0][:30] in texts(app) and app.get("file_uploader")
