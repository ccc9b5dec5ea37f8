from dataclasses import replace

import numpy as np
import pytest
from pyarrow import parquet

from gnnrec_core.base.errors import DataError, RequestError
from gnnrec_core.data import store
from gnnrec_core.data.dataset import NO_TIME, Interactions, Problem, Relation, Vocabulary
from gnnrec_core.data.store import load_dataset, save_dataset
from tests.worlds import make_dataset, random_dataset


def test_a_dataset_comes_back_from_disk_as_it_was(tmp_path):
    dataset = random_dataset(side_edges=True)
    save_dataset(dataset, tmp_path / "d")
    back = load_dataset(tmp_path / "d")
    assert back.fingerprint == dataset.fingerprint
    assert back.users == dataset.users and back.relations[1].name == "author"
    assert np.array_equal(back.interactions.timestamp, dataset.interactions.timestamp)
    assert back.titles == dataset.titles


def test_the_fingerprint_does_not_depend_on_row_order():
    triples = [(0, 0, "train"), (0, 1, "test"), (1, 1, "train"), (2, 0, "train")]
    assert make_dataset(triples).fingerprint == make_dataset(triples[::-1]).fingerprint
    assert make_dataset(triples).fingerprint != make_dataset(triples[:3], n_users=3).fingerprint


@pytest.mark.parametrize("column", ["weight", "split", "timestamp", "rating"])
def test_each_column_of_an_interaction_enters_the_fingerprint(column):
    dataset = random_dataset()
    changed = getattr(dataset.interactions, column).copy()
    changed[-1] += -1 if column == "split" else 1
    other = replace(dataset, interactions=replace(dataset.interactions, **{column: changed}))
    assert other.fingerprint != dataset.fingerprint


def test_who_and_what_enter_the_fingerprint():
    def of(*pairs):
        return make_dataset([(*pair, "train") for pair in pairs], n_users=2, n_items=4).fingerprint

    known = of((0, 0), (0, 1), (1, 2))
    assert of((0, 0), (1, 1), (1, 2)) != known  # another user, the same items
    assert of((0, 0), (0, 1), (1, 3)) != known  # another item, the same users


@pytest.mark.parametrize("column", ["timestamp", "rating"])
def test_a_column_that_is_absent_is_told_from_one_that_is_there(column):
    dataset = random_dataset()
    assert replace(dataset, interactions=replace(dataset.interactions, **{column: None})).fingerprint != (
        dataset.fingerprint
    )


@pytest.mark.parametrize("part", ["name", "kind", "source", "target", "weight"])
def test_each_part_of_a_side_edge_enters_the_fingerprint(part):
    dataset = random_dataset(side_edges=True)
    friends, authors = dataset.relations
    changed = {"name": "colleague", "kind": "item-item"}.get(part)
    if changed is None:
        changed = getattr(friends, part).copy()
        changed[0] += 1
    other = replace(dataset, relations=(replace(friends, **{part: changed}), authors))
    assert other.fingerprint != dataset.fingerprint
    assert replace(dataset, relations=(friends,)).fingerprint != dataset.fingerprint


def test_ids_and_labels_enter_the_fingerprint_and_the_order_of_side_edges_does_not():
    dataset = random_dataset(side_edges=True)
    friends, authors = dataset.relations
    labels = dataset.attribute_table.with_columns(label=dataset.attribute_table["label"] + "!")
    for changed in (
        {"users": Vocabulary("user", ("other", *dataset.users.ids[1:]))},
        {"items": Vocabulary("item", ("other", *dataset.items.ids[1:]))},
        {"attribute_table": labels},
    ):
        assert replace(dataset, **changed).fingerprint != dataset.fingerprint
    turned = Relation("friend", "user-user", friends.source[::-1], friends.target[::-1], friends.weight[::-1])
    assert replace(dataset, relations=(authors, turned)).fingerprint == dataset.fingerprint


def test_the_account_of_an_import_does_not_enter_the_fingerprint():
    dataset = random_dataset()
    known = dataset.fingerprint
    other = replace(dataset, problems=(Problem("duplicate_pairs", "info", 1, "merged", "One."),))
    assert other.fingerprint == known == replace(other, name="another").fingerprint and len(other.problems) == 1


def test_missing_times_stay_missing(tmp_path):
    dataset = make_dataset([(0, 0, "train"), (1, 1, "train")], timestamp=np.array([5, NO_TIME]))
    save_dataset(dataset, tmp_path / "d")
    assert load_dataset(tmp_path / "d").interactions.timestamp.tolist() == [5, NO_TIME]


@pytest.mark.parametrize("with_times", [True, False])
def test_a_large_log_is_packed_otherwise_and_says_the_same(tmp_path, monkeypatch, with_times):
    triples = [(0, 0, "train"), (0, 1, "test"), (1, 1, "validation"), (2, 0, "train")]
    timestamp = np.array([5, NO_TIME, 7, 8]) if with_times else None
    dataset = make_dataset(triples, timestamp=timestamp)
    save_dataset(dataset, tmp_path / "plain")
    monkeypatch.setattr(store, "LARGE", 1)
    save_dataset(dataset, tmp_path / "packed")
    assert load_dataset(tmp_path / "packed").fingerprint == dataset.fingerprint
    plain, packed = (parquet.read_table(tmp_path / name / "interactions.parquet") for name in ("plain", "packed"))
    assert plain.to_pydict() == packed.to_pydict()
    assert packed["split"].to_pylist() == ["train", "test", "validation", "train"]


def test_an_existing_folder_is_refused_and_kept(tmp_path):
    save_dataset(random_dataset(seed=1), tmp_path / "d")
    first = load_dataset(tmp_path / "d").fingerprint
    with pytest.raises(RequestError, match="exists already"):
        save_dataset(random_dataset(seed=2), tmp_path / "d")
    assert load_dataset(tmp_path / "d").fingerprint == first
    save_dataset(random_dataset(seed=2), tmp_path / "d", overwrite=True)
    assert load_dataset(tmp_path / "d").fingerprint != first
    assert [p.name for p in tmp_path.iterdir()] == ["d"]


def test_a_damaged_part_is_a_sentence(tmp_path):
    save_dataset(random_dataset(), tmp_path / "d")
    (tmp_path / "d" / "interactions.parquet").write_bytes(b"junk")
    with pytest.raises(DataError, match="damaged"):
        load_dataset(tmp_path / "d")
    with pytest.raises(RequestError, match="no dataset"):
        load_dataset(tmp_path / "elsewhere")


def test_a_pair_that_stands_twice_is_refused():
    with pytest.raises(DataError, match="twice"):
        Interactions(np.array([0, 0]), np.array([1, 1]), np.ones(2, np.float32), np.zeros(2, np.int8))
