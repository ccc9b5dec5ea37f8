"""A large dataset as it is kept beside its tables: the log as arrays in mapped memory, ids and titles found one by one.

A `KeptDataset` is a `Dataset` whose parts are read when they are asked for. It exists only where the whole folder was
read and checked once, fingerprint and all, and no file of it has been touched since (`base.kept`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, overload

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gnnrec_core.base.kept import Stamp, keep, kept, stamps
from gnnrec_core.data.card import DatasetCard
from gnnrec_core.data.dataset import (
    SPLITS,
    Dataset,
    IntArray,
    Interactions,
    Problem,
    Relation,
    Vocabulary,
)

KEPT_FROM = 500_000
"""Interactions from which on a dataset is kept: smaller ones are read in a second."""
STORE = "data"
COLUMNS = ("user_index", "item_index", "weight", "split", "timestamp", "rating")
KINDS = ("user", "item")


@dataclass(frozen=True)
class Texts(Sequence[str]):
    """`n` texts as one run of UTF-8 bytes uint8 `[...]` and where each begins, int64 `[n + 1]`; stands for a tuple."""

    start: IntArray
    content: NDArray[np.uint8]

    @classmethod
    def of(cls, texts: Sequence[str]) -> Texts:
        """`texts`, joined."""
        encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
        start = np.zeros(len(encoded) + 1, np.int64)
        np.cumsum([len(text) for text in encoded], out=start[1:])
        return cls(start, np.frombuffer(b"".join(encoded), np.uint8))

    def __len__(self) -> int:
        return len(self.start) - 1

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...

    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        if isinstance(index, slice):
            return tuple(self[place] for place in range(*index.indices(len(self))))
        place = range(len(self))[index]
        return self.encoded(place).decode("utf-8", "surrogatepass")

    def __iter__(self) -> Iterator[str]:
        content = self.content.tobytes()
        return (content[a:b].decode("utf-8", "surrogatepass") for a, b in pairwise(self.start.tolist()))

    def encoded(self, place: int) -> bytes:
        """The bytes of one text."""
        first, last = self.start[place : place + 2].tolist()
        return self.content[first:last].tobytes()


class KeptVocabulary(Vocabulary):
    """A vocabulary whose ids lie in mapped memory; `order` int32 `[n]` is their alphabetical order, by bytes."""

    order: NDArray[np.int32]

    @classmethod
    def over(cls, kind: str, texts: Texts, order: NDArray[np.int32]) -> KeptVocabulary:
        """The ids `texts`, which are unique."""
        made = object.__new__(cls)
        made.__dict__.update(kind=kind, ids=texts, order=order)
        return made

    def __contains__(self, raw_id: object) -> bool:
        return isinstance(raw_id, str) and self._place(raw_id) is not None

    def index(self, raw_id: str) -> int:
        """The index of `raw_id`; RequestError that suggests near ids where it is unknown."""
        found = self._place(raw_id)
        return super().index(raw_id) if found is None else found

    def _place(self, raw_id: str) -> int | None:
        """By halving: about twenty looks at a million ids."""
        wanted, texts = raw_id.encode("utf-8", "surrogatepass"), self.__dict__["ids"]
        low, high = 0, len(self.order)
        while low < high:
            middle = (low + high) // 2
            if texts.encoded(int(self.order[middle])) < wanted:
                low = middle + 1
            else:
                high = middle
        there = low < len(self.order) and texts.encoded(int(self.order[low])) == wanted
        return int(self.order[low]) if there else None


class KeptDataset(Dataset):
    """A dataset in `folder` whose tables are read when they are asked for.

    Only what a folder must be read for is overridden, as values made once: a dataset made from this one by `replace`
    holds its own.
    """

    @classmethod
    def over(cls, folder: Path, card: DatasetCard, arrays: dict[str, NDArray[Any]], tables: Tables) -> KeptDataset:
        """The dataset of `card`, of which `arrays` are what `keep_dataset` kept."""
        kinds = [
            KeptVocabulary.over(kind, Texts(arrays[f"{kind}.start"], arrays[f"{kind}.text"]), arrays[f"{kind}.order"])
            for kind in KINDS
        ]
        log = Interactions.checked_before(**{name: arrays.get(name) for name in COLUMNS})
        log.__dict__["n_by_split"] = {split: card[f"n_{split}"] for split in SPLITS}  # type: ignore[literal-required]
        made = object.__new__(cls)
        made.__dict__.update(
            name=card["name"],
            users=kinds[0],
            items=kinds[1],
            interactions=log,
            problems=tuple(problem_of(dict(problem)) for problem in card["problems"]),
            source=card["source"],
            settings=card["settings"],
            fingerprint=card["fingerprint"],
            titles=Texts(arrays["title.start"], arrays["title.text"]),
            _tables=tables,
        )
        return made

    @cached_property
    def user_table(self) -> pl.DataFrame:
        return self._read("users")

    @cached_property
    def item_table(self) -> pl.DataFrame:
        return self._read("items")

    @cached_property
    def attribute_table(self) -> pl.DataFrame:
        return self._read("attributes")

    @cached_property
    def relations(self) -> tuple[Relation, ...]:
        found: tuple[Relation, ...] = self.__dict__["_tables"]("relations")
        return found

    def _read(self, name: str) -> pl.DataFrame:
        table: pl.DataFrame = self.__dict__["_tables"](name)
        return table


Tables = Callable[[str], Any]
"""Reads one of "users", "items", "attributes", "relations" of a dataset folder, with all checks."""


def sources(folder: Path) -> dict[str, Stamp]:
    """How the files of a dataset stand on the disk."""
    return stamps(folder, [*folder.glob("*.json"), *folder.glob("*.parquet"), *folder.glob("relations/*.parquet")])


def kept_dataset(folder: Path, card: DatasetCard, tables: Tables) -> KeptDataset | None:
    """The dataset as it was kept; None where it is small, was not kept, or has been touched since."""
    if card["n_interactions"] < KEPT_FROM:
        return None
    arrays = kept(folder, STORE, card["fingerprint"], sources(folder))
    return None if arrays is None else KeptDataset.over(folder, card, arrays, tables)


def keep_dataset(
    folder: Path, dataset: Dataset, card: DatasetCard, before: dict[str, Stamp], tables: Tables
) -> Dataset:
    """Keep a dataset that was read and checked whole; as it is kept, or as it is where it cannot be.

    `before` are the stamps of its files from before they were read.
    """
    if len(dataset.interactions) < KEPT_FROM:
        return dataset
    arrays: dict[str, NDArray[Any]] = {}
    for kind, ids in zip(KINDS, (dataset.users.ids, dataset.items.ids), strict=True):
        texts = Texts.of(ids)
        order = pl.Series(ids, dtype=pl.String).arg_sort().to_numpy().astype(np.int32)
        arrays |= {f"{kind}.start": texts.start, f"{kind}.text": texts.content, f"{kind}.order": order}
    titles = Texts.of(dataset.titles)
    arrays |= {"title.start": titles.start, "title.text": titles.content}
    columns = {name: getattr(dataset.interactions, name) for name in COLUMNS}
    arrays |= {name: value for name, value in columns.items() if value is not None}
    keep(folder, STORE, card["fingerprint"], before, arrays)
    return kept_dataset(folder, card, tables) or dataset


def problem_of(content: dict[str, Any]) -> Problem:
    """A problem as `dataset.json` has it."""
    return Problem(**{**content, "lines": tuple(content.get("lines", ()))})
