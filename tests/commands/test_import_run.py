"""Models of other libraries, brought in: the same scores, lists and ledger, or a sentence on what does not fit."""

import json

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
import torch
from safetensors.numpy import save_file
from torch_geometric.nn import LightGCN

import gnnrec_core as gr
from gnnrec_core.base.errors import DataError, LensError
from gnnrec_core.cli import main
from gnnrec_core.data.store import save_dataset
from gnnrec_core.graph import build_graph
from gnnrec_core.ranking.topk import rank_items
from gnnrec_core.runs.recommend import left_out, recommend
from tests.models.runs import fitted, run_of
from tests.worlds import random_dataset


@pytest.fixture(scope="module")
def world():
    return random_dataset()


@pytest.fixture(scope="module")
def folder(world, tmp_path_factory):
    place = tmp_path_factory.mktemp("import")
    save_dataset(world, place / "data")
    return place


@pytest.fixture(scope="module")
def trained(world):
    return fitted("lightgcn", world, embedding_dim=8, epochs=3, batch_size=64, n_layers=2)


def answered(capsys, *words):
    capsys.readouterr()
    assert main([*map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def refused(capsys, *words):
    capsys.readouterr()
    assert main([*map(str, words), "--json"]) == 2
    return json.loads(capsys.readouterr().out)["error"]


def test_our_lightgcn_exported_and_imported_is_the_same_model(world, folder, trained, tmp_path, capsys):
    """Rows in an order of their own, named by id files; the check is made of the source's own lists."""
    table, rng = trained.tensors()["embedding.weight"], np.random.default_rng(0)
    users, items = rng.permutation(world.n_users), rng.permutation(world.n_items)
    np.save(tmp_path / "e.npy", np.concatenate([table[users], table[world.n_users + items]]))
    (tmp_path / "u.txt").write_text("\n".join(world.users.ids[user] for user in users), encoding="utf-8")
    (tmp_path / "i.txt").write_text("\n".join(world.items.ids[item] for item in items), encoding="utf-8")
    source = run_of(trained, world)
    gr.recommend(source, k=10).to_frame().to_parquet(tmp_path / "lists.parquet")
    words = ["run", "import", folder / "data", "--out", tmp_path / "run", "--propagation", "lightgcn"]
    words += ["--embeddings", tmp_path / "e.npy", "--layers", 2, "--check", tmp_path / "lists.parquet"]
    told = answered(capsys, *words, "--user-ids", tmp_path / "u.txt", "--item-ids", tmp_path / "i.txt")
    assert (told["kind"], told["n_users"], told["n_items"]) == ("propagated", world.n_users, world.n_items)
    assert told["missing_users"] == told["missing_items"] == [] and told["n_dropped"] == 0
    assert told["check"]["equal_lists"] == 1.0 and told["check"]["max_difference"] <= 1e-6
    assert told["check"]["n_users"] == world.n_users
    assert {"recommend", "explain ledger", "explain paths", "counterfactual", "fold-in"} <= set(told["can"])
    assert {"explain attention"} <= {entry["what"] for entry in told["cannot"]}
    run = gr.load(tmp_path / "run")
    assert len(run.record.settings["sha256"]) == 64 and run.record.figures["imported"] == told
    everybody = np.arange(world.n_users)
    np.testing.assert_allclose(run.model.score(everybody), trained.score(everybody), atol=1e-6)
    item = gr.recommend(source, "u3").to_frame()["item"][0]
    ours, theirs = gr.explain(source, "u3", item), gr.explain(run, "u3", item)
    assert theirs.value.completeness_error <= 1e-6
    values, others = ({part.edge: part.value for part in found.value.contributions} for found in (ours, theirs))
    assert others == pytest.approx(values, abs=1e-7)
    assert (
        gr.counterfactual(run, "u3", item).to_dict()["removed"]
        == (gr.counterfactual(source, "u3", item).to_dict()["removed"])
    )


def test_the_check_sees_a_wrong_number_of_layers(world, folder, trained, tmp_path, capsys):
    np.save(tmp_path / "e.npy", trained.tensors()["embedding.weight"])
    gr.recommend(run_of(trained, world), k=10).to_frame().to_parquet(tmp_path / "lists.parquet")
    words = ["run", "import", folder / "data", "--out", tmp_path / "run", "--propagation", "lightgcn"]
    words += ["--embeddings", tmp_path / "e.npy", "--layers", 4, "--check", tmp_path / "lists.parquet"]
    told = answered(capsys, *words)["check"]
    assert told["max_difference"] > 1e-4 and told["equal_lists"] < 1.0


@pytest.mark.parametrize(("relative", "n_layers"), [("lightgcn", 3), ("simgcl", 2)])
def test_pygs_lightgcn_gives_the_same_scores(world, folder, tmp_path, relative, n_layers):
    torch.manual_seed(1)
    alpha = None if relative == "lightgcn" else torch.tensor([0.0, *[1 / n_layers] * n_layers])
    theirs = LightGCN(world.n_users + world.n_items, 8, n_layers, alpha=alpha)
    save_file({"embedding.weight": theirs.embedding.weight.detach().numpy()}, tmp_path / "e.safetensors")
    with torch.no_grad():
        final = theirs.get_embedding(torch.from_numpy(build_graph(world).edge_index.copy())).numpy()
    run = gr.import_run(
        folder / "data",
        tmp_path / "run",
        propagation=relative,
        embeddings=tmp_path / "e.safetensors",
        layers=n_layers,
    )
    expected = final[: world.n_users] @ final[world.n_users :].T
    np.testing.assert_allclose(run.model.score(np.arange(world.n_users)), expected, atol=1e-5)


@pytest.mark.parametrize("name", ["itemknn", "ease"])
@pytest.mark.parametrize("dense", [True, False])
def test_an_item_item_matrix_is_the_model_that_made_it(world, folder, tmp_path, name, dense):
    source = fitted(name, world)
    matrix = source.rows(np.arange(world.n_items))
    path = tmp_path / ("s.npy" if dense else "s.npz")
    np.save(path, matrix) if dense else sp.save_npz(path, sp.csc_array(matrix))
    run = gr.import_run(folder / "data", tmp_path / "run", item_item=path)
    everybody = np.arange(world.n_users)
    np.testing.assert_allclose(run.model.score(everybody), source.score(everybody), rtol=1e-5, atol=1e-6)
    item = run.recommend("u5", k=1).to_frame()["item"][0]
    ours, theirs = (gr.explain(found, "u5", item).value for found in (run_of(source, world), run))
    assert [part.value for part in theirs.contributions] == pytest.approx([part.value for part in ours.contributions])
    assert theirs.completeness_error <= 1e-6


@pytest.mark.parametrize("similarity", ["dot", "cosine"])
def test_final_embeddings_with_ids_inside_by_hand(world, folder, tmp_path, capsys, similarity):
    """u1 = (3, 4), i0 = (1, 2), i2 = (0, 5): dot 11 and 20; cosine 11 / (5 sqrt 5) and 4 / 5."""
    pl.DataFrame({"user_id": ["u1", "nobody"], "a": [3.0, 1.0], "b": [4.0, 1.0]}).write_csv(tmp_path / "u.csv")
    pl.DataFrame({"a": [1.0, 0.0], "item": ["i0", "i2"], "b": [2, 5]}).write_parquet(tmp_path / "i.parquet")
    words = ["run", "import", folder / "data", "--out", tmp_path / "run", "--similarity", similarity]
    words += ["--user-embeddings", tmp_path / "u.csv", "--item-embeddings", tmp_path / "i.parquet"]
    error = refused(capsys, *words)
    assert "'nobody'" in error["message"] and "--unknown drop" in error["hint"]
    told = answered(capsys, *words, "--unknown", "drop")
    assert told["n_dropped"] == 1 and told["missing_items"] == [i for i in world.items.ids if i not in ("i0", "i2")]
    assert len(told["missing_users"]) == world.n_users - 1 and "u1" not in told["missing_users"]
    expected = {"dot": [11, 20], "cosine": [11 / (5 * 5**0.5), 0.8]}[similarity]
    scores = gr.load(tmp_path / "run").model.score(np.array([1]))[0]
    assert scores[[0, 2]] == pytest.approx(expected) and not scores[[1, 3]].any()
    assert "only its final embeddings" in {e["what"]: e["why"] for e in told["cannot"]}["explain ledger"]


def test_lists_keep_their_order_and_say_what_they_cannot(world, folder, tmp_path, capsys):
    rows = [("u1", "i30", 2), ("u1", "i31", 1), ("u2", "i32", 1), ("ghost", "i32", 1)]
    pl.DataFrame(rows, ["user", "item", "rank"], orient="row").write_csv(tmp_path / "l.csv")
    words = ["run", "import", folder / "data", "--out", tmp_path / "run", "--lists", tmp_path / "l.csv"]
    assert "'ghost'" in refused(capsys, *words)["message"]
    told = answered(capsys, *words, "--unknown", "drop")
    assert told["kind"] == "lists" and told["n_dropped"] == 1 and len(told["missing_users"]) == world.n_users - 2
    assert "counterfactual" in {entry["what"] for entry in told["cannot"]}
    seen = build_graph(world).history(1)
    wanted = [item for item in ("i31", "i30") if world.items.index(item) not in seen]
    listed = gr.load(tmp_path / "run").recommend("u1").to_frame()["item"].tolist()
    assert listed == [item for item in wanted if item in listed] and listed


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("e.pt", b"x", "may run code"),
        ("e.npy", b"not numpy", "cannot be read"),
        ("e.safetensors", b"1234", "cannot be read"),
        ("e.npz", b"PK\x03\x04", "cannot be read"),
        ("e.csv", b"a,b\n1,2\n3,x\n", "row 2, column 'b': 'x' is not a number"),
        ("e.xyz", b"1", "kind that is not read"),
    ],
)
def test_faulty_files_are_refused_in_a_sentence(folder, tmp_path, name, content, says):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=says):
        gr.import_run(folder / "data", tmp_path / "run", propagation="lightgcn", embeddings=path, layers=1)
    assert not (tmp_path / "run").exists()


def test_matrices_that_do_not_fit_are_refused(world, folder, tmp_path):
    n = world.n_users + world.n_items
    faults = {
        "shape.npy": (np.zeros(5), "not a matrix"),
        "rows.npy": (np.ones((n - 1, 2)), "--item-ids"),
        "nan.npy": (np.where(np.arange(2 * n).reshape(n, 2) == 7, np.nan, 1.0), "row 4, column 2"),
        "few.npy": (np.ones((3, 2)), "for 30 users"),
        "object.npy": (np.array([[{}]], dtype=object), "cannot be read"),
    }
    for name, (values, says) in faults.items():
        np.save(tmp_path / name, values)
        with pytest.raises(DataError) as found:
            gr.import_run(
                folder / "data", tmp_path / "run", propagation="lightgcn", embeddings=tmp_path / name, layers=1
            )
        assert says in f"{found.value.message} {found.value.hint}", name
    np.save(tmp_path / "good.npy", np.ones((n, 2)))
    for options, says in (
        ({"propagation": "lightgnc", "layers": 1}, "no propagation"),
        ({"propagation": "lightgcn", "layers": 2, "layer_weights": (1.0, 2.0)}, "layer weights"),
        ({"propagation": "lightgcn"}, "not complete"),
    ):
        with pytest.raises(LensError, match=says):
            gr.import_run(folder / "data", tmp_path / "run", embeddings=tmp_path / "good.npy", **options)
    (tmp_path / "ids.txt").write_text("u1\nu1\n", encoding="utf-8")
    with pytest.raises(DataError, match="names 'u1' twice"):
        gr.import_run(
            folder / "data",
            tmp_path / "run",
            user_embeddings=tmp_path / "good.npy",
            item_embeddings=tmp_path / "good.npy",
            user_ids=tmp_path / "ids.txt",
        )


def test_of_several_lists_for_each_person_one_is_taken(world, folder, tmp_path, capsys):
    """Two dates and two cut-offs: the last and the largest unless told otherwise, and the others are counted."""
    rows = [
        ("u1", "i30", 1, "2026-01-01", 5),
        ("u1", "i31", 1, "2026-01-02", 5),
        ("u1", "i31", 1, "2026-01-02", 10),
        ("u1", "i32", 2, "2026-01-02", 10),
    ]
    pl.DataFrame(rows, ["user", "item", "rank", "date", "cutoff"], orient="row").write_csv(tmp_path / "l.csv")
    words = ["run", "import", folder / "data", "--lists", tmp_path / "l.csv", "--out"]

    def stored(run, *more):
        told = answered(capsys, *words, tmp_path / run, *more)["lists"]
        return [world.items.ids[item] for item in gr.load(tmp_path / run).model.items[1] if item >= 0], told

    assert stored("last") == (["i31", "i32"], {"n_other_lists": 2, "date": "2026-01-02", "cutoff": 10})
    assert stored("first", "--list-date", "2026-01-01")[0] == ["i30"]
    assert stored("short", "--list-cutoff", "5")[0] == ["i31"]
    error = refused(capsys, *words, tmp_path / "none", "--list-date", "2025-01-01")
    assert "no lists of the date 2025-01-01" in error["message"] and "2026-01-02" in error["hint"]


def test_streamed_lists_are_those_of_the_table(world, folder, tmp_path):
    """Each kind of file gives the model that the table in memory gives; ranking it needs no number for each pair."""
    rng = np.random.default_rng(0)
    rows = [
        (f"u{u}", f"i{i}", float(s)) for u in range(30) for i, s in zip(rng.permutation(40)[:12], rng.normal(size=12))
    ]
    table = pl.DataFrame(rows, ["user", "item", "score"], orient="row")
    table.write_csv(tmp_path / "l.csv")
    table.write_parquet(tmp_path / "l.parquet")
    table.write_ndjson(tmp_path / "l.jsonl")
    models = [gr.from_lists(source, world).model for source in (table, *(tmp_path / f"l.{e}" for e in KINDS))]
    for model in models[1:]:
        np.testing.assert_array_equal(model.items, models[0].items)
    for k in (1, 5, 20):
        found = recommend(run_of(models[0], world), np.arange(30), k)
        slow = rank_items(models[0].score, np.arange(30), left_out(world), k)
        np.testing.assert_array_equal(found.item_index, slow.item_index)
        np.testing.assert_array_equal(found.score, slow.score)


KINDS = ("csv", "parquet", "jsonl")


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([("u1", "i1", "1"), ("u1", "i2", "x")], "Row 2 of the lists has 'x' as its rank"),
        ([("u1", "i1", "1"), ("u1", "i1", "2")], "'i1' stands twice in the list of 'u1'"),
        ([("u1", "i1", "1"), ("u1", "i99", "2"), ("u2", "i98", "1")], "2 items of the lists .* the first is 'i99'"),
        ([("u1", "i1", "1"), (None, "i2", "2")], "1 users of the lists are not in the data, the first is None"),
    ],
)
def test_faulty_lists_are_a_sentence(world, tmp_path, rows, says):
    pl.DataFrame(rows, ["user", "item", "rank"], orient="row").write_csv(tmp_path / "l.csv")
    with pytest.raises(DataError, match=says):
        gr.from_lists(tmp_path / "l.csv", world)
