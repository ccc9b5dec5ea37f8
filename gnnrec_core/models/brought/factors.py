"""Factors: final embeddings of any two-tower or matrix factorisation model, brought in as they are.

Not trained: `runs.bringing` makes such a run. Biases are two more columns ([p, b_u, 1] and [q, 1, b_i]); for cosine
similarity the rows are stored with length 1. What a person's interactions did to their row is not known, so questions
that change a history solve for it anew (`anew.Anew`) and say how near that comes to the rows that were given.
"""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.graph import RecGraph
from gnnrec_core.models.brought.anew import Anew
from gnnrec_core.models.brought.embeddings import BroughtEmbeddings, BroughtSettings
from gnnrec_core.models.history_protocol import NewUserParts

Float = NDArray[np.float64]
LITTLE = 0.5
"""Agreement (correlation with the given scores) under which a fold-in says little of the model."""


class FactorsSettings(BroughtSettings):
    """Where the embeddings come from, and how they are compared."""

    similarity: Literal["dot", "cosine"] = Field("dot", description="how two embeddings give a score")
    has_biases: bool = Field(False, description="the last two columns are biases of users and items")


class Factors(BroughtEmbeddings):
    """score(u, i) = <p_u, q_i> (+ biases), or their cosine."""

    name: ClassVar[str] = "factors"
    settings_type: ClassVar[type[BroughtSettings]] = FactorsSettings
    no_parts: ClassVar[str] = (
        "only its final embeddings are known, not what each interaction did to them; leave_one_out and shapley solve "
        "for the person anew without it"
    )
    keeps: ClassVar[str] = "the embeddings of items (the person's own is solved for by least squares, a fold-in)"

    def score_on(self, graph: RecGraph, users: IntArray) -> Float:
        """Scores where people have the history of `graph`, float64 `[n, n_items]`: the given row, moved as a fold-in
        moves (`anew.Anew`; length 1 again for cosine, biases kept). UnsupportedError for a person without a row."""
        rows = [self._row(graph, int(user)) for user in np.asarray(users)]
        scored: Float = np.array(rows).reshape(len(rows), -1) @ self._of_items.astype(np.float64).T
        return scored

    def new_user_parts(self, item_indices: IntArray) -> NewUserParts:
        """A row for somebody with these items by the least squares that comes nearest to the given rows, on their
        scale; the items' biases are added."""
        given, anew = np.asarray(item_indices), self._anew
        values = anew.scale * anew.solver.parts(given, np.ones(len(given))) @ anew.items.T
        own = np.zeros(self.graph.n_items)
        if self.settings.has_biases:
            own += self._of_items[:, -1]
        return NewUserParts(own, values, ("the embeddings of items",))

    @property
    def n_asked(self) -> int:
        """Rows that were solved for since the run was opened."""
        return self._anew.n_solved

    def told_calls(self, user_index: int) -> str:
        """How often a person was solved for, and how near the fold-in comes to what was given."""
        anew = self._anew
        here, (low, middle) = anew.agreement(user_index), np.quantile(anew.agreements, (0.1, 0.5))
        told = (
            f"How these embeddings were trained is not known, so the person's own was solved for by least squares "
            f"{anew.n_solved:,} times ({anew.n_known:,} answers were known), items kept. With the whole history "
            f"the fold-in's scores correlate {here:.2f} with the given ones for this person, {middle:.2f} for the "
            f"median of {len(anew.agreements):,} people (one in ten below {low:.2f}; 1 is full agreement)"
        )
        return (
            f"{told}: little, so this says little of how the model came to its scores." if here < LITTLE else f"{told}."
        )

    def _row(self, graph: RecGraph, user: int) -> Float:
        """[p, b_u, 1] or p `[d]` of a person with the history of `graph`."""
        given: Float = self._embedding[user].astype(np.float64)
        if graph is self.graph:
            return given
        moved = self._anew.moved(user, graph.history(user), graph.weights(graph.history_edges(user)))
        if not moved.any():
            return given
        if not self._anew.is_given(user):
            raise UnsupportedError(
                "The files have no embedding of this person, so nothing can be said of what shaped it.",
                "Choose a person with a row.",
            )
        row = given.copy()
        row[: len(moved)] += moved
        if self.settings.similarity == "cosine":
            length = float(np.linalg.norm(row[: len(moved)]))
            row[: len(moved)] /= length or 1.0
        return row

    @property
    def _of_items(self) -> np.ndarray:
        return self._embedding[self.graph.n_users : self.graph.n_users + self.graph.n_items]

    @cached_property
    def _anew(self) -> Anew:
        columns = slice(-2 if self.settings.has_biases else None)
        return Anew(self._embedding[: self.graph.n_users, columns], self._of_items[:, columns], self.graph)
