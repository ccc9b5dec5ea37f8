"""Leave one out: what the score loses when one interaction goes, degrees (and attention) computed anew.

    value of j = score - score on the graph without j.

The reference that other methods are held against. The values do not sum to the score (each is a different changed
graph), and positive means that the interaction speaks for the item. Where there is no closed form and the history is
long, the interactions that matter most to first order are recomputed, and the others stand as these estimates.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from gnnrec_core.base.settings import Settings
from gnnrec_core.data.dataset import Dataset, IntArray
from gnnrec_core.explain.explanation import Case, Explanation
from gnnrec_core.explain.nodes import edge_contribution, edge_contributions
from gnnrec_core.explain.protocol import answer
from gnnrec_core.explain.scores.edge_effects import leave_one_out, mask_gradient, user_ledger, weight_gradient
from gnnrec_core.explain.scores.scoring import Rescorer, rescorer_of
from gnnrec_core.models.protocol import AskedRecommender, ModuleRecommender, WeightedRecommender


class LeaveOneOutSettings(Settings):
    """How much may be recomputed where there is no closed form."""

    max_recomputed: int = Field(
        64,
        ge=1,
        le=10_000,
        description="Where each edge needs a recomputation: how many edges, those that should matter most first.",
    )
    max_calls: int = Field(
        1000,
        ge=1,
        le=100_000,
        description="Where a black box is asked (a scorer, a fold-in): how many interactions it is asked about.",
    )


class LeaveOneOut:
    """The exact effect of each interaction of the user on the score or the margin."""

    name: ClassVar[str] = "leave_one_out"
    settings_type: ClassVar[type[Settings]] = LeaveOneOutSettings
    is_stochastic: ClassVar[bool] = False

    def supports(self, model: Any) -> None:
        rescorer_of(model)

    def explain(
        self, model: Any, dataset: Dataset, case: Case, settings: LeaveOneOutSettings, seed: int
    ) -> Explanation:
        scorer = rescorer_of(model)
        start = time.perf_counter()
        edges, estimates, warnings = _chosen_edges(model, scorer, case, settings)
        values = leave_one_out(scorer, case, edges)
        contributions = edge_contributions(dataset, scorer.graph, edges, values, case.explained, case.user_index)
        contributions += [
            replace(
                edge_contribution(dataset, scorer.graph, edge, value, case.explained, case.user_index),
                detail={"first_order": True},
            )
            for edge, value in estimates.items()
        ]
        return answer(
            case,
            self,
            settings,
            contributions,
            exact=not estimates,
            frozen=("embeddings",),
            warnings=warnings,
            seed=seed,
            seconds=time.perf_counter() - start,
        )


def _chosen_edges(
    model: Any, scorer: Rescorer, case: Case, settings: LeaveOneOutSettings
) -> tuple[IntArray, dict[int, float], tuple[str, ...]]:
    """Edges of the user to recompute: all, or those that should change the number most; estimates of the others."""
    edges = scorer.edges_of(case.user_index)
    is_asked = isinstance(model, AskedRecommender)
    limit = settings.max_calls if is_asked else settings.max_recomputed
    n_others = len(edges) - limit
    if scorer.has_fast_leave_one_out or n_others <= 0:
        return edges, {}, ()
    if is_asked:  # a black box says nothing of the others before it is asked
        said = f"Asked was what happens without each of the {limit} interactions that come last; {n_others} others"
        return edges[-limit:], {}, (f"{said} are not shown (max_calls).",)
    sizes, chosen_by, has_gradient = _sizes(model, case, edges)
    order = np.argsort(-np.abs(sizes), kind="stable")
    others = {int(edges[place]): float(sizes[place]) for place in order[limit:]} if has_gradient else {}
    fate = "stand as these gradients, estimates to first order" if has_gradient else "are not shown"
    said = f"Recomputed for the {limit} interactions with the largest {chosen_by}; {n_others} others {fate}."
    return edges[np.sort(order[:limit])], others, (said,)


def _sizes(model: Any, case: Case, edges: IntArray) -> tuple[NDArray[Any], str, bool]:
    """What removing each of `edges` should change, what that rests on, and whether it is an estimate of the change."""
    if isinstance(model, WeightedRecommender):
        return weight_gradient(model, case, edges), "gradients of their weights", True
    if isinstance(model, ModuleRecommender):
        return mask_gradient(model, case), "gradients of their masks", True
    return user_ledger(model, case)[2], "ledger parts", False
