"""Score, rank and reference item of a pair: the facts that every method explains, found in one place."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.data.dataset import SPLITS, Dataset, IntArray
from gnnrec_core.explain.explanation import Case, Target
from gnnrec_core.explain.scores.scoring import rescorer_of
from gnnrec_core.ranking.topk import check_k, rank_of, top_k


def make_case(model: Any, dataset: Dataset, user_index: int, item_index: int, target: Target, k: int) -> Case:
    """The case of a pair: the rank that the list has, and the score in float64 as its parts are computed.

    Ranks are those of the lists, which are made from scores in float32; the score and that of the reference item are
    the same numbers in float64, computed as their parts are, where the model has parts: a margin is a small difference.

    The reference item of a margin is the one at rank k + 1 of the user's list, not counting the explained item: the
    item that would take (or has taken) the k-th place from it. RequestError where an index or k is out of range
    (`check_k`), or no other item is left to compare with.
    """
    if not 0 <= user_index < dataset.n_users:
        raise RequestError(f"There is no user with index {user_index}.", f"Choose 0 to {dataset.n_users - 1}.")
    if not 0 <= item_index < dataset.n_items:
        raise RequestError(f"There is no item with index {item_index}.", f"Choose 0 to {dataset.n_items - 1}.")
    check_k(k, dataset.n_items)
    scores = model.score(np.array([user_index]))[0]
    excluded = excluded_items(dataset, user_index)
    rank = rank_of(scores, item_index, excluded)
    reference = reference_item(scores, item_index, excluded, k) if target == "margin" else None
    exact = _exact_scores(model, user_index, scores)
    return Case(
        user_index,
        item_index,
        target,
        k,
        float(exact[item_index]),
        rank,
        reference,
        0.0 if reference is None else float(exact[reference]),
    )


def _exact_scores(model: Any, user_index: int, scores: NDArray[Any]) -> NDArray[Any]:
    """The scores in float64 where they can be computed anew: a margin of float32 scores would be mostly rounding."""
    try:
        return rescorer_of(model).scores(user_index)
    except UnsupportedError:
        return scores


def excluded_items(dataset: Dataset, user_index: int) -> IntArray:
    """Items that the user's list leaves out, ascending: the row of `recommend.left_out(dataset)`, found in O(log n)."""
    interactions = dataset.interactions
    own = interactions.of_user(user_index)
    before_test = interactions.split[own] < SPLITS.index("test")
    found: IntArray = interactions.item_index[own][before_test]
    return found


def reference_item(scores: NDArray[Any], item_index: int, excluded: IntArray, k: int) -> int:
    """The item at rank k + 1 when the explained item stands within the top k, else the one at rank k."""
    masked = np.array(scores, dtype=np.float64)
    masked[excluded] = -np.inf
    masked[item_index] = -np.inf
    best, values = top_k(masked[None, :], k)
    left = int(np.isfinite(values[0]).sum())
    if left == 0:
        raise RequestError(
            f"Every item but {item_index} is left out for this user; there is nothing to lead.",
            "Explain the score instead of the margin.",
        )
    return int(best[0, left - 1])
