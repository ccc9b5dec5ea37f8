"""One person over time: what they chose, what their list was made of, and the day on which it changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.audit.segments import BINS, one_hot, popularity_bins
from gnnrec_core.audit.sources import GENRE_COLUMNS, first_column, item_labels
from gnnrec_core.base import progress
from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.change.as_of import state_of
from gnnrec_core.change.chances import Chances, popularity_of
from gnnrec_core.change.turn import N_SHUFFLES, Turn, find_turn
from gnnrec_core.data.dataset import NO_TIME, SPLITS, Dataset, IntArray
from gnnrec_core.data.moments import day_of, times_of
from gnnrec_core.explain.scores.scoring import scorer_of
from gnnrec_core.ranking.overlap import rank_biased_overlap
from gnnrec_core.runs.recommend import recommend
from gnnrec_core.runs.run import Run

Float = NDArray[np.float64]
POPULARITY = "popularity"
N_WINDOWS = 6


@dataclass(frozen=True)
class Labels:
    """What items are told apart by: `shares` `[n_items, n_labels]` sum to 1 over the labels of an item (0: none)."""

    column: str
    names: tuple[str, ...]
    shares: Float


@dataclass(frozen=True)
class Window:
    """`n` interactions of the person in a row. `chosen` is the share of each label among them; `reasons` that of each
    label in what carries the list as of the window's end (None: no parts, or no history yet); `overlap` is the RBO of
    that list with the one before it."""

    first: date
    last: date
    n: int
    chosen: tuple[float, ...]
    reasons: tuple[float, ...] | None
    first_item: int
    first_reason: int | None
    overlap: float | None


@dataclass(frozen=True)
class Drift:
    """The windows, and the turn of what was chosen. `turn` is None where the history is too short; `day` is the first
    day after the turn, `window` the window that it falls in."""

    user_index: int
    labels: Labels
    windows: tuple[Window, ...]
    turn: Turn | None
    day: date | None
    window: int | None
    n: int
    n_untimed: int
    words: str
    k: int


def drift(
    run: Run,
    user_index: int,
    by: str | None = None,
    n_windows: int = N_WINDOWS,
    k: int = 10,
    n_shuffles: int = N_SHUFFLES,
    seed: int = 0,
) -> Drift:
    """The person's interactions (of all parts) in `n_windows` windows of equal size, lists and reasons as of the end of
    each, and the turn. `by` is a column of the items (default: genres and the like, else popularity).

    RequestError without times, or for fewer interactions with a time than two windows need.
    """
    if not 2 <= n_windows <= 50:
        raise RequestError(f"A history cannot be cut into {n_windows} windows.", "Choose 2 to 50.")
    items, times, n_untimed = history_in_time(run.dataset, user_index)
    n_windows = min(n_windows, len(items) // 2)
    if n_windows < 2:
        raise RequestError(
            f"{run.dataset.users.ids[user_index]!r} has {len(items)} interactions with a time.",
            "Choose somebody with four or more.",
        )
    labels = labels_of(run.dataset, by)
    turn = find_turn(*Chances.of(run.dataset, labels.column, labels.shares).along(items), n_shuffles, seed)
    cuts = np.array_split(np.arange(len(items)), n_windows)
    windows: list[Window] = []
    words, before = "", None
    for place, part in enumerate(cuts):
        with progress.part(place, n_windows):
            last = day_of(int(times[part[-1]]))
            found, list_now, words = _window(run, user_index, labels, items[part], day_of(int(times[part[0]])), last, k)
            overlap: float | None = None if before is None else float(rank_biased_overlap(before, list_now)[0])
            windows.append(Window(**found, overlap=overlap))
            before = list_now
    day = None if turn is None else day_of(int(times[turn.cut]))
    window = None if turn is None else next(w for w, part in enumerate(cuts) if turn.cut <= part[-1])
    return Drift(user_index, labels, tuple(windows), turn, day, window, len(items), n_untimed, words, k)


def history_in_time(dataset: Dataset, user_index: int) -> tuple[IntArray, IntArray, int]:
    """Items and times of the person's interactions of all parts, earliest first, and how many have no time."""
    times, log = times_of(dataset), dataset.interactions
    first, last = np.searchsorted(log.user_index, [user_index, user_index + 1])
    own, known = times[first:last], times[first:last] != NO_TIME
    order = np.argsort(own[known], kind="stable")
    return log.item_index[first:last][known][order], own[known][order], int((~known).sum())


def labels_of(dataset: Dataset, by: str | None = None) -> Labels:
    """Labels from a column of the items, or head, middle and tail by popularity."""
    column = by or first_column(dataset, GENRE_COLUMNS)
    found = None if column == POPULARITY else item_labels(dataset, column)
    if found is not None:
        return Labels(found.name, found.labels, found.shares)
    if by not in (None, POPULARITY):
        raise RequestError(f"No item has a value in the column {by!r}.", "Name another column, or popularity.")
    return Labels(POPULARITY, BINS, np.asarray(one_hot(popularity_bins(popularity_of(dataset)), len(BINS)), np.float64))


def _window(
    run: Run, user: int, labels: Labels, items: IntArray, first: date, last: date, k: int
) -> tuple[dict[str, Any], IntArray, str]:
    """A window without its overlap, the list as of its end `[1, k]`, and the words of its level."""
    state = state_of(run, max(last, _first_day(run.dataset)))
    lists = recommend(state.run, np.array([user]), k).item_index
    reasons, strongest = _reasons(state.run.model, user, lists[0][lists[0] >= 0], labels)
    chosen = labels.shares[items].mean(0)
    return (
        {
            "first": first,
            "last": last,
            "n": len(items),
            "chosen": tuple(map(float, chosen)),
            "reasons": reasons,
            "first_item": int(lists[0, 0]),
            "first_reason": strongest,
        },
        lists,
        state.words,
    )


def _first_day(dataset: Dataset) -> date:
    """The first day on which the graph has an interaction."""
    times = times_of(dataset)[dataset.interactions.split == SPLITS.index("train")]
    return day_of(int(times[times != NO_TIME].min())) if (times != NO_TIME).any() else date.max


def _reasons(model: Any, user: int, items: IntArray, labels: Labels) -> tuple[tuple[float, ...] | None, int | None]:
    """Share of each label in what raises the listed items, and the history item that raises the first one most."""
    try:
        scorer = scorer_of(model)
    except UnsupportedError:
        return None, None
    parts = scorer.parts(user, items)
    ends = scorer.graph.targets(parts.edges) - scorer.graph.n_users
    is_item = (ends >= 0) & (ends < scorer.graph.n_items)
    if not is_item.any() or not len(items):
        return None, None
    raised = np.maximum(parts.values[is_item], 0.0)
    carried = raised.sum(1) @ labels.shares[ends[is_item]]
    total = carried.sum()
    strongest = int(ends[is_item][np.argmax(parts.values[is_item][:, 0])])
    return (tuple(map(float, carried / total)) if total > 0 else None), strongest
