"""What is taken apart of all lists: a signed sum of scores for each person, as one sparse matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.data.dataset import IntArray
from gnnrec_core.models.ops.shards.people import rank_together
from gnnrec_core.ranking.recommendations import NONE_LEFT, Recommendations
from gnnrec_core.ranking.topk import check_k, source_of
from gnnrec_core.runs.recommend import left_out
from gnnrec_core.runs.run import Run

Target = Literal["score", "margin"]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Targets:
    """`signs` CSR float64 `[n_users, n_items]`: person u is explained sum_i signs[u, i] score(u, i).

    For scores it is 1 at each item of the list; for margins also minus 1 at the item that would take its place, once
    for each item of the list. `lists` are the lists of `k` themselves, `said` `[n_users]` the sums as the lists' own
    float32 scores give them.
    """

    lists: Recommendations
    signs: sp.csr_array
    said: NDArray[np.float64]


def list_targets(run: Run, k: int, target: Target, items: Flags | None = None) -> Targets:
    """The lists of everybody, or only their places that hold one of `items` (boolean `[n_items]`).

    The reference of a margin is the item at rank k + 1 or, where nothing is left for that rank, the last other one of
    the list, as in `explain.case`. RequestError for a `k` that lists cannot have.
    """
    n = run.dataset.n_items
    check_k(k, n)
    longest = min(k + (target == "margin"), n)
    lists = rank_together(source_of(run.model), np.arange(run.dataset.n_users), left_out(run.dataset), longest)
    top = Recommendations(lists.user_index, lists.item_index[:, :k], lists.score[:, :k])
    explained = top.item_index != NONE_LEFT
    if items is not None:
        explained &= items[np.where(explained, top.item_index, 0)]
    rows, places = np.nonzero(explained)
    parts = [(rows, top.item_index[rows, places], 1.0)]
    if target == "margin":
        reference = _references(lists.item_index, rows, places, k)
        found = reference != NONE_LEFT
        parts = [(rows[found], parts[0][1][found], 1.0), (rows[found], reference[found], -1.0)]
    said = np.zeros(run.dataset.n_users)
    score_of = _by_item(lists)
    for users, chosen, sign in parts:
        np.add.at(said, users, sign * score_of(users, chosen))
    return Targets(top, _matrix(parts, run.dataset.n_users, n), said)


def one_each(shape: tuple[int, int], users: IntArray, items: IntArray, against: IntArray | None = None) -> sp.csr_array:
    """Signs `[n_users, n_items]` of one item for each of `users` (who may come again), less (where given) those of one
    other item each."""
    parts = [(users, items, 1.0)] + ([] if against is None else [(users, against, -1.0)])
    return _matrix(parts, *shape)


def _references(items: IntArray, rows: IntArray, places: IntArray, k: int) -> IntArray:
    """For each explained place the item that it leads; `NONE_LEFT` where the list holds nothing else."""
    length = (items != NONE_LEFT).sum(1)[rows]
    last = np.minimum(k, length - 1)
    last = np.where(last == places, last - 1, last)
    found: IntArray = np.where(last >= 0, items[rows, last], NONE_LEFT)
    return found


def _matrix(parts: list[tuple[Any, Any, float]], n_users: int, n_items: int) -> sp.csr_array:
    rows, columns = (np.concatenate([part[side] for part in parts]).astype(np.int64) for side in (0, 1))
    values = np.concatenate([np.full(len(part[0]), part[2]) for part in parts])
    matrix = sp.coo_array((values, (rows, columns)), shape=(n_users, n_items)).tocsr()
    matrix.sum_duplicates()
    return matrix


def _by_item(lists: Recommendations) -> Any:
    """The score that a list gives an item that it holds, for arrays of people and items."""

    def score(users: IntArray, items: IntArray) -> NDArray[np.float64]:
        place = (lists.item_index[users] == items[:, None]).argmax(1)
        found: NDArray[np.float64] = lists.score[users, place].astype(np.float64)
        return found

    return score
