"""Every place of every list taken apart, as a few numbers: what shapes of explanations are conditions on.

With p_j the parts of the explained number of a place, those of the person's links and what no link carries, the weight
of a part is max(p_j, 0) / sum_j max(p_j, 0), in 0..1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.base import progress
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.ranking.recommendations import NONE_LEFT
from gnnrec_core.runs.run import Run
from gnnrec_core.whole.sums.ledgers import ledgers
from gnnrec_core.whole.sums.targets import Target, list_targets, one_each

Float = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Features:
    """Numbers of `n` places: weights of the largest interaction (`first`), of all side edges, of what no link carries
    (`learned`); `against`: what speaks against the item over what speaks for it."""

    first: Float
    side: Float
    learned: Float
    against: Float


@dataclass(frozen=True)
class Found:
    """Places `[n]` that were looked at: people, items and ranks, in which of them a shape `holds`, and how strongly."""

    users: IntArray
    items: IntArray
    ranks: IntArray
    holds: Flags
    strength: Float


def described_places(
    run: Run, k: int = 10, target: Target = "score"
) -> Iterator[tuple[IntArray, IntArray, int, Features]]:
    """All places of the lists of `k`, one rank after the other, in batches: people, their items, the rank, and the
    numbers of these places. UnsupportedError for a model without parts."""
    lists = list_targets(run, k, "score").lists.item_index
    reference = None if target == "score" else references(run, k)
    is_side = run.graph.edge_type != 0
    for place in range(k):
        users = np.flatnonzero(lists[:, place] != NONE_LEFT)
        if reference is not None:
            users = users[leads(lists[users, place], reference[users])]
        with progress.part(place, k):
            for some, features in _described(run, users, lists[:, place], reference, is_side):
                yield some, lists[some, place], place + 1, features


def references(run: Run, k: int) -> IntArray:
    """The item at rank k + 1 of each person `[n_users]`."""
    longer = list_targets(run, min(k + 1, run.dataset.n_items), "score").lists.item_index
    return longer[:, -1]


def leads(items: IntArray, reference: IntArray) -> Flags:
    """Which items `[n]` lead another one, `reference` `[n]`."""
    return np.asarray((reference != NONE_LEFT) & (reference != items))


def _described(
    run: Run, users: IntArray, items: IntArray, reference: IntArray | None, is_side: Flags
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
