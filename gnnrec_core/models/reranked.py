"""Re-ranked: lists that were made out of another run's candidates, stored as they are.

Not trained: `audit.mitigation.save` writes such a run. Its record names the base run, the method and its settings.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
from pydantic import Field

from gnnrec_core.base.errors import RunError, UnsupportedError
from gnnrec_core.base.settings import Settings
from gnnrec_core.data.dataset import Dataset, FloatArray, IntArray
from gnnrec_core.graph import RecGraph, build_graph
from gnnrec_core.models.protocol import Epoch, FitOptions, Tensors

ITEMS = "item_index"


class RerankedSettings(Settings):
    """Where the lists come from; what the method was set to stands in `method_settings` as JSON."""

    base_run: str = Field(default="", description="the folder of the run whose candidates were re-ranked")
    base_model: str = Field(default="", description="the model of that run")
    method: str = Field(default="", description="the re-ranker")
    method_settings: str = Field(default="{}", description="its settings")
    k: int = Field(default=20, ge=1, description="length of the lists that were re-ranked")
    n_candidates: int = Field(default=100, ge=1, description="candidates of each user that were stored")


class Reranked:
    """score(u, i) = -(place of i in the stored list of u); every item that is not in it has -(its length + 1).

    A place, not a relevance: lists up to the stored length are exact, and below them items stand by index.
    """

    name: ClassVar[str] = "reranked"
    settings_type: ClassVar[type[RerankedSettings]] = RerankedSettings
    no_parts: ClassVar[str] = "it is a place in a stored list; explain the run that the list was made from"

    def __init__(self, dataset: Dataset, settings: RerankedSettings, items: IntArray) -> None:
        self.dataset, self.settings, self.items = dataset, settings, items

    @classmethod
    def create(cls, dataset: Dataset, settings: RerankedSettings, seed: int, device: str) -> Self:
        """Refused: there is nothing to train."""
        raise UnsupportedError("Re-ranked lists are not trained.", "Save a setting on the Audit page instead.")

    @classmethod
    def restore(cls, dataset: Dataset, settings: RerankedSettings, tensors: Tensors) -> Self:
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
            raise RunError("The stored lists do not fit the dataset.", "Save the setting again.", name=ITEMS)
        return cls(dataset, settings, items.astype(np.int64))

    def fit(self, options: FitOptions) -> Iterator[Epoch]:
        """Refused like `create`."""
        raise UnsupportedError("Re-ranked lists are not trained.", "Save a setting on the Audit page instead.")

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
        length = chosen.shape[1]
        result = np.full((len(chosen), self.dataset.n_items), -(length + 1.0), dtype=np.float32)
        rows, places = np.nonzero(chosen >= 0)
        result[rows, chosen[rows, places]] = -(places + 1.0)
        return result
