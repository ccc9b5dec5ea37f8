"""The sample: real books, simulated readers, planted truth, the same bytes every time."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from gnnrec_core.base.errors import DataError, RequestError
from gnnrec_core.data.dataset import SPLITS
from gnnrec_core.data.sample import make_sample, save_sample
from gnnrec_core.data.sample.catalogue import HUB, read_catalogue
from gnnrec_core.data.store import load_dataset
from gnnrec_core.data.truth import FILE, REASONS, Truth, load_truth

SHIPPED = Path(__file__).resolve().parents[2] / "sample_data" / "classics"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("sample") / "classics"
    save_sample(path)
    return path


@pytest.fixture(scope="module")
def made(folder):
    return load_dataset(folder), load_truth(folder)


def test_the_catalogue_is_what_a_demo_needs():
    books = read_catalogue()
    assert len(books) >= 400 and len({book.author for book in books}) >= 180
    assert len({book.country for book in books}) >= 40
    assert len({book.item_id for book in books}) == len(books) == len({(b.title, b.author) for b in books})
    assert set(HUB) <= {book.item_id for book in books}
    for book in books:
        assert book.title.strip() == book.title and book.author and book.country
        assert -800 <= book.year <= 2000 and 1 <= len(book.genres) == len(set(book.genres)) <= 3


def test_some_facts_of_the_catalogue():
    books = {book.item_id: book for book in read_catalogue()}
    for item_id, author, year in (
        ("pride-and-prejudice", "Jane Austen", 1813),
        ("moby-dick", "Herman Melville", 1851),
        ("things-fall-apart", "Chinua Achebe", 1958),
        ("kokoro", "Natsume Sōseki", 1914),
        ("pedro-paramo", "Juan Rulfo", 1955),
    ):
        assert (books[item_id].author, books[item_id].year) == (author, year)


def test_sizes_and_splits(made):
    dataset, truth = made
    interactions = dataset.interactions
    assert dataset.n_users == 800 and 30_000 <= len(interactions) <= 40_000
    assert len(truth) == len(interactions)
    assert np.isin(interactions.rating, [1, 2, 3, 4, 5]).all()
    last_train = np.full(800, -1)
    for number, split in enumerate(SPLITS):
        rows = np.flatnonzero(interactions.split == number)
        users = interactions.user_index[rows]
        assert len(np.unique(users)) == 800, f"everybody has {split} interactions"
        assert (interactions.timestamp[rows] > last_train[users]).all(), f"{split} comes after what was before it"
        np.maximum.at(last_train, users, interactions.timestamp[rows])


def test_relations_join_the_right_nodes(made):
    dataset, _ = made
    friend, author, genre = dataset.relations
    assert (friend.source < friend.target).all() and friend.target.max() < 800
    labels = dataset.attribute_table["label"].to_list()
    first = dataset.n_users + dataset.n_items
    items = dataset.item_table
    assert author.source.tolist() == list(range(800, first))
    assert [labels[node - first] for node in author.target] == items["author"].to_list()
    for source, target in zip(genre.source.tolist(), genre.target.tolist(), strict=True):
        assert labels[target - first] in items["genres"][source - 800]


def test_every_reason_is_true_of_the_data(made):
    dataset, truth = made
    rows = dataset.interactions
    when = dict(
        zip(zip(rows.user_index.tolist(), rows.item_index.tolist(), strict=True), rows.timestamp.tolist(), strict=True)
    )
    friend = dataset.relations[0]
    friends = set(zip(friend.source.tolist(), friend.target.tolist(), strict=True))
    authors, genres = dataset.item_table["author"].to_list(), dataset.item_table["genres"].to_list()
    assert set(truth.table["reason"]) == set(REASONS)
    for user, item, reason, cause, because in truth.table.iter_rows():
        assert all(when[user, earlier] < when[user, item] for earlier in because)
        if reason == "author":
            assert authors[item] == cause and all(authors[i] == cause for i in because)
        elif reason in ("genre", "drift"):
            assert cause in genres[item] and all(cause in genres[i] for i in because)
        elif reason == "friend":
            other = dataset.users.index(cause)
            assert (min(user, other), max(user, other)) in friends and when[other, item] < when[user, item]
        else:
            assert cause == "" and because == []
        if reason == "popularity":
            assert dataset.items.ids[item] in HUB


def test_what_was_planted_is_there(made):
    dataset, truth = made
    region = dataset.user_table["region"].to_numpy()
    table = truth.table.with_columns(pl.Series("region", region[truth.table["user_index"]]))
    noise = table.group_by("region").agg((pl.col("reason") == "noise").mean())
    by_region = dict(noise.iter_rows())
    others = [value for name, value in by_region.items() if name != "Islands"]
    assert by_region["Islands"] > 2.5 * max(others)
    counts = np.bincount(dataset.interactions.user_index)
    assert counts[region == "Islands"].mean() < 0.75 * counts[region != "Islands"].mean()
    popularity = np.bincount(dataset.interactions.item_index, minlength=dataset.n_items)
    hub = np.array([dataset.items.index(item_id) for item_id in HUB])
    assert popularity[hub].min() > np.delete(popularity, hub).max()


def test_the_same_seed_gives_the_same_bytes(folder, tmp_path):
    save_sample(tmp_path / "again")
    first = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    assert first == sorted(p.relative_to(tmp_path / "again") for p in (tmp_path / "again").rglob("*") if p.is_file())
    for name in first:
        assert (folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes(), name


def test_another_seed_gives_other_readers(made):
    assert make_sample(seed=1)[0].fingerprint != made[0].fingerprint


def test_the_shipped_sample_is_what_the_generator_makes(made, folder):
    """The values are equal whatever the libraries; with the versions that it was written with, the bytes are too."""
    dataset, truth = made
    shipped = load_dataset(SHIPPED)
    assert shipped.fingerprint == dataset.fingerprint
    assert load_truth(SHIPPED).table.equals(truth.table)
    assert shipped.item_table.equals(dataset.item_table) and shipped.user_table.equals(dataset.user_table)
    written = [path for path in SHIPPED.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in written) < 1_500_000
    for path in written:
        again = folder / path.relative_to(SHIPPED)
        if path.suffix == ".parquet" and _writer(path) != _writer(again):
            assert pl.read_parquet(path).equals(pl.read_parquet(again)), path.name
        else:
            assert path.read_bytes() == again.read_bytes(), path.name


def _writer(path: Path) -> str:
    from pyarrow import parquet

    return str(parquet.read_metadata(path).created_by)


def test_a_cause_can_be_asked_for(made):
    dataset, truth = made
    row = truth.table.filter(pl.col("reason") == "author").row(0, named=True)
    cause = truth.cause(row["user_index"], row["item_index"])
    assert (cause.reason, cause.name, cause.because.tolist()) == ("author", row["cause"], row["because"])
    unread = int(np.setdiff1d(np.arange(dataset.n_items), truth.table.filter(user_index=0)["item_index"])[0])
    with pytest.raises(RequestError, match="has not read"):
        truth.cause(0, unread)


def test_truth_that_is_missing_or_damaged_is_a_sentence(made, tmp_path):
    with pytest.raises(RequestError, match="no planted truth"):
        load_truth(tmp_path)
    (tmp_path / FILE).write_bytes(b"junk")
    with pytest.raises(DataError, match="damaged"):
        load_truth(tmp_path)
    with pytest.raises(DataError, match="columns"):
        Truth(made[1].table.drop("because"))
