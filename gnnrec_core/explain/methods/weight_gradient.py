"""How a score answers to each interaction's weight: leave-one-out to first order, for all interactions at once.

    value of j = w_j d(explained number) / d(w_j),

where degrees and the softmax of attention follow the weights (of both directions of the interaction, in every layer).
One backward pass serves all interactions, where leaving each out would take a recomputation for each. Normalising is
blind to a common factor of all weights, so over all edges of the graph these figures sum to 0: they order reasons and
are no shares of a score.
"""

from __future__ import annotations

import time
from typing import Any, ClassVar

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.base.settings import Settings
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.explain.explanation import Case, Explanation
from gnnrec_core.explain.nodes import edge_contributions
from gnnrec_core.explain.protocol import NoSettings, answer
from gnnrec_core.explain.scores.edge_effects import weight_gradient
from gnnrec_core.explain.scores.linear import prepare
from gnnrec_core.models import able
from gnnrec_core.models.protocol import WeightedRecommender


class WeightGradient:
    """Gradient times weight of each of the user's edges; signed, positive speaks for the item, no sum."""

    name: ClassVar[str] = "weight_gradient"
    settings_type: ClassVar[type[Settings]] = NoSettings
    is_stochastic: ClassVar[bool] = False

    def supports(self, model: Any) -> None:
        if not isinstance(model, WeightedRecommender):
            raise UnsupportedError(
                f"The score of the model {getattr(model, 'name', type(model).__name__)!r} cannot be differentiated in "
                "the weights of interactions.",
                f"Choose a run of {able(WeightedRecommender)}, or the method leave_one_out, which recomputes.",
            )

    def explain(self, model: Any, dataset: Dataset, case: Case, settings: Settings, seed: int) -> Explanation:
        prepared = prepare(model)
        start = time.perf_counter()
        edges = prepared.edges_of(case.user_index)
        values = weight_gradient(model, case, edges)
        contributions = edge_contributions(dataset, prepared.graph, edges, values, 0.0, case.user_index)
        return answer(
            case,
            self,
            settings,
            contributions,
            frozen=("embeddings",),
            warnings=("What a slightly smaller weight would cost; the parts order the reasons and do not sum.",),
            seed=seed,
            seconds=time.perf_counter() - start,
        )
