"""Factors: final embeddings of any two-tower or matrix factorisation model, brought in as they are.

Not trained: `runs.bringing` makes such a run. Biases are two more columns ([p, b_u, 1] and [q, 1, b_i]); for cosine
similarity the rows are stored with length 1.
"""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from gnnrec_core.data.dataset import IntArray
from gnnrec_core.models.brought.embeddings import BroughtEmbeddings, BroughtSettings
from gnnrec_core.models.brought.solver import Solver
from gnnrec_core.models.history_protocol import NewUserParts

LITTLE = 0.01
"""l2 of the fold-in, as a share of the mean square of an item's embedding summed over items."""


class FactorsSettings(BroughtSettings):
    """Where the embeddings come from, and how they are compared."""

    similarity: Literal["dot", "cosine"] = Field("dot", description="how two embeddings give a score")
    has_biases: bool = Field(False, description="the last two columns are biases of users and items")


class Factors(BroughtEmbeddings):
    """score(u, i) = <p_u, q_i> (+ biases), or their cosine."""

    name: ClassVar[str] = "factors"
    settings_type: ClassVar[type[BroughtSettings]] = FactorsSettings
    no_parts: ClassVar[str] = "only its final embeddings are known, not what each interaction did to them"

    def new_user_parts(self, item_indices: IntArray) -> NewUserParts:
        """A row for somebody with these items by least squares: p = (Q^T Q + l2 I)^-1 sum of their q_j, so that p . q_i
        comes near 1 for what they have and 0 for the rest; the items' biases are added."""
        given, solver = np.asarray(item_indices), self._solver
        values = solver.parts(given, np.ones(len(given))) @ solver.items.T
        own = np.zeros(self.graph.n_items)
        if self.settings.has_biases:
            own += self._of_items[:, -1]
        return NewUserParts(own, values, ("the embeddings of items",))

    @property
    def _of_items(self) -> np.ndarray:
        return self._embedding[self.graph.n_users : self.graph.n_users + self.graph.n_items]

    @cached_property
    def _solver(self) -> Solver:
        items = self._of_items[:, : -2 if self.settings.has_biases else None].astype(np.float64)
        return Solver(items, LITTLE * float(np.square(items).sum(axis=0).mean()), 1.0)
