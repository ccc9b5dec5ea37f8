"""What explanations ask of a model: its scores, the parts of a score, and its scores on a changed graph.

`scorer_of(model)` finds out by what the model can do, never by its name; `rescorer_of(model)` asks for less: scores on
changed graphs, which a black box has too.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.base import progress
from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.explain.scores.linear import LinearScorer
from gnnrec_core.graph import RecGraph
from gnnrec_core.models import able
from gnnrec_core.models.history_protocol import HistoryParts, HistoryRecommender
from gnnrec_core.models.protocol import PartlessRecommender, PropagationRecommender, RescoredRecommender

FloatMatrix = NDArray[np.float64]


class Rescorer(Protocol):
    """A trained model whose scores can be had on changed graphs; all figures are float64."""

    graph: RecGraph
    has_fast_leave_one_out: bool
    """Whether `scores_without_each` costs about one score at some items, or one rebuilt graph an edge."""

    def edges_of(self, user_index: int) -> IntArray:
        """Columns of the graph whose source is the user."""
        ...

    def scores(self, user_index: int) -> FloatMatrix:
        """Scores of all items `[n_items]`."""
        ...

    def scores_without(self, user_index: int, edges: IntArray, items: IntArray | None = None) -> FloatMatrix:
        """Scores of `items` `[n]`, of all where there are none named, on the graph without `edges`, recomputed.

        `edges` are columns of the graph: any, in either direction.
        """
        ...

    def scores_without_each(self, user_index: int, edges: IntArray, items: IntArray | None = None) -> FloatMatrix:
        """`[len(edges), n]`: `scores_without` for each of `edges` alone in turn.

        With `items` named the edges share their source (the user, or an item for its readers).
        """
        ...

    def scores_on(self, user_index: int, graph: RecGraph) -> FloatMatrix:
        """Scores of all items `[n_items]` on a changed graph: degrees and attention anew, parameters kept."""
        ...


class Scorer(Rescorer, Protocol):
    """A trained model as the explainers see it: its scores have parts."""

    frozen: tuple[str, ...]
    """What `parts` holds fixed: (), ("attention",), ("gates",). Nothing but embeddings is fixed in the others."""

    def parts(self, user_index: int, item_indices: IntArray) -> HistoryParts:
        """The user's scores of these items as sums over the user's edges."""
        ...


class GraphScorer:
    """A `RescoredRecommender`: everything by scoring on the changed graph."""

    has_fast_leave_one_out = False

    def __init__(self, model: Any, graph: RecGraph) -> None:
        self._model = model
        self.graph = graph

    def edges_of(self, user_index: int) -> IntArray:
        return self.graph.edges_of(user_index)

    def scores(self, user_index: int) -> FloatMatrix:
        return self.scores_on(user_index, self.graph)

    def scores_without(self, user_index: int, edges: IntArray, items: IntArray | None = None) -> FloatMatrix:
        progress.check()
        scored = self.scores_on(user_index, self.graph.without(np.asarray(edges, np.int64)))
        return scored if items is None else scored[items]

    def scores_without_each(self, user_index: int, edges: IntArray, items: IntArray | None = None) -> FloatMatrix:
        n = self.graph.n_items if items is None else len(items)
        rows = [self.scores_without(user_index, edges[row : row + 1], items) for row in range(len(edges))]
        return np.array(rows, np.float64).reshape(len(edges), n)

    def scores_on(self, user_index: int, graph: RecGraph) -> FloatMatrix:
        scored = self._model.score_on(graph, np.array([user_index]))[0]
        return np.asarray(scored, dtype=np.float64)


class HistoryScorer(GraphScorer):
    """A `HistoryRecommender`: parts from the model, changes by scoring on the changed graph."""

    def __init__(self, model: HistoryRecommender, graph: RecGraph) -> None:
        super().__init__(model, graph)
        self.frozen = model.parts_frozen
        self._sums = bool(getattr(model, "sums_history", False))
        self.has_fast_leave_one_out = self._sums
        self._all_parts: tuple[int, HistoryParts] | None = None

    def edges_of(self, user_index: int) -> IntArray:
        return self.parts(user_index, np.zeros(1, np.int64)).edges

    def scores(self, user_index: int) -> FloatMatrix:
        parts = self._parts_of_all(user_index)
        total: FloatMatrix = np.asarray(parts.own + parts.values.sum(axis=0), dtype=np.float64)
        return total

    def scores_without(self, user_index: int, edges: IntArray, items: IntArray | None = None) -> FloatMatrix:
        if not self._sums:
            return super().scores_without(user_index, edges, items)
        progress.check()
        parts = self._parts_of_all(user_index)
        if items is not None:
            parts = HistoryParts(parts.own[items], parts.edges, parts.values[:, items])
        return self._summed(parts, edges)

    def _summed(self, parts: HistoryParts, gone: IntArray) -> FloatMatrix:
        """The sum of the parts whose edge is not among `gone` (either direction of each)."""
        half = max(1, self.graph.n_edges // 2)
        kept = ~np.isin(parts.edges % half, np.asarray(gone, np.int64) % half)
        total: FloatMatrix = np.asarray(parts.own + parts.values[kept].sum(axis=0), dtype=np.float64)
        return total

    def _parts_of_all(self, user_index: int) -> HistoryParts:
        """The parts of all items; those of the last user are kept."""
        if self._all_parts is None or self._all_parts[0] != user_index:
            self._all_parts = user_index, self.parts(user_index, np.arange(self.graph.n_items))
        return self._all_parts[1]

    def parts(self, user_index: int, item_indices: IntArray) -> HistoryParts:
        found: HistoryParts = self._model.history_parts(user_index, np.asarray(item_indices, np.int64))
        return found

    def parts_of_new(self, user_index: int, added: IntArray, item_indices: IntArray) -> FloatMatrix:
        """What interactions with `added` `[m]` would add to the scores of `item_indices` `[m, n]`."""
        graph = self.graph.with_interactions(user_index, added)
        parts = self._model.history_parts(user_index, np.asarray(item_indices, np.int64), graph)
        ends = graph.targets(parts.edges) - graph.n_users
        order = np.argsort(ends, kind="stable")
        found: FloatMatrix = parts.values[order[np.searchsorted(ends[order], added)]]
        return found


def rescorer_of(model: Any) -> Rescorer:
    """`scorer_of`, or for a model without parts its scores on changed graphs; UnsupportedError where it has neither."""
    try:
        return scorer_of(model)
    except UnsupportedError:
        if not isinstance(model, RescoredRecommender):
            raise
        return GraphScorer(model, model.graph)  # type: ignore[attr-defined]


def scorer_of(model: Any) -> Scorer:
    """The scorer of a trained model; UnsupportedError where its score has no parts that could be shown."""
    if isinstance(model, PropagationRecommender):
        return LinearScorer(model)
    if isinstance(model, HistoryRecommender):
        return HistoryScorer(model, model.graph)  # type: ignore[attr-defined]
    name = getattr(model, "name", type(model).__name__)
    reason = model.no_parts if isinstance(model, PartlessRecommender) else "it is no sum over interactions"
    asked = "Ask with the method leave_one_out, or explain" if isinstance(model, RescoredRecommender) else "Explain"
    raise UnsupportedError(
        f"The score of the model {name!r} has no parts that could be shown: {reason}.",
        f"{asked} a run of {able(PropagationRecommender, HistoryRecommender)}.",
        model=name,
    )
