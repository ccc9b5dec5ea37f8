"""Stored lists as a model: what an audit, a comparison or a picture asks of lists that were made elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np

from gnnrec_core.base.errors import RunError, UnsupportedError
from gnnrec_core.data.dataset import Dataset, FloatArray, IntArray
from gnnrec_core.graph import RecGraph, build_graph
from gnnrec_core.models.protocol import Epoch, FitOptions, Tensors

ITEMS = "item_index"


class StoredLists:
    """score(u, i) = -(place of i in the stored list of u, from 1); what is in no list has `unlisted` of its length.

    A place, not a relevance: lists up to the stored length are exact. A plug-in gives `name`, `settings_type`,
    `no_parts` and `not_trained` (the hint of the refusal to train).
    """

    name: ClassVar[str]
    no_parts: ClassVar[str]
    not_trained: ClassVar[str]

    def __init__(self, dataset: Dataset, settings: Any, items: IntArray) -> None:
        self.dataset, self.settings, self.items = dataset, settings, items

    @classmethod
    def create(cls, dataset: Dataset, settings: Any, seed: int, device: str) -> Self:
        """Refused: there is nothing to train."""
        raise UnsupportedError("Stored lists are not trained.", cls.not_trained)

    @classmethod
    def restore(cls, dataset: Dataset, settings: Any, tensors: Tensors) -> Self:
        """The stored lists; RunError where they do not fit the dataset."""
        items = tensors.get(ITEMS)
        fits = (
            items is not None
            and items.ndim == 2
            and items.dtype.kind == "i"
            and len(items) == dataset.n_users
            and items.min(initial=-1) >= -1
            and items.max(initial=-1) < dataset.n_items
        )
        if items is None or not fits:
            raise RunError("The stored lists do not fit the dataset.", "Store them again.", name=ITEMS)
        return cls(dataset, settings, items.astype(np.int64))

    def fit(self, options: FitOptions) -> Iterator[Epoch]:
        """Refused like `create`."""
        raise UnsupportedError("Stored lists are not trained.", self.not_trained)

    def tensors(self) -> Tensors:
        """`item_index` int32 `[n_users, n]`, -1 where a list has ended."""
        return {ITEMS: self.items.astype(np.int32)}

    @cached_property
    def graph(self) -> RecGraph:
        """The graph of the dataset; scores do not come from it."""
        return build_graph(self.dataset, side_edges=0.0)

    def score(self, users: IntArray) -> FloatArray:
        """Scores of all items `[n, n_items]` float32."""
        chosen = self.items[np.asarray(users)]
        result = np.full((len(chosen), self.dataset.n_items), self.unlisted(chosen.shape[1]), dtype=np.float32)
        rows, places = np.nonzero(chosen >= 0)
        result[rows, chosen[rows, places]] = -(places + 1.0)
        return result

    def unlisted(self, length: int) -> float:
        """The score of an item that is in no stored list of `length`: behind all that are."""
        return -(length + 1.0)
