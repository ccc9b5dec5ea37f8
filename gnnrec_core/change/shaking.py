"""The interactions of a run, shaken: some dropped, invented, rewired, or one of one person taken away."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from gnnrec_core.base.errors import RequestError
from gnnrec_core.data.dataset import NO_TIME, SPLITS, Dataset, IntArray, Interactions, without_rows

KINDS = {
    "drop": "a share of the train interactions is gone",
    "add": "as many interactions nobody had are added, as a share of the train interactions",
    "rewire": "a share of the train interactions goes to another item, drawn at random",
    "hubs": "the most popular items lose all their train interactions, until that share of all is gone",
    "times": "times are moved by normal noise, its standard deviation that share of the log's span",
    "ratings": "ratings are moved by normal noise, its standard deviation that share of their range",
    "one": "one interaction of one person is gone",
    "seed": "nothing is changed but the seed of the training",
}
"""What each kind of shaking does, in words."""


@dataclass(frozen=True)
class Shaken:
    """A dataset with `n_changed` interactions changed; `gone` are the rows that left, None where something is new."""

    dataset: Dataset
    n_changed: int
    gone: IntArray | None


def shake(dataset: Dataset, kind: str, share: float, rng: np.random.Generator) -> Shaken:
    """The dataset shaken once; only train interactions change. RequestError for an unknown kind or share."""
    if kind not in KINDS:
        raise RequestError(f"There is no shaking {kind!r}.", f"Choose {', '.join(KINDS)}.", value=kind)
    if not 0 < share <= 0.9:
        raise RequestError(f"A share of {share} cannot be changed.", "Choose more than 0 and at most 0.9.", value=share)
    rows = dataset.interactions.rows("train")
    if kind == "seed":
        return Shaken(dataset, 0, rows[:0])
    if kind == "one":
        users = dataset.interactions.user_index[rows]
        own = np.flatnonzero(users == rng.choice(np.unique(users)))
        gone = rows[rng.choice(own, 1)]
        return Shaken(without_rows(dataset, gone), 1, gone)
    if kind in ("times", "ratings"):
        return _noisy(dataset, kind, share, rng)
    n = max(1, round(share * len(rows)))
    if kind == "hubs":
        gone = _of_hubs(dataset, rows, n)
        return Shaken(without_rows(dataset, gone), len(gone), gone)
    if kind == "add":
        users = dataset.interactions.user_index[rng.choice(rows, n)]
        return _with_new(dataset, dataset, users, rng)
    gone = np.sort(rng.choice(rows, n, replace=False))
    reduced = without_rows(dataset, gone)
    if kind == "drop":
        return Shaken(reduced, n, gone)
    return _with_new(dataset, reduced, dataset.interactions.user_index[gone], rng)


def _of_hubs(dataset: Dataset, rows: IntArray, n: int) -> IntArray:
    """Train rows of the most popular items, whole items at a time and at least one, as near to `n` as they come."""
    items = dataset.interactions.item_index[rows]
    popularity = np.bincount(items, minlength=dataset.n_items)
    order = np.argsort(-popularity, kind="stable")
    total = np.cumsum(popularity[order])
    n_hubs = max(1, int(np.abs(total - n).argmin()) + 1)
    found: IntArray = rows[np.isin(items, order[:n_hubs])]
    return found


def _noisy(dataset: Dataset, kind: str, share: float, rng: np.random.Generator) -> Shaken:
    """Times or ratings of all interactions of train with noise, kept within what there was."""
    log, train = dataset.interactions, np.zeros(len(dataset.interactions), bool)
    train[log.rows("train")] = True
    name = "timestamp" if kind == "times" else "rating"
    values = getattr(log, name)
    known = train if values is None else train & (values != NO_TIME if kind == "times" else np.isfinite(values))
    if values is None or not known.any():
        raise RequestError(f"{dataset.name!r} has no {kind} to move.", "Choose another kind of shaking.", value=kind)
    low, high = float(values[known].min()), float(values[known].max())
    drawn = rng.normal(0.0, share * (high - low), int(known.sum()))
    moved = values.copy()
    moved[known] = np.clip(values[known] + drawn, low, high).astype(values.dtype)
    changed: dict[str, Any] = {name: moved}
    return Shaken(replace(dataset, interactions=replace(log, **changed)), int(known.sum()), None)


def _with_new(whole: Dataset, base: Dataset, users: IntArray, rng: np.random.Generator) -> Shaken:
    """`base` with an interaction of each of `users` with an item that they have in no part of `whole`, drawn evenly.

    Weight 1, no time and no rating; where a person has all items, theirs is left out.
    """
    n_items = whole.n_items
    taken = {*(whole.interactions.user_index * n_items + whole.interactions.item_index).tolist()}
    new: list[int] = []
    for user, tries in zip(users.tolist(), rng.integers(0, n_items, (len(users), 50)), strict=True):
        free = next((key for item in tries.tolist() if (key := user * n_items + item) not in taken), None)
        if free is not None:
            taken.add(free)
            new.append(free)
    keys = np.array(new, np.int64)
    return Shaken(with_interactions(base, keys // n_items, keys % n_items), len(keys), None)


def with_interactions(dataset: Dataset, users: IntArray, items: IntArray) -> Dataset:
    """The dataset with these train interactions (pairs unique): new ones with weight 1, without time and rating; one
    that is there already weighs 1 more."""
    log, keys = dataset.interactions, users * dataset.n_items + items
    known = np.isin(log.user_index * dataset.n_items + log.item_index, keys)
    new = ~np.isin(keys, (log.user_index * dataset.n_items + log.item_index)[known])
    users, items = users[new], items[new]
    fresh: dict[str, Any] = {
        "user_index": users,
        "item_index": items,
        "weight": np.ones(len(users)),
        "split": np.full(len(users), SPLITS.index("train")),
        "timestamp": np.full(len(users), NO_TIME),
        "rating": np.full(len(users), np.nan),
    }
    held = {column.name: getattr(log, column.name) for column in fields(Interactions)} | {"weight": log.weight + known}
    joined: dict[str, Any] = {
        name: None if old is None else np.concatenate([old, fresh[name]]) for name, old in held.items()
    }
    return replace(dataset, interactions=Interactions(**joined))
