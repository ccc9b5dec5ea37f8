"""Two cases side by side: the same one in two runs, one item of two people, or two items of one person.

The ledgers are aligned part by part, and so are the two lists: every item that stands in one of them with its place in
both. Where the person and the run are the same there is one list, and the reasons take its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gnnrec_core.base.errors import LensError, RequestError, UnsupportedError
from gnnrec_core.explain.explaining import explain
from gnnrec_core.explain.explanation import Contribution, Explanation, Target
from gnnrec_core.ranking.topk import rank_items, source_of
from gnnrec_core.runs.recommend import left_out
from gnnrec_core.runs.run import Run

Kind = Literal["runs", "people", "items"]
MOST_REASONS = 8


@dataclass(frozen=True)
class Side:
    """A run, a person and an item."""

    run: Run
    user_index: int
    item_index: int


@dataclass(frozen=True)
class Pair:
    """One part of the score on both sides; None where a side has no such part.

    Compare shares, not values: the scores of two models, or of two people, have different scales.
    """

    label: str
    kind: str
    first: Contribution | None
    second: Contribution | None


@dataclass(frozen=True)
class Beside:
    """Two sides with their explanations (None where a model's scores have no parts, and `reason` says so).

    `pairs` are aligned parts, largest |share| first. `places` maps what stands in a list of `k` (an item index; a label
    where the sides differ in the item only, and reasons are ranked) to its places in both, None where it has none: the
    person has had it. `ranks` are the places of the two items.
    """

    kind: Kind
    sides: tuple[Side, Side]
    k: int
    explanations: tuple[Explanation, Explanation] | None
    reason: str
    pairs: tuple[Pair, ...]
    places: Mapping[int | str, tuple[int | None, int | None]]
    ranks: tuple[int | None, int | None]

    @property
    def in_both(self) -> list[int | str]:
        """What stands among the first `k` (reasons: the first `MOST_REASONS`) of both sides."""
        most = MOST_REASONS if self.kind == "items" else self.k
        return [key for key, pair in self.places.items() if all(place and place <= most for place in pair)]


def beside(first: Side, second: Side, k: int = 10, target: Target = "score", check_top: int = 10) -> Beside:
    """Both cases by their ledgers, and what their lists of `k` have in common.

    RequestError where the runs were trained on different data, or more or less than one of run, person and item
    differs.
    """
    if first.run.dataset.fingerprint != second.run.dataset.fingerprint:
        raise RequestError(
            "The two runs were trained on different data.",
            "Compare runs of one dataset.",
            first=first.run.dataset.fingerprint,
            second=second.run.dataset.fingerprint,
        )
    kind, sides = _kind(first, second), (first, second)
    found, reason = None, ""
    try:
        ours, theirs = (
            explain(side.run, side.user_index, side.item_index, "ledger", target, k, check_top=check_top)
            for side in sides
        )
        found = (ours, theirs)
    except UnsupportedError as error:
        reason = f"{error.message} {error.hint}"
    return of_explanations(kind, sides, k, found, reason)


def of_explanations(
    kind: Kind, sides: tuple[Side, Side], k: int, found: tuple[Explanation, Explanation] | None, reason: str = ""
) -> Beside:
    """The same for explanations that are there already (with other people's names replaced, say)."""
    ranked = [_ranking(side) for side in sides]
    ranks = (_place(ranked[0], sides[0].item_index), _place(ranked[1], sides[1].item_index))
    pairs = align(*found) if found else ()
    if kind == "items":
        places = _reasons(pairs)
    else:
        listed = [item for order in ranked for item in order[:k]]
        places = {item: (_place(ranked[0], item), _place(ranked[1], item)) for item in dict.fromkeys(listed)}
    return Beside(kind, sides, k, found, reason, pairs, places, ranks)


def align(ours: Explanation, theirs: Explanation) -> tuple[Pair, ...]:
    """The parts of two explanations in pairs, largest |share| first."""
    sides = [{(part.kind, part.item, part.label): part for part in e.contributions} for e in (ours, theirs)]
    keys = list(dict.fromkeys([*sides[0], *sides[1]]))
    pairs = [Pair(key[2], key[0], sides[0].get(key), sides[1].get(key)) for key in keys]
    return tuple(sorted(pairs, key=lambda pair: -max(abs(part.share) for part in (pair.first, pair.second) if part)))


def _kind(first: Side, second: Side) -> Kind:
    """What differs between the sides."""
    differs: list[Kind] = []
    if first.run is not second.run:
        differs.append("runs")
    if first.user_index != second.user_index:
        differs.append("people")
    if first.item_index != second.item_index:
        differs.append("items")
    if len(differs) != 1:
        raise RequestError(
            f"Two cases that differ in {' and '.join(differs) or 'nothing'} say little beside each other.",
            "Change one thing: the run, the person or the item.",
        )
    return differs[0]


def _ranking(side: Side) -> list[int]:
    """All items that the person's list may hold, best first."""
    run = side.run
    seen, n = left_out(run.dataset), run.dataset.n_items
    try:
        order = rank_items(source_of(run.model), np.array([side.user_index]), seen, n).item_index[0]
    except LensError as error:
        raise RequestError(error.message, error.hint) from error
    return [int(item) for item in order if item >= 0]


def _place(order: Sequence[int], item: int) -> int | None:
    return order.index(item) + 1 if item in order else None


def _reasons(pairs: Sequence[Pair]) -> dict[int | str, tuple[int | None, int | None]]:
    """Places of the reasons that are among the first of either side, by signed contribution."""

    def order(parts: list[Contribution | None]) -> list[int]:
        values = [-np.inf if part is None else part.value for part in parts]
        return sorted(range(len(parts)), key=lambda at: -values[at])

    orders = [order([pair.first for pair in pairs]), order([pair.second for pair in pairs])]
    first = dict.fromkeys(at for some in orders for at in some[:MOST_REASONS])
    return {
        pairs[at].label: (
            orders[0].index(at) + 1 if pairs[at].first else None,
            orders[1].index(at) + 1 if pairs[at].second else None,
        )
        for at in first
    }
