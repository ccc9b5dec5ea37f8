"""The fewest interactions of a user without which an item leaves the top k.

Embeddings are held fixed; degrees and attention are computed anew; removed items stay out of the ranking (else the
removed item itself would take the place). Sets are searched with the closed form, for each nearby competitor the
interactions that speak most against it, then verified by recomputation. In the spirit of PRINCE (Ghazimatin et al.,
WSDM 2020) and ACCENT (Tran et al., SIGIR 2021), with exact contributions in place of walks and influence functions.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.data.values import Dataset, IntArray
from gnnrec_core.errors import RequestError
from gnnrec_core.explain.case import excluded_items, make_case
from gnnrec_core.explain.predictor import RemovalPredictor, removal_predictor
from gnnrec_core.explain.scoring import Scorer, scorer_of
from gnnrec_core.explain.small_sets import SmallSets, lead, try_small_sets
from gnnrec_core.explain.values import Case
from gnnrec_core.models.run import Run
from gnnrec_core.ranking.topk import rank_of

Float = NDArray[np.float64]
MAX_SHARE = 0.5
MAX_SIZE = 40
N_COMPETITORS = 300
VERIFIED_PER_SIZE = 6
REACH = 0.01
"""Competitors that by the predictor stay this share of the item's score behind under every set are out of reach."""
PROVED = "proved"
NOT_PROVED = "not proved minimal"


@dataclass(frozen=True)
class Counterfactual:
    """A set of the user's interactions and what happens without it, recomputed.

    Where `found`, the item's rank without `removed` is beyond `k`. Where not, no set of up to `limit` interactions was
    found that does it, and `removed` is the one that pushes the item down furthest (empty where none does).

    `checked_smaller_sets` sets of up to three interactions, smaller than the answer, were found not to do it:
    `recomputed` of them on the changed graph, the others by a margin several times the predictor's error. `minimality`
    is "proved" where that holds for all smaller sets of any size (where nothing was found: for all up to `limit`).
    `edges` are the columns of the removed interactions.
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


def find_counterfactual(run: Run, user_index: int, item_index: int, k: int = 10) -> Counterfactual:
    """The smallest set found whose removal takes the item out of the user's top k.

    RequestError where the item is not in the top k or is left out of the user's list; UnsupportedError where the
    model's score does not depend on the user's interactions.
    """
    return counterfactual_of(run.model, run.dataset, user_index, item_index, k)


def counterfactual_of(model: Any, dataset: Dataset, user_index: int, item_index: int, k: int = 10) -> Counterfactual:
    """`find_counterfactual` for a model in memory."""
    scorer = scorer_of(model)
    case = make_case(model, dataset, user_index, item_index, "score", k)
    excluded = excluded_items(dataset, user_index)
    _check(dataset, case, excluded)
    start = time.perf_counter()
    search = _Search(scorer, case, excluded)
    chosen, small = _smallest(search)
    found = chosen is not None
    if chosen is None:
        chosen = search.strongest()
    scores = search.scores_without(chosen)
    if not found and rank_of(scores, item_index, excluded) < case.rank:  # the predictor erred: nothing pushes it down
        chosen = chosen[:0]
        scores = search.scores_without(chosen)
    edges = search.predictor.edges[chosen]
    size = len(chosen) if found else search.limit + 1
    return Counterfactual(
        case=case,
        found=found,
        removed=tuple((scorer.graph.edge_index[1, edges] - scorer.graph.n_users).tolist()),
        edges=tuple(edges.tolist()),
        rank_after=rank_of(scores, item_index, excluded),
        score_after=float(scores[item_index]),
        verified=True,
        checked_smaller_sets=small.decided,
        recomputed=small.recomputed,
        minimality=PROVED if size - 1 <= small.complete_to else NOT_PROVED,
        limit=search.limit,
        seconds=time.perf_counter() - start,
    )


def _check(dataset: Dataset, case: Case, excluded: IntArray) -> None:
    title = dataset.title(case.item_index)
    if case.item_index in excluded:
        raise RequestError(f"{title} is among what the user has already.", "Choose an item from the user's list.")
    if case.rank > case.k:
        raise RequestError(
            f"{title} stands at rank {case.rank}, outside the top {case.k}.",
            "Ask why not, or choose a larger k.",
            rank=case.rank,
        )


class _Search:
    """One search: the predictor on the item and its nearest competitors, and exact recomputation."""

    def __init__(self, scorer: Scorer, case: Case, excluded: IntArray) -> None:
        self.scorer, self.case, self.excluded = scorer, case, excluded
        scores = scorer.scores(case.user_index)
        scores[excluded] = -np.inf
        scores[case.item_index] = -np.inf
        order = np.argsort(-scores, kind="stable")
        ahead = order[np.isfinite(scores[order])]
        # The item's competitors, best first, and the item itself in the last column.
        items = np.append(ahead[: case.k + N_COMPETITORS], case.item_index)
        predictor = removal_predictor(scorer, case.user_index, items)
        n_edges = len(predictor.edges)
        self.limit = min(max(1, int(MAX_SHARE * n_edges)), MAX_SIZE, n_edges)
        self.items, self.predictor = _within_reach(predictor, items, case, self.limit)
        # Lines aim at competitors that stand below now. Where several must overtake, one that is out of reach itself
        # can still show the way for those that are not.
        aims = self.predictor if case.rank == case.k else predictor
        self.aims: Float = aims.linear[:, -1:] - aims.linear[:, case.rank - 1 : -1]  # [m, c]

    def scores_without(self, chosen: IntArray) -> Float:
        """Exact scores of all items without these positions of the predictor's edges."""
        return self.scorer.scores_without(self.case.user_index, self.predictor.edges[chosen])

    def works(self, chosen: IntArray) -> bool:
        """Whether the item is out of the top k on the recomputed graph."""
        scores = self.scores_without(chosen)
        return rank_of(scores, self.case.item_index, self.excluded) > self.case.k

    @cached_property
    def lines(self) -> tuple[IntArray, Float, IntArray]:
        """For each competitor the edges that speak most for the item against it, strongest first `[c, limit]`; and
        when the first 1, 2, ... of them are gone, by the predictor, the lead of the k-th best other item and how many
        others stand above the item, `[c, limit]` each."""
        orders = np.argsort(-self.aims, axis=0, kind="stable")[: self.limit].T
        scores = [self.predictor.of_prefixes(order) for order in orders]
        leads = [lead(found, self.case.k) for found in scores]
        above = [np.count_nonzero(found[:, :-1] > found[:, -1:], axis=1) for found in scores]
        shape = (len(orders), self.limit)
        return orders, np.array(leads).reshape(shape), np.array(above, dtype=np.int64).reshape(shape)

    def from_competitors(self) -> Iterator[IntArray]:
        """Sets that should work, smallest first, a few of each size."""
        orders, leads, _ = self.lines
        for size in range(1, self.limit + 1):
            ready = np.flatnonzero(leads[:, size - 1] > 0)
            ready = ready[np.argsort(-leads[ready, size - 1], kind="stable")]
            sets = dict.fromkeys(tuple(np.sort(orders[competitor, :size]).tolist()) for competitor in ready)
            for chosen in list(sets)[:VERIFIED_PER_SIZE]:
                yield np.array(chosen, dtype=np.int64)

    def greedy(self) -> IntArray | None:
        """Take what raises the k-th best other item most over the item, until it is out; then drop what is not needed.

        For places where several items must overtake at once, which no single competitor's line aims at.
        """
        predictor, chosen = self.predictor, np.zeros(0, np.int64)
        for _ in range(self.limit):
            rest = np.setdiff1d(np.arange(len(predictor.edges)), chosen)
            sets = np.concatenate([np.tile(chosen, (len(rest), 1)), rest[:, None]], axis=1)
            leads = lead(predictor.of_sets(sets), self.case.k)
            chosen = sets[np.argmax(leads)]
            if leads.max() > 0 and self.works(chosen):
                return self._shrunk(chosen)
        return None

    def _shrunk(self, chosen: IntArray) -> IntArray:
        for edge in chosen:
            fewer = chosen[chosen != edge]
            if len(fewer) and lead(self.predictor.of_sets(fewer[None]), self.case.k)[0] > 0 and self.works(fewer):
                chosen = fewer
        return np.sort(chosen)

    def strongest(self) -> IntArray:
        """The set up to the limit that pushes the item down furthest, by the predictor; empty where none does."""
        _, leads, above = self.lines
        if above.max(initial=0) < self.case.rank:
            return np.zeros(0, np.int64)
        return self._best_of(np.where(above == above.max(), leads, -np.inf))

    def nearest(self) -> IntArray:
        """The set that comes nearest to pushing the item out, or goes furthest past, by the predictor."""
        leads = self.lines[1]
        return self._best_of(leads) if leads.size else np.zeros(0, np.int64)

    def _best_of(self, figures: Float) -> IntArray:
        competitor, size = np.unravel_index(int(np.argmax(figures)), figures.shape)
        return np.sort(self.lines[0][competitor, : int(size) + 1])

    @cached_property
    def error(self) -> float:
        """The largest error of the predictor, in a difference of two items, over removals of one interaction."""
        predictor = self.predictor
        fast = self.scorer.has_fast_leave_one_out
        n_edges, n_items = len(predictor.edges), min(len(self.items) - 1, self.case.k + (40 if fast else 300))
        strongest = np.argsort(-np.abs(predictor.linear[:, -1]), kind="stable")
        singles = np.sort(strongest[: n_edges if fast else 8])
        items = np.append(self.items[:n_items], self.case.item_index)
        exact = self.scorer.leave_one_out(self.case.user_index, items, predictor.edges[singles])
        guessed = predictor.of_sets(singles[:, None])[:, [*range(n_items), -1]]
        wrong = (exact - exact[:, -1:]) - (guessed - guessed[:, -1:])
        return float(np.abs(wrong).max(initial=0.0))


def _within_reach(
    predictor: RemovalPredictor, items: IntArray, case: Case, limit: int
) -> tuple[IntArray, RemovalPredictor]:
    """Only the competitors that some set could bring past the item, and the k best; the others change nothing."""
    best = predictor.best_leads(limit)
    if best is None or not limit:
        return items, predictor
    possible = (best > -REACH * np.abs(predictor.own + predictor.total[0])[-1]).any(axis=0)
    possible[: case.k] = True
    columns = np.append(np.flatnonzero(possible), len(items) - 1)
    return items[columns], predictor.of_items(columns)


def _smallest(search: _Search) -> tuple[IntArray | None, SmallSets]:
    """The smallest working set that the searches find, and what trying all smaller sets showed."""
    found = next((chosen for chosen in search.from_competitors() if search.works(chosen)), None)
    if found is None or (len(found) > 1 and search.case.rank < search.case.k):
        other = search.greedy()
        if other is not None and (found is None or len(other) < len(found)):
            found = other
    if found is None and len(search.nearest()) and search.works(search.nearest()):
        found = search.nearest()  # the predictor saw it just inside
    size = search.limit + 1 if found is None else len(found)
    error = search.error if size > 1 else 0.0
    small = try_small_sets(search.predictor, search.case.k, size, error, search.works)
    return (found if small.found is None else small.found), small
