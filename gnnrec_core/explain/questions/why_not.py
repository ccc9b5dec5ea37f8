"""Why not this item: what the item at rank k has that it lacks, and the fewest additions that would lift it in.

The contrast is the difference of two ledgers. Additions are interactions that the user does not have; added items
leave the ranking as any item that was read does, so only items that stand below the asked one may be added: it must
rise by its own score, never because another was taken away. Every answer is recomputed on the graph with the additions.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.base.errors import RequestError
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.explain.case import excluded_items, make_case
from gnnrec_core.explain.explaining import explain
from gnnrec_core.explain.explanation import Case, Explanation
from gnnrec_core.explain.scores.additions import AdditionPredictor, addition_predictor
from gnnrec_core.explain.scores.scoring import Scorer, scorer_of
from gnnrec_core.explain.truth.foretelling import Foreteller, lead_changes
from gnnrec_core.explain.truth.levels import levels_of
from gnnrec_core.ranking.topk import rank_of
from gnnrec_core.runs.run import Run

Float = NDArray[np.float64]
MAX_ADDED = 20
N_COMPETITORS = 100
N_ADDABLE = 1000
VERIFIED_PER_SIZE = 3
MAX_FORETOLD = 24
"""Sets that work in this model and are asked whether they would when it is trained again."""


@dataclass(frozen=True)
class WhyNot:
    """`contrast` explains score - score of the item at rank k (negative: what is missing).

    Where `found`, adding interactions with `added` brings the item to `rank_after` <= k; where not, no set of up to
    `limit` additions was found and `added` is the best one tried (empty where there is none). `rank_foretold` is its
    rank in a model trained with them, as foretold; where a run is calibrated, sets that should hold then come first.
    """

    case: Case
    contrast: Explanation
    found: bool
    added: tuple[int, ...]
    rank_after: int
    score_after: float
    verified: bool
    limit: int
    seconds: float
    rank_foretold: int | None = None


def why_not(run: Run, user_index: int, item_index: int, k: int = 10) -> WhyNot:
    """Why the item is not in the user's top k. RequestError where it is, or where the user has it already."""
    model, dataset = run.model, run.dataset
    case, scorer = make_case(model, dataset, user_index, item_index, "margin", k), scorer_of(model)
    excluded = excluded_items(dataset, user_index)
    title = dataset.title(item_index)
    if item_index in excluded:
        raise RequestError(f"{title} is among what the user has already.", "Choose an item that is new to the user.")
    if case.rank <= k:
        raise RequestError(
            f"{title} stands at rank {case.rank}, within the top {k}.",
            "Explain it, or choose a smaller k.",
            rank=case.rank,
        )
    contrast = explain(run, user_index, item_index, "ledger", "margin", k, check_top=10, beyond=False)
    start = time.perf_counter()
    foreteller = levels_of(model, run).foreteller
    added, scores, found = _fewest_additions(scorer, case, excluded, foreteller)
    foretold = None
    if foreteller is not None and len(added):
        after = scorer.scores(user_index) + foreteller.slope * foreteller.change_with(user_index, added, scores)
        foretold = rank_of(after, item_index, np.append(excluded, added))
    return WhyNot(
        case=case,
        contrast=contrast,
        found=found,
        added=tuple(added.tolist()),
        rank_after=rank_of(scores, item_index, np.append(excluded, added)),
        score_after=float(scores[item_index]),
        verified=True,
        limit=MAX_ADDED,
        seconds=time.perf_counter() - start,
        rank_foretold=foretold,
    )


def _fewest_additions(
    scorer: Scorer, case: Case, excluded: IntArray, foreteller: Foreteller | None
) -> tuple[IntArray, Float, bool]:
    """The smallest set of additions found, the recomputed scores with it, and whether the item is in.

    With a calibrated `foreteller` the smallest that should still hold when the model is trained again, if there is one
    among the first that work in this model; else the one of them that should hold best.
    """
    scores = scorer.scores(case.user_index)
    ranked = scores.copy()
    ranked[excluded] = -np.inf
    order = np.argsort(-ranked, kind="stable")
    order = order[np.isfinite(ranked[order]) & (order != case.item_index)]
    addable = order[case.rank - 1 :][:N_ADDABLE]
    ahead = order[: case.rank - 1]
    # Competitors: everybody above, and the item itself in the last column.
    nearest = ahead[max(0, case.k - 1) :][:N_COMPETITORS]
    items = np.concatenate([ahead[: case.k - 1], nearest, [case.item_index]])
    best: tuple[int, IntArray, Float] = (case.rank, np.zeros(0, np.int64), scores)
    sure = -np.inf
    if len(addable):
        predictor = addition_predictor(scorer, case.user_index, addable, items)
        is_calibrated, tried = foreteller is not None and foreteller.spread is not None, 0
        for chosen in _candidates(predictor, addable, case.k, MAX_ADDED if is_calibrated else 2):
            after = scorer.scores_on(case.user_index, scorer.graph.with_interactions(case.user_index, chosen))
            left_out = np.append(excluded, chosen)
            rank = rank_of(after, case.item_index, left_out)
            if rank < best[0] and best[0] > case.k:
                best = (rank, chosen, after)
            if rank > case.k:
                continue
            lead = _surely_ahead(foreteller, case, left_out, chosen, after)
            if lead > sure:
                best, sure = (rank, chosen, after), lead
            tried += 1
            if sure > 0 or tried >= MAX_FORETOLD:
                break
    return best[1], best[2], best[0] <= case.k


def _surely_ahead(
    foreteller: Foreteller | None, case: Case, excluded: IntArray, added: IntArray, scores: Float
) -> float:
    """How far the item should stand above the first item outside the top k of a model trained with `added`, less the
    margin of the calibration; infinite where the run has none, as then nothing more can be asked."""
    if foreteller is None or foreteller.spread is None:
        return np.inf
    now, item = foreteller.scorer.scores(case.user_index), np.array([case.item_index])
    change = foreteller.slope * foreteller.change_with(case.user_index, added, scores)
    after = now + change
    others = np.delete(after, np.append(excluded, item))
    if len(others) < case.k:
        return np.inf
    level = np.partition(others, -case.k)[-case.k]
    return float(after[item[0]] - level - foreteller.spread.margin(lead_changes(now, change, excluded, item)[0]))


def _candidates(predictor: AdditionPredictor, addable: IntArray, k: int, n_sizes: int) -> list[IntArray]:
    """Sets to verify, smallest first: for each competitor the additions that speak most for the item against it.

    Sets that the predictor sees inside come a few a size, of each competitor the `n_sizes` smallest; last comes the one
    that it sees nearest to the border.
    """
    limit = min(MAX_ADDED, len(addable))
    found: list[tuple[int, float, tuple[int, ...]]] = []
    nearest: tuple[float, tuple[int, ...]] = (-np.inf, ())
    for competitor in range(k - 1, predictor.values.shape[1] - 1):
        order = np.argsort(predictor.values[:, competitor] - predictor.values[:, -1], kind="stable")[:limit]
        lead = predictor.lead_of_prefixes(order, k)
        inside = np.flatnonzero(lead > 0)
        for size in inside[:n_sizes]:
            found.append((int(size) + 1, -float(lead[size]), tuple(np.sort(addable[order[: size + 1]]).tolist())))
        best = int(np.argmax(lead))
        if lead[best] > nearest[0]:
            nearest = (float(lead[best]), tuple(np.sort(addable[order[: best + 1]]).tolist()))
    chosen: list[tuple[int, ...]] = []
    for size, _, items in sorted(set(found)):
        if items not in chosen and sum(len(other) == size for other in chosen) < VERIFIED_PER_SIZE:
            chosen.append(items)
    if nearest[1] and nearest[1] not in chosen:
        chosen.append(nearest[1])
    return [np.array(items, dtype=np.int64) for items in chosen]
