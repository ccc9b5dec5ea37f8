"""The provider's side: how much exposure an author, seller or label gets, against how often people choose it later."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.audit.evidence import Evidence
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.ranking.intervals import Interval
from gnnrec_core.ranking.matrix import interaction_matrix
from gnnrec_core.ranking.recommendations import NONE_LEFT
from gnnrec_core.runs.run import Run
from gnnrec_core.whole.bootstrap import DRAWS, ratio_of_shares, shares
from gnnrec_core.whole.sorting import items_with
from gnnrec_core.whole.sums.targets import list_targets

Float = NDArray[np.float64]


@dataclass(frozen=True)
class ProviderItem:
    """One item: people who have it in train, lists that hold it, and its share of the provider's exposure."""

    item: int
    n_readers: int
    n_lists: int
    share: float


@dataclass(frozen=True)
class ProviderSide:
    """One provider in lists of `k`. Intervals are over people (bootstrap), 95 %.

    `exposure`: share of all exposure (1 / log2(rank + 1) of each place) that its items get. `merit`: share of all
    held-out interactions of `split` that are with its items. `ratio` = exposure / merit: 1 is exposure in proportion to
    what people choose later, above is more. `history` is its share of train interactions.
    """

    column: str
    value: str
    k: int
    split: str
    exposure: Interval
    merit: Interval
    history: float
    ratio: Interval
    items: tuple[ProviderItem, ...]

    @property
    def sentence(self) -> str:
        """What was measured, in words."""
        said = (
            f"{self.value} gets {self.exposure.value:.2%} of all exposure; {self.merit.value:.2%} of what people chose "
            "later is theirs"
        ).replace("%", " %")
        if not np.isfinite(self.ratio.value):
            return f"{said}: {self.ratio.reason}."
        span = f"{self.ratio.value:.2f} times its share ({self.ratio.low:.2f} to {self.ratio.high:.2f})"
        if self.ratio.low <= 1 <= self.ratio.high:
            return f"{said}: {span}, so one cannot tell whether that is more or less than in proportion."
        return f"{said}: {span}, {'more' if self.ratio.value > 1 else 'less'} than in proportion."


def provider_side(run: Run, column: str, value: str, k: int = 10, seed: int = 0) -> ProviderSide:
    """The side of the provider `value` in `column` of the items. RequestError where no item has it."""
    own = items_with(run.dataset, column, value)
    lists = list_targets(run, k, "score").lists.item_index
    listed = lists != NONE_LEFT
    gain = np.where(listed, 1.0 / np.log2(np.arange(2, k + 2)), 0.0)  # [n_users, k]
    is_own = listed & own[np.where(listed, lists, 0)]
    exposed, all_exposed = (gain * is_own).sum(1), gain.sum(1)
    held_out = interaction_matrix(run.dataset, "test").astype(np.float64)
    chosen, all_chosen = held_out @ own.astype(np.float64), held_out.sum(axis=1)
    popularity = run.graph.popularity
    return ProviderSide(
        column,
        value,
        k,
        "test",
        _share(exposed, all_exposed, seed),
        _share(chosen, np.asarray(all_chosen, np.float64), seed),
        float(popularity[own].sum() / max(1, popularity.sum())),
        ratio_of_shares((exposed, all_exposed), (chosen, np.asarray(all_chosen, np.float64)), seed),
        _items(own, popularity, lists, gain),
    )


@dataclass(frozen=True)
class Gain:
    """A provider's share of all exposure before and after, in 0..1; `low`, `high`: the 95 % interval of the change over
    people (bootstrap, the same people before and after)."""

    provider: str
    n_items: int
    before: float
    after: float
    low: float
    high: float

    @property
    def change(self) -> float:
        """after - before: above 0 the provider gains."""
        return self.after - self.before

    @property
    def verdict(self) -> str:
        """ "gains", "loses" or "cannot tell"."""
        return "gains" if self.low > 0 else "loses" if self.high < 0 else "cannot tell"


def provider_gains(before: Evidence, after: Evidence, seed: int = 0) -> tuple[Gain, ...]:
    """Which providers would gain and which would lose exposure by other lists of the same people, largest gain first.

    Exposure is 1 / log2(rank + 1) of each place; an item of several providers counts for each in equal parts. Empty
    where the items have no providers.
    """
    own = before.providers
    if own is None:
        return ()
    parts = [_exposed(each, own.shares) for each in (before, after)]  # [n, n_providers]
    totals = [max(float((_gain(each) * each.shown).sum()), 1e-300) for each in (before, after)]
    weight = np.random.default_rng(seed).poisson(1.0, (before.n, DRAWS)).astype(np.float64)
    moved = sp.csr_array(parts[1] / totals[1] - parts[0] / totals[0])
    drawn = np.sort((moved.T @ weight) / np.maximum(weight.mean(0), 1e-12), axis=1)
    low, high = (drawn[:, round(tail * (DRAWS - 1))].tolist() for tail in (0.025, 0.975))
    first, second = (
        (np.asarray(part.sum(axis=0)).ravel() / total).tolist() for part, total in zip(parts, totals, strict=True)
    )
    n_items = (own.shares > 0).sum(0).tolist()
    gains = [Gain(*row) for row in zip(own.labels, n_items, first, second, low, high, strict=True)]
    return tuple(sorted(gains, key=lambda gain: -gain.change))


def _exposed(evidence: Evidence, shares: Float) -> sp.csr_array:
    """Exposure that each person's list gives each provider `[n, n_providers]`."""
    places = sp.csr_array(
        (_gain(evidence)[evidence.shown], (np.nonzero(evidence.shown)[0], evidence.items[evidence.shown])),
        shape=(evidence.n, evidence.n_items),
    )
    return sp.csr_array(places @ sp.csr_array(shares))


def _gain(evidence: Evidence) -> Float:
    return np.broadcast_to(1.0 / np.log2(np.arange(2, evidence.k + 2)), evidence.shown.shape)


def _share(part: Float, whole: Float, seed: int) -> Interval:
    if not whole.sum() > 0:
        return Interval(float("nan"), reason="there is nothing to have a share of")
    found = shares(sp.csr_array(part[:, None]), whole, seed)
    return Interval(float(found.share[0]), float(found.low[0]), float(found.high[0]))


def _items(own: NDArray[np.bool_], popularity: IntArray, lists: IntArray, gain: Float) -> tuple[ProviderItem, ...]:
    held = lists != NONE_LEFT
    exposure = np.bincount(lists[held], weights=gain[held], minlength=len(own))
    counts = np.bincount(lists[held], minlength=len(own))
    items = np.flatnonzero(own)
    items = items[np.argsort(-exposure[items], kind="stable")]
    total = float(exposure[items].sum()) or 1.0
    return tuple(
        ProviderItem(int(item), int(popularity[item]), int(counts[item]), float(exposure[item] / total))
        for item in items
    )
