"""The ledger: the exact share of each interaction in a score, in closed form.

For a model that is linear in messages, z_u = a_0 e_u + sum_{j in N(u)} m_uj, hence

    <z_u, z_i> = a_0 <e_u, z_i> + sum_{j in N(u)} <m_uj, z_i>:

a baseline that no interaction carries (taste learned in training) and one number for each edge of the user, which is
the sum of all message walks through that edge. Seen from the item, the same holds with its readers. A margin is the
difference of two such sums.
"""

from __future__ import annotations

import time
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.base.settings import Settings
from gnnrec_core.data.dataset import Dataset, IntArray
from gnnrec_core.explain.explanation import Case, Explanation
from gnnrec_core.explain.nodes import edge_contributions
from gnnrec_core.explain.protocol import answer, frozen_warning
from gnnrec_core.explain.scores.edge_effects import user_ledger
from gnnrec_core.explain.scores.linear import Prepared, prepare
from gnnrec_core.explain.scores.scoring import scorer_of
from gnnrec_core.models.protocol import PropagationRecommender

Float = NDArray[np.float64]


class LedgerSettings(Settings):
    """From which end the score is taken apart."""

    side: Literal["user", "item"] = Field(
        "user", description="user: the interactions of the user; item: the interactions of the item's readers."
    )


class Ledger:
    """Exact contributions; complete for every model that has them, with attention (or gates) frozen where it has."""

    name: ClassVar[str] = "ledger"
    settings_type: ClassVar[type[Settings]] = LedgerSettings
    is_stochastic: ClassVar[bool] = False

    def supports(self, model: Any) -> None:
        scorer_of(model)

    def explain(self, model: Any, dataset: Dataset, case: Case, settings: LedgerSettings, seed: int) -> Explanation:
        scorer = scorer_of(model)
        start = time.perf_counter()
        if settings.side == "user":
            baseline, edges, values = user_ledger(model, case)
            centres: int | IntArray = case.user_index
        else:
            if not isinstance(model, PropagationRecommender):
                raise UnsupportedError(
                    "This model's score has no parts at the item's readers.", "Explain it from the side of the user."
                )
            baseline, edges, values, centres = reader_ledger(prepare(model), case)
        contributions = edge_contributions(dataset, scorer.graph, edges, values, case.explained, centres)
        return answer(
            case,
            self,
            settings,
            contributions,
            baseline=baseline,
            is_additive=True,
            exact=not scorer.frozen,
            frozen=scorer.frozen,
            warnings=frozen_warning(scorer.frozen),
            seed=seed,
            seconds=time.perf_counter() - start,
        )


def reader_ledger(prepared: Prepared, case: Case) -> tuple[float, IntArray, Float, IntArray]:
    """Baseline, edges of the item (and of the reference item, negative), contributions, and whose edge each is."""
    user = prepared.propagation.final[case.user_index]
    baseline, edges, values, centres = 0.0, [], [], []
    for item, sign in case.signed_items:
        node = int(prepared.graph.item_node(item))
        found, message, own = prepared.messages(node)
        baseline += sign * float(own @ user)
        edges.append(found)
        values.append(sign * (message @ user))
        centres.append(np.full(len(found), node))
    return baseline, np.concatenate(edges), np.concatenate(values), np.concatenate(centres)
