"""Search over explanations by their shape: in which lists does one item carry over half, which rest on friends?

A shape looks at places of lists and says in which of them it holds. Most are conditions on what a place's parts weigh
(`described`); others hold the explanation against random removals, or the place against other seeds (`doubted`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp

from gnnrec_core.audit.gate import gate_of
from gnnrec_core.audit.groups import group_users
from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.base.registry import did_you_mean
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.ranking.intervals import UNIT, Interval, mean_interval
from gnnrec_core.runs.run import Run
from gnnrec_core.whole.described import Features, Flags, Float, Found, described_places, references
from gnnrec_core.whole.doubted import held_against_random, held_against_seeds
from gnnrec_core.whole.drivers import Part, edge_sums, part_of
from gnnrec_core.whole.group_shares import GroupShare, group_shares
from gnnrec_core.whole.sums.targets import Target, one_each


@dataclass(frozen=True)
class Shape:
    """In words, and `look(run, k, target, seed)`: how it is said (over whom, at which level), and the places.
    `asks_luck`: it is said from what `luck` measured of the run."""

    title: str
    look: Callable[[Run, int, Target, int], tuple[str, Iterator[Found]]]
    asks_luck: bool = False


def _weighed(holds: Callable[[Features], Flags], strength: Callable[[Features], Float]) -> Any:
    """A shape that is a condition on the numbers of a place, in all places."""

    def look(run: Run, k: int, target: Target, seed: int) -> tuple[str, Iterator[Found]]:
        places = described_places(run, k, target)
        found = (
            Found(users, items, np.full(len(users), rank), holds(numbers), strength(numbers))
            for users, items, rank, numbers in places
        )
        return "in this model: embeddings and weights as they are, nothing trained again", found

    return look


SHAPES = {
    "one_item": Shape(
        "one item of the history carries over half", _weighed(lambda f: f.first > 0.5, lambda f: f.first)
    ),
    "friends": Shape(
        "friends and other side links carry over a quarter", _weighed(lambda f: f.side > 0.25, lambda f: f.side)
    ),
    "learned": Shape("over half is carried by no link", _weighed(lambda f: f.learned > 0.5, lambda f: f.learned)),
    "contested": Shape(
        "over half as much speaks against it as for it", _weighed(lambda f: f.against > 0.5, lambda f: f.against)
    ),
    "scattered": Shape(
        "each interaction carries a twentieth or less", _weighed(lambda f: f.first < 0.05, lambda f: -f.first)
    ),
    "fails_random": Shape("the strongest fifth of the reasons does no more than a random fifth", held_against_random),
    "fragile": Shape("another seed would likely give the place to another item", held_against_seeds, asks_luck=True),
}


@dataclass(frozen=True)
class Cases:
    """The places with a shape, strongest first: `users`, `items`, `ranks` and `strength`, each `[n_cases]`.

    `n_places` were looked at, as `said` tells; `share` is the mean over people of the share of their places. `cohort`
    sums the ledgers of the cases by item; None with a sentence in `why_no_cohort` where that is not told.
    """

    shape: str
    target: Target
    k: int
    said: str
    n_places: int
    share: Interval
    group_by: str | None
    groups: tuple[GroupShare, ...]
    hidden: int
    cohort: Part | None
    why_no_cohort: str
    users: IntArray = field(repr=False)
    items: IntArray = field(repr=False)
    ranks: IntArray = field(repr=False)
    strength: Float = field(repr=False)


def cases_of_shape(
    run: Run, shape: str, k: int = 10, target: Target = "score", group_by: str | None = None, seed: int = 0
) -> Cases:
    """All places of the lists of `k` whose explanation has `shape` (of `SHAPES`).

    RequestError for an unknown shape or grouping, or where a shape needs what was not measured; UnsupportedError for a
    model without parts.
    """
    if shape not in SHAPES:
        raise RequestError(f"There is no shape {shape!r}.", did_you_mean(shape, tuple(SHAPES)), value=shape)
    if group_by is not None:
        group_users(run.dataset, group_by)  # before the work: an unknown one is refused
    n = run.dataset.n_users
    said, places = SHAPES[shape].look(run, k, target, seed)
    parts, counted = [], np.zeros(n)
    for found in places:
        np.add.at(counted, found.users, 1)
        held = found.holds
        parts.append((found.users[held], found.items[held], found.ranks[held], found.strength[held]))
    every = [np.concatenate([part[column] for part in parts]) if parts else np.zeros(0) for column in range(4)]
    who, items, ranks = (column.astype(np.int64) for column in every[:3])
    per_user = np.divide(np.bincount(who, minlength=n), counted, out=np.full(n, np.nan), where=counted > 0)
    order = np.argsort(-every[3], kind="stable")
    chosen = one_each(run.graph.seen.shape, who, items, None if target == "score" else references(run, k)[who])
    groups, hidden = group_shares(
        run.dataset, group_by, np.isfinite(per_user), lambda people: mean_interval(per_user[people], bounds=UNIT)
    )
    share = mean_interval(per_user, bounds=UNIT)
    sorted_ = (who[order], items[order], ranks[order], every[3][order])
    cohort, why = _cohort(run, chosen, seed)
    return Cases(shape, target, k, said, int(counted.sum()), share, group_by, groups, hidden, cohort, why, *sorted_)


def _cohort(run: Run, signs: sp.csr_array, seed: int) -> tuple[Part | None, str]:
    """What carries these places together, or why that is not told."""
    if not signs.nnz:
        return None, ""
    counted = np.diff(signs.indptr) > 0
    if not gate_of(run.dataset).is_enough(counted):
        return None, "What carries them together is not told: they are in the lists of too few people."
    try:
        sorting, per_user, own = edge_sums(run, signs, "item")
    except UnsupportedError as error:
        return None, error.message
    total = own + np.asarray(per_user.sum(axis=1)).ravel()
    if not abs(total.sum()) > 1e-12 * np.abs(total).sum():
        return None, "Their explained numbers sum to 0, so nothing has a share of them."
    return part_of("these cases", sorting, sp.csr_array(per_user[counted]), own[counted], total[counted], seed), ""
