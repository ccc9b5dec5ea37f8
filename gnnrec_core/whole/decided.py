"""Whose list a driver decides: how many people would lose an item of their list without it, recomputed.

For a person who has the driver, their own links that count towards it are taken out of the graph, degrees and attention
are computed anew, every item is scored again, and the items of old and new list are compared; what was taken out stays
out of the list. Embeddings are kept: this is "in this model".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gnnrec_core.base import progress
from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.registry import did_you_mean
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.explain.case import excluded_items
from gnnrec_core.explain.scores.scoring import scorer_of
from gnnrec_core.ranking.intervals import share_interval
from gnnrec_core.ranking.topk import top_k
from gnnrec_core.runs.run import Run
from gnnrec_core.whole.drivers import PATH
from gnnrec_core.whole.sorting import sorting_of

SAMPLE = 100


@dataclass(frozen=True)
class Decided:
    """`n_have` people have the driver; of `n_checked` of them (drawn, or all) `n_lose` lost an item of their list.

    `people` is how many of all who have it would, with its 95 % interval `low` to `high` (no wider than a point where
    all were checked). `items_lost` is the mean number of items lost by those checked. `cases` are the user indices of
    those who lost most, largest first.
    """

    driver: str
    k: int
    n_have: int
    n_checked: int
    n_lose: int
    people: float
    low: float
    high: float
    items_lost: float
    cases: tuple[int, ...]

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        n = f"{self.people:,.0f} of {self.n_have:,}"
        if self.n_checked == self.n_have:
            return f"{n} people who have {self.driver} would lose an item of their top {self.k} without it."
        return (
            f"About {n} people who have {self.driver} would lose an item of their top {self.k} without it "
            f"({self.low:,.0f} to {self.high:,.0f}, from {self.n_checked:,} of them drawn at random)."
        )


def decided_by(run: Run, driver: str, by: str = "item", k: int = 10, sample: int = SAMPLE, seed: int = 0) -> Decided:
    """How many people's lists `driver` decides, from `sample` of them drawn with `seed`, or from all where they are
    fewer. RequestError for an unknown driver, and for paths, which are no set of links."""
    if by == PATH:
        raise RequestError("A shape of paths cannot be taken out of the graph.", "Ask for an item or a label.")
    sorting = sorting_of(run.dataset, run.graph, by)
    if driver not in sorting.names:
        raise RequestError(f"There is no driver {driver!r}.", did_you_mean(driver, sorting.names), value=driver)
    edges = np.flatnonzero(sorting.weights[:, [sorting.names.index(driver)]].toarray()[:, 0] > 0)
    owner = run.graph.edge_index[0, edges]
    have = np.unique(owner)
    if not len(have):
        raise RequestError(f"Nobody has {driver!r}.", "Choose another driver.", value=driver)
    chosen = have
    if len(have) > sample:
        chosen = np.sort(np.random.default_rng(seed).choice(have, sample, replace=False))
    counts = []
    for done, user in enumerate(chosen.tolist()):
        progress.report(done, len(chosen))
        counts.append(_lost(run, user, edges[owner == user], k))
    lost = np.array(counts)
    found = share_interval((lost > 0).astype(np.float64))
    n, exact = len(have), len(chosen) == len(have)
    low, high = (found.value, found.value) if exact else (found.low, found.high)
    order = chosen[np.argsort(-lost, kind="stable")][: int((lost > 0).sum())]
    n_lose = int((lost > 0).sum())
    low, high = max(low * n, n_lose), min(high * n, n - (len(chosen) - n_lose))
    return Decided(
        driver, k, n, len(chosen), n_lose, found.value * n, low, high, float(lost.mean()), tuple(order[:20].tolist())
    )


def _lost(run: Run, user: int, edges: IntArray, k: int) -> int:
    """How many items of the list of `k` are not in the list without `edges`."""
    scorer, out = scorer_of(run.model), excluded_items(run.dataset, user)
    lists = []
    for scores in (scorer.scores(user), scorer.scores_without(user, edges)):
        kept = np.array(scores, dtype=np.float64)
        kept[out] = -np.inf
        items, values = top_k(kept[None, :], k)
        lists.append(items[0][np.isfinite(values[0])])
    return len(np.setdiff1d(lists[0], lists[1]))
