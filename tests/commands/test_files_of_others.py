"""Relatives of the files that `run import` takes: the same model comes out, or a sentence with a cure."""

import json

import numpy as np
import polars as pl
import pytest

import gnnrec_core as gr
from gnnrec_core.base.errors import DataError, RequestError
from gnnrec_core.data.store import save_dataset
from tests.worlds import random_dataset

WORLD = random_dataset(n_users=12, n_items=9, per_user=4)
PEOPLE = np.random.default_rng(0).normal(size=(12, 3)).round(4)
ITEMS = np.random.default_rng(1).normal(size=(9, 3)).round(4)


@pytest.fixture
def place(tmp_path):
    save_dataset(WORLD, tmp_path / "data")
    np.save(tmp_path / "i.npy", ITEMS)
    return tmp_path


def table(separator=",", header=True, ids=WORLD.users.ids, name="user_id"):
    rows = [separator.join([raw, *map(str, row)]) for raw, row in zip(ids, PEOPLE.tolist(), strict=True)]
    head = [separator.join([name, "a", "b", "c"])] if header else []
    return "\n".join([*head, *rows]) + "\n"


def brought(place, users):
    files = {"user_embeddings": users, "item_embeddings": place / "i.npy"}
    return gr.import_run(place / "data", place / "run", **files)


def right(run):
    np.testing.assert_allclose(run.model.score(np.arange(12)), PEOPLE @ ITEMS.T, atol=1e-5)


TABLES = {
    "plain": table(),
    "semicolons": table(";"),
    "decimal commas": table(";").replace(".", ","),
    "tabs": table("\t"),
    "a byte order mark": "\ufeff" + table(),
    "no header": table(header=False),
    "semicolons, no header": table(";", header=False).replace(".", ","),
    "the only text is the id": table(name="whoever"),
    "in another order": "\n".join([table().splitlines()[0], *reversed(table().splitlines()[1:])]),
    "numbers alone, in order": "\n".join(",".join(map(str, row)) for row in PEOPLE.tolist()),
}


@pytest.mark.parametrize("kind", TABLES)
def test_embeddings_in_text(place, kind):
    (place / "u.csv").write_text(TABLES[kind], encoding="utf-8")
    right(brought(place, place / "u.csv"))


def test_embeddings_in_one_column_of_lists(place):
    frame = pl.DataFrame({"user_id": WORLD.users.ids, "embedding": PEOPLE.tolist()})
    frame.write_parquet(place / "u.parquet")
    right(brought(place, place / "u.parquet"))
    ragged = [row[: 2 + (number != 4)] for number, row in enumerate(PEOPLE.tolist())]
    frame.with_columns(pl.Series("embedding", ragged)).write_parquet(place / "r.parquet")
    with pytest.raises(DataError, match="row 5: a list of 2 numbers, where the first row has 3"):
        gr.import_run(
            place / "data", place / "no", user_embeddings=place / "r.parquet", item_embeddings=place / "i.npy"
        )


def test_files_of_ids_may_begin_with_a_mark(place):
    np.save(place / "u.npy", PEOPLE[::-1])
    (place / "ids.txt").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(reversed(WORLD.users.ids)).encode())
    files = {"user_embeddings": place / "u.npy", "item_embeddings": place / "i.npy"}
    right(gr.import_run(place / "data", place / "run", **files, user_ids=place / "ids.txt"))


LISTS = [(user, item, rank) for user in WORLD.users.ids for rank, item in enumerate(WORLD.items.ids[2:6], start=1)]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_lists_in_text(place, separator):
    rows = [separator.join([user, item, str(rank), f"{1 / rank:.3f}"]) for user, item, rank in reversed(LISTS)]
    text = "\n".join([separator.join(("user", "item", "rank", "score")), *rows])
    (place / "l.csv").write_text(text.replace(".", ",") if separator == ";" else text, encoding="utf-8")
    run = gr.import_run(place / "data", place / "run", lists=place / "l.csv")
    assert run.model.items.tolist() == [[2, 3, 4, 5]] * 12


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("user,item,rank\n", "holds no row"),
        ("user,item,rank\n" + "\n".join(f"{u},{i},-{r}" for u, i, r in LISTS), "'-1' as its rank"),
        ("user,item\nu0,i1\n", "neither a column rank nor a column score"),
    ],
)
def test_lists_without_an_order_are_refused(place, content, said):
    (place / "l.csv").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=said) as refused:
        gr.import_run(place / "data", place / "run", lists=place / "l.csv")
    assert refused.value.hint


def test_a_document_of_json_is_said_to_be_none_of_lines(place):
    (place / "l.json").write_text(json.dumps([{"user": "u0", "item": "i1", "rank": 1}]), encoding="utf-8")
    with pytest.raises(DataError) as refused:
        gr.import_run(place / "data", place / "run", lists=place / "l.json")
    assert "one object a line" in refused.value.hint


def test_fewer_layers_than_none_are_refused(place):
    np.save(place / "e.npy", np.concatenate([PEOPLE, ITEMS]))
    with pytest.raises(RequestError, match="-1 layers"):
        gr.import_run(place / "data", place / "run", propagation="lightgcn", embeddings=place / "e.npy", layers=-1)
