"""Whose list a driver decides: how many people would lose an item of their list without it, recomputed.

For a person who has the driver, their own links that count towards it are taken away, every item is scored again, and
the items of old and new list are compared; what was taken out stays out of the list. "in this model": embeddings are
kept, degrees and attention computed anew; "foretold": what a model trained without these links of the person would say
(calibrated where the run is); "trained again": the model is trained once without the driver's links of everybody, by
the same random draws.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gnnrec_core.base import progress
from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.base.registry import did_you_mean
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.explain.case import excluded_items
from gnnrec_core.explain.scores.linear import Float
from gnnrec_core.explain.scores.scoring import scorer_of
from gnnrec_core.explain.truth.levels import levels_of
from gnnrec_core.explain.truth.retraining import train_without
from gnnrec_core.ranking.intervals import share_interval
from gnnrec_core.ranking.topk import top_k
from gnnrec_core.runs.run import Run
from gnnrec_core.whole.drivers import PATH
from gnnrec_core.whole.sorting import sorting_of

SAMPLE = 100
LEVELS = ("in this model", "foretold", "trained again")


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
    level: str = LEVELS[0]

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        n = f"{self.people:,.0f} of {self.n_have:,}"
        said = f"{n} people who have {self.driver} would lose an item of their top {self.k} without it"
        if self.n_checked == self.n_have:
            return f"{said} ({self.level})."
        span = f"{self.low:,.0f} to {self.high:,.0f}, from {self.n_checked:,} of them drawn at random"
        return f"About {said} ({span}; {self.level})."


def decided_by(
    run: Run, driver: str, by: str = "item", k: int = 10, sample: int = SAMPLE, seed: int = 0, level: str = ""
) -> Decided:
    """How many people's lists `driver` decides, from `sample` of them drawn with `seed`, or from all where they are
    fewer, at one of `LEVELS` (default: the first).

    RequestError for an unknown driver or level, and for paths, which are no set of links; UnsupportedError where the
    model does not have the level.
    """
    level = level or LEVELS[0]
    if level not in LEVELS:
        raise RequestError(f"There is no level {level!r}.", f"Choose {', '.join(LEVELS)}.", value=level)
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
    without = _without(run, level, edges)
    counts = []
    for done, user in enumerate(chosen.tolist()):
        progress.report(done, len(chosen))
        counts.append(_lost(run, user, without(user, edges[owner == user]), k))
    lost = np.array(counts)
    found = share_interval((lost > 0).astype(np.float64))
    n, exact = len(have), len(chosen) == len(have)
    low, high = (found.value, found.value) if exact else (found.low, found.high)
    order = chosen[np.argsort(-lost, kind="stable")][: int((lost > 0).sum())]
    n_lose = int((lost > 0).sum())
    low, high = max(low * n, n_lose), min(high * n, n - (len(chosen) - n_lose))
    return Decided(
        driver,
        k,
        n,
        len(chosen),
        n_lose,
        found.value * n,
        low,
        high,
        float(lost.mean()),
        tuple(order[:20].tolist()),
        level,
    )


def _without(run: Run, level: str, edges: IntArray) -> Callable[[int, IntArray], Float]:
    """Scores `[n_items]` of a person without their own of `edges`, at a level."""
    if level == "trained again":
        trained = train_without(run, edges, run.record.seed)
        return lambda user, _: np.asarray(trained.score(np.array([user]))[0], np.float64)
    scorer = scorer_of(run.model)
    if level == "in this model":
        return scorer.scores_without
    teller = levels_of(run.model, run).foreteller
    if teller is None:
        raise UnsupportedError(
            f"Nothing is foretold for a {run.record.model} run.", "Ask for the level “trained again”, which is exact."
        )
    return lambda user, own: scorer.scores(user) + teller.slope * teller.changes(user, [own])[0]


def _lost(run: Run, user: int, without: Float, k: int) -> int:
    """How many items of the list of `k` are not in the list by the scores `without` `[n_items]`."""
    out, lists = excluded_items(run.dataset, user), []
    for scores in (scorer_of(run.model).scores(user), without):
        kept = np.array(scores, dtype=np.float64)
        kept[out] = -np.inf
        items, values = top_k(kept[None, :], k)
        lists.append(items[0][np.isfinite(values[0])])
    return len(np.setdiff1d(lists[0], lists[1]))
