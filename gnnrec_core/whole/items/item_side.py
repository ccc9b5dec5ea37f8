"""One item from its own side: who gets it, what carries it there, what keeps it from others, and what would help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.ranking.intervals import UNIT, Interval, mean_interval, share_interval
from gnnrec_core.ranking.topk import check_k
from gnnrec_core.runs.run import Run
from gnnrec_core.whole.drivers import Part, edge_sums, part_of
from gnnrec_core.whole.group_shares import GroupShare, group_shares
from gnnrec_core.whole.items.recourse import Recourse, recourse
from gnnrec_core.whole.items.standing import Flags, Standing, standing
from gnnrec_core.whole.sums.targets import one_each

MOST_PEOPLE, MOST_RIVALS = 20, 10
NEAR = 5
"""People whose rank for the item is beyond k but at most so many times k are near."""


@dataclass(frozen=True)
class Rival:
    """An item that stands at the last place of `n_lists` lists of near people; `lead` is its mean lead over ours."""

    item: int
    n_lists: int
    lead: float


@dataclass(frozen=True)
class ItemSide:
    """What there is to say of `item` (an index) in lists of `k`.

    `n_readers` people have it in train. `exposure` is the mean over people of 1 / log2(rank + 1) where it is listed, 0
    elsewhere. `gets` and `near` are user indices with ranks, best first. `carried` sums its scores in the lists that
    hold it, by item and by path; `kept_out` its leads over the rivals in the lists of near people (below zero: what
    speaks for the rival); each is None with a sentence in `why_not` where the model has no parts or there is nobody.
    """

    item: int
    k: int
    n_readers: int
    n_open: int
    n_listed: int
    exposure: Interval
    ranks: tuple[tuple[str, int], ...]
    gets: tuple[tuple[int, int], ...]
    near: tuple[tuple[int, int], ...]
    n_near: int
    group_by: str | None
    groups: tuple[GroupShare, ...]
    hidden: int
    carried: Part | None
    carried_paths: Part | None
    kept_out: Part | None
    rivals: tuple[Rival, ...]
    why_not: str
    recourse: Recourse | None
    why_no_recourse: str


def item_side(
    run: Run,
    item: int,
    k: int = 10,
    group_by: str | None = None,
    more: int = 5,
    most: int = 3,
    seed: int = 0,
    relations: Sequence[str] | None = None,
    trainings: int = 0,
    surely: bool = False,
) -> ItemSide:
    """Everything about `item` (an index); `more` people are to be reached by at most `most` added links (0: do not look
    for any), of readers and of `relations`, trained again with `trainings` seeds, `surely` with a margin (`recourse`).
    """
    check_k(k, run.dataset.n_items)
    now = standing(run, item, k)
    near = now.open & (now.rank > k) & (now.rank <= NEAR * k) & (now.rival >= 0)
    carried, paths, why = _carried(run, item, np.flatnonzero(now.listed), seed)
    kept_out, why_not = _kept_out(run, item, now, np.flatnonzero(near), seed)
    groups, hidden = group_shares(
        run.dataset, group_by, now.open, lambda people: share_interval(now.listed[people].astype(np.float64))
    )
    found, refused = None, ""
    try:
        found = recourse(run, item, now, more, most, seed, relations, trainings, surely) if most else None
    except UnsupportedError as error:
        refused = error.message
    gain = np.where(now.listed, 1.0 / np.log2(np.maximum(now.rank, 1) + 1.0), 0.0)[now.open]
    return ItemSide(
        item,
        k,
        int(run.graph.popularity[item]),
        int(now.open.sum()),
        int(now.listed.sum()),
        mean_interval(gain, bounds=UNIT),
        _quantiles(now.rank[now.open]),
        _first(now.rank, now.listed),
        _first(now.rank, near),
        int(near.sum()),
        group_by,
        groups,
        hidden,
        carried,
        paths,
        kept_out,
        _rivals(now, near),
        why or why_not,
        found,
        refused,
    )


def _carried(run: Run, item: int, users: IntArray, seed: int) -> tuple[Part | None, Part | None, str]:
    if not len(users):
        return None, None, "It is in nobody's list, so nothing carries it there."
    signs = one_each(run.graph.seen.shape, users, np.full(len(users), item))
    by_item, why = _summed(run, signs, "item", "who get it", seed)
    return by_item, _summed(run, signs, "path", "who get it", seed)[0], why


def _kept_out(run: Run, item: int, now: Standing, users: IntArray, seed: int) -> tuple[Part | None, str]:
    if not len(users):
        return None, ""
    signs = one_each(run.graph.seen.shape, users, np.full(len(users), item), now.rival[users])
    return _summed(run, signs, "item", "who nearly get it", seed)


def _summed(run: Run, signs: sp.csr_array, by: str, name: str, seed: int) -> tuple[Part | None, str]:
    try:
        sorting, per_user, own = edge_sums(run, signs, by)
    except UnsupportedError as error:
        return None, error.message
    counted = np.diff(signs.indptr) > 0
    total = own + np.asarray(per_user.sum(axis=1)).ravel()
    if not abs(total.sum()) > 1e-12 * np.abs(total).sum():
        return None, "Its scores there sum to 0, so nothing has a share of them."
    return part_of(name, sorting, sp.csr_array(per_user[counted]), own[counted], total[counted], seed), ""


def _quantiles(ranks: IntArray) -> tuple[tuple[str, int], ...]:
    names = ("best", "lower quarter", "median", "upper quarter", "worst")
    if not len(ranks):
        return ()
    values = np.quantile(ranks, (0, 0.25, 0.5, 0.75, 1), method="lower")
    return tuple((name, int(value)) for name, value in zip(names, values, strict=True))


def _first(rank: IntArray, chosen: Flags) -> tuple[tuple[int, int], ...]:
    users = np.flatnonzero(chosen)
    users = users[np.argsort(rank[users], kind="stable")][:MOST_PEOPLE]
    return tuple((int(user), int(rank[user])) for user in users)


def _rivals(now: Standing, near: Flags) -> tuple[Rival, ...]:
    items, place, counts = np.unique(now.rival[near], return_inverse=True, return_counts=True)
    lead = np.bincount(place, weights=-now.gap[near], minlength=len(items)) / np.maximum(counts, 1)
    order = np.argsort(-counts, kind="stable")[:MOST_RIVALS]
    return tuple(Rival(int(items[each]), int(counts[each]), float(lead[each])) for each in order)
