"""Relatives of LightGCN, attention, ALS, biases and files of PyTorch: the same numbers as by hand or by the library."""

import json
import pickle

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from safetensors.numpy import save_file
from threadpoolctl import threadpool_limits
from torch_geometric.nn import GATConv

import gnnrec_core as gr
from gnnrec_core.base.errors import DataError, RequestError
from gnnrec_core.cli import main
from gnnrec_core.data.store import save_dataset
from gnnrec_core.graph import build_graph
from gnnrec_core.runs.bringing.apart import import_apart
from gnnrec_core.runs.fold_in import fold_in
from tests.worlds import random_dataset


@pytest.fixture(scope="module")
def world():
    return random_dataset(n_users=20, n_items=16, per_user=6)


@pytest.fixture(scope="module")
def folder(world, tmp_path_factory):
    place = tmp_path_factory.mktemp("relatives")
    save_dataset(world, place / "data")
    return place


@pytest.fixture(scope="module")
def table(world):
    return np.random.default_rng(0).normal(size=(world.n_users + world.n_items, 6)).astype(np.float32)


def is_exact(run, world):
    """The ledger of somebody's first item is complete, and what is said without its first part is recomputed."""
    user = world.users.ids[3]
    item = gr.recommend(run, user).to_frame()["item"][0]
    found = gr.explain(run, user, item).value
    assert found.completeness_error < 1e-9
    first = next(part for part in found.contributions if part.edge is not None)
    again = run.model.propagation(run.model.graph.without(np.array([first.edge])))
    assert first.checked.score_without == pytest.approx(again.score(3, world.items.index(item)), abs=1e-6)
    return found


@pytest.mark.parametrize("loops", [False, True])
@pytest.mark.parametrize("normalisation", ["symmetric", "rows", "columns", "none"])
def test_operators_are_those_of_the_formula(world, folder, table, tmp_path, normalisation, loops):
    np.save(tmp_path / "e.npy", table)
    run = gr.import_run(
        folder / "data", tmp_path / "run", propagation="lightgcn", embeddings=tmp_path / "e.npy", layers=2,
        normalisation=normalisation, self_loops=loops, layer_weights=(0.2, 0.5, 0.3),
    )  # fmt: skip
    a = build_graph(world, side_edges=0.0).adjacency.toarray() + np.eye(36) * loops
    d = np.maximum(a.sum(axis=1), 1e-12)
    p = {"symmetric": a / np.sqrt(np.outer(d, d)), "rows": a / d[:, None], "columns": a / d, "none": a}[normalisation]
    final = 0.2 * table + 0.5 * p @ table + 0.3 * p @ p @ table
    np.testing.assert_allclose(run.model.embeddings(), final, rtol=1e-5, atol=1e-5)
    is_exact(run, world)


def test_attention_is_that_of_pyg(world, folder, table, tmp_path, capsys):
    """GATConv with the identity for a weight matrix: layer-0 embeddings and two vectors a head are all of it."""
    rng, graph = np.random.default_rng(1), build_graph(world, side_edges=0.0)
    parts = {f"attention.{end}": rng.normal(size=(2, 2, 3)).astype(np.float32) for end in ("source", "target")}
    save_file({"embedding.weight": table, **parts}, tmp_path / "gat.safetensors")
    words = ["run", "import", folder / "data", "--out", tmp_path / "run", "--propagation", "gat", "--layers", 2]
    words += ["--embeddings", tmp_path / "gat.safetensors", "--self-loops", "--layer-weights", "0,0,1"]
    assert main([*map(str, words), "--json"]) == 0
    assert {"explain ledger", "explain paths", "counterfactual"} <= set(json.loads(capsys.readouterr().out)["can"])
    x, edges = torch.from_numpy(table), torch.from_numpy(graph.edge_index.copy())
    for layer in range(2):
        conv = GATConv(6, 3, heads=2, bias=False)
        with torch.no_grad():
            conv.lin.weight.copy_(torch.eye(6))
            conv.att_src.copy_(torch.from_numpy(parts["attention.source"][layer])[None])
            conv.att_dst.copy_(torch.from_numpy(parts["attention.target"][layer])[None])
            x = conv(x, edges)
    run = gr.load(tmp_path / "run")
    np.testing.assert_allclose(run.model.embeddings(), x.numpy(), atol=1e-5)
    assert is_exact(run, world).frozen == ("attention",)
    with pytest.raises(DataError, match=r"attention\.source has shape \(2, 2, 3\)"):
        gr.import_run(folder / "data", tmp_path / "no", propagation="gat", layers=3,
                      embeddings=tmp_path / "gat.safetensors")  # fmt: skip
    np.save(tmp_path / "e.npy", table)
    with pytest.raises(DataError, match="kind that is not read"):
        gr.import_run(folder / "data", tmp_path / "no", propagation="gat", layers=2, embeddings=tmp_path / "e.npy")


def test_people_of_als_are_solved_for_as_implicit_solves_them(world, folder, tmp_path):
    from implicit.cpu.als import AlternatingLeastSquares

    train = sp.csr_matrix(build_graph(world).seen.astype(np.float32))
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(factors=4, iterations=3, regularization=0.1, alpha=5.0, random_state=0,
                                        num_threads=1)  # fmt: skip
        model.fit(train, show_progress=False)
    np.save(tmp_path / "items.npy", model.item_factors)
    run = gr.import_run(
        folder / "data", tmp_path / "run", item_embeddings=tmp_path / "items.npy", least_squares=(0.1, 5.0)
    )
    solved = model.recalculate_user(np.arange(world.n_users), train)
    np.testing.assert_allclose(run.model.score(np.arange(world.n_users)), solved @ model.item_factors.T, atol=1e-4)
    user = world.users.ids[3]
    item = gr.recommend(run, user).to_frame()["item"][0]
    found = gr.explain(run, user, item).value
    assert found.completeness_error < 1e-9
    first = found.contributions[0]
    left = train.tolil(copy=True)
    left[3, world.items.index(first.item)] = 0
    without = model.recalculate_user(np.array([3]), left.tocsr()[[3]])[0] @ model.item_factors.T
    assert first.checked.score_without == pytest.approx(without[world.items.index(item)], abs=1e-4)
    own = run.model.graph.history(3)
    folded = fold_in(run, own, 5)
    known = run.model.score(np.array([3]))[0]
    np.testing.assert_allclose(folded.score, known[folded.item_index], atol=1e-5)
    with pytest.raises(RequestError, match="cannot be used"):
        gr.import_run(folder / "data", tmp_path / "no", item_embeddings=tmp_path / "items.npy", least_squares=(-1, 1))


def test_biases_and_the_fold_in_of_factors_by_hand(world, folder, table, tmp_path):
    rng = np.random.default_rng(2)
    u, i = table[:20], table[20:]
    b_u, b_i = rng.normal(size=20).astype(np.float32), rng.normal(size=16).astype(np.float32)
    for name, value in {"u": u, "i": i, "bu": b_u, "bi": b_i}.items():
        np.save(tmp_path / f"{name}.npy", value)
    run = gr.import_run(
        folder / "data", tmp_path / "run", user_embeddings=tmp_path / "u.npy", item_embeddings=tmp_path / "i.npy",
        user_biases=tmp_path / "bu.npy", item_biases=tmp_path / "bi.npy",
    )  # fmt: skip
    np.testing.assert_allclose(run.model.score(np.arange(20)), u @ i.T + b_u[:, None] + b_i, atol=1e-5)
    given = [2, 5]
    q, solver = i.astype(float), run.model._anew.solver
    own = solver.confidence * q[given]
    left = solver.whole + (1 - 1 / solver.confidence) * own.T @ q[given]
    row = run.model._anew.scale * np.linalg.solve(left, own.sum(axis=0))
    told = fold_in(run, given, 10)
    np.testing.assert_allclose(told.score, (b_i.astype(float) + q @ row)[told.item_index], atol=1e-6)
    s = np.abs(rng.normal(size=(16, 16)))
    np.save(tmp_path / "s.npy", s)
    linear = gr.import_run(
        folder / "data", tmp_path / "linear", item_item=tmp_path / "s.npy", item_biases=tmp_path / "bi.npy"
    )
    seen = build_graph(world).seen.toarray().astype(float)
    np.testing.assert_allclose(linear.model.score(np.arange(20)), seen @ s + b_i, rtol=1e-5)
    item = gr.recommend(linear, world.users.ids[3]).to_frame()["item"][0]
    ledger = gr.explain(linear, world.users.ids[3], item).value
    assert ledger.completeness_error < 1e-9
    assert ledger.baseline == pytest.approx(float(b_i[world.items.index(item)]), abs=1e-6)


class Evil:
    """What a pickle may do: here it would leave a file behind."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (exec, (f"open({str(self.path)!r}, 'w').close()",))


def test_tensors_of_a_pt_file_are_read_and_nothing_else(world, folder, table, tmp_path):
    state = {"embedding.weight": torch.from_numpy(table)}
    torch.save({"epoch": 3, "state_dict": state, "optimizer": {"lr": 0.1}}, tmp_path / "model.pt")
    words = {"propagation": "lightgcn", "layers": 2}
    run = gr.import_run(folder / "data", tmp_path / "run", embeddings=tmp_path / "model.pt", **words)
    np.save(tmp_path / "e.npy", table)
    same = gr.import_run(folder / "data", tmp_path / "same", embeddings=tmp_path / "e.npy", **words)
    np.testing.assert_array_equal(run.model.embeddings(), same.model.embeddings())
    assert run.settings.source == "model.pt"
    for name, content in (("evil.pt", Evil(tmp_path / "harm")), ("whole.pt", world)):
        if name == "evil.pt":
            (tmp_path / name).write_bytes(pickle.dumps(content))
        else:
            torch.save(torch.nn.Linear(2, 2), tmp_path / name)
        with pytest.raises(DataError, match="not tensors in plain"):
            gr.import_run(folder / "data", tmp_path / "no", embeddings=tmp_path / name, **words)
    assert not (tmp_path / "harm").exists() and not (tmp_path / "no").exists()
    with pytest.raises(DataError, match="may run code"):
        import_apart(folder / "data", tmp_path / "no", {"embeddings": tmp_path / "model.pt", **words})
