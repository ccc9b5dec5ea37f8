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

from gnnrec_core.data.values import Dataset, IntArray
from gnnrec_core.errors import UnsupportedError
from gnnrec_core.explain.case import excluded_items, make_case
from gnnrec_core.explain.counterfactual import NOT_PROVED, PROVED, Counterfactual, check_listed
from gnnrec_core.explain.ledger import reader_ledger
from gnnrec_core.explain.linear import prepare
from gnnrec_core.explain.scoring import Scorer, scorer_of
from gnnrec_core.explain.values import Case
from gnnrec_core.models.protocol import PropagationRecommender
from gnnrec_core.ranking.topk import rank_of

Float = NDArray[np.float64]
Scope = Literal["own", "readers", "both"]
MAX_SIZE = 40
N_NEAR = 5
"""An own interaction counts by what it carries of the item beyond the mean of this many items near rank k."""


def ends_counterfactual(
    model: Any, dataset: Dataset, user_index: int, item_index: int, k: int, scope: Scope
) -> Counterfactual:
    """The smallest set found among the interactions of `scope` ("readers", "both") that takes the item off the list.

    RequestError where the item is not in the top k; UnsupportedError for a model whose score has no parts at the item.
    """
    if not isinstance(model, PropagationRecommender):
        raise UnsupportedError(
            "The interactions of an item's readers carry nothing by themselves in this model.", "Use --scope own."
        )
    scorer = scorer_of(model)
    case, excluded = make_case(model, dataset, user_index, item_index, "score", k), excluded_items(dataset, user_index)
    check_listed(dataset, case, excluded)
    start = time.perf_counter()
    edges = _by_weight(model, scorer, case, excluded, scope)[:MAX_SIZE]
    chosen, tried = _fewest(scorer, case, excluded, edges)
    scores = scorer.scores_without(user_index, chosen) if len(chosen) else scorer.scores(user_index)
    rank, graph = rank_of(scores, item_index, excluded), scorer.graph
    found = rank > k
    return Counterfactual(
        case=case,
        found=found,
        removed=tuple((graph.edge_index[1, chosen] - graph.n_users).tolist()),
        edges=tuple(chosen.tolist()),
        rank_after=rank,
        score_after=float(scores[item_index]),
        verified=True,
        checked_smaller_sets=tried,
        recomputed=tried,
        minimality=PROVED if found and len(chosen) == 1 else NOT_PROVED,
        limit=len(edges),
        seconds=time.perf_counter() - start,
    )


def _by_weight(model: Any, scorer: Scorer, case: Case, excluded: IntArray, scope: Scope) -> IntArray:
    """Interactions of the scope as columns (user to item), those that hold the item up most first."""
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
    wanted = (graph.edge_type[edges] == 0) & (is_own if scope == "own" else ~is_own if scope == "readers" else True)
    order = np.flatnonzero(wanted)[np.argsort(-values[wanted], kind="stable")]
    found: IntArray = edges[order[values[order] > 0]]
    return found


def _fewest(scorer: Scorer, case: Case, excluded: IntArray, edges: IntArray) -> tuple[IntArray, int]:
    """The shortest run of `edges` that works, without the members that it does not need; else the one that pushes the
    item down furthest; and how many sets were recomputed."""
    tried = 0

    def rank_without(chosen: IntArray) -> int:
        return rank_of(scorer.scores_without(case.user_index, chosen), case.item_index, excluded)

    best, best_rank = edges[:0], case.rank
    for size in range(1, len(edges) + 1):
        tried += 1
        rank = rank_without(edges[:size])
        if rank > best_rank:
            best, best_rank = edges[:size], rank
        if rank > case.k:
            break
    if best_rank <= case.k:
        return best, tried
    for edge in best[::-1]:
        fewer = best[best != edge]
        if len(fewer):
            tried += 1
            if rank_without(fewer) > case.k:
                best = fewer
    return best, tried
