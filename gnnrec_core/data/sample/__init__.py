"""The sample data: real classics, simulated readers, and the planted truth of why each book was read."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from gnnrec_core.base.files import new_folder, refuse_existing
from gnnrec_core.data.dataset import SPLITS, Dataset, IntArray, Interactions, Relation, Vocabulary
from gnnrec_core.data.sample.catalogue import Book, read_catalogue
from gnnrec_core.data.sample.readers import Reader, make_friends, make_readers
from gnnrec_core.data.sample.reading import Event, Reading
from gnnrec_core.data.store import save_dataset
from gnnrec_core.data.truth import SCHEMA, Truth, save_truth

WEIGHTS = {"friend": 0.1, "author": 0.1, "genre": 0.04}
"""Weight of a side edge in the graph, where an interaction has 1: light enough to cost LightGCN no accuracy."""
SHARE_HELD_OUT = 0.1
"""Share of each reader's interactions in validation, and again in test: the last ones, test after validation."""


def make_sample(seed: int = 0) -> tuple[Dataset, Truth]:
    """The sample dataset and why each of its interactions happened; the same for the same `seed`."""
    rng = np.random.default_rng(seed)
    books = read_catalogue()
    readers = make_readers(books, rng)
    friends = make_friends(readers, rng)
    events = sorted(Reading(books, readers, friends, rng).events(), key=lambda event: (event.user, event.time))
    attributes = [("author", name) for name in sorted({book.author for book in books})]
    attributes += [("genre", name) for name in sorted({genre for book in books for genre in book.genres})]
    dataset = Dataset(
        name="Classics",
        users=Vocabulary("user", tuple(reader.user_id for reader in readers)),
        items=Vocabulary("item", tuple(book.item_id for book in books)),
        interactions=_interactions(events),
        user_table=_user_table(readers),
        item_table=_item_table(books),
        attribute_table=pl.DataFrame(
            {
                "attribute_index": range(len(attributes)),
                "relation": [relation for relation, _ in attributes],
                "label": [label for _, label in attributes],
            },
            schema={"attribute_index": pl.Int64, "relation": pl.Utf8, "label": pl.Utf8},
        ),
        relations=(
            _relation("friend", "user-user", friends[:, 0], friends[:, 1]),
            *(_attribute_relation(name, books, attributes, len(readers)) for name in ("author", "genre")),
        ),
        source="simulated readers of real classics",
        settings={"seed": seed, "split": "temporal-per-user", "ratios": [0.8, 0.1, 0.1]},
    )
    return dataset, _truth(events)


def save_sample(folder: Path, seed: int = 0, overwrite: bool = False) -> Dataset:
    """Write the sample as a dataset folder with `truth.parquet`, whole or not at all; returns the dataset."""
    refuse_existing(folder, overwrite)
    dataset, truth = make_sample(seed)
    with new_folder(folder, overwrite) as temporary:
        save_dataset(dataset, temporary, overwrite=True)
        save_truth(truth, temporary)
    return dataset


def _interactions(events: list[Event]) -> Interactions:
    """Events sorted by user and time become interactions; the last ones of each user are held out."""
    users = np.array([event.user for event in events])
    first = np.searchsorted(users, users, side="left")
    count = np.bincount(users)[users]
    held_out = np.maximum(1, np.rint(SHARE_HELD_OUT * count)).astype(np.int64)
    from_end = count - (np.arange(len(users)) - first)  # n .. 1 within each user
    split = np.full(len(users), SPLITS.index("train"))
    split[from_end <= 2 * held_out] = SPLITS.index("validation")
    split[from_end <= held_out] = SPLITS.index("test")
    return Interactions(
        user_index=users,
        item_index=np.array([event.item for event in events]),
        weight=np.ones(len(events), np.float32),
        split=split.astype(np.int8),
        timestamp=np.array([event.time for event in events]),
        rating=np.array([event.rating for event in events], np.float32),
    )


def _user_table(readers: tuple[Reader, ...]) -> pl.DataFrame:
    columns = ("user_id", "age_band", "region", "reading_frequency")
    return pl.DataFrame({"user_index": range(len(readers))}).with_columns(
        pl.Series(name, [getattr(reader, name) for reader in readers]) for name in columns
    )


def _item_table(books: tuple[Book, ...]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "item_index": range(len(books)),
            "item_id": [book.item_id for book in books],
            "title": [book.title for book in books],
            "author": [book.author for book in books],
            "year": [book.year for book in books],
            "country": [book.country for book in books],
            "genres": [list(book.genres) for book in books],
        }
    )


def _attribute_relation(
    name: str, books: tuple[Book, ...], attributes: list[tuple[str, str]], n_users: int
) -> Relation:
    node = {attribute: n_users + len(books) + number for number, attribute in enumerate(attributes)}
    pairs = [
        (n_users + index, node[name, label])
        for index, book in enumerate(books)
        for label in ((book.author,) if name == "author" else book.genres)
    ]
    ends = np.array(sorted(pairs), dtype=np.int64)
    return _relation(name, "item-attribute", ends[:, 0], ends[:, 1])


def _relation(name: str, kind: Literal["user-user", "item-attribute"], source: IntArray, target: IntArray) -> Relation:
    return Relation(name, kind, source, target, np.full(len(source), WEIGHTS[name], np.float32))


def _truth(events: list[Event]) -> Truth:
    ordered = sorted(events, key=lambda event: (event.user, event.item))
    return Truth(
        pl.DataFrame(
            {
                "user_index": [event.user for event in ordered],
                "item_index": [event.item for event in ordered],
                "reason": [event.reason for event in ordered],
                "cause": [event.cause for event in ordered],
                "because": [list(event.because) for event in ordered],
            },
            schema=SCHEMA,
        )
    )
