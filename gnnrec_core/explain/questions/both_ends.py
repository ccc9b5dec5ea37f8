"""Counterfactuals over both ends of a score: the user's interactions, and those of the item's readers.

A score <z_u, z_i> is a sum over the edges of the user and, just as well, over the edges of the item. Where the own
history cannot take an item off the list, the interactions that made the item what it is to this user can. Which are
looked at follows from the two ledgers; every set that counts is recomputed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import combinations
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.base import progress
from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.explain.case import excluded_items, make_case
from gnnrec_core.explain.explanation import Case, kept_of
from gnnrec_core.explain.methods.ledger import reader_ledger
from gnnrec_core.explain.questions.counterfactual import NOT_PROVED, PROVED, Counterfactual, check_listed
from gnnrec_core.explain.scores.linear import prepare
from gnnrec_core.explain.scores.scoring import Scorer, scorer_of
from gnnrec_core.explain.scores.star import Star
from gnnrec_core.models.protocol import PropagationRecommender
from gnnrec_core.ranking.topk import rank_of
from gnnrec_core.runs.run import Run

Float = NDArray[np.float64]
Scope = Literal["own", "readers", "both"]
Set = tuple[int, ...]
MAX_SIZE = 40
LOOKED_AT = 60
"""Interactions of each end that are chosen among: those that hold the item up most."""
BEAMS = ((1, 4), (4, 8))
"""Sets that are grown at once, and ways to grow each."""
MOST_RIVALS = 500
"""Items below rank k that sets are chosen by; what a set does is judged by all items."""
EXCHANGES_OF_EACH, MOST_EXCHANGES = 5, 40
"""Exchanges of two members for one that are looked at for each candidate, and that are recomputed."""
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
    search = _Search(model, scorer, case, excluded, lines)
    answer = search.fewest()
    chosen, tried = np.array(answer, np.int64), len(search.known) - 1
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
        minimality=PROVED if found and len(chosen) <= (2 if search.sees_all else 1) else NOT_PROVED,
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
    """Sets of interactions whose removal was recomputed: `known` holds the user's scores of the item and its nearest
    rivals, and the item's rank among all, by the set.

    Sets grow in beams: what is added next is chosen by the sum of the changes that each interaction makes alone, and
    what is kept by the recomputed scores. An item is pulled down past its k-th best rival, or away from several near
    ones: either way finds sets that the other does not. What works is then made smaller by leaving members out, and by
    exchanging two for one.
    """

    def __init__(self, model: Any, scorer: Scorer, case: Case, excluded: IntArray, lines: list[IntArray]) -> None:
        self.scorer, self.case, self.excluded, self.lines = scorer, case, excluded, lines
        self.candidates = np.unique(np.concatenate([line[:LOOKED_AT] for line in lines]))
        self.sees_all = len(self.candidates) == len(np.unique(np.concatenate(lines)))
        prepared, self.star = prepare(model), None
        if prepared.propagation.symmetric:  # every set in a fraction of a millisecond
            nodes = np.union1d(scorer.graph.ends(self.candidates), [case.user_index]).astype(np.int64)
            parts = scorer.graph, prepared.propagation, prepared.items, case.user_index, nodes
            self.star = Star.among(*parts)
        now = scorer.scores(case.user_index)
        rivals = np.setdiff1d(np.arange(len(now)), np.append(excluded, case.item_index))
        rivals = rivals[np.argsort(-now[rivals], kind="stable")][: case.k + MOST_RIVALS]
        self.watched = np.append(case.item_index, rivals)
        self.known: dict[Set, tuple[Float, int]] = {(): (now[self.watched], case.rank)}
        self.alone: Float = np.array([self.scores((edge,)) - now[self.watched] for edge in self.candidates.tolist()])

    def scores(self, chosen: Set) -> Float:
        """The user's scores of the item and of its rivals on the graph without `chosen` (ascending)."""
        return self._without(chosen)[0]

    def rank(self, chosen: Set) -> int:
        """The item's rank among all items, without `chosen`."""
        return self._without(chosen)[1]

    def works(self, chosen: Set) -> bool:
        """Whether the item is out of the top k."""
        return self.rank(chosen) > self.case.k

    def _without(self, chosen: Set) -> tuple[Float, int]:
        if chosen not in self.known:
            progress.check()
            edges = np.array(chosen, np.int64)
            if self.star is not None and np.isin(edges, self.candidates).all():
                scores = self.star.scores_without(edges)
            else:
                scores = self.scorer.scores_without(self.case.user_index, edges)
            self.known[chosen] = scores[self.watched], rank_of(scores, self.case.item_index, self.excluded)
        return self.known[chosen]

    def lead(self, scores: Float) -> Float:
        """How far the item stands above the k-th best other `[n]`, of scores `[n, 1 + n_rivals]`."""
        k = self.case.k
        if scores.shape[1] <= k:
            return np.full(len(scores), np.inf)
        found: Float = scores[:, 0] - np.partition(scores[:, 1:], -k, axis=1)[:, -k]
        return found

    def lead_of_near(self, scores: Float) -> Float:
        """How far it stands above the mean of those that are near rank k now `[n]`."""
        near = scores[:, self.case.k : self.case.k + N_NEAR]
        found: Float = scores[:, 0] - (near.mean(axis=1) if near.shape[1] else 0.0)
        return found

    def fewest(self) -> Set:
        """The smallest set found that works; else the one that pushes the item down furthest."""
        if single := next((chosen for chosen in self._singles() if self.works(chosen)), None):
            return single
        found, beams = [], BEAMS if self.star is not None else BEAMS[:1]
        for judge in (self.lead, self.lead_of_near):
            for width, children in beams:
                grown = self._grown(judge, width, children)
                found.append(self._shrunk(grown) if self.works(grown) else grown)
                if len(grown) == 2 and self.works(grown):
                    return grown
        along = [self._along(line) for line in self.lines]
        found += [self._shrunk(chosen) if self.works(chosen) else chosen for chosen in along]
        if working := [chosen for chosen in found if self.works(chosen)]:
            return min(working, key=len)
        lower = [chosen for chosen in found if self.rank(chosen) > self.case.rank]
        return max(lower, key=self.rank, default=())

    def _singles(self) -> list[Set]:
        """Each candidate alone, those that pull the item down most first."""
        if not len(self.candidates):
            return []
        order = np.argsort(self.lead(self.scores(()) + self.alone), kind="stable")
        return [(int(self.candidates[place]),) for place in order]

    def _grown(self, judge: Callable[[Float], Float], width: int, children: int) -> Set:
        """The first set that works as sets grow by one in a beam of `width`, each by its `children` most promising."""
        beam: list[Set] = self._singles()[:width]
        for _ in range(MAX_SIZE - 1):
            following: dict[Set, float] = {}
            for chosen in beam:
                left = np.flatnonzero(~np.isin(self.candidates, chosen))
                promise = judge(self.scores(chosen) + self.alone[left])
                for place in left[np.argsort(promise, kind="stable")[:children]]:
                    larger = tuple(sorted((*chosen, int(self.candidates[place]))))
                    following[larger] = float(judge(self.scores(larger)[None])[0])
            if not following:
                break
            beam = sorted(following, key=lambda chosen: following[chosen])
            if working := [chosen for chosen in beam if self.works(chosen)]:
                return working[0]
            beam = beam[:width]
        return beam[0] if beam else ()

    def _along(self, line: IntArray) -> Set:
        """The shortest start of `line` that works, else the one that pushes the item down furthest."""
        starts = [tuple(sorted(line[:size].tolist())) for size in range(1, min(MAX_SIZE, len(line)) + 1)]
        working = next((chosen for chosen in starts if self.works(chosen)), None)
        return working or max(starts, key=self.rank, default=())

    def _shrunk(self, chosen: Set) -> Set:
        """`chosen`, which works, without members that it does not need; two are exchanged for one where that works."""
        while len(chosen) > 1:
            fewer = [tuple(other for other in chosen if other != edge) for edge in chosen]
            working = [less for less in fewer if self.works(less)]
            if working:
                chosen = working[int(np.argmin(self.lead(np.array([self.scores(less) for less in working]))))]
            elif (exchanged := self._exchanged(chosen)) is not None:
                chosen = exchanged
            else:
                break
        return chosen

    def _exchanged(self, chosen: Set) -> Set | None:
        """A set that works with one of the candidates in the place of two members; None where none was found."""
        place = {int(edge): row for row, edge in enumerate(self.candidates)}
        if self.star is None or len(chosen) < 3 or not set(chosen) <= set(place):
            return None
        pairs = list(combinations(chosen, 2))
        back = self.scores(chosen) - np.array([self.alone[place[a]] + self.alone[place[b]] for a, b in pairs])
        options: list[tuple[float, Set]] = []
        for edge in self.candidates[~np.isin(self.candidates, chosen)].tolist():
            promise = self.lead(back + self.alone[place[edge]])
            for row in np.argsort(promise, kind="stable")[:EXCHANGES_OF_EACH]:
                kept = (other for other in chosen if other not in pairs[row])
                options.append((float(promise[row]), tuple(sorted((*kept, edge)))))
        best = [smaller for _, smaller in sorted(options)[:MOST_EXCHANGES]]
        return next((smaller for smaller in best if self.works(smaller)), None)
