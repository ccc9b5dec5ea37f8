"""Least squares: item embeddings of a matrix factorisation whose people are solved for (ALS, Hu et al. 2008).

    p_u = argmin_p  sum_i c_i (r_i - p . q_i)^2 + l2 |p|^2   (r, c = 1, confidence * w for a train item; else 0, 1)
        = M_u^-1 sum over the history j of c_j q_j,   M_u = Q^T Q + sum_j (c_j - 1) q_j q_j^T + l2 I

so score(u, i) is a sum over the history: j carries c_j q_j^T M_u^-1 q_i, exactly, with M_u (how alike items are to this
person) held fixed. Without an item the row is solved anew: that is what training again would give this
person at once, the item embeddings kept. Somebody who is not in the data is solved for in the same way.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from gnnrec_core.base.settings import Settings
from gnnrec_core.data.dataset import Dataset, FloatArray, IntArray
from gnnrec_core.graph import RecGraph, build_graph
from gnnrec_core.models.brought.embeddings import BroughtEmbeddings, BroughtSettings
from gnnrec_core.models.brought.solver import Solver
from gnnrec_core.models.history_protocol import HistoryParts, NewUserParts
from gnnrec_core.models.ops.checkpoint import expect_shapes
from gnnrec_core.models.protocol import Tensors

Float = NDArray[np.float64]
ITEMS = "item.embedding"


class LeastSquaresSettings(BroughtSettings):
    """Where the item embeddings come from, and the loss that people are solved by."""

    l2: float = Field(0.01, ge=0, le=1e6, description="weight of |p|^2")
    confidence: float = Field(1.0, ge=1, le=1e6, description="weight of what a person has, over what they have not")


class LeastSquares:
    """score(u, i) = p_u . q_i with p_u solved for from the train items of u."""

    name: ClassVar[str] = "least_squares"
    settings_type: ClassVar[type[Settings]] = LeastSquaresSettings
    parts_frozen: ClassVar[tuple[str, ...]] = ("how alike items are to this person",)
    keeps: ClassVar[str] = "the embeddings of items"
    create = BroughtEmbeddings.create
    fit = BroughtEmbeddings.fit

    def __init__(self, dataset: Dataset, settings: Any, tensors: Tensors) -> None:
        self.settings = settings
        self.graph: RecGraph = build_graph(dataset, side_edges=0.0)
        self._items: FloatArray = np.array(tensors[ITEMS], np.float32)
        self._solver = Solver(self._items, settings.l2, settings.confidence)

    @classmethod
    def restore(cls, dataset: Dataset, settings: Any, tensors: Tensors) -> Self:
        """The model; RunError where the table does not fit the dataset."""
        expect_shapes("model.safetensors", tensors, {ITEMS: (dataset.n_items, settings.embedding_dim)})
        return cls(dataset, settings, tensors)

    def tensors(self) -> Tensors:
        """A copy of the item embeddings."""
        return {ITEMS: self._items.copy()}

    def score(self, users: IntArray) -> FloatArray:
        """Scores of all items `[n, n_items]` float32."""
        return self.score_on(self.graph, users).astype(np.float32)

    def score_on(self, graph: RecGraph, users: IntArray) -> Float:
        """Scores where people have the history of `graph`, float64 `[n, n_items]`."""
        rows = [self._row(graph, int(user)) for user in np.asarray(users)]
        scored: Float = np.array(rows).reshape(len(rows), -1) @ self._solver.items.T
        return scored

    def _row(self, graph: RecGraph, user: int) -> Float:
        row: Float = self._solver.parts(*_history(graph, user)).sum(axis=0)
        return row

    def history_parts(self, user_index: int, item_indices: IntArray, graph: RecGraph | None = None) -> HistoryParts:
        """What each train interaction of the user adds to the scores of `item_indices`."""
        graph = self.graph if graph is None else graph
        parts = self._solver.parts(*_history(graph, user_index))
        values = parts @ self._solver.items[np.asarray(item_indices)].T
        return HistoryParts(np.zeros(len(item_indices)), graph.history_edges(user_index), values)

    def new_user_parts(self, item_indices: IntArray) -> NewUserParts:
        """Somebody with these items (weight 1 each) is solved for like anybody else."""
        given = np.asarray(item_indices)
        values = self._solver.parts(given, np.ones(len(given))) @ self._solver.items.T
        return NewUserParts(np.zeros(self.graph.n_items), values, self.parts_frozen)


def _history(graph: RecGraph, user: int) -> tuple[IntArray, Float]:
    return graph.history(user), graph.edge_weight[graph.history_edges(user)].astype(np.float64)
