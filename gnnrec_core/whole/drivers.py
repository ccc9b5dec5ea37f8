"""Drivers: the exact ledgers of everybody's lists, summed.

Each person's list is taken apart once (`ledgers`): its explained number, the sum of the scores of its items or of their
leads, is what no edge of the person carries plus one part for each edge. A driver is a set of edges (`sorting`) or of
walks (`paths`); its share is the signed sum of its parts over all people divided by the signed sum of all explained
numbers. Parts that speak against items count below zero, so a share may be negative, or above 1 where others are; all
shares and what is unassigned (what was learned for a person and no edge of theirs carries) sum to 1. All of it is said
"in this model": embeddings and weights as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.audit.gate import THRESHOLD, gate_of
from gnnrec_core.audit.groups import Grouping, group_users
from gnnrec_core.audit.segments import BINS, popularity_bins
from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.models.ops.shards.people import joined, own_share, stacked
from gnnrec_core.runs.run import Run
from gnnrec_core.whole.bootstrap import Shares, shares
from gnnrec_core.whole.sorting import Sorting, items_with, sorting_of
from gnnrec_core.whole.sums.ledgers import ledgers
from gnnrec_core.whole.sums.paths import path_sums
from gnnrec_core.whole.sums.targets import Flags, Target, list_targets

PATH = "path"
FEW = f"drivers that fewer than {THRESHOLD} people of the group, or of all others, have"
Float = NDArray[np.float64]


@dataclass(frozen=True)
class Driver:
    """`share` of the explained total, signed, with its interval over people (`low`, `high`; NaN without one).

    `value` is the same in units of the score. `n_lists` people have a part of it in their list. `item` is the raw id
    where the driver is an item.
    """

    name: str
    share: float
    low: float
    high: float
    value: float
    n_lists: int
    item: str | None = None


@dataclass(frozen=True)
class Part:
    """The drivers of some people, largest |share| first: of everybody, or of one group."""

    group: str
    n_users: int
    total: float
    drivers: tuple[Driver, ...]
    unassigned: Driver


@dataclass(frozen=True)
class Drivers:
    """What drives the lists of `k`.

    `everybody`; `groups` those that the gate lets through, `hidden` how many it does not. `difference` is how far the
    summed parts are from the sum of the lists' own float32 scores, relative to the sum of their sizes. `per_user` CSR
    `[n_users, n_drivers]` in the order of `sorting.names`, `total` `[n_users]`: for looking up cases.
    """

    run: str
    target: Target
    k: int
    by: str
    definition: str
    everybody: Part
    groups: tuple[Part, ...]
    group_by: str | None
    hidden: int
    segment: str | None
    difference: float
    warnings: tuple[str, ...]
    sorting: Sorting = field(repr=False)
    per_user: sp.csr_array = field(repr=False)
    total: Float = field(repr=False)


def drivers(
    run: Run,
    k: int = 10,
    by: str = "item",
    target: Target = "score",
    group_by: str | None = None,
    segment: str | None = None,
    people: Flags | None = None,
    seed: int = 0,
) -> Drivers:
    """The drivers of the lists of `k` of everybody (or of `people`, boolean `[n_users]`).

    `by`: "item", "relation", "age", "popularity", "path", or a column of the items. `segment` counts only places that
    hold such items: "head", "middle", "tail", or COLUMN=VALUE. Raises UnsupportedError for a model without parts,
    RequestError for an unknown name or an impossible `k`.
    """
    dataset = run.dataset
    targets = list_targets(run, k, target, None if segment is None else segment_items(dataset, segment))
    signs = targets.signs if people is None else _of_people(dataset, targets.signs, people)
    if people is not None and group_by is not None:
        raise RequestError("Chosen people cannot be grouped as well.", "Ask for the groups of everybody.")
    counted = np.diff(signs.indptr) > 0
    if not counted.any():
        raise UnsupportedError("No list has a place to explain.", "Choose another segment, or a longer list.")
    sorting, per_user, own = edge_sums(run, signs, by)
    total = own + np.asarray(per_user.sum(axis=1)).ravel()
    said = np.where(counted, targets.said, 0.0)
    size = np.abs(total).sum()
    if not size > 0 or abs(total.sum()) < 1e-12 * size:
        raise UnsupportedError("The scores of these lists sum to 0, so nothing has a share of them.", "Look at cases.")
    everybody = part_of("everybody", sorting, per_user[counted], own[counted], total[counted], seed)
    groups, hidden = _groups(dataset, group_by, counted, sorting, per_user, own, total, seed)
    return Drivers(
        run.name,
        target,
        k,
        by,
        sorting.definition,
        everybody,
        groups,
        group_by,
        hidden,
        segment,
        float(abs(total.sum() - said.sum()) / size),
        _warnings(total[counted]),
        sorting,
        per_user,
        total,
    )


def edge_sums(run: Run, signs: sp.csr_array, by: str) -> tuple[Sorting, sp.csr_array, Float]:
    """Drivers, what each carries of each person's sum `[n_users, n_drivers]`, and what no edge does `[n_users]`."""
    own = np.zeros(run.dataset.n_users)
    if by == PATH:
        return path_sums(run, signs)
    sorting = sorting_of(run.dataset, run.graph, by)
    blocks, rows = [], []
    for users, sums in ledgers(run.model, signs, own_share(np.flatnonzero(np.diff(signs.indptr)))):
        own[users] = sums.own
        carried = sp.coo_array((sums.values, (sums.owner, sums.edges)), shape=(len(users), sorting.weights.shape[0]))
        blocks.append(carried.tocsr() @ sorting.weights)
        rows.append(users)
    place = np.concatenate([np.zeros(0, np.int64), *rows])
    found = sp.vstack(blocks, format="csr") if blocks else sp.csr_array((0, sorting.weights.shape[1]))
    own[joined(place)] = joined(own[place])
    order, place = stacked(found), joined(place)
    spread = sp.csr_array(
        (np.ones(len(place)), (place, np.arange(len(place)))), shape=(run.dataset.n_users, len(place))
    )
    return sorting, sp.csr_array(spread @ order), own


def _of_people(dataset: Dataset, signs: sp.csr_array, people: Flags) -> sp.csr_array:
    """The signs of chosen people, whom the gate must let through like any other group."""
    counted = np.diff(signs.indptr) > 0
    everybody = np.ones(len(people), bool)
    chosen = Grouping("chosen people", ("chosen",), people[:, None], everybody, "attribute", "people chosen by hand")
    if not (people & counted).any() or not gate_of(dataset).shown(chosen, counted)[0]:
        raise RequestError(
            f"Nothing can be said about these {int(people.sum()):,} people together: they, or all others, are too few.",
            f"Choose {THRESHOLD} or more and leave as many out, or look at their lists one by one.",
        )
    kept = sp.csr_array(sp.diags_array(people.astype(np.float64)) @ signs)
    kept.eliminate_zeros()
    return kept


def segment_items(dataset: Dataset, segment: str) -> Flags:
    """Which items a segment holds `[n_items]`: "head", "middle", "tail" by popularity, or COLUMN=VALUE."""
    if segment in BINS:
        rows = dataset.interactions.rows("train")
        popularity = np.bincount(dataset.interactions.item_index[rows], minlength=dataset.n_items)
        return np.asarray(popularity_bins(popularity) == BINS.index(segment))
    column, equals, value = segment.partition("=")
    if not equals:
        raise RequestError(
            f"There is no segment {segment!r} of items.", f"Choose {', '.join(BINS)} or COLUMN=VALUE.", value=segment
        )
    return items_with(dataset, column.strip(), value.strip())


def part_of(name: str, sorting: Sorting, per_user: sp.csr_array, own: Float, total: Float, seed: int) -> Part:
    """The drivers of these people; those that nobody has are left out."""
    n_lists = np.bincount(per_user.indices[per_user.data != 0], minlength=per_user.shape[1])
    values = np.asarray(per_user.sum(axis=0)).ravel()
    kept = np.flatnonzero(n_lists)
    both = sp.hstack([per_user[:, kept], sp.csr_array(own[:, None])], format="csr")
    found = shares(both, total, seed)
    sizes = np.append(values[kept], own.sum())
    counts = np.append(n_lists[kept], np.count_nonzero(own))
    names = [sorting.names[each] for each in kept] + ["(learned, carried by no link)"]
    ids = [sorting.ids[each] if sorting.ids else None for each in kept] + [None]
    every = [_driver(*each) for each in zip(names, range(len(names)), [found] * len(names), sizes, counts, ids)]
    ordered = sorted(every[:-1], key=lambda driver: -abs(driver.share))
    return Part(name, len(total), float(total.sum()), tuple(ordered), every[-1])


def _driver(name: str, place: int, found: Shares, value: float, n_lists: int, item: str | None) -> Driver:
    low, high = float(found.low[place]), float(found.high[place])
    return Driver(name, float(found.share[place]), low, high, float(value), int(n_lists), item)


def _groups(
    dataset: Dataset,
    group_by: str | None,
    counted: Flags,
    sorting: Sorting,
    per_user: sp.csr_array,
    own: Float,
    total: Float,
    seed: int,
) -> tuple[tuple[Part, ...], int]:
    """The groups that may be shown, and how many may not."""
    if group_by is None:
        return (), 0
    grouping = group_users(dataset, group_by)
    allowed = gate_of(dataset).shown(grouping, counted)
    held = sp.csr_array(per_user[counted])
    n_all = np.bincount(held.indices[held.data != 0], minlength=per_user.shape[1])
    parts = []
    for place in np.flatnonzero(allowed):
        chosen = grouping.member[:, place] & counted
        if not chosen.any() or abs(total[chosen].sum()) <= 0:
            continue
        known = _folded(sorting, sp.csr_array(per_user[chosen]), n_all)
        parts.append(part_of(grouping.labels[place], *known, own[chosen], total[chosen], seed))
    return tuple(parts), int((~allowed).sum())


def _folded(sorting: Sorting, per_user: sp.csr_array, n_all: NDArray[np.int64]) -> tuple[Sorting, sp.csr_array]:
    """Drivers that so few people of the group, or of all others, have that they would be told apart, as one."""
    n = np.bincount(per_user.indices[per_user.data != 0], minlength=per_user.shape[1])
    rest = n_all - n
    small = (n > 0) & ((n < THRESHOLD) | ((rest > 0) & (rest < THRESHOLD)))
    if not small.any():
        return sorting, per_user
    together = sp.csr_array((per_user @ small.astype(np.float64))[:, None])
    kept = per_user @ sp.diags_array((~small).astype(np.float64), format="csr")
    names, ids = (*sorting.names, FEW), (*sorting.ids, None) if sorting.ids else ()
    return replace(sorting, names=names, ids=ids), sp.hstack([kept, together], format="csr")


def _warnings(total: Float) -> tuple[str, ...]:
    if total.sum() < 0:
        return ("The explained numbers sum to less than 0: a driver with a positive share speaks against the items.",)
    if total.sum() < 0.1 * np.abs(total).sum():
        return (
            "The explained numbers of different people nearly cancel, so shares of their sum are large and unsure.",
        )
    return ()
