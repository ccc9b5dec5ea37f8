"""Counterfactuals over both ends of a score: the user's interactions, and those of the item's readers.

A score <z_u, z_i> is a sum over the edges of the user and, just as well, over the edges of the item. Where the own
history cannot take an item off the list, the interactions that made the item what it is to this user can. Sets follow
the two ledgers; each is recomputed, and members that are not needed are dropped.
"""

from __future__ import annotations

import time
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.explain.case import excluded_items, make_case
from gnnrec_core.explain.explanation import Case, kept_of
from gnnrec_core.explain.methods.ledger import reader_ledger
from gnnrec_core.explain.questions.counterfactual import NOT_PROVED, PROVED, Counterfactual, check_listed
from gnnrec_core.explain.scores.linear import prepare
from gnnrec_core.explain.scores.scoring import Scorer, scorer_of
from gnnrec_core.models.protocol import PropagationRecommender
from gnnrec_core.ranking.topk import rank_of
from gnnrec_core.runs.run import Run

Float = NDArray[np.float64]
Scope = Literal["own", "readers", "both"]
MAX_SIZE = 40
LOOKED_AT, MOST_STEPS = 12, 4
"""Interactions of each end that a step chooses among, and steps."""
N_NEAR = 5
"""An own interaction counts by what it carries of the item beyond the mean of this many items near rank k."""


def ends_counterfactual(run: Run, user_index: int, item_index: int, k: int, scope: Scope) -> Counterfactual:
    """The smallest set found among the interactions of `scope` ("readers", "both") that takes the item off the list.

    RequestError where the item is not in the top k; UnsupportedError for a model whose score has no parts at the item.
    """
    model, dataset = run.model, run.dataset
    if not isinstance(model, PropagationRecommender):
        raise UnsupportedError(
            "The interactions of an item's readers carry nothing by themselves in this model.", "Use --scope own."
        )
    scorer = scorer_of(model)
    case, excluded = make_case(model, dataset, user_index, item_index, "score", k), excluded_items(dataset, user_index)
    check_listed(dataset, case, excluded)
    start = time.perf_counter()
    own, readers, mixed = _by_weight(model, scorer, case, excluded)
    lines = [own, readers, mixed] if scope == "both" else [readers] if scope == "readers" else [own]
    search = _Search(scorer, case, excluded)
    chosen = search.fewest(lines)
    tried = len(search.known)
    scores = scorer.scores_without(user_index, chosen) if len(chosen) else scorer.scores(user_index)
    rank, graph = rank_of(scores, item_index, excluded), scorer.graph
    found = rank > k
    return Counterfactual(
        case=case,
        found=found,
        removed=tuple((graph.targets(chosen) - graph.n_users).tolist()),
        edges=tuple(chosen.tolist()),
        rank_after=rank,
        score_after=float(scores[item_index]),
        verified=True,
        checked_smaller_sets=tried,
        recomputed=tried,
        minimality=PROVED if found and len(chosen) == 1 else NOT_PROVED,
        limit=min(MAX_SIZE, max(len(line) for line in lines)),
        seconds=time.perf_counter() - start,
        kept=kept_of(model),
    )


def _by_weight(model: Any, scorer: Scorer, case: Case, excluded: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Interactions of the user, of the item's readers, and of both, as columns (user to item), those that hold the item
    up most first."""
    graph, others = scorer.graph, scorer.scores(case.user_index)
    others[excluded] = -np.inf
    others[case.item_index] = -np.inf
    near = np.argsort(-others, kind="stable")[max(0, case.k - 1) : case.k - 1 + N_NEAR]
    near = near[np.isfinite(others[near])]
    parts = scorer.parts(case.user_index, np.append(near, case.item_index))
    own = parts.values[:, -1] - (parts.values[:, :-1].mean(axis=1) if len(near) else 0.0)
    _, reader_edges, readers, _ = reader_ledger(prepare(model), case)
    edges, values = np.concatenate([parts.edges, graph.reverse(reader_edges)]), np.concatenate([own, readers])
    is_own = np.arange(len(edges)) < len(parts.edges)
    order = np.argsort(-values, kind="stable")
    order = order[graph.kinds(edges[order]) == 0]
    return edges[order[is_own[order]]], edges[order[~is_own[order]]], edges[order]


class _Search:
    """Sets of interactions whose removal was recomputed: how far the item then stands above the k-th other, and where.

    `known` holds (lead, rank) by the sorted set.
    """

    def __init__(self, scorer: Scorer, case: Case, excluded: IntArray) -> None:
        self.scorer, self.case, self.excluded = scorer, case, excluded
        self.known: dict[tuple[int, ...], tuple[float, int]] = {}

    def without(self, chosen: IntArray) -> tuple[float, int]:
        """Lead over the k-th best other, and rank, on the graph without `chosen`."""
        key = tuple(sorted(chosen.tolist()))
        if key not in self.known:
            case = self.case
            scores = self.scorer.scores_without(case.user_index, np.array(key, np.int64))
            rank = rank_of(scores, case.item_index, self.excluded)
            others = scores.copy()
            others[self.excluded] = -np.inf
            others[case.item_index] = -np.inf
            level = -np.partition(-others, case.k - 1)[case.k - 1]
            self.known[key] = (float(scores[case.item_index] - level), rank)
        return self.known[key]

    def works(self, chosen: IntArray) -> bool:
        """Whether the item is out of the top k."""
        return self.without(chosen)[1] > self.case.k

    def fewest(self, lines: list[IntArray]) -> IntArray:
        """The smallest set that works, by steps that each take what lowers the lead most, and along each line; else the
        set that pushes the item down furthest."""
        found = [chosen for chosen in (self._steps(lines), *(self._along(line) for line in lines)) if len(chosen)]
        working = [chosen for chosen in found if self.works(chosen)]
        if working:
            return self._needed(min(working, key=len))
        lower = [chosen for chosen in found if self.without(chosen)[1] > self.case.rank]
        nothing = np.zeros(0, np.int64)
        return max(lower, key=lambda chosen: self.without(chosen)[1], default=nothing)

    def _steps(self, lines: list[IntArray]) -> IntArray:
        chosen, left = np.zeros(0, np.int64), np.unique(np.concatenate([line[:LOOKED_AT] for line in lines]))
        for _ in range(min(MOST_STEPS, len(left))):
            leads = [self.without(np.append(chosen, edge))[0] for edge in left]
            best = int(np.argmin(leads))
            chosen, left = np.append(chosen, left[best]), np.delete(left, best)
            if self.works(chosen):
                break
        return chosen

    def _along(self, line: IntArray) -> IntArray:
        """The shortest start of `line` that works, else the one that pushes the item down furthest."""
        starts = [line[:size] for size in range(1, min(MAX_SIZE, len(line)) + 1)]
        for chosen in starts:
            if self.works(chosen):
                return chosen
        return max(starts, key=lambda chosen: self.without(chosen)[1], default=line[:0])

    def _needed(self, chosen: IntArray) -> IntArray:
        """`chosen` without the members that it does not need."""
        for edge in chosen[::-1]:
            fewer = chosen[chosen != edge]
            if len(fewer) and self.works(fewer):
                chosen = fewer
        return chosen
