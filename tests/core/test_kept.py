"""What is kept beside data and runs: equal to what it was made from, and never believed where anything was touched."""

import os
import shutil
from dataclasses import fields

import numpy as np
import pytest

import gnnrec_core as gr
from gnnrec_core.base.errors import DataError, RequestError
from gnnrec_core.base.kept import keep, kept, stamps
from gnnrec_core.data import kept as data_kept
from gnnrec_core.data.dataset import Dataset, without_rows
from gnnrec_core.data.kept import KeptDataset, Texts
from gnnrec_core.data.store import load_dataset, save_dataset
from gnnrec_core.graph import RecGraph
from gnnrec_core.graph.kept import KeptGraph
from gnnrec_core.models import keeping
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.training import train
from tests.worlds import random_dataset

ARRAYS = {"a": np.arange(7), "b": np.eye(3, dtype=np.float32), "empty": np.zeros((0, 2)), "c": np.array([True])}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "source").write_text("what it was made from")
    keep(tmp_path, "x", "key", stamps(tmp_path, [tmp_path / "source"]), ARRAYS)
    return tmp_path


def found(folder, key="key"):
    return kept(folder, "x", key, stamps(folder, [folder / "source"]))


def test_what_is_kept_comes_back_read_only(folder):
    arrays = found(folder)
    assert list(arrays) == list(ARRAYS)
    for name, value in ARRAYS.items():
        assert arrays[name].dtype == value.dtype and np.array_equal(arrays[name], value)
        assert not arrays[name].flags.writeable
    assert not list(folder.rglob("*.tmp"))


def flip(path, place=3):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def put_back_the_time(path, change):
    before = path.stat()
    change(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize(
    "touch",
    [
        lambda folder: flip(folder / ".kept" / "x.bin"),
        lambda folder: put_back_the_time(folder / ".kept" / "x.bin", flip),
        lambda folder: os.truncate(folder / ".kept" / "x.bin", 5),
        lambda folder: (folder / ".kept" / "x.bin").unlink(),
        lambda folder: (folder / ".kept" / "x.json").write_text("{"),
        lambda folder: (folder / "source").write_text("what it was made from, changed"),
        lambda folder: put_back_the_time(folder / "source", flip),
        lambda folder: (folder / "source").unlink(),
    ],
)
def test_nothing_that_was_touched_is_believed(folder, touch):
    touch(folder)
    assert found(folder) is None


def test_another_key_or_a_copy_is_not_believed(folder, tmp_path_factory):
    assert found(folder, "another") is None
    copy = tmp_path_factory.mktemp("copy") / "copied"
    shutil.copytree(folder, copy)  # with all its times
    assert found(copy) is None and found(folder) is not None


def test_a_checksum_that_does_not_fit_is_found_even_where_the_stamp_does(folder):
    card, data = folder / ".kept" / "x.json", folder / ".kept" / "x.bin"
    old = data.stat()
    flip(data)
    new = data.stat()
    for number in ("st_mtime_ns", "st_ctime_ns"):
        card.write_text(card.read_text().replace(str(getattr(old, number)), str(getattr(new, number))))
    assert found(folder) is None


def test_a_place_that_cannot_be_written_keeps_nothing_and_says_nothing(tmp_path):
    (tmp_path / ".kept").write_text("a file where the folder should be")
    keep(tmp_path, "x", "key", {}, ARRAYS)
    assert kept(tmp_path, "x", "key", {}) is None


def test_texts_are_the_texts():
    texts = ["", "007", "naïve", "日本", "a" * 300]
    joined = Texts.of(texts)
    assert len(joined) == 5 and list(joined) == texts and [joined[i] for i in range(-5, 5)] == texts * 2
    assert joined[1:3] == ("007", "naïve") and "007" in joined and joined.index("日本") == 3
    with pytest.raises(IndexError):
        joined[5]


@pytest.fixture
def large(monkeypatch):
    """Every dataset counts as large."""
    monkeypatch.setattr(data_kept, "KEPT_FROM", 1)


def world(side_edges=True):
    return random_dataset(side_edges=side_edges, seed=5)


def test_a_kept_dataset_is_the_dataset(tmp_path, large):
    saved = world()
    save_dataset(saved, tmp_path / "d")
    for opened in (load_dataset(tmp_path / "d"), load_dataset(tmp_path / "d")):
        assert isinstance(opened, KeptDataset) and repr(opened) == repr(saved)
        assert opened.fingerprint == saved.fingerprint == Dataset.fingerprint.func(opened)
        assert tuple(opened.users.ids) == saved.users.ids and tuple(opened.titles) == saved.titles
        assert [opened.users.index(raw) for raw in saved.users.ids] == list(range(saved.n_users))
        assert opened.user_table.equals(saved.user_table) and opened.n_nodes == saved.n_nodes
        assert opened.interactions.n_by_split == saved.interactions.n_by_split
        assert "nobody" not in opened.users and saved.users.ids[3] in opened.users
    with pytest.raises(RequestError, match="There is no user 'u-1'"):
        opened.users.index("u-1")


def test_a_dataset_made_from_a_kept_one_holds_its_own(tmp_path, large):
    save_dataset(world(), tmp_path / "d")
    rows = np.array([0, 5])
    fewer, same = (without_rows(each, rows) for each in (load_dataset(tmp_path / "d"), world()))
    assert fewer.fingerprint == same.fingerprint and len(fewer.interactions) == len(same.interactions)
    assert fewer.relations[0].name == same.relations[0].name and fewer.n_users == same.n_users


def test_a_table_that_was_changed_after_keeping_is_found(tmp_path, large):
    save_dataset(world(), tmp_path / "d")
    load_dataset(tmp_path / "d")
    flip(tmp_path / "d" / "interactions.parquet", place=40)
    with pytest.raises(DataError, match="damaged"):
        load_dataset(tmp_path / "d")


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """The same run as it is restored and, twice, as it is kept: made, and found."""
    save_dataset(world(), tmp_path / "d")
    train(tmp_path / "d", "lightgcn", {"embedding_dim": 8, "epochs": 2}, tmp_path / "r", device="cpu")
    plain = load_run(tmp_path / "r")
    assert isinstance(plain.graph, RecGraph) and not isinstance(plain.graph, KeptGraph)
    monkeypatch.setattr(data_kept, "KEPT_FROM", 1)
    made, again = load_run(tmp_path / "r"), load_run(tmp_path / "r")
    assert isinstance(made.graph, KeptGraph) and isinstance(again.graph, KeptGraph)
    return plain, made, again


def test_a_kept_graph_is_the_graph(runs):
    plain, _, again = (run.graph for run in runs)
    for field in fields(RecGraph):
        if not field.name.startswith("feature") and field.name != "edge_features":
            assert np.array_equal(getattr(plain, field.name), getattr(again, field.name)), field.name
    assert (plain.normalised_adjacency != again.normalised_adjacency).nnz == 0
    assert (plain.seen != again.seen).nnz == 0
    for node in range(plain.n_nodes):
        edges = plain.edges_of(node)
        assert np.array_equal(edges, again.edges_of(node))
        assert np.array_equal(edges, np.flatnonzero(plain.edge_index[0] == node))
        assert np.array_equal(again.ends(edges), plain.edge_index[:, edges])
        assert np.array_equal(again.kinds(edges), plain.edge_type[edges])
        assert np.array_equal(again.weights(edges), plain.edge_weight[edges].astype(np.float64))
    for user in range(plain.n_users):
        assert np.array_equal(plain.history_edges(user), again.history_edges(user))
    some = np.array([0, 3])
    assert np.array_equal(plain.without(some).edge_index, again.without(some).edge_index)


def test_a_kept_run_answers_as_the_run(runs):
    user, answers = runs[0].dataset.users.ids[3], []
    for run in runs:
        listed = gr.recommend(run, user, k=5).to_dict()["items"]
        item = listed[0]["item"]
        told = gr.explain(run, user, item, faithfulness=True).to_dict()
        cf = gr.counterfactual(run, user, item, k=5).to_dict()
        answers.append((listed, told, cf))
        assert told["completeness_error"] < 1e-6
    for listed, told, cf in answers[1:]:
        first = answers[0]
        assert [entry["item"] for entry in listed] == [entry["item"] for entry in first[0]]
        for one, other in zip(told["contributions"], first[1]["contributions"], strict=True):
            assert one["label"] == other["label"] and one["value"] == pytest.approx(other["value"], abs=1e-6)
            assert one["checked"]["rank_without"] == other["checked"]["rank_without"]
            assert one["checked"]["score_without"] == pytest.approx(other["checked"]["score_without"], abs=1e-6)
        assert told["faithfulness"]["p_random"] == first[1]["faithfulness"]["p_random"]
        assert cf["removed"] == first[2]["removed"] and cf["rank_after"] == first[2]["rank_after"]


def test_weights_that_changed_are_read_anew(runs, monkeypatch):
    run = runs[0]
    asked = []
    monkeypatch.setattr(keeping, "keep", lambda *given: asked.append(given))
    flip_free = (run.place / "model.safetensors").read_bytes()
    (run.place / "model.safetensors").write_bytes(flip_free)  # the same bytes, written anew
    assert load_run(run.place).model is not None and len(asked) == 1
