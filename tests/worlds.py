"""Worlds small enough to work out by hand, and random ones for properties."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from gnnrec_core.data.dataset import SPLITS, Dataset, Interactions, Relation, Vocabulary

SHARED = Path(__file__).resolve().parents[2] / "shared"
"""Real data and confirmed figures beside the project; tests that need them skip where they are absent."""

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared (real data beside the project)")


def make_dataset(
    triples: Sequence[tuple[int, int, str]],
    n_users: int | None = None,
    n_items: int | None = None,
    relations: tuple[Relation, ...] = (),
    attributes: Sequence[tuple[str, str]] = (),
    **columns: np.ndarray,
) -> Dataset:
    """A dataset from (user, item, split) triples with ids u0.., i0..; `columns`: timestamp, rating, weight.

    `attributes` are (relation, label) of the attribute nodes, in node order.
    """
    users = np.array([t[0] for t in triples])
    items = np.array([t[1] for t in triples])
    split = np.array([SPLITS.index(t[2]) for t in triples])  # type: ignore[arg-type]
    n_users = n_users or int(users.max()) + 1
    n_items = n_items or int(items.max()) + 1
    user_ids = tuple(f"u{index}" for index in range(n_users))
    item_ids = tuple(f"i{index}" for index in range(n_items))
    return Dataset(
        name="world",
        users=Vocabulary("user", user_ids),
        items=Vocabulary("item", item_ids),
        interactions=Interactions(
            users, items, columns.pop("weight", np.ones(len(users), np.float32)), split, **columns
        ),
        user_table=pl.DataFrame({"user_index": range(n_users), "user_id": user_ids}),
        item_table=pl.DataFrame(
            {"item_index": range(n_items), "item_id": item_ids, "title": [f"Item {i}" for i in range(n_items)]}
        ),
        attribute_table=pl.DataFrame(
            {
                "attribute_index": range(len(attributes)),
                "relation": [a[0] for a in attributes],
                "label": [a[1] for a in attributes],
            },
            schema={"attribute_index": pl.Int64, "relation": pl.Utf8, "label": pl.Utf8},
        ),
        relations=relations,
    )


def star(n_leaves: int = 4) -> Dataset:
    """One item that everybody has; each user also has one item of their own, held out for test."""
    return make_dataset([(u, 0, "train") for u in range(n_leaves)] + [(u, u + 1, "test") for u in range(n_leaves)])


def checkerboard(n: int = 8) -> Dataset:
    """Even users like even items, odd users odd ones; one pair of each user is held out for test."""
    return make_dataset(
        [(u, i, "test" if i == (u + 2) % n else "train") for u in range(n) for i in range(n) if (u + i) % 2 == 0]
    )


def two_communities(size: int = 10, per_user: int = 5, seed: int = 0) -> Dataset:
    """Two groups of users that share no item; in each group users have random items of their own half."""
    rng = np.random.default_rng(seed)
    triples = []
    for user in range(2 * size):
        base = size * (user >= size)
        chosen = base + rng.permutation(size)[:per_user]
        splits = ["train"] * (per_user - 2) + ["validation", "test"]
        triples += [(user, int(item), split) for item, split in zip(chosen, splits, strict=True)]
    return make_dataset(triples, n_items=2 * size)


def random_dataset(
    n_users: int = 30, n_items: int = 40, per_user: int = 8, seed: int = 0, side_edges: bool = False
) -> Dataset:
    """Users with random items of skewed popularity, 1 validation and 2 test items each, times and ratings.

    With `side_edges`: friendships (user-user) and four author nodes (item-attribute).
    """
    rng = np.random.default_rng(seed)
    weight = 1.0 / np.arange(1, n_items + 1)
    triples = []
    for user in range(n_users):
        chosen = rng.choice(n_items, size=per_user, replace=False, p=weight / weight.sum())
        splits = ["train"] * (per_user - 3) + ["validation", "test", "test"]
        triples += [(user, int(item), split) for item, split in zip(chosen, splits, strict=True)]
    relations: tuple[Relation, ...] = ()
    attributes: list[tuple[str, str]] = []
    if side_edges:
        friends = np.unique(np.sort(rng.integers(0, n_users, (n_users, 2)), axis=1), axis=0)
        friends = friends[friends[:, 0] != friends[:, 1]]
        attributes = [("author", f"Author {number}") for number in range(4)]
        authors = n_users + n_items + rng.integers(0, 4, n_items)
        relations = (
            Relation("friend", "user-user", friends[:, 0], friends[:, 1], np.ones(len(friends), np.float32)),
            Relation(
                "author", "item-attribute", np.arange(n_items) + n_users, authors, np.full(n_items, 0.5, np.float32)
            ),
        )
    return make_dataset(
        triples,
        n_users,
        n_items,
        relations,
        attributes,
        timestamp=rng.integers(1_600_000_000, 1_700_000_000, len(triples)),
        rating=rng.integers(1, 6, len(triples)).astype(np.float32),
    )
