"""Where one item stands in everybody's ranking: rank, score, and the item that it would have to beat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.base import progress
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.ranking.topk import ScoreBlock, top_k
from gnnrec_core.runs.recommend import left_out
from gnnrec_core.runs.run import Run

BLOCK = 512
Flags = NDArray[np.bool_]
Float = NDArray[np.float64]


@dataclass(frozen=True)
class Standing:
    """One item in the rankings of all people `[n_users]`.

    `open` says whose lists may hold it (who has it already is left out); `rank` is 1-based, 0 where it may not;
    `gap` is its score minus that of `rival`, the k-th best other item: above 0 in lists, -infinity or NaN where there
    is no rival; `rival` is -1 there.
    """

    k: int
    open: Flags
    rank: IntArray
    gap: Float
    rival: IntArray

    @property
    def listed(self) -> Flags:
        """Whose list of `k` holds it."""
        return np.asarray((self.rank > 0) & (self.rank <= self.k))


def standing(run: Run, item: int, k: int) -> Standing:
    """The standing of `item` (an index) in the lists that people are shown."""
    seen = left_out(run.dataset)
    n = run.dataset.n_users
    may = np.ones(n, bool)
    may[seen[:, [item]].nonzero()[0]] = False
    rank, gap, rival = np.zeros(n, np.int64), np.full(n, np.nan), np.full(n, -1, np.int64)
    for start in range(0, n, BLOCK):
        progress.report(start, n)
        users = np.arange(start, min(start + BLOCK, n))
        scores = _masked(run.model.score, users, seen)
        own = scores[:, item].copy()
        above = (scores > own[:, None]).sum(1) + (scores[:, :item] == own[:, None]).sum(1)
        scores[:, item] = -np.inf
        best, values = top_k(scores, min(k, scores.shape[1]))
        has = np.isfinite(values[:, -1])
        rank[users] = np.where(may[users], above + 1, 0)
        rival[users] = np.where(has & may[users], best[:, -1], -1)
        gap[users] = np.where(has & may[users], own.astype(np.float64) - values[:, -1], np.nan)
    return Standing(k, may, rank, gap, rival)


def n_listed(score: ScoreBlock, run: Run, item: int, k: int, has_it: IntArray) -> int:
    """How many lists of `k` by `score` hold `item`; those of `has_it` and of whoever has it already do not."""
    seen = left_out(run.dataset)
    may = np.ones(run.dataset.n_users, bool)
    may[seen[:, [item]].nonzero()[0]] = False
    may[has_it] = False
    count = 0
    for start in range(0, len(may), BLOCK):
        progress.check()
        users = np.arange(start, min(start + BLOCK, len(may)))
        scores = _masked(score, users, seen)
        own = scores[:, item, None]
        above = (scores > own).sum(1) + (scores[:, :item] == own).sum(1)
        count += int((may[users] & (above < k)).sum())
    return count


def _masked(score: ScoreBlock, users: IntArray, seen: object) -> NDArray[np.float32]:
    scores = np.array(score(users), np.float32)
    rows = seen[users].tocoo()  # type: ignore[index]
    scores[rows.row, rows.col] = -np.inf
    return scores
