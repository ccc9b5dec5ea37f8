"""The one entry: explain a pair with a method, and check what the explanation says on the changed graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.base.settings import Settings, read_settings
from gnnrec_core.data.dataset import Dataset, IntArray
from gnnrec_core.explain import EXPLAINERS
from gnnrec_core.explain.case import excluded_items, make_case
from gnnrec_core.explain.explanation import Case, Check, Explanation, Target, kept_of
from gnnrec_core.explain.narrative import named_parts, narrate
from gnnrec_core.explain.scores.scoring import Rescorer, rescorer_of
from gnnrec_core.explain.truth.faithfulness import Truth, measure
from gnnrec_core.explain.truth.levels import Levels, levels_of, split_baseline
from gnnrec_core.models.protocol import AskedRecommender
from gnnrec_core.ranking.topk import check_k, rank_of
from gnnrec_core.runs.run import Run


def explain(
    run: Run,
    user_index: int,
    item_index: int,
    method: str,
    target: Target = "score",
    k: int = 10,
    settings: Mapping[str, Any] | Settings | None = None,
    seed: int = 0,
    check_top: int = 10,
    beyond: bool = True,
) -> Explanation:
    """Why `item_index` for `user_index`, by `method`, with its `check_top` largest contributions recomputed.

    With `beyond` they are also foretold and, where that was done, trained again: without, all is said "in this model".
    `settings` are those of the method (a mapping is checked against its `settings_type`). Raises RequestError for an
    unknown method, setting or index, UnsupportedError where the method cannot serve the model.
    """
    model, dataset = run.model, run.dataset
    check_k(k, dataset.n_items)
    explainer = EXPLAINERS.load(method)()
    chosen = settings if isinstance(settings, Settings) else read_settings(explainer.settings_type, settings or {})
    explainer.supports(model)
    levels = levels_of(model, run) if beyond and check_top > 0 else None
    case = make_case(model, dataset, user_index, item_index, target, k)
    explanation: Explanation = explainer.explain(model, dataset, case, chosen, seed)
    checked = replace(with_checks(rescorer_of(model), dataset, explanation, check_top, levels), kept=kept_of(model))
    if explanation.is_additive and explanation.settings.get("side") != "item" and levels is not None:
        checked = replace(checked, baseline_split=split_baseline(model, case, explanation.baseline))
    if isinstance(model, AskedRecommender):
        checked = replace(checked, warnings=(*checked.warnings, model.told_calls(user_index)), calls=model.n_asked)
    return replace(checked, narrative=narrate(checked, dataset))


def with_faithfulness(
    model: Any, dataset: Dataset, explanation: Explanation, seed: int = 0, truth: Truth | None = None
) -> Explanation:
    """The explanation with its faithfulness panel (about a second of recomputing), and its verdict in the narrative.

    A method that draws random numbers is asked again with four other seeds to see how stable it is. Several methods on
    one case may share a `truth`, so that nothing is recomputed twice.
    """
    explainer = EXPLAINERS.load(explanation.method)()
    rerun = None
    if explainer.is_stochastic:
        settings = read_settings(explainer.settings_type, explanation.settings)

        def rerun(other_seed: int) -> Explanation:
            again: Explanation = explainer.explain(model, dataset, explanation.case, settings, other_seed)
            return again

    panel = measure(model, dataset, explanation, rerun, seed=seed, truth=truth)
    measured = replace(explanation, faithfulness=panel.to_dict())
    return replace(measured, narrative=narrate(measured, dataset))


def with_checks(
    scorer: Rescorer, dataset: Dataset, explanation: Explanation, check_top: int, levels: Levels | None = None
) -> Explanation:
    """The explanation with "without it: score, rank" for its first `check_top` contributions that are edges, at the
    level "in this model" and, with `levels`, foretold and trained again.

    With `check_top` above 0 also for those that the narrative names, wherever they stand.
    """
    case = explanation.case
    excluded = excluded_items(dataset, case.user_index)
    named = [id(part) for parts in named_parts(explanation) for part in parts] if check_top > 0 else []
    parts = list(explanation.contributions)
    places = [
        place
        for place, part in enumerate(parts)
        if (place < check_top or id(part) in named) and part.edge is not None and part.checked is None
    ]
    edges = np.array([parts[place].edge for place in places], np.int64)
    without = scorer.scores_without_each(case.user_index, edges)
    for place, scores in zip(places, without, strict=True):
        parts[place] = replace(parts[place], checked=_check(scores, case, excluded))
    if levels is None:
        return replace(explanation, contributions=tuple(parts))
    sets = [edges[row : row + 1] for row in range(len(edges))]
    found = levels.of_each(case, excluded, sets, without)
    for place, (foretold, retrained) in zip(places, found, strict=True):
        parts[place] = replace(parts[place], foretold=foretold, retrained=retrained)
    told = None if levels.calibration is None else levels.calibration.told()
    return replace(explanation, contributions=tuple(parts), calibration=told)


def _check(scores: NDArray[np.float64], case: Case, excluded: IntArray) -> Check:
    return Check(
        float(sum(sign * scores[item] for item, sign in case.signed_items)),
        rank_of(scores, case.item_index, excluded),
    )
