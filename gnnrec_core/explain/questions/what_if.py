"""What if: a user's list with some interactions ticked off and others added, recomputed on the changed graph."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gnnrec_core.base.errors import RequestError
from gnnrec_core.data.dataset import Dataset, FloatArray, IntArray
from gnnrec_core.explain.case import excluded_items
from gnnrec_core.explain.scores.scoring import Rescorer, rescorer_of
from gnnrec_core.explain.truth.retraining import Trained
from gnnrec_core.ranking.topk import check_k, rank_of, top_k
from gnnrec_core.runs.run import Run


@dataclass(frozen=True)
class WhatIf:
    """The list before and after. `rank_before` `[n]` is the old rank of each item that is in the new list.

    Removed items stay out of the ranking; added ones leave it. Parameters are those of the trained model.
    """

    user_index: int
    removed: tuple[int, ...]
    added: tuple[int, ...]
    before: IntArray
    score_before: FloatArray
    after: IntArray
    score_after: FloatArray
    rank_before: IntArray
    seconds: float


@dataclass(frozen=True)
class RetrainedList:
    """A user's top k after training without some interactions, by the mean score of each item over the seeds.

    `items` `[n]`; `rank_before` `[n]` their ranks in the run; `ranks`, `rank_control` `[n, seeds]` their ranks after
    each training without the interactions, and with everything and the same seed; `left` the items of the run's list
    that are not in this one; `seeds`.
    """

    items: IntArray
    rank_before: IntArray
    ranks: IntArray
    rank_control: IntArray
    left: tuple[int, ...]
    seeds: tuple[int, ...]


def list_trained_again(run: Run, user_index: int, pairs: Sequence[Trained], k: int = 10) -> RetrainedList:
    """The list that trainings (one at least) without some interactions give together, beside what each gives."""
    check_k(k, run.dataset.n_items)
    excluded = excluded_items(run.dataset, user_index)
    before = _ranked(rescorer_of(run.model).scores(user_index), excluded)[0]
    items = _ranked(np.mean([pair.after for pair in pairs], axis=0), excluded)[0][:k]
    old_rank = np.zeros(run.dataset.n_items, np.int64)
    old_rank[before] = np.arange(1, len(before) + 1)
    return RetrainedList(
        items,
        old_rank[items],
        np.array([[rank_of(pair.after, int(item), excluded) for pair in pairs] for item in items], np.int64),
        np.array([[rank_of(pair.control, int(item), excluded) for pair in pairs] for item in items], np.int64),
        tuple(int(item) for item in before[:k] if item not in items),
        tuple(pair.seed for pair in pairs),
    )


def what_if(run: Run, user_index: int, remove: Sequence[int], add: Sequence[int], k: int = 10) -> WhatIf:
    """The user's top k without the interactions with `remove` and with new ones with `add` (item indices).

    RequestError where the user has no such interaction, or has an added item already.
    """
    model, dataset = run.model, run.dataset
    check_k(k, dataset.n_items)
    scorer = rescorer_of(model)
    removed, added = np.unique(np.array(remove, np.int64)), np.unique(np.array(add, np.int64))
    _check(dataset, scorer, user_index, removed, added)
    start = time.perf_counter()
    excluded = excluded_items(dataset, user_index)
    before = _ranked(scorer.scores(user_index), excluded)
    after_scores = _scores(scorer, user_index, removed, added)
    after = _ranked(after_scores, np.append(excluded, added))
    old_rank = np.zeros(dataset.n_items, np.int64)
    old_rank[before[0]] = np.arange(1, len(before[0]) + 1)
    return WhatIf(
        user_index,
        tuple(removed.tolist()),
        tuple(added.tolist()),
        before[0][:k],
        before[1][:k],
        after[0][:k],
        after[1][:k],
        old_rank[after[0][:k]],
        time.perf_counter() - start,
    )


def _scores(scorer: Rescorer, user_index: int, removed: IntArray, added: IntArray) -> Any:
    graph = scorer.graph
    history, edges = graph.history(user_index), graph.history_edges(user_index)
    gone = edges[np.isin(history, removed)]
    if not len(added):
        return scorer.scores_without(user_index, gone) if len(gone) else scorer.scores(user_index)
    changed = graph.without(gone) if len(gone) else graph
    return scorer.scores_on(user_index, changed.with_interactions(user_index, added))


def _ranked(scores: Any, excluded: IntArray) -> tuple[IntArray, FloatArray]:
    """All items that may stand in the list, best first, with their scores."""
    masked = np.array(scores, dtype=np.float64)
    masked[excluded] = -np.inf
    order, values = top_k(masked[None, :], len(masked))
    kept = np.isfinite(values[0])
    return order[0][kept], values[0][kept].astype(np.float32)


def _check(dataset: Dataset, scorer: Rescorer, user_index: int, removed: IntArray, added: IntArray) -> None:
    if not 0 <= user_index < dataset.n_users:
        raise RequestError(f"There is no user with index {user_index}.", f"Choose 0 to {dataset.n_users - 1}.")
    for item in (*removed, *added):
        if not 0 <= item < dataset.n_items:
            raise RequestError(f"There is no item with index {item}.", f"Choose 0 to {dataset.n_items - 1}.")
    history = scorer.graph.history(user_index)
    for item in removed:
        if item not in history:
            raise RequestError(
                f"The user has no train interaction with {dataset.title(item)}.", "Remove items of the history only."
            )
    for item in added:
        if item in history:
            raise RequestError(f"The user has {dataset.title(item)} already.", "Add items that are not in the history.")
