"""The recipes of docs/bring-your-own.md for RecBole, LensKit, Cornac and LightGCN-PyTorch: same scores, lists, figures.

The libraries are not among ours (`tests/commands/peers.txt` names them); where one is missing its test is skipped.
LightGCN-PyTorch is no package: its names of tensors and its propagation are written out here.
"""

import json
import warnings

import numpy as np
import polars as pl
import pytest
import torch

import gnnrec_core as gr
from gnnrec_core.cli import main
from gnnrec_core.data.store import save_dataset
from gnnrec_core.graph import build_graph
from gnnrec_core.runs.recommend import evaluate, left_out
from tests.worlds import random_dataset

pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("default")]
K = 10


@pytest.fixture(scope="module")
def world():
    return random_dataset(n_users=80, n_items=60, per_user=14)


@pytest.fixture(scope="module")
def folder(world, tmp_path_factory):
    place = tmp_path_factory.mktemp("peers")
    save_dataset(world, place / "data")
    return place


def part(world, split):
    """Rows of a part as raw ids."""
    log = world.interactions
    rows = log.rows(split)
    users = [world.users.ids[index] for index in log.user_index[rows]]
    return users, [world.items.ids[index] for index in log.item_index[rows]]


def imported(folder, out, *words):
    assert main(["run", "import", str(folder / "data"), "--out", str(out), *map(str, words), "--json"]) == 0
    return gr.load(out)


def checked(folder, out, table, capsys, *words):
    """Imported with the source's lists beside it: every list equal, scores within rounding."""
    table.write_parquet(folder / "lists.parquet")
    capsys.readouterr()
    run = imported(folder, out, *words, "--check", folder / "lists.parquet")
    told = json.loads(capsys.readouterr().out)["check"]
    assert told["equal_lists"] == 1.0 and told["max_difference"] < 1e-5, told
    return run


def lists_of(world, scores):
    """The best K unseen items of everybody, by the library's own scores `[n_users, n_items]` in our order."""
    hidden = np.where(left_out(world).toarray(), -np.inf, scores)
    best = np.argsort(-hidden, axis=1, kind="stable")[:, :K]
    return pl.DataFrame(
        {
            "user": np.repeat(world.users.ids, K),
            "item": np.array(world.items.ids)[best.ravel()],
            "rank": np.tile(np.arange(1, K + 1), world.n_users),
            "score": np.take_along_axis(scores, best, 1).ravel().astype(float),
        }
    )


def test_recbole(world, folder, tmp_path, capsys, monkeypatch):
    pytest.importorskip("recbole")
    import scipy.sparse as sp
    from recbole.config import Config
    from recbole.data import create_dataset, data_preparation
    from recbole.model.general_recommender import LightGCN
    from recbole.trainer import Trainer

    old = {"bool8": np.bool_, "float_": np.float64, "int_": np.int64, "complex_": np.complex128, "unicode_": np.str_}
    for name, kind in old.items():  # what RecBole 1.2 asks of a NumPy before 2.0
        if name not in vars(np):
            monkeypatch.setattr(np, name, kind, raising=False)
    if not hasattr(sp.dok_matrix, "_update"):  # and of a SciPy before 1.15
        monkeypatch.setattr(sp.dok_matrix, "_update", lambda self, new: self._dict.update(new), raising=False)
    source = tmp_path / "world"
    source.mkdir()
    for name, split in (("train", "train"), ("valid", "validation"), ("test", "test")):
        users, items = part(world, split)
        lines = ["user_id:token\titem_id:token", *(f"{u}\t{i}" for u, i in zip(users, items, strict=True))]
        (source / f"world.{name}.inter").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["recbole"])
    monkeypatch.chdir(tmp_path)
    settings = {
        "data_path": str(tmp_path), "benchmark_filename": ["train", "valid", "test"], "epochs": 4, "n_layers": 2,
        "embedding_size": 16, "load_col": {"inter": ["user_id", "item_id"]}, "topk": [K], "metric_decimal_place": 10,
        "metrics": ["NDCG", "Recall"], "valid_metric": f"NDCG@{K}", "show_progress": False, "state": "CRITICAL",
        "eval_args": {"split": {"LS": "valid_and_test"}, "order": "RO", "mode": "full", "group_by": "user"},
        "train_neg_sample_args": {"distribution": "uniform", "sample_num": 1, "dynamic": False}, "use_gpu": False,
    }  # fmt: skip
    config = Config(model="LightGCN", dataset="world", config_dict=settings)
    dataset = create_dataset(config)
    train, _, test = data_preparation(config, dataset)
    model = LightGCN(config, train.dataset).to(config["device"])
    trainer = Trainer(config, model)
    trainer.fit(train, saved=False, verbose=False)
    theirs = trainer.evaluate(test, load_best_model=False)
    # The recipe.
    parts = [getattr(model, f"{kind}_embedding").weight.detach().cpu().numpy()[1:] for kind in ("user", "item")]
    np.save(tmp_path / "e.npy", np.concatenate(parts))
    for kind in ("user", "item"):
        (tmp_path / f"{kind}.txt").write_text("\n".join(dataset.field2id_token[f"{kind}_id"][1:]), encoding="utf-8")
    with torch.no_grad():
        users, items = model.forward()
    scores = np.zeros((world.n_users, world.n_items), np.float32)
    rows = [dataset.token2id("user_id", user) for user in world.users.ids]
    known = [item in set(dataset.field2id_token["item_id"][1:]) for item in world.items.ids]
    columns = [
        dataset.token2id("item_id", item) for item, is_known in zip(world.items.ids, known, strict=True) if is_known
    ]
    scores[:, np.array(known)] = (users[rows] @ items[columns].T).cpu().numpy()
    ids = ["--user-ids", tmp_path / "user.txt", "--item-ids", tmp_path / "item.txt"]
    words = ["--propagation", "lightgcn", "--embeddings", tmp_path / "e.npy", "--layers", 2, *ids]
    run = checked(folder, tmp_path / "run", lists_of(world, scores), capsys, *words)
    ours = evaluate(run, K).accuracy
    assert ours["ndcg"].value == pytest.approx(theirs[f"ndcg@{K}"], abs=1e-6)
    assert ours["recall"].value == pytest.approx(theirs[f"recall@{K}"], abs=1e-6)


def test_lenskit(world, folder, tmp_path, capsys):
    pytest.importorskip("lenskit")
    import pandas as pd
    from lenskit.als import ImplicitMFScorer
    from lenskit.data import ItemList, from_interactions_df
    from lenskit.metrics import Precision, Recall, call_metric

    users, items = part(world, "train")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = from_interactions_df(pd.DataFrame({"user_id": users, "item_id": items}))
        model = ImplicitMFScorer(embedding_size=8, epochs=4)
        model.train(data)
    # The recipe.
    for kind in ("user", "item"):
        table = np.asarray(getattr(model, f"{kind}_embeddings"))
        names = getattr(model, f"{kind}s").ids()
        frame = pl.DataFrame(table).insert_column(0, pl.Series(f"{kind}_id", list(names)))
        frame.write_parquet(tmp_path / f"{kind}s.parquet")
    words = ["--user-embeddings", tmp_path / "users.parquet", "--item-embeddings", tmp_path / "items.parquet"]
    scores = np.zeros((world.n_users, world.n_items), np.float32)
    for row, user in enumerate(world.users.ids):
        found = model(user, ItemList(item_ids=list(world.items.ids))).scores()
        scores[row] = np.nan_to_num(np.asarray(found, np.float32), nan=0.0)
    run = checked(folder, tmp_path / "run", lists_of(world, scores), capsys, *words)
    log, theirs = world.interactions, {"recall": [], "precision": []}  # its NDCG discounts ranks otherwise than ours
    rows = log.rows("test")
    lists = gr.recommend(run, k=K).to_frame()
    for user in np.unique(log.user_index[rows]):
        own = lists[lists["user"] == world.users.ids[user]]["item"].tolist()
        wanted = [world.items.ids[item] for item in log.item_index[rows][log.user_index[rows] == user]]
        pair = ItemList(item_ids=own, ordered=True), ItemList(item_ids=wanted)
        theirs["recall"].append(call_metric(Recall(n=K), *pair))
        theirs["precision"].append(call_metric(Precision(n=K), *pair))
    for name, values in theirs.items():
        assert evaluate(run, K).accuracy[name].value == pytest.approx(np.mean(values), abs=1e-6)


def test_cornac(world, folder, tmp_path, capsys):
    pytest.importorskip("cornac")
    from cornac.data import Dataset
    from cornac.metrics import NDCG, Recall
    from cornac.models import BPR

    users, items = part(world, "train")
    data = Dataset.from_uir([(u, i, 1.0) for u, i in zip(users, items, strict=True)], seed=0)
    model = BPR(k=8, max_iter=20, seed=0, num_threads=1)
    model.fit(data)
    # The recipe.
    np.savez(tmp_path / "bpr.npz", u_factors=model.u_factors, i_factors=model.i_factors)
    np.save(tmp_path / "biases.npy", model.i_biases)
    (tmp_path / "u.txt").write_text("\n".join(data.uid_map), encoding="utf-8")
    (tmp_path / "i.txt").write_text("\n".join(data.iid_map), encoding="utf-8")
    words = ["--user-embeddings", tmp_path / "bpr.npz", "--item-embeddings", tmp_path / "bpr.npz"]
    words += [
        "--item-biases",
        tmp_path / "biases.npy",
        "--user-ids",
        tmp_path / "u.txt",
        "--item-ids",
        tmp_path / "i.txt",
    ]
    scores = np.zeros((world.n_users, world.n_items), np.float32)
    places = [world.items.index(item) for item in data.iid_map]
    for user, row in data.uid_map.items():
        scores[world.users.index(user), places] = model.score(row)
    run = checked(folder, tmp_path / "run", lists_of(world, scores), capsys, *words)
    log, ndcg, recall = world.interactions, [], []
    rows, hidden = log.rows("test"), left_out(world).toarray()
    for user in np.unique(log.user_index[rows]):
        order = np.argsort(-np.where(hidden[user], -np.inf, scores[user]), kind="stable")
        wanted = log.item_index[rows][log.user_index[rows] == user]
        ndcg.append(NDCG(k=K).compute(gt_pos=wanted, pd_rank=order))
        recall.append(Recall(k=K).compute(gt_pos=wanted, pd_rank=order))
    ours = evaluate(run, K).accuracy
    assert ours["ndcg"].value == pytest.approx(np.mean(ndcg), abs=1e-6)
    assert ours["recall"].value == pytest.approx(np.mean(recall), abs=1e-6)


def test_lightgcn_pytorch(world, folder, tmp_path, capsys):
    """Its `state_dict`, saved as it saves it (`torch.save`), with its propagation: the mean over layers of G^l E."""
    torch.manual_seed(0)

    class LightGCN(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding_user = torch.nn.Embedding(world.n_users, 8)
            self.embedding_item = torch.nn.Embedding(world.n_items, 8)

    model = LightGCN()
    # The recipe.
    torch.save(model.state_dict(), tmp_path / "lgn.pth")
    words = ["--propagation", "lightgcn", "--embeddings", tmp_path / "lgn.pth", "--layers", 3]
    graph = torch.from_numpy(build_graph(world, side_edges=0.0).normalised_adjacency.toarray()).float()
    layers = [torch.cat([model.embedding_user.weight, model.embedding_item.weight])]
    for _ in range(3):
        layers.append(graph @ layers[-1])
    with torch.no_grad():
        final = torch.stack(layers, dim=1).mean(dim=1).numpy()
    scores = final[: world.n_users] @ final[world.n_users :].T
    run = checked(folder, tmp_path / "run", lists_of(world, scores), capsys, *words)
    user = world.users.ids[0]
    case = gr.recommend(run, user).to_frame()["item"][0]
    assert gr.explain(run, user, case).value.completeness_error < 1e-9
