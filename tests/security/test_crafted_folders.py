"""Dataset and run folders made by somebody who means harm: refused by name, and never used out of range."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gnnrec_core.base.errors import DataError, LensError, RunError
from gnnrec_core.data import bounds
from gnnrec_core.data.about.describe import describe
from gnnrec_core.data.dataset import NO_TIME, Dataset
from gnnrec_core.data.store import load_dataset, save_dataset
from gnnrec_core.graph import build_graph
from gnnrec_core.models.ops.checkpoint import load_tensors, save_tensors
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.training import train
from tests.worlds import random_dataset


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset `d` with times, ratings, friends and authors, and a run `r` on it."""
    folder = tmp_path_factory.mktemp("crafted")
    save_dataset(random_dataset(12, 15, 6, side_edges=True), folder / "d")
    train(folder / "d", "lightgcn", {"epochs": 2, "embedding_dim": 4}, folder / "r", device="cpu")
    return folder


def forged(home: Path, tmp_path: Path, file: str, change) -> Path:
    """The dataset with one table changed, and the card as an attacker would write it: with the new fingerprint."""
    folder = tmp_path / "forged"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(home / "d", folder)
    table = change(pl.read_parquet(folder / file))
    table.write_parquet(folder / file)
    card = json.loads((folder / "dataset.json").read_text())
    card["fingerprint"] = _fingerprint(folder, card)
    (folder / "dataset.json").write_text(json.dumps(card))
    return folder


def _fingerprint(folder: Path, card) -> str:
    """What `Dataset.fingerprint` says of the tables as they lie there; the old one where they make no dataset."""
    table = pl.read_parquet(folder / "interactions.parquet")
    try:
        base = random_dataset(12, 15, 6, side_edges=True)
        log = replace(
            base.interactions,
            **{name: table[name].to_numpy() for name in ("user_index", "item_index", "weight", "rating")},
            timestamp=table["timestamp"].fill_null(NO_TIME).to_numpy(),
        )
        relations = []
        for relation, entry in zip(base.relations, card["relations"], strict=True):
            edges = pl.read_parquet(folder / "relations" / entry["file"])
            columns = {name: edges[name].to_numpy() for name in ("source", "target", "weight")}
            relations.append(replace(relation, **columns))
        return replace(base, interactions=log, relations=tuple(relations)).fingerprint
    except (LensError, pl.exceptions.PolarsError, ValueError, IndexError, OverflowError, TypeError, RuntimeWarning):
        return str(card["fingerprint"])


def last(column: str, value, dtype=None):
    """The table with `value` in the last row of `column`."""

    def change(table: pl.DataFrame) -> pl.DataFrame:
        values = table[column].to_list()
        values[-1] = value
        return table.with_columns(pl.Series(column, values, dtype=dtype or table[column].dtype, strict=False))

    return change


LOG, FRIENDS, AUTHORS = "interactions.parquet", "relations/friend.parquet", "relations/author.parquet"
CRAFTED = {
    "a user that is an item": (LOG, last("user_index", 12)),
    "a user far outside": (LOG, last("user_index", 10**12)),
    "a negative user": (LOG, last("user_index", -1)),
    "a missing user": (LOG, last("user_index", None)),
    "an item that is an attribute": (LOG, last("item_index", 15)),
    "an item of 10^9": (LOG, last("item_index", 10**9)),
    "a negative item": (LOG, last("item_index", -3)),
    "a time of 2^62": (LOG, last("timestamp", 2**62)),
    "a time before the year 1": (LOG, last("timestamp", -(2**61))),
    "a weight of zero": (LOG, last("weight", 0.0)),
    "a weight below zero": (LOG, last("weight", -1.0)),
    "an infinite weight": (LOG, last("weight", float("inf"))),
    "a weight that is none": (LOG, last("weight", float("nan"))),
    "an infinite rating": (LOG, last("rating", float("inf"))),
    "a split of another name": (LOG, last("split", "holdout")),
    "a missing split": (LOG, last("split", None)),
    "text for indices": (LOG, lambda t: t.with_columns(pl.col("user_index").cast(pl.String))),
    "fractions for indices": (LOG, lambda t: t.with_columns(pl.col("item_index") + 0.5)),
    "a row too many": (LOG, lambda t: pl.concat([t, t[-1:].with_columns(item_index=pl.lit(14, pl.Int64))])),
    "no rows": (LOG, lambda t: t[:0]),
    "a pair twice": (LOG, lambda t: pl.concat([t[:-1], t[:1]])),
    "no weight": (LOG, lambda t: t.drop("weight")),
    "a user too many": ("users.parquet", lambda t: pl.concat([t, t.with_columns(pl.col("user_id") + "x")[:1]])),
    "a user twice": ("users.parquet", last("user_id", "u0")),
    "a user without id": ("users.parquet", last("user_id", None)),
    "users out of order": ("users.parquet", lambda t: t.with_columns(pl.col("user_index").reverse())),
    "numbers for ids": ("users.parquet", lambda t: t.with_columns(user_id=pl.col("user_index"))),
    "an item too few": ("items.parquet", lambda t: t[:-1]),
    "a struct for a title": ("items.parquet", lambda t: t.with_columns(title=pl.struct("item_id", "title"))),
    "an attribute too few": ("attributes.parquet", lambda t: t[:-1]),
    "a label that is none": ("attributes.parquet", last("label", None)),
    "a friend that is an item": (FRIENDS, last("target", 12)),
    "a friend far outside": (FRIENDS, last("source", 10**9)),
    "a negative friend": (FRIENDS, last("source", -1)),
    "an author that is a user": (AUTHORS, last("target", 3)),
    "an author past the end": (AUTHORS, last("target", 12 + 15 + 4)),
    "a friendship of no weight": (FRIENDS, last("weight", 0.0)),
    "a friendship of infinite weight": (FRIENDS, last("weight", float("inf"))),
}


@pytest.mark.parametrize("what", CRAFTED)
def test_a_crafted_dataset_is_refused_with_its_reason(home, tmp_path, what):
    folder = forged(home, tmp_path, *CRAFTED[what])
    with pytest.raises(DataError, match=r"is damaged: .{8}") as error:
        load_dataset(folder)
    assert str(folder) in error.value.message and "Traceback" not in error.value.message


def in_bounds(dataset: Dataset) -> bool:
    log, relations = dataset.interactions, dataset.relations
    ends = [end for relation in relations for end in (relation.source, relation.target)]
    return bool(
        0 <= log.user_index.min() <= log.user_index.max() < dataset.n_users
        and 0 <= log.item_index.min() <= log.item_index.max() < dataset.n_items
        and np.isfinite(log.weight).all()
        and all(end.min() >= 0 and end.max() < dataset.n_nodes for end in ends)
    )


values = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.integers(-3, 40), st.floats(), st.none(), st.sampled_from(["", "x", "train"])
)


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([LOG, FRIENDS, AUTHORS, "users.parquet", "items.parquet", "attributes.parquet"]),
    st.integers(0, 5),
    values,
)
def test_a_dataset_with_any_value_in_a_cell_is_refused_or_in_bounds(home, tmp_path, file, column, value):
    def change(table: pl.DataFrame) -> pl.DataFrame:
        name = table.columns[column % table.width]
        try:
            return last(name, value)(table)
        except (TypeError, OverflowError, pl.exceptions.PolarsError):
            return table.with_columns(pl.Series(name, [str(value)] * table.height))

    try:
        dataset = load_dataset(forged(home, tmp_path, file, change))
    except DataError:
        return
    assert in_bounds(dataset) and describe(dataset).n_users == dataset.n_users
    assert build_graph(dataset).adjacency.shape == (dataset.n_nodes, dataset.n_nodes)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([LOG, FRIENDS, "users.parquet", "dataset.json"]), st.integers(0, 10**6), st.binary(max_size=8))
def test_a_dataset_with_any_bytes_in_a_file_is_refused_or_what_was_saved(home, tmp_path, file, place, content):
    folder = tmp_path / "bytes"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(home / "d", folder)
    whole = (folder / file).read_bytes()
    place %= len(whole)
    (folder / file).write_bytes(whole[:place] + content + whole[place + len(content) + len(content) % 2 :])
    try:
        assert in_bounds(load_dataset(folder))
    except LensError as error:
        assert error.message and error.hint


def weights(folder: Path, change) -> None:
    """The weights of the run changed by somebody who can compute the checksum as well."""
    tensors, card = load_tensors(folder / "model.safetensors")
    card = {name: value for name, value in card.items() if name not in ("sha256", "format_version", "written_by")}
    save_tensors(folder / "model.safetensors", {name: change(value.copy()) for name, value in tensors.items()}, card)


def spike(value):
    def change(tensor):
        tensor.flat[0] = value
        return tensor

    return change


@pytest.mark.parametrize(
    "change",
    [
        spike(3e38),
        spike(-1e30),
        spike(np.nan),
        spike(np.inf),
        lambda tensor: tensor[:-1],
        lambda tensor: np.concatenate([tensor, tensor]),
        lambda tensor: tensor.astype(np.float64)[..., None],
        lambda tensor: tensor.astype(np.int64),
        lambda tensor: tensor > 0,
    ],
)
def test_a_run_with_other_weights_is_refused(home, tmp_path, change):
    shutil.copytree(home / "d", tmp_path / "d")
    shutil.copytree(home / "r", tmp_path / "r")
    weights(tmp_path / "r", change)
    with pytest.raises(RunError):
        _ = load_run(tmp_path / "r").model


@pytest.mark.parametrize(
    ("name", "value"), [("n_layers", "2"), ("n_layers", -1), ("embedding_dim", 10**9), ("loss", 5), ("made_up", 1)]
)
def test_a_run_with_other_settings_is_refused(home, tmp_path, name, value):
    shutil.copytree(home / "d", tmp_path / "d")
    shutil.copytree(home / "r", tmp_path / "r")
    path = tmp_path / "r" / "run.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "settings": {**record["settings"], name: value}}))
    with pytest.raises(RunError, match="damaged"):
        _ = load_run(tmp_path / "r").model


def test_a_deep_header_is_refused(home, tmp_path):
    shutil.copytree(home / "d", tmp_path / "d")
    shutil.copytree(home / "r", tmp_path / "r")
    deep = b'{"__metadata__": ' + b"[" * 500_000 + b"]" * 500_000 + b"}"
    (tmp_path / "r" / "model.safetensors").write_bytes(len(deep).to_bytes(8, "little") + deep)
    with pytest.raises(RunError, match="no card of ours"):
        _ = load_run(tmp_path / "r").model


def test_a_table_that_unpacks_to_a_thousand_times_its_size_is_refused_unread(home, tmp_path, monkeypatch):
    monkeypatch.setattr(bounds, "FREE_BYTES", 2**20)
    n = 2_000_000
    shutil.copytree(home / "d", tmp_path / "d")
    ones = pl.select(pl.repeat(1.0, n, dtype=pl.Float32)).to_series()
    zeros = pl.select(pl.repeat(0, n, dtype=pl.Int8)).to_series()
    bomb = pl.DataFrame({"user_index": zeros, "item_index": zeros, "weight": ones, "split": zeros.cast(pl.String)})
    bomb.write_parquet(tmp_path / "d" / LOG)
    card = json.loads((tmp_path / "d" / "dataset.json").read_text())
    (tmp_path / "d" / "dataset.json").write_text(json.dumps({**card, "n_interactions": n}))
    with pytest.raises(DataError, match="would unpack to more than"):
        load_dataset(tmp_path / "d")
