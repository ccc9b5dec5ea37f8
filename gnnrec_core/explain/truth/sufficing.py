"""About how few interactions suffice, once the model is trained again: beside the set that is verified in this model.

Training again moves a score two to three times as far as the frozen model says, so smaller sets do. Interactions are
ordered by how far the item's lead over the list falls without each of them, foretold (or refitted, where that is
exact), and taken in that order until the item is out by the margin that calibration found on other people.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.data.dataset import IntArray
from gnnrec_core.explain.explanation import Case
from gnnrec_core.explain.scores.scoring import Scorer
from gnnrec_core.explain.truth.foretelling import lead_changes
from gnnrec_core.explain.truth.levels import Levels
from gnnrec_core.models.protocol import RefittingRecommender
from gnnrec_core.ranking.topk import rank_of

Float = NDArray[np.float64]
MAX_LOOKED_AT = 24
"""Interactions whose removal is foretold one by one: those with the largest parts of the item's lead."""


@dataclass(frozen=True)
class TrainedAgain:
    """The fewest interactions found without which a model trained again leaves the item out of the top k.

    `edges` are columns of the graph, `removed` the items; `rank_foretold` is the item's rank then; `exact` says that
    the model was refitted, so that nothing is foretold.
    """

    edges: tuple[int, ...]
    removed: tuple[int, ...]
    rank_foretold: int
    exact: bool


def fewest_trained_again(
    levels: Levels, scorer: Scorer, case: Case, excluded: IntArray, most: int
) -> TrainedAgain | None:
    """The set of up to `most` of the user's interactions, or None: none was found, or the run is not calibrated."""
    judge = _judge(levels, scorer, case, excluded)
    if judge is None:
        return None
    looked_at = _strongest(scorer, case, excluded)
    if not len(looked_at):
        return None
    now = scorer.scores(case.user_index)
    singles = [edges[None] for edges in looked_at]
    falls = [lead_changes(now, after - now, excluded, np.array([case.item_index]))[0] for _, after in judge(singles)]
    order = looked_at[np.argsort(falls, kind="stable")]
    for size in range(1, min(most, len(order)) + 1):
        rank, after = judge([order[:size]])[0]
        if rank > case.k:
            removed = scorer.graph.targets(order[:size]) - scorer.graph.n_users
            exact = isinstance(levels.model, RefittingRecommender)
            said = rank_of(after, case.item_index, excluded)
            return TrainedAgain(tuple(order[:size].tolist()), tuple(removed.tolist()), said, exact)
    return None


def _strongest(scorer: Scorer, case: Case, excluded: IntArray) -> IntArray:
    """The user's interactions with the largest parts of the item's lead over the best others of the list."""
    others = scorer.scores(case.user_index)
    others[excluded] = -np.inf
    others[case.item_index] = -np.inf
    near = np.argsort(-others, kind="stable")[case.k - 1 : case.k + 10]
    near = near[np.isfinite(others[near])]
    parts = scorer.parts(case.user_index, np.append(near, case.item_index))
    own = scorer.graph.kinds(parts.edges) == 0
    lead = parts.values[own, -1] - (parts.values[own, :-1].mean(axis=1) if len(near) else 0.0)
    found: IntArray = parts.edges[own][np.argsort(-lead, kind="stable")[:MAX_LOOKED_AT]]
    return found


def _judge(
    levels: Levels, scorer: Scorer, case: Case, excluded: IntArray
) -> Callable[[Sequence[IntArray]], list[tuple[int, Float]]] | None:
    """For sets of edges: a rank that is on the safe side of the border, and the foretold (or refitted) scores."""
    user, model = case.user_index, levels.model
    if levels.refits:
        return lambda sets: [
            (rank_of(row, case.item_index, excluded), row) for row in np.asarray(model.scores_refitted(user, sets))
        ]
    foreteller = levels.foreteller
    if foreteller is None or foreteller.spread is None:
        return None
    spread, now = foreteller.spread, scorer.scores(user)

    def judged(sets: Sequence[IntArray]) -> list[tuple[int, Float]]:
        found = []
        for change in foreteller.changes(user, sets):
            after = now + foreteller.slope * change
            lead = lead_changes(now, foreteller.slope * change, excluded, np.array([case.item_index]))[0]
            careful = after.copy()
            careful[case.item_index] += float(spread.margin(lead))
            found.append((rank_of(careful, case.item_index, excluded), after))
        return found

    return judged
