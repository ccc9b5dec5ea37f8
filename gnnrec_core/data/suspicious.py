"""People whose interactions may not be those of a person: each with a score and the reason for it.

Five reasons, each a figure with a limit (`REASONS`); the score is how many times over its limit the figure is, 1 or
more, and of several reasons the strongest counts. A reason is a cause to look, no proof, and nothing is removed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.data.clean.blocks import counted
from gnnrec_core.data.coherence import MOST_WORK, coherence, incoherence_limit, pushed_items
from gnnrec_core.data.dataset import NO_TIME, Dataset, IntArray

Floats = NDArray[np.float64]
REASONS = {
    "volume": "interactions, against 50 times the median, 5 % of all items and 100, whichever is most",
    "burst": "interactions within one minute, against 60",
    "clock": "0.1 / (standard deviation / mean of the times between at least 20 interactions): programs keep time",
    "copies": "share of items in common (Jaccard) with another person, both of at least 10 items, against 0.8",
    "pushed": "how little the history hangs together, of those who hold an item that more such people hold than chance "
    "makes likely: highest coherence that chance gives / coherence",
}
MINUTE, MOST_A_MINUTE = 60, 60
LEAST_GAPS, EVEN = 20, 0.1
LEAST_ITEMS, ALIKE = 10, 0.8
MOST_TOGETHER = 2_000_000
"""Pairs of people that may be near copies; above it copies are not looked for."""


@dataclass(frozen=True)
class Suspect:
    """One person: index, score (1 or more), the reason (of `REASONS`), its figure and limit, what it is about in words,
    interactions; `others` are the reasons that count less."""

    user_index: int
    score: float
    reason: str
    measure: float
    limit: float
    about: str
    n_interactions: int
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Suspicion:
    """`suspects`, highest score first; `skipped` says which reasons could not be measured, and why; `pushed` are the
    items that made-up profiles seem to push."""

    n_users: int
    suspects: tuple[Suspect, ...]
    pushed: tuple[int, ...] = ()
    skipped: dict[str, str] = field(default_factory=dict)

    @property
    def users(self) -> IntArray:
        """Indices of all suspects, ascending."""
        return np.array(sorted(suspect.user_index for suspect in self.suspects), dtype=np.int64)

    @property
    def by_reason(self) -> dict[str, int]:
        """How many people have each reason, as their strongest or beside it."""
        return {
            reason: sum(reason in (suspect.reason, *suspect.others) for suspect in self.suspects) for reason in REASONS
        }


def find_suspicious(dataset: Dataset) -> Suspicion:
    """Everybody in the log with a figure over its limit. All parts of the data are looked at, side edges are not."""
    log = dataset.interactions
    ones = np.ones(len(log), np.float32)
    held = sp.csr_array((ones, (log.user_index, log.item_index)), shape=(dataset.n_users, dataset.n_items))
    skipped: dict[str, str] = {}
    pushed, of_pushed = _pushed(dataset, held, skipped)
    found: dict[int, list[Suspect]] = {}
    for suspect in (
        *_volume(dataset, held),
        *_times(dataset, skipped),
        *_copies(held, skipped),
        *of_pushed,
    ):
        found.setdefault(suspect.user_index, []).append(suspect)
    return Suspicion(dataset.n_users, tuple(sorted(map(_one, found.values()), key=_order)), tuple(pushed), skipped)


def _one(reasons: list[Suspect]) -> Suspect:
    """The strongest reason of one person, with the names of the others."""
    first, *rest = sorted(reasons, key=_order)
    return Suspect(**{**vars(first), "others": tuple(suspect.reason for suspect in rest)})


def _order(suspect: Suspect) -> tuple[float, int]:
    return -suspect.score, suspect.user_index


def _volume(dataset: Dataset, held: sp.csr_array) -> Iterator[Suspect]:
    n = np.diff(held.indptr)
    limit = max(50 * float(np.median(n)), 0.05 * dataset.n_items, 100.0)
    for user in np.flatnonzero(n > limit).tolist():
        about = f"{n[user]:,} interactions, where the median person has {float(np.median(n)):g}"
        yield Suspect(user, float(n[user] / limit), "volume", float(n[user]), limit, about, int(n[user]))


def _times(dataset: Dataset, skipped: dict[str, str]) -> Iterator[Suspect]:
    """Bursts and even clocks, from each person's times in order."""
    log = dataset.interactions
    if log.timestamp is None:
        skipped["burst"] = skipped["clock"] = "the log has no times"
        return
    n = counted(log.user_index, dataset.n_users)
    order = np.lexsort((log.timestamp, log.user_index))
    known = order[log.timestamp[order] != NO_TIME]
    users, times = log.user_index[known], log.timestamp[known]
    bounds = np.searchsorted(users, np.arange(dataset.n_users + 1))
    for user in np.flatnonzero(np.diff(bounds) > LEAST_GAPS).tolist():
        own = times[bounds[user] : bounds[user + 1]]
        most = int((np.searchsorted(own, own + MINUTE) - np.arange(len(own))).max())
        if most > MOST_A_MINUTE:
            about = f"{most:,} interactions within one minute"
            yield Suspect(user, most / MOST_A_MINUTE, "burst", most, MOST_A_MINUTE, about, int(n[user]))
        gaps = np.diff(own).astype(np.float64)
        uneven = gaps.std() / gaps.mean() if gaps.mean() > 0 else np.inf
        if uneven < EVEN:
            about = f"{len(own):,} interactions, one every {gaps.mean():,.0f} seconds, give or take {gaps.std():,.1f}"
            yield Suspect(
                user, float(EVEN / max(uneven, EVEN / 100)), "clock", float(uneven), EVEN, about, int(n[user])
            )


def _copies(held: sp.csr_array, skipped: dict[str, str]) -> Iterator[Suspect]:
    """People with nearly the items of another. Two sets of Jaccard J share one of the rarest (1 - J) n + 1 of each."""
    n = np.diff(held.indptr)
    rarity = np.argsort(np.argsort(np.bincount(held.indices, minlength=held.shape[1]), kind="stable"))
    rarest = []
    for user in np.flatnonzero(n >= LEAST_ITEMS).tolist():
        own = held.indices[held.indptr[user] : held.indptr[user + 1]]
        first = len(own) - int(np.ceil(ALIKE * len(own) - 1e-9)) + 1
        rarest.append((user, own[np.argsort(rarity[own])][:first]))
    if len(rarest) < 2:
        return
    row = np.repeat([user for user, _ in rarest], [len(items) for _, items in rarest])
    column = np.concatenate([items for _, items in rarest])
    meet = np.bincount(column).astype(np.float64)
    if (meet**2).sum() > MOST_TOGETHER * 10:
        skipped["copies"] = f"{len(rarest):,} people share too many of their rarest items to hold each against each"
        return
    prefix = sp.csr_array((np.ones(len(row), np.float32), (row, column)), shape=held.shape)
    pairs = sp.triu(prefix @ prefix.T, k=1).tocoo()
    both = np.asarray(held[pairs.row].multiply(held[pairs.col]).sum(1)).ravel()
    jaccard = both / (n[pairs.row] + n[pairs.col] - both)
    best, other = np.zeros(len(n)), np.zeros(len(n), np.int64)
    for one, two in ((pairs.row, pairs.col), (pairs.col, pairs.row)):
        for place in np.argsort(jaccard, kind="stable").tolist():
            if jaccard[place] > best[one[place]]:
                best[one[place]], other[one[place]] = jaccard[place], two[place]
    for user in np.flatnonzero(best >= ALIKE).tolist():
        about = f"{best[user]:.0%} of the items in common with another person"
        yield Suspect(user, float(best[user] / ALIKE), "copies", float(best[user]), ALIKE, about, int(n[user]))


def _pushed(dataset: Dataset, held: sp.csr_array, skipped: dict[str, str]) -> tuple[list[int], tuple[Suspect, ...]]:
    """Items that made-up profiles seem to push, and the people who hold one and whose history hangs together by chance
    alone."""
    if dataset.n_users * held.nnz > MOST_WORK:
        skipped["pushed"] = f"{held.nnz:,} interactions of {dataset.n_users:,} people would take minutes"
        return [], ()
    n = np.diff(held.indptr)
    found, limits = coherence(held), incoherence_limit(n)
    items = pushed_items(held, found < limits)
    suspects = []
    for user in np.flatnonzero(found < limits).tolist():
        mine = [item for item in items.tolist() if held[user, item]]
        if mine:
            about = f"holds {dataset.title(mine[0])}, and the rest of the history hangs together by chance alone"
            score = float(limits[user] / max(found[user], 0.01))
            measure, limit = float(found[user]), float(limits[user])
            suspects.append(Suspect(user, score, "pushed", measure, limit, about, int(n[user])))
    return items.tolist(), tuple(suspects)
