"""The control: numbers drawn at random for the user's interactions. A method worth its name beats it."""

from __future__ import annotations

import time
from typing import Any, ClassVar

import numpy as np

from gnnrec_core.base.settings import Settings
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.explain.explanation import Case, Explanation
from gnnrec_core.explain.nodes import edge_contributions
from gnnrec_core.explain.protocol import NoSettings, answer
from gnnrec_core.explain.scores.scoring import rescorer_of


class Random:
    """Uniform draws in [0, 1) for each edge of the user; they mean nothing."""

    name: ClassVar[str] = "random"
    settings_type: ClassVar[type[Settings]] = NoSettings
    is_stochastic: ClassVar[bool] = True

    def supports(self, model: Any) -> None:
        rescorer_of(model)

    def explain(self, model: Any, dataset: Dataset, case: Case, settings: Settings, seed: int) -> Explanation:
        scorer = rescorer_of(model)
        start = time.perf_counter()
        edges = scorer.edges_of(case.user_index)
        # The pair is part of the seed: two cases get different draws, and one case always the same.
        values = np.random.default_rng([seed, case.user_index, case.item_index]).random(len(edges))
        contributions = edge_contributions(dataset, scorer.graph, edges, values, 0.0, case.user_index)
        return answer(
            case,
            self,
            settings,
            contributions,
            warnings=("Random numbers, shown only to compare the other methods with.",),
            seed=seed,
            seconds=time.perf_counter() - start,
        )
