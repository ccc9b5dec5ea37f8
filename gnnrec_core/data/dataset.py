"""The frozen values that the data layer speaks in. Arrays are never written to after they are made."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gnnrec_core.base.errors import DataError, RequestError
from gnnrec_core.base.registry import did_you_mean
from gnnrec_core.data.clean.blocks import blocks, counted, in_blocks

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float32]
SplitName = Literal["train", "validation", "test"]
SPLITS: tuple[SplitName, ...] = ("train", "validation", "test")
NO_TIME = np.iinfo(np.int64).min
"""Stands in `Interactions.timestamp` for an interaction without a time, in a log where others have one."""


def frozen_array(values: Any, dtype: Any) -> NDArray[Any]:
    """`values` as a contiguous array of `dtype` that refuses to be written to."""
    array = np.ascontiguousarray(values, dtype=dtype)
    if array.flags.writeable and (array is values or array.base is not None):
        array = array.copy()
    array.flags.writeable = False
    return array


@dataclass(frozen=True)
class Vocabulary:
    """Raw ids as strings `[n]`; the position of an id is its index. Ids are unique and kept letter for letter."""

    kind: str
    ids: tuple[str, ...]

    @cached_property
    def _index(self) -> dict[str, int]:
        return {raw_id: index for index, raw_id in enumerate(self.ids)}

    def __post_init__(self) -> None:
        if len(self._index) != len(self.ids):
            raise ValueError(f"{self.kind} ids are not unique")

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, raw_id: str) -> bool:
        return raw_id in self._index

    def index(self, raw_id: str) -> int:
        """The index of `raw_id`; RequestError that suggests near ids where it is unknown."""
        if raw_id not in self._index:
            hint = did_you_mean(raw_id, self.ids if len(self.ids) <= 50_000 else self.ids[:50_000])
            raise RequestError(f"There is no {self.kind} {raw_id!r} in this dataset.", hint, value=raw_id)
        return self._index[raw_id]


@dataclass(frozen=True)
class Problem:
    """Something met on import, what was done about it, and where it was seen first.

    `count` is how often it was met; `rows_removed` how many interactions left the log because of it, so that
    rows in the source = interactions kept + the sum of `rows_removed`. `lines` are the first few lines; `details` are
    figures for programs (the counts of each value, say).
    """

    code: str
    severity: Literal["info", "warning", "error"]
    count: int
    action: str
    message: str
    file: str | None = None
    line: int | None = None
    column: str | None = None
    value: str | None = None
    lines: tuple[int, ...] = ()
    rows_removed: int = 0
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Interactions:
    """User-item pairs, unique, sorted by `(user_index, item_index)`.

    `user_index`, `item_index` int64 `[n]`; `weight` float32 `[n]` > 0, the weight of the edge in the graph (1 unless
    a weighting was chosen on import); `split` int8 `[n]`, a position in `SPLITS`; `timestamp` int64 seconds `[n]` or
    None where the log has no time (`NO_TIME` for a single missing one); `rating` float32 `[n]` (NaN: none) or None.
    """

    user_index: IntArray
    item_index: IntArray
    weight: FloatArray
    split: NDArray[np.int8]
    timestamp: IntArray | None = None
    rating: FloatArray | None = None

    def __post_init__(self) -> None:
        users, items = np.asarray(self.user_index), np.asarray(self.item_index)
        order: Any = slice(None) if _pairs_ascend(users, items) else np.lexsort((items, users))
        for name, dtype in (
            ("user_index", np.int64),
            ("item_index", np.int64),
            ("weight", np.float32),
            ("split", np.int8),
            ("timestamp", np.int64),
            ("rating", np.float32),
        ):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, frozen_array(np.asarray(value)[order], dtype))
        users, items = self.user_index, self.item_index
        if len(users) and (users[0] < 0 or items.min() < 0):
            raise DataError("An interaction has a negative index.", "Import the source again.")
        if not isinstance(order, slice) and not _pairs_ascend(users, items):
            raise DataError("A user-item pair stands twice in the interactions.", "Import the source again.")
        if len(users) and not (self.weight.min() > 0 and self.weight.max() < np.inf):
            raise DataError("An interaction weight is not a positive number.", "Import the source again.")

    @classmethod
    def checked_before(cls, **columns: Any) -> Interactions:
        """Columns that were interactions already, sorted, checked and frozen: nothing of them is looked at again."""
        made = object.__new__(cls)
        made.__dict__.update({column.name: columns.get(column.name) for column in fields(cls)})
        return made

    def __len__(self) -> int:
        return len(self.user_index)

    def of_user(self, user_index: int) -> slice:
        """Where the user's rows stand."""
        first, last = np.searchsorted(self.user_index, [user_index, user_index + 1]).tolist()
        return slice(first, last)

    @cached_property
    def n_by_split(self) -> dict[SplitName, int]:
        """Interactions in each part."""
        return dict(zip(SPLITS, counted(self.split, len(SPLITS)).tolist(), strict=True))

    def rows(self, *splits: SplitName) -> IntArray:
        """Row numbers of the interactions in `splits`, ascending."""
        wanted = np.zeros(len(self.split), dtype=bool)
        for split in splits:
            wanted |= self.split == SPLITS.index(split)
        return np.flatnonzero(wanted).astype(np.int64)


@dataclass(frozen=True)
class Relation:
    """Side edges of one type. `source`, `target` are node indices `[n]` (users, then items, then attribute nodes).
    A relation of kind `user-item` says what was shown to whom; it is no part of the graph."""

    name: str
    kind: Literal["user-user", "item-item", "item-attribute", "user-attribute", "attribute-attribute", "user-item"]
    source: IntArray
    target: IntArray
    weight: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", frozen_array(self.source, np.int64))
        object.__setattr__(self, "target", frozen_array(self.target, np.int64))
        object.__setattr__(self, "weight", frozen_array(self.weight, np.float32))

    def __len__(self) -> int:
        return len(self.source)


def no_attributes() -> pl.DataFrame:
    """The table of a dataset without attribute nodes."""
    return pl.DataFrame(schema={"attribute_index": pl.Int64, "relation": pl.Utf8, "label": pl.Utf8})


@dataclass(frozen=True, repr=False)
class Dataset:
    """Interactions with their users, items and side edges, and an account of how they came to be.

    `user_table` has `user_index, user_id` and attributes, `item_table` has `item_index, item_id, title` and
    attributes (a list column holds several values, such as genres), one row an entity, in index order.
    `attribute_table` has `attribute_index, relation, label`, one row an attribute node.
    `name` is for display only and never becomes a path; `source` and `settings` say what was imported and how.
    """

    name: str
    users: Vocabulary
    items: Vocabulary
    interactions: Interactions
    user_table: pl.DataFrame
    item_table: pl.DataFrame
    attribute_table: pl.DataFrame = field(default_factory=no_attributes)
    relations: tuple[Relation, ...] = ()
    problems: tuple[Problem, ...] = ()
    source: str = ""
    settings: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        parts = ", ".join(f"{name} {n:,}" for name, n in self.interactions.n_by_split.items() if n)
        return (
            f"Dataset {self.name!r}: {self.n_users:,} users, {self.n_items:,} items, "
            f"{len(self.interactions):,} interactions ({parts})"
        )

    @property
    def n_users(self) -> int:
        return len(self.users)

    @property
    def n_items(self) -> int:
        return len(self.items)

    @property
    def n_attributes(self) -> int:
        return self.attribute_table.height

    @property
    def n_nodes(self) -> int:
        return self.n_users + self.n_items + self.n_attributes

    def title(self, item_index: int) -> str:
        """What an item is called: its title, with the id beside it where others have the same, or its id alone."""
        return self.titles[item_index]

    @cached_property
    def titles(self) -> tuple[str, ...]:
        """What all items are called, in index order; no two alike (`named`)."""
        if "title" not in self.item_table.columns:
            return self.items.ids
        return named(list(zip(self.items.ids, self.item_table["title"].to_list(), strict=True)))

    @cached_property
    def fingerprint(self) -> str:
        """sha256 (hex) of ids, interactions with their split, and side edges; blind to the order of input rows and
        to `problems`."""
        digest = hashlib.sha256()
        for vocabulary in (self.users, self.items):
            _add_strings(digest, vocabulary.ids)
        _add_strings(digest, self.attribute_table["label"].to_list())
        parts: list[NDArray[Any] | None] = [
            self.interactions.user_index,
            self.interactions.item_index,
            self.interactions.weight,
            self.interactions.split,
            self.interactions.timestamp,
            self.interactions.rating,
        ]
        for relation in sorted(self.relations, key=lambda relation: relation.name):
            _add_strings(digest, (relation.name, relation.kind))
            order = np.lexsort((relation.weight, relation.target, relation.source))
            parts += [relation.source[order], relation.target[order], relation.weight[order]]
        for part in parts:
            digest.update(b"-" if part is None else np.ascontiguousarray(part).data)
            digest.update(b"|")
        return digest.hexdigest()


def without_rows(dataset: Dataset, rows: IntArray) -> Dataset:
    """The dataset without these rows of its interactions; users, items and side edges stay."""
    keep = np.ones(len(dataset.interactions), bool)
    keep[rows] = False
    columns = {column.name: getattr(dataset.interactions, column.name) for column in fields(Interactions)}
    kept: dict[str, Any] = {name: None if value is None else value[keep] for name, value in columns.items()}
    return replace(dataset, interactions=Interactions(**kept))


def _pairs_ascend(users: NDArray[Any], items: NDArray[Any]) -> bool:
    """Is every pair greater than the one before it (by user, then item)?"""

    def ascend(part: slice) -> bool:
        user, item = users[part.start : part.stop + 1], items[part.start : part.stop + 1]
        return bool(np.all((user[1:] > user[:-1]) | ((user[1:] == user[:-1]) & (item[1:] > item[:-1]))))

    return all(in_blocks(blocks(len(users)), ascend))


def _add_strings(digest: Any, strings: Sequence[str]) -> None:
    encoded = [text.encode("utf-8", "surrogatepass") for text in strings]
    digest.update(b"".join(part for text in encoded for part in (len(text).to_bytes(4, "little"), text)))
    digest.update(b"|")


def named(entries: Sequence[tuple[str, str | None]]) -> tuple[str, ...]:
    """Names of (id, title): the title, with the id beside it where it is not the only one like it (whatever its
    capitals), or the id alone.

    >>> named([("i1", "Emma"), ("i2", "Emma"), ("i3", None), ("i4", "Persuasion")])
    ('Emma (i1)', 'Emma (i2)', 'i3', 'Persuasion')
    """
    held = Counter(" ".join(title.split()).casefold() for _, title in entries if title)
    return tuple(
        raw_id if not title else f"{title} ({raw_id})" if held[" ".join(title.split()).casefold()] > 1 else title
        for raw_id, title in entries
    )
