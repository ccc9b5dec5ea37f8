"""The recipes of docs/bring-your-own.md, run against the libraries themselves: same scores, lists and figures."""

import json

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
import torch
from safetensors.torch import save_file
from threadpoolctl import threadpool_limits
from torch_geometric.nn import LightGCN

import gnnrec_core as gr
from gnnrec_core.cli import main
from gnnrec_core.data.store import save_dataset
from gnnrec_core.graph import build_graph
from gnnrec_core.runs.recommend import left_out
from tests.worlds import SHARED, needs_shared, random_dataset


def answered(capsys, *words):
    capsys.readouterr()
    assert main([*map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def independent(scores, dataset, k):
    """NDCG and recall at k, person by person, in plain Python."""
    hidden, interactions = left_out(dataset).toarray(), dataset.interactions
    ndcg, recall = [], []
    for user in range(dataset.n_users):
        own = interactions.user_index == user
        wanted = set(interactions.item_index[own & (interactions.split == 2)].tolist())
        if not wanted:
            continue
        row = np.where(hidden[user], -np.inf, scores[user])
        best = sorted(range(len(row)), key=lambda item: (-row[item], item))[:k]
        gains = [1 / np.log2(place + 2) for place, item in enumerate(best) if item in wanted]
        most = sum(1 / np.log2(place + 2) for place in range(min(k, len(wanted))))
        ndcg.append(sum(gains) / most)
        recall.append(len(gains) / len(wanted))
    return np.mean(ndcg), np.mean(recall)


@needs_shared
def test_pygs_lightgcn_on_movielens_is_imported_whole(tmp_path, capsys):
    """Trained a little by PyG's own loss, exported by the recipe, imported, checked, explained, evaluated."""
    source = SHARED / "data" / "ml-100k" / "ml-100k.inter"
    answered(capsys, "data", "import", source, "--out", tmp_path / "data", "--split", "random")
    data = gr.read(tmp_path / "data")
    graph, n_users = build_graph(data, side_edges=0.0), data.n_users
    torch.manual_seed(0)
    model, edges = LightGCN(n_users + data.n_items, 16, 2), torch.from_numpy(graph.edge_index.copy())
    optimiser = torch.optim.Adam(model.parameters(), lr=0.02)
    own = edges[:, : edges.shape[1] // 2]
    for _ in range(4):
        others = torch.stack([own[0], torch.randint(n_users, n_users + data.n_items, (own.shape[1],))])
        ranks = model(edges, torch.cat([own, others], dim=1)).chunk(2)
        loss = model.recommendation_loss(*ranks, node_id=own.unique(), lambda_reg=1e-4)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    # The recipe.
    save_file({"embedding.weight": model.embedding.weight.detach().contiguous()}, tmp_path / "e.safetensors")
    words = ["--propagation", "lightgcn", "--embeddings", tmp_path / "e.safetensors", "--layers", 2]
    with torch.no_grad():
        z = model.get_embedding(edges).numpy()
    scores = z[:n_users] @ z[n_users:].T
    hidden = np.where(left_out(data).toarray(), -np.inf, scores)
    best = np.argsort(-hidden, axis=1, kind="stable")[:, :10]
    users = np.repeat(data.users.ids, 10)
    items = np.array(data.items.ids)[best.ravel()]
    lists = {"user": users, "item": items, "rank": np.tile(np.arange(1, 11), n_users)}
    own_scores = np.take_along_axis(scores, best, 1).ravel().astype(float)
    pl.DataFrame({**lists, "score": own_scores}).write_parquet(tmp_path / "lists.parquet")
    told = answered(
        capsys,
        "run",
        "import",
        tmp_path / "data",
        "--out",
        tmp_path / "run",
        *words,
        "--check",
        tmp_path / "lists.parquet",
    )
    difference, first = told["check"]["max_difference"], -np.sort(-hidden, axis=1)[:, :11].astype(float)
    tied = (-np.diff(first, axis=1) <= 2 * difference).any(axis=1).mean()  # rounding alone may swap these
    assert difference <= 1e-5 and tied <= 0.005 and told["check"]["equal_lists"] >= 1 - tied
    run = gr.load(tmp_path / "run")
    np.testing.assert_allclose(run.model.score(np.arange(n_users)), scores, atol=1e-5)
    user, item = data.users.ids[7], gr.recommend(run, data.users.ids[7]).to_frame()["item"][0]
    ledger = gr.explain(run, user, item).value
    assert ledger.completeness_error <= 1e-6 * max(1.0, abs(ledger.score))
    figures = gr.evaluate(run, 20).to_dict()["metrics"]
    ndcg, recall = independent(scores, data, 20)
    assert figures["ndcg"]["value"] == pytest.approx(ndcg, abs=1e-6)
    assert figures["recall"]["value"] == pytest.approx(recall, abs=1e-6)


@pytest.fixture(scope="module")
def world():
    return random_dataset(n_users=60, n_items=50, per_user=10)


def test_implicits_lists_are_taken_as_they_are(world, tmp_path, capsys):
    """`model.save` writes what is imported; its lists, and the audit of them, are those of the exported lists."""
    from implicit.als import AlternatingLeastSquares

    save_dataset(world, tmp_path / "data")
    train = sp.csr_matrix(build_graph(world).seen.astype(np.float32))
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(factors=8, iterations=5, random_state=0, num_threads=1)
        model.fit(train, show_progress=False)
    # The recipe.
    model.save(str(tmp_path / "als.npz"))
    words = ["--user-embeddings", tmp_path / "als.npz", "--item-embeddings", tmp_path / "als.npz"]
    known = sp.csr_matrix(left_out(world).astype(np.float32))
    items, scores = model.recommend(np.arange(world.n_users), known, N=10, filter_already_liked_items=True)
    table = pl.DataFrame(
        {
            "user": np.repeat(world.users.ids, 10),
            "item": np.array(world.items.ids)[items.ravel()],
            "rank": np.tile(np.arange(1, 11), world.n_users),
            "score": scores.ravel().astype(float),
        }
    )
    table.write_csv(tmp_path / "lists.csv")
    imported = ["run", "import", tmp_path / "data"]
    told = answered(capsys, *imported, "--out", tmp_path / "als", *words, "--check", tmp_path / "lists.csv")
    assert told["check"]["equal_lists"] == 1.0 and told["check"]["max_difference"] < 1e-5
    answered(capsys, *imported, "--out", tmp_path / "lists", "--lists", tmp_path / "lists.csv")
    ours = gr.recommend(tmp_path / "als", k=10).to_frame()
    assert (ours["item"].to_numpy() == table["item"].to_numpy()).all()
    audits = [gr.audit(tmp_path / name, k=10).to_dict() for name in ("als", "lists")]
    for part in ("overall", "items"):  # embeddings have one figure more, of how far listed items lie apart in them
        both = {name: audits[0][part][name] for name in audits[1][part]}
        assert both == audits[1][part] and len(audits[0][part]) <= len(both) + 1


@pytest.mark.parametrize(
    ("user", "item"),
    [
        ("user_embedding.weight", "item_embedding.weight"),
        ("embedding_user.weight", "embedding_item.weight"),
        ("user_factors", "item_factors"),
        ("u_factors", "i_factors"),
    ],
)
def test_the_names_of_libraries_are_known(world, tmp_path, user, item):
    save_dataset(world, tmp_path / "data")
    rng = np.random.default_rng(0)
    u, i = rng.normal(size=(world.n_users, 4)), rng.normal(size=(world.n_items, 4))
    np.savez(tmp_path / "both.npz", **{user: u, item: i, "other": np.zeros((3, 3))})
    run = gr.import_run(
        tmp_path / "data",
        tmp_path / "run",
        user_embeddings=tmp_path / "both.npz",
        item_embeddings=tmp_path / "both.npz",
    )
    np.testing.assert_allclose(run.model.score(np.arange(world.n_users)), u @ i.T, atol=1e-5)
    layers = gr.import_run(
        tmp_path / "data", tmp_path / "run2", propagation="lightgcn", embeddings=tmp_path / "both.npz", layers=0
    )
    np.testing.assert_allclose(layers.model.score(np.arange(world.n_users)), u @ i.T, atol=1e-5)
