"""Popularity: everybody gets the same scores, the number of train interactions of each item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.base.settings import Settings
from gnnrec_core.data.dataset import FloatArray, IntArray
from gnnrec_core.graph import RecGraph
from gnnrec_core.models.history_protocol import NewUserParts
from gnnrec_core.models.ops.checkpoint import expect_shapes
from gnnrec_core.models.ops.closed_form import ClosedFormRecommender
from gnnrec_core.models.protocol import Tensors

POPULARITY = "popularity"


class PopularitySettings(Settings):
    """There is nothing to set."""


class Popularity(ClosedFormRecommender):
    """score(u, i) = train interactions of item i. What any other model has to beat."""

    name: ClassVar[str] = "popularity"
    settings_type: ClassVar[type[PopularitySettings]] = PopularitySettings
    no_parts: ClassVar[str] = "everybody gets the same scores, whatever they have read"

    @classmethod
    def untrained(cls, graph: RecGraph, settings: Any) -> Tensors:
        """`popularity` float32 `[n_items]`, zeros."""
        return {POPULARITY: np.zeros(graph.n_items, dtype=np.float32)}

    @classmethod
    def check(cls, graph: RecGraph, settings: Any, tensors: Tensors) -> None:
        """RunError unless there is one number an item."""
        expect_shapes("model.safetensors", tensors, {POPULARITY: (graph.n_items,)})

    def compute(self) -> Tensors:
        """Counts of the train interactions."""
        return {POPULARITY: self.graph.popularity.astype(np.float32)}

    def score(self, users: IntArray) -> FloatArray:
        """The same row for every user `[n, n_items]`."""
        return np.tile(self._tensors[POPULARITY], (len(users), 1))

    def new_user_parts(self, item_indices: IntArray) -> NewUserParts:
        """The same scores as for everybody; no given item carries any of them."""
        own = self._tensors[POPULARITY].astype(np.float64)
        return NewUserParts(own, np.zeros((len(item_indices), len(own))))

    def scores_refitted(self, user_index: int, edge_sets: Sequence[IntArray]) -> NDArray[np.float64]:
        """Counts without each set: `RefittingRecommender`."""
        counts = [self.graph.without(np.asarray(edges, np.int64)).popularity for edges in edge_sets]
        return np.array(counts, np.float64).reshape(-1, self.graph.n_items)
