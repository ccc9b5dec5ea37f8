"""Foretold: what a model trained without some interactions would say, without training it.

    change of a score = slope * (what the graph without them changes + what relearning adds)

The slope, and how far such predictions miss, come from the run's calibration; without one the slope is 1 and there is
no interval. Models that refit exactly need no prediction: theirs is the level "trained again".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.data.dataset import IntArray
from gnnrec_core.explain.explanation import Case, Foretold
from gnnrec_core.explain.scores.linear import Prepared
from gnnrec_core.explain.scores.scoring import Scorer, scorer_of
from gnnrec_core.explain.truth.relearning import relearner_of
from gnnrec_core.models.history_protocol import HistoryRecommender
from gnnrec_core.models.protocol import PropagationRecommender, RetrainableRecommender
from gnnrec_core.ranking.topk import rank_of

Float = NDArray[np.float64]
NEAR = 20
"""An item's lead is over the mean of this many best other items of the list."""


@dataclass(frozen=True)
class Spread:
    """How far a prediction misses: sd = sqrt(floor^2 + (share * change of the lead)^2), and an interval of `reach` sd.

    `floor` is in units of the score; `share`, `reach` and `caution` have no unit. `reach` is chosen so that four in
    five true ranks lie in the interval, `caution` so that 19 in 20 effects are no smaller than foretold by more than
    `caution` sd: what a set of interactions is chosen by that should still do when the model is trained again.
    """

    floor: float
    share: float
    reach: float
    caution: float = 0.0

    def half_width(self, change: Float | float) -> Any:
        """Half the width of the interval of the lead, in units of the score, for a foretold `change` of it."""
        return self.reach * self.sd(change)

    def sd(self, change: Float | float) -> Any:
        """sd of the miss of the lead, in units of the score, for a foretold `change` of it."""
        return np.sqrt(self.floor**2 + (self.share * np.asarray(change)) ** 2)

    def margin(self, change: Float | float) -> Any:
        """What a foretold `change` of the lead is allowed to fall short, in units of the score."""
        return max(self.caution, self.reach) * self.sd(change)


@dataclass(frozen=True)
class Foreteller:
    """Predictions for one trained model. `spread` None: not calibrated."""

    model: Any
    scorer: Scorer
    slope: float = 1.0
    spread: Spread | None = None

    def changes(self, user_index: int, edge_sets: Sequence[IntArray], without: Float | None = None) -> Float:
        """How the user's scores of all items would change `[n_sets, n_items]`, before the slope.

        `without` `[n_sets, n_items]` are the scores on the graph without each set, where they are known already.
        """
        if without is None:
            without = np.array([self.scorer.scores_without(user_index, edges) for edges in edge_sets])
        moved = without.reshape(len(edge_sets), -1) - self.scorer.scores(user_index)
        relearner = relearner_of(self.model)
        return moved if relearner is None else moved + relearner.score_changes(user_index, edge_sets)

    def change_with(self, user_index: int, added: IntArray, scores: Float) -> Float:
        """How the user's scores of all items would change `[n_items]` with interactions with the items `added`, before
        the slope; `scores` are those on the graph with them."""
        moved: Float = scores - self.scorer.scores(user_index)
        relearner = relearner_of(self.model)
        if relearner is None:
            return moved
        graph = self.scorer.graph.with_interactions(user_index, added)
        return moved + relearner.score_change_on(user_index, Prepared.of(self.model.propagation(graph), graph))

    def foretell(self, case: Case, excluded: IntArray, edges: IntArray, without: Float | None = None) -> Foretold:
        """Score (or margin) and rank of the case's item without `edges`, with an interval where calibrated."""
        change = self.changes(case.user_index, [edges], None if without is None else without[None])[0]
        return self.judged(case, excluded, change)

    def judged(self, case: Case, excluded: IntArray, change: Float) -> Foretold:
        """The foretold level of a `change` `[n_items]` of scores (before the slope)."""
        now = self.scorer.scores(case.user_index)
        after = now + self.slope * change
        score = float(sum(sign * after[item] for item, sign in case.signed_items))
        rank = rank_of(after, case.item_index, excluded)
        if self.spread is None:
            return Foretold(score, rank)
        lead = self.slope * lead_changes(now, change, excluded, np.array([case.item_index]))[0]
        half = float(self.spread.half_width(lead))
        low, high = (_rank_at(after, case.item_index, excluded, sign * half) for sign in (1, -1))
        return Foretold(score, rank, min(low, rank), max(high, rank))


def foreteller_of(model: Any, calibration: Any = None) -> Foreteller | None:
    """The foreteller of a model; None where training again has another outcome at no price, or never happens,
    or the score has no parts.

    `calibration` is a `calibration.Calibration`, or None where the run has none.
    """
    has_parts = isinstance(model, (PropagationRecommender, HistoryRecommender))
    if not isinstance(type(model), RetrainableRecommender) or not has_parts:
        return None
    scorer = scorer_of(model)
    if calibration is None:
        return Foreteller(model, scorer)
    spread = Spread(calibration.floor, calibration.share, calibration.reach, calibration.caution)
    return Foreteller(model, scorer, calibration.slope, spread)


def lead_changes(now: Float, change: Float, excluded: IntArray, items: IntArray) -> Float:
    """How each of `items` `[m]` moves against the mean of the `NEAR` best other items of the list `[m]`; against
    nothing where it is alone in the list."""
    open_ = now.copy()
    open_[excluded] = -np.inf
    order = np.argsort(-open_, kind="stable")
    order = order[np.isfinite(open_[order])][: NEAR + 1]
    near = [order[order != item][:NEAR] for item in items]
    mean = [change[others].mean() if len(others) else 0.0 for others in near]
    moved: Float = change[items] - np.array(mean)
    return moved


def _rank_at(scores: Float, item: int, excluded: IntArray, shift: float) -> int:
    """The rank where the item alone stands `shift` higher."""
    shifted = scores.copy()
    shifted[item] += shift
    return rank_of(shifted, item, excluded)
