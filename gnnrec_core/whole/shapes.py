"""Search over explanations by their shape: in which lists does one item carry over half, which rest on friends?

Each place of each list is taken apart (`ledgers`, one rank after the other) and described by a few numbers. With p_j
the parts of its explained number, those of the person's links and what no link carries, the weight of a part is
max(p_j, 0) / sum_j max(p_j, 0), in 0..1. A shape is a condition on these numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.base import progress
from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.registry import did_you_mean
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.ranking.intervals import UNIT, Interval, mean_interval
from gnnrec_core.ranking.recommendations import NONE_LEFT
from gnnrec_core.runs.run import Run
from gnnrec_core.whole.drivers import Part, edge_sums, part_of
from gnnrec_core.whole.group_shares import GroupShare, group_shares
from gnnrec_core.whole.sums.ledgers import ledgers
from gnnrec_core.whole.sums.targets import Target, list_targets, one_each

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Features:
    """Numbers of `n` places: weights of the largest interaction (`first`), of all side edges, of what no link carries
    (`learned`); `against`: what speaks against the item over what speaks for it."""

    first: Float
    side: Float
    learned: Float
    against: Float


@dataclass(frozen=True)
class Shape:
    """A condition on a place, in words, and how strongly it holds (for the order of cases)."""

    title: str
    holds: Callable[[Features], NDArray[np.bool_]]
    strength: Callable[[Features], Float]


SHAPES = {
    "one_item": Shape("one item of the history carries over half", lambda f: f.first > 0.5, lambda f: f.first),
    "friends": Shape("friends and other side links carry over a quarter", lambda f: f.side > 0.25, lambda f: f.side),
    "learned": Shape("over half is carried by no link", lambda f: f.learned > 0.5, lambda f: f.learned),
    "contested": Shape("over half as much speaks against it as for it", lambda f: f.against > 0.5, lambda f: f.against),
    "scattered": Shape("no interaction carries over a twentieth", lambda f: f.first < 0.05, lambda f: -f.first),
}


@dataclass(frozen=True)
class Cases:
    """The places with a shape, strongest first: `users`, `items`, `ranks` and `strength`, each `[n_cases]`.

    `n_places` were looked at; `share` is the mean over people of the share of their places. `cohort` sums the ledgers
    of the cases by item; None where there are none, or their numbers sum to 0.
    """

    shape: str
    target: Target
    k: int
    n_places: int
    share: Interval
    group_by: str | None
    groups: tuple[GroupShare, ...]
    hidden: int
    cohort: Part | None
    users: IntArray = field(repr=False)
    items: IntArray = field(repr=False)
    ranks: IntArray = field(repr=False)
    strength: Float = field(repr=False)


def cases_of_shape(
    run: Run, shape: str, k: int = 10, target: Target = "score", group_by: str | None = None, seed: int = 0
) -> Cases:
    """All places of the lists of `k` whose explanation has `shape` (of `SHAPES`).

    RequestError for an unknown shape or grouping, UnsupportedError for a model without parts.
    """
    if shape not in SHAPES:
        raise RequestError(f"There is no shape {shape!r}.", did_you_mean(shape, tuple(SHAPES)), value=shape)
    n = run.dataset.n_users
    found, counted = [], np.zeros(n)
    for some, items, rank, features in described_places(run, k, target):
        counted[some] += 1
        held = np.flatnonzero(SHAPES[shape].holds(features))
        strength = SHAPES[shape].strength(features)[held]
        found.append((some[held], items[held], np.full(len(held), rank), strength))
    every = [np.concatenate([part[column] for part in found]) if found else np.zeros(0) for column in range(4)]
    who, items, ranks = (column.astype(np.int64) for column in every[:3])
    per_user = np.divide(np.bincount(who, minlength=n), counted, out=np.full(n, np.nan), where=counted > 0)
    order = np.argsort(-every[3], kind="stable")
    chosen = one_each(run.graph.seen.shape, who, items, None if target == "score" else _references(run, k)[who])
    groups, hidden = group_shares(
        run.dataset, group_by, np.isfinite(per_user), lambda people: mean_interval(per_user[people], bounds=UNIT)
    )
    share = mean_interval(per_user, bounds=UNIT)
    sorted_ = (who[order], items[order], ranks[order], every[3][order])
    cohort = _cohort(run, chosen, seed)
    return Cases(shape, target, k, int(counted.sum()), share, group_by, groups, hidden, cohort, *sorted_)


def described_places(
    run: Run, k: int = 10, target: Target = "score"
) -> Iterator[tuple[IntArray, IntArray, int, Features]]:
    """All places of the lists of `k`, one rank after the other, in batches: people, their items, the rank, and the
    numbers of these places. UnsupportedError for a model without parts."""
    lists = list_targets(run, k, "score").lists.item_index
    reference = None if target == "score" else _references(run, k)
    is_side = run.graph.edge_type != 0
    for place in range(k):
        users = np.flatnonzero(lists[:, place] != NONE_LEFT)
        if reference is not None:
            users = users[(reference[users] != NONE_LEFT) & (reference[users] != lists[users, place])]
        with progress.part(place, k):
            for some, features in _described(run, users, lists[:, place], reference, is_side):
                yield some, lists[some, place], place + 1, features


def _references(run: Run, k: int) -> IntArray:
    """The item at rank k + 1 of each person `[n_users]`."""
    longer = list_targets(run, min(k + 1, run.dataset.n_items), "score").lists.item_index
    return longer[:, -1]


def _described(
    run: Run, users: IntArray, items: IntArray, reference: IntArray | None, is_side: NDArray[np.bool_]
) -> Iterator[tuple[IntArray, Features]]:
    signs = one_each(run.graph.seen.shape, users, items[users], None if reference is None else reference[users])
    for some, sums in ledgers(run.model, signs):
        positive = np.maximum(sums.values, 0.0)
        n = len(some)
        learned = np.maximum(sums.own, 0.0)
        speaks_for = np.bincount(sums.owner, positive, n) + learned
        against = np.bincount(sums.owner, np.maximum(-sums.values, 0.0), n) + np.maximum(-sums.own, 0.0)
        own = np.zeros(n)
        np.maximum.at(own, sums.owner, np.where(is_side[sums.edges], 0.0, positive))
        side = np.bincount(sums.owner, np.where(is_side[sums.edges], positive, 0.0), n)
        whole = np.where(speaks_for > 0, speaks_for, np.inf)
        yield some, Features(own / whole, side / whole, learned / whole, against / whole)


def _cohort(run: Run, signs: sp.csr_array, seed: int) -> Part | None:
    if not signs.nnz:
        return None
    sorting, per_user, own = edge_sums(run, signs, "item")
    counted = np.diff(signs.indptr) > 0
    total = own + np.asarray(per_user.sum(axis=1)).ravel()
    if not abs(total.sum()) > 1e-12 * np.abs(total).sum():
        return None
    return part_of("these cases", sorting, sp.csr_array(per_user[counted]), own[counted], total[counted], seed)
