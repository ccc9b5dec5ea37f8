"""Whatever the bytes are, an import ends in a dataset whose account adds up, or in a sentence: never in a traceback.

Short by default; `pytest -m long` draws 2,000 examples a reader.
"""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gnnrec_core.base.errors import LensError
from gnnrec_core.data.about.describe import describe
from gnnrec_core.data.importing import import_source
from gnnrec_core.data.options import EDGE_KINDS, EdgeSource, ImportOptions

WORDS = [
    "",
    " ",
    "a",
    "u1",
    "U1",
    "007",
    "7",
    "7.0",
    "1e999",
    "nan",
    "NA",
    "null",
    "-3",
    "5",
    "4.5",
    "3,5",
    "1,000",
    "five",
]
WORDS += [
    "true",
    "TOTAL",
    "1600000000",
    "1600000000000",
    "2020-01-01",
    "03/04/2024",
    "2020-13-45T99:00",
    "é",
    "e\u0301",
]
WORDS += [
    "\u202e",
    "🦊",
    "<b>",
    "=1+1",
    '"',
    'a"b',
    "a\nb",
    "a\rb",
    "\x00",
    "|",
    "::",
    "#x",
    "[]",
    "{}",
    "9" * 30,
    "-0",
    "+1",
]
HEADS = ["user_id", "item_id", "rating", "timestamp", "User ID", "title", "x", "", "user_id:token", "item_id:token"]
cell = st.one_of(st.sampled_from(WORDS), st.text(max_size=4))
row = st.lists(cell, min_size=1, max_size=5)
SHORT, LONG = 40, 2000


def fuzz(strategy):
    """A test for each of the two budgets."""

    def decorate(check):
        def run(examples, folder):
            wrapped = settings(
                max_examples=examples,
                deadline=None,
                derandomize=True,
                database=None,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
            )(given(strategy)(lambda value: check(folder, value)))
            wrapped()

        @pytest.mark.parametrize(
            "examples", [pytest.param(SHORT, id="short"), pytest.param(LONG, id="long", marks=pytest.mark.long)]
        )
        def test(examples, tmp_path):
            run(examples, tmp_path)

        return test

    return decorate


def bring(path: Path | str, options: ImportOptions | None = None) -> None:
    """Import `path`; the account must add up, or the error must say what is wrong and what to do."""
    try:
        dataset = import_source(path, options or ImportOptions())
    except LensError as error:
        assert error.message and error.hint and "Traceback" not in error.message
        return
    removed = sum(problem.rows_removed for problem in dataset.problems)
    assert dataset.settings["rows_in"] == len(dataset.interactions) + removed
    assert all(dataset.users.ids) and all(dataset.items.ids)
    assert np.isfinite(dataset.interactions.weight).all()
    json.dumps(describe(dataset).to_dict())


def joined(rows, delimiter, quoted, end):
    def written(text):
        return '"' + text.replace('"', '""') + '"' if quoted else text

    return end.join(delimiter.join(map(written, cells)) for cells in rows)


texts = st.builds(
    joined,
    st.builds(
        lambda head, rows: [head, *rows],
        st.lists(st.sampled_from(HEADS), min_size=1, max_size=5),
        st.lists(row, max_size=12),
    ),
    st.sampled_from([",", ";", "\t", "::", "|", " "]),
    st.booleans(),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
raw = st.one_of(
    texts.map(lambda text: text.encode("utf-8", "replace")),
    texts.map(lambda text: text.encode("utf-16", "replace")),
    texts.map(lambda text: gzip.compress(text.encode("utf-8", "replace"))),
    texts.map(lambda text: gzip.compress(text.encode("utf-8", "replace"))[:-9]),
    st.binary(max_size=200),
)


@fuzz(raw)
def test_any_bytes(folder, content):
    (folder / "log.csv").write_bytes(content)
    bring(folder / "log.csv")


two = st.tuples(st.sampled_from("abcd"), st.sampled_from("pqrs"), cell, cell)


@fuzz(st.lists(two, min_size=2, max_size=14))
def test_logs_with_good_ids_and_any_values(folder, rows):
    frame = pl.DataFrame(rows, schema=["user", "item", "rating", "time"], orient="row")
    frame.write_csv(folder / "log.csv", quote_style="always")
    bring(folder / "log.csv")
    bring(folder / "log.csv", ImportOptions(split="leave-last", duplicates="mean", accept_future_times=True))
    bring(folder / "log.csv", ImportOptions(rating_col="none", time_col="none", k_core=2))


@fuzz(texts)
def test_recbole_text(folder, text):
    (folder / "x.inter").write_bytes(b"user_id:token\titem_id:token\trating:float\n" + text.encode("utf-8", "replace"))
    bring(folder / "x.inter", ImportOptions(format="recbole"))


@fuzz(st.text(alphabet="0123 \n\tax", max_size=60))
def test_lightgcn_text(folder, text):
    (folder / "train.txt").write_text(text)
    bring(folder / "train.txt", ImportOptions(format="lightgcn"))


@fuzz(st.lists(st.lists(cell, min_size=2, max_size=5).map("::".join), max_size=10).map("\n".join))
def test_movielens_text(folder, text):
    (folder / "ratings.dat").write_bytes(text.encode("utf-8", "replace"))
    bring(folder / "ratings.dat", ImportOptions(format="movielens"))


value = st.one_of(cell, st.integers(), st.floats(), st.booleans(), st.none(), st.lists(st.integers(), max_size=2))
keys = st.sampled_from(["user", "item", "rating", "time", "x"])
line = st.one_of(st.dictionaries(keys, value, max_size=5).map(json.dumps), st.text(max_size=8), st.just("[1]"))


@fuzz(st.lists(line, max_size=10).map("\n".join))
def test_json_lines(folder, text):
    (folder / "log.json").write_bytes(text.encode("utf-8", "replace"))
    bring(folder / "log.json", ImportOptions(format="json"))


column = st.sampled_from(["text", "int", "float", "bool", "bytes", "list", "time", "null"])


def parquet(kinds, seed, cut):
    rng = np.random.default_rng(seed)
    n = 12
    made = {
        "text": [f"x{v}" for v in rng.integers(0, 4, n)],
        "int": rng.integers(-3, 2_000_000_000, n),
        "float": np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n) * 10.0 ** rng.integers(0, 200)),
        "bool": rng.random(n) < 0.5,
        "bytes": [rng.bytes(2) for _ in range(n)],
        "list": [[1, 2]] * n,
        "time": pl.from_epoch(pl.Series(rng.integers(0, 2_000_000_000, n))),
        "null": [None] * n,
    }
    frame = pl.DataFrame({name: made[kind] for name, kind in zip(("user", "item", "rating", "time"), kinds)})
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    content = bytearray(buffer.getvalue())
    if cut:
        content[cut % len(content)] ^= 0x55
    return bytes(content)


@fuzz(st.builds(parquet, st.lists(column, min_size=2, max_size=4), st.integers(0, 99), st.integers(0, 3000)))
def test_parquet_bytes(folder, content):
    (folder / "log.parquet").write_bytes(content)
    bring(folder / "log.parquet", ImportOptions(format="parquet"))


stored = st.one_of(cell, st.integers(-(2**63), 2**63 - 1), st.floats(), st.none(), st.binary(max_size=4))


@fuzz(st.lists(st.tuples(stored, stored, stored, stored), max_size=10))
def test_database_tables(folder, rows):
    path = folder / "log.db"
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as database:
        database.execute("create table log (user_id, item_id, rating, timestamp)")
        database.executemany("insert into log values (?, ?, ?, ?)", rows)
    database.close()
    bring(f"sqlite:///{path}", ImportOptions(table="log"))


ids = st.sampled_from(["a", "u1", "U1", "5", "7", "007", "9"])
side = st.one_of(
    texts,
    st.lists(
        st.builds(lambda first, rest: ",".join([first, *rest]), ids, st.lists(st.one_of(ids, cell), max_size=3))
    ).map(lambda lines: "\n".join(["user_id,source,weight", *lines])),
)


@fuzz(st.tuples(side, side, side, st.sampled_from(EDGE_KINDS)))
def test_attribute_and_edge_files(folder, files):
    users, items, edges, kind = files
    (folder / "log.csv").write_text("user_id,item_id\na,5\na,7\nu1,5\nu1,7\nU1,7\nU1,007\n")
    for name, content in (("users", users), ("items", items), ("edges", edges)):
        (folder / f"{name}.csv").write_bytes(content.encode("utf-8", "replace"))
        more = {"edges": (EdgeSource(path=str(folder / "edges.csv"), kind=kind),)}
        bring(folder / "log.csv", ImportOptions(**(more if name == "edges" else {name: str(folder / f"{name}.csv")})))
