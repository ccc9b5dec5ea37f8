"""The fewest interactions of a user without which an item leaves the top k.

Embeddings are held fixed; degrees and attention are computed anew; removed items stay out of the ranking (else the
removed item itself would take the place). Sets are found by `removal_search`, then verified by recomputation. In the
spirit of PRINCE (Ghazimatin et al., WSDM 2020) and ACCENT (Tran et al., SIGIR 2021), with exact contributions in place
of walks and influence functions.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

from gnnrec_core.base.errors import RequestError
from gnnrec_core.data.dataset import Dataset, IntArray
from gnnrec_core.explain.case import excluded_items, make_case
from gnnrec_core.explain.explanation import Case, kept_of
from gnnrec_core.explain.questions.greedy_removal import GreedyRemoval
from gnnrec_core.explain.questions.removal_search import RemovalSearch, smallest_set
from gnnrec_core.explain.scores.scoring import Rescorer, rescorer_of, scorer_of
from gnnrec_core.explain.truth.levels import levels_of
from gnnrec_core.explain.truth.sufficing import TrainedAgain, fewest_trained_again
from gnnrec_core.models.history_protocol import HistoryRecommender
from gnnrec_core.models.protocol import AskedRecommender, RescoredRecommender
from gnnrec_core.ranking.topk import rank_of
from gnnrec_core.runs.run import Run

PROVED = "proved"
NOT_PROVED = "not proved minimal"


@dataclass(frozen=True)
class Counterfactual:
    """A set of the user's interactions and what happens without it, recomputed.

    `found` is true exactly where `rank_after`, the item's recomputed rank without `removed`, is beyond `k`. Where not,
    no set of up to `limit` interactions was found that does it, and `removed` is the one that pushes the item down
    furthest (empty where none does).

    `checked_smaller_sets` sets of up to three interactions, smaller than the answer, do not do it: `recomputed` of them
    were recomputed on the changed graph, the others miss by more than a bound on the predictor's error. `minimality` is
    "proved" where that holds for all smaller sets of any size (where nothing was found: for all up to `limit`).
    `edges` are the columns of the removed interactions; `kept` says what of the training the recomputation keeps.
    `trained_again` is the set that suffices when the model is trained again, as foretold; None where none was found or
    the run is not calibrated. `calls`: how often a black box was asked since the run was opened, which `told` says with
    what its answers rest on.
    """

    case: Case
    found: bool
    removed: tuple[int, ...]
    edges: tuple[int, ...]
    rank_after: int
    score_after: float
    verified: bool
    checked_smaller_sets: int
    recomputed: int
    minimality: str
    limit: int
    seconds: float
    kept: str
    trained_again: TrainedAgain | None = None
    calls: int | None = None
    told: str = ""


def find_counterfactual(run: Run, user_index: int, item_index: int, k: int = 10) -> Counterfactual:
    """The smallest set found whose removal takes the item out of the user's top k.

    RequestError where the item is not in the top k or is left out of the user's list; UnsupportedError where the
    model's score does not depend on the user's interactions.
    """
    model, dataset = run.model, run.dataset
    case, rescorer = make_case(model, dataset, user_index, item_index, "score", k), rescorer_of(model)
    excluded = excluded_items(dataset, user_index)
    check_listed(dataset, case, excluded)
    start = time.perf_counter()
    if isinstance(model, RescoredRecommender) and not isinstance(model, HistoryRecommender):
        return replace(_by_asking(model, rescorer, case, excluded), seconds=time.perf_counter() - start)
    scorer = scorer_of(model)
    search = RemovalSearch(scorer, case, excluded)
    chosen, small = smallest_set(search)
    if chosen is None:
        chosen = search.strongest()
    scores = search.scores_without(chosen)
    if rank_of(scores, item_index, excluded) < case.rank:  # the predictor erred: nothing pushes it down
        chosen = chosen[:0]
        scores = search.scores_without(chosen)
    rank_after = rank_of(scores, item_index, excluded)
    found = rank_after > k
    edges = search.predictor.edges[chosen]
    size = len(chosen) if found else search.limit + 1
    again = fewest_trained_again(levels_of(model, run), scorer, case, excluded, search.limit)
    return Counterfactual(
        case=case,
        found=found,
        removed=tuple((scorer.graph.targets(edges) - scorer.graph.n_users).tolist()),
        edges=tuple(edges.tolist()),
        rank_after=rank_after,
        score_after=float(scores[item_index]),
        verified=True,
        checked_smaller_sets=small.decided,
        recomputed=small.recomputed,
        minimality=PROVED if size - 1 <= small.complete_to else NOT_PROVED,
        limit=search.limit,
        seconds=time.perf_counter() - start,
        kept=kept_of(model),
        trained_again=again,
    )


def _by_asking(model: Any, scorer: Rescorer, case: Case, excluded: IntArray) -> Counterfactual:
    """Greedy search where scores have no parts to be led by: every set that is tried is scored by the model itself."""
    sets = GreedyRemoval(scorer, case, excluded)
    best = sets.search()
    edges = sets.edges[list(best.places)]
    return Counterfactual(
        case=case,
        found=best.rank > case.k,
        removed=tuple((scorer.graph.targets(edges) - scorer.graph.n_users).tolist()),
        edges=tuple(edges.tolist()),
        rank_after=best.rank,
        score_after=best.score,
        verified=True,
        checked_smaller_sets=sets.n_smaller(best),
        recomputed=sets.n_smaller(best),
        minimality=PROVED if sets.is_proved(best) else NOT_PROVED,
        limit=sets.limit,
        seconds=0.0,
        kept=kept_of(model),
        calls=model.n_asked if isinstance(model, AskedRecommender) else None,
        told=model.told_calls(case.user_index) if isinstance(model, AskedRecommender) else "",
    )


def check_listed(dataset: Dataset, case: Case, excluded: IntArray) -> None:
    """RequestError where the item of the case is not in the user's top k."""
    title = dataset.title(case.item_index)
    if case.item_index in excluded:
        raise RequestError(f"{title} is among what the user has already.", "Choose an item from the user's list.")
    if case.rank > case.k:
        raise RequestError(
            f"{title} stands at rank {case.rank}, outside the top {case.k}.",
            "Ask why not, or choose a larger k.",
            rank=case.rank,
        )
