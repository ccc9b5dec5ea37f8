"""Rarity: 1 / (users of the item) for each interaction of the user. It looks at the graph and at no weight."""

from __future__ import annotations

import time
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from gnnrec_core.base.settings import Settings
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.explain.explanation import Case, Explanation
from gnnrec_core.explain.nodes import edge_contributions
from gnnrec_core.explain.protocol import answer
from gnnrec_core.explain.scores.scoring import scorer_of


class RaritySettings(Settings):
    """How much rare items count."""

    power: float = Field(1.0, ge=0.0, le=3.0, description="power of the number of users that is divided by")


class Rarity:
    """Larger for items that fewer people have; above 0, no sum."""

    name: ClassVar[str] = "rarity"
    settings_type: ClassVar[type[Settings]] = RaritySettings
    is_stochastic: ClassVar[bool] = False

    def supports(self, model: Any) -> None:
        scorer_of(model)

    def explain(self, model: Any, dataset: Dataset, case: Case, settings: Any, seed: int) -> Explanation:
        start, scorer = time.perf_counter(), scorer_of(model)
        edges = scorer.parts(case.user_index, np.array([case.item_index])).edges
        degree = np.bincount(scorer.graph.edge_index[0], minlength=scorer.graph.n_nodes)
        values = 1.0 / degree[scorer.graph.edge_index[1, edges]] ** settings.power
        contributions = edge_contributions(dataset, scorer.graph, edges, values, 0.0, case.user_index)
        return answer(
            case,
            self,
            settings,
            contributions,
            warnings=("Rarity knows the graph and not the model.",),
            seed=seed,
            seconds=time.perf_counter() - start,
        )
