"""The two levels beyond "in this model": foretold and trained again, for the parts of an explanation.

Models that refit exactly have the second at once; trained models have the first, and the second where it was trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.data.dataset import IntArray
from gnnrec_core.explain.explanation import BaselineSplit, Case, Foretold, Retrained
from gnnrec_core.explain.scores.linear import prepare
from gnnrec_core.explain.truth.calibration import Calibration, load_calibration
from gnnrec_core.explain.truth.foretelling import Foreteller, foreteller_of
from gnnrec_core.explain.truth.relearning import relearner_of
from gnnrec_core.explain.truth.retraining import stored_retraining
from gnnrec_core.models.protocol import RefittingRecommender
from gnnrec_core.ranking.topk import rank_of
from gnnrec_core.runs.run import Run

Float = NDArray[np.float64]


MOST_REFITTED = 2_000_000
"""Interactions up to which a model is fitted anew for every part that an explanation names."""


@dataclass(frozen=True)
class Levels:
    """What can be said of a model beyond its frozen self. `run` None: a model in memory, nothing stored."""

    model: Any
    foreteller: Foreteller | None
    calibration: Calibration | None
    run: Run | None = None

    @property
    def refits(self) -> bool:
        """Whether the model is fitted anew for each set: exact, and as slow as a fit. Not where a fit takes minutes."""
        model: Any = self.model
        return isinstance(self.model, RefittingRecommender) and model.graph.n_edges <= 2 * MOST_REFITTED

    def of_each(
        self, case: Case, excluded: IntArray, sets: Sequence[IntArray], without: Float
    ) -> list[tuple[Foretold | None, Retrained | None]]:
        """Both levels of each set of edges; `without` `[n_sets, n_items]` are the scores on the graph without it."""
        if not len(sets):
            return []
        if self.refits:
            scores = self.model.scores_refitted(case.user_index, sets)
            return [(None, _exactly(case, excluded, row)) for row in scores]
        retrained = [self._stored(case, edges) for edges in sets]
        if self.foreteller is None:
            return [(None, found) for found in retrained]
        changes = self.foreteller.changes(case.user_index, sets, without)
        foretold = [self.foreteller.judged(case, excluded, change) for change in changes]
        return list(zip(foretold, retrained, strict=True))

    def _stored(self, case: Case, edges: IntArray) -> Retrained | None:
        return None if self.run is None else stored_retraining(self.run, case, edges)


def levels_of(model: Any, run: Run | None = None) -> Levels:
    """The levels of a model in memory, or of a run with its calibration and what was trained for it."""
    calibration = None if run is None else load_calibration(run)
    return Levels(model, foreteller_of(model, calibration), calibration, run)


def split_baseline(model: Any, case: Case, baseline: float) -> BaselineSplit | None:
    """The baseline of a user's ledger, shared out; None where no row of the user's own was learned."""
    relearner = relearner_of(model)
    if relearner is None:
        return None
    prepared = prepare(model)
    spread, graph = prepared.propagation, prepared.graph
    target = sum(sign * spread.final[graph.item_node(item)] for item, sign in case.signed_items)
    weight = float(spread.layer_weights[0])
    own = weight * float(relearner.row(case.user_index) @ target)
    others = weight * float(spread.mean_user @ target)
    return BaselineSplit(own, others, baseline - own - others)


def _exactly(case: Case, excluded: IntArray, scores: Float) -> Retrained:
    score = float(sum(sign * scores[item] for item, sign in case.signed_items))
    return Retrained(score, rank_of(scores, case.item_index, excluded), 1, exact=True)
