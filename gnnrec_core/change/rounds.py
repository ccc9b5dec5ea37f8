"""Rounds of feedback: people choose, the model learns from what they chose, and shows them the next lists.

The model of choice, stated. In each round each person takes one item that they did not have at the start; to take it
again makes its interaction heavier by 1. With probability `influence` it comes from their list of k: place r is looked
at with weight 1 / log2(r + 1), and what is looked at is taken with weight exp(`sharpness` x taste). Otherwise it comes
from all items, with weight exp(`sharpness` x taste). The taste of a person for an item is the overlap of the item's
labels with those of the person's train history at the start, 1 for the best item of each person; it never changes, nor
does what can be taken. So whatever drifts, drifts because of the lists: with influence 0 nothing does, and that is the
control.

Figures of a round are expectations over all that might be chosen in it, not over what was drawn. The direction that is
looked for: feedback amplifies popularity, and minorities are led away from their taste more than others (Mansoury et
al. 2020).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.audit.gate import gate_of
from gnnrec_core.audit.groups import Grouping, group_users
from gnnrec_core.audit.segments import popularity_bins
from gnnrec_core.audit.stats.spread import gini
from gnnrec_core.base import progress
from gnnrec_core.base.errors import RequestError
from gnnrec_core.change.drift import labels_of
from gnnrec_core.change.moved import Level, level_of, level_words, moved
from gnnrec_core.change.shaking import with_interactions
from gnnrec_core.data.dataset import without_rows
from gnnrec_core.ranking.intervals import Interval, mean_interval
from gnnrec_core.ranking.matrix import interaction_matrix
from gnnrec_core.ranking.recommendations import NONE_LEFT, Recommendations
from gnnrec_core.ranking.topk import check_k, rank_items
from gnnrec_core.runs.recommend import left_out
from gnnrec_core.runs.run import Run

Values = NDArray[np.float64]
FIGURES = ("popularity", "concentration", "head", "distance")
MOST_PAIRS = 20_000_000
MOST_ROUNDS = 100


@dataclass(frozen=True)
class Track:
    """One figure over rounds 0..n: mean over seeds with its 95 % band, for the loop and for the control.

    `change` is the last round less the first, relative to the first; `control_change` that of the control.
    """

    name: str
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    control: tuple[float, ...]
    change: Interval
    control_change: Interval


@dataclass(frozen=True)
class GroupTrack:
    """How much further from their own taste a group is led over all rounds: the change of its mean distance, and that
    less the change of all others (above 0: this group loses more)."""

    group: str
    n_users: int
    change: Interval
    more_than_others: Interval


@dataclass(frozen=True)
class Rounds:
    """`popularity`: mean start popularity of what is chosen, in train interactions; `concentration`: Gini of what is
    chosen over items, 0..1; `head`: share that goes to the head; `distance`: mean over people of the total variation
    between the labels of what they choose and their own, 0..1."""

    n: int
    k: int
    influence: float
    sharpness: float
    seeds: int
    level: Level
    words: str
    labels: str
    tracks: tuple[Track, ...]
    group_by: str
    groups: tuple[GroupTrack, ...]
    suppressed: tuple[str, ...]


@dataclass(frozen=True)
class _People:
    """What never changes: tastes `[n_users, n_items]` (0..1), label profiles `[n_users, n_labels]`, labels of items,
    popularity and head of items at the start."""

    taste: Values
    profile: Values
    labels: Values
    popularity: Values
    head: NDArray[np.bool_]


def rounds(
    run: Run,
    n: int = 10,
    k: int = 10,
    influence: float = 0.8,
    sharpness: float = 3.0,
    group_by: str | None = None,
    seeds: int = 3,
    seed: int = 0,
) -> Rounds:
    """Play `n` rounds with `seeds` seeds, once with the lists and once without their influence.

    RequestError for numbers out of range, data of too many pairs, or items without labels and popularity;
    UnsupportedError where the model looks at no interactions.
    """
    if not 1 <= n <= MOST_ROUNDS or not 2 <= seeds <= 50:
        raise RequestError(f"{n} rounds with {seeds} seeds cannot be played.", "Choose 1 to 100, and 2 to 50 seeds.")
    if not 0 < influence <= 1 or not 0 <= sharpness <= 50:
        raise RequestError(
            f"An influence of {influence} with sharpness {sharpness} makes no choice.", "Choose 0 to 1, and 0 to 50."
        )
    if run.dataset.n_users * run.dataset.n_items > MOST_PAIRS:
        raise RequestError("Every person's taste for every item does not fit here.", "Import fewer people or items.")
    level, labels = level_of(run), labels_of(run.dataset)
    people = _people(run, labels.shares)
    grouping = None if group_by is None else group_users(run.dataset, group_by)
    played: list[list[tuple[Values, Values]]] = []
    for number in range(seeds):
        with progress.part(number, seeds):
            arms = []
            for half, strength in enumerate((influence, 0.0)):
                with progress.part(half, 2):
                    arms.append(_play(run, level, people, n, k, strength, sharpness, (seed, number)))
            played.append(arms)
    loop, control = (np.stack([arms[arm][0] for arms in played]) for arm in (0, 1))  # [seeds, n + 1, figures]
    apart = np.stack([arms[0][1][-1] - arms[0][1][0] for arms in played])  # [seeds, n_users]
    groups, suppressed = _groups(run, grouping, apart)
    return Rounds(
        n=n,
        k=k,
        influence=influence,
        sharpness=sharpness,
        seeds=seeds,
        level=level,
        words=level_words(run, level),
        labels=labels.column,
        tracks=tuple(_track(name, loop[:, :, place], control[:, :, place]) for place, name in enumerate(FIGURES)),
        group_by=group_by or "",
        groups=groups,
        suppressed=suppressed,
    )


def _people(run: Run, labels: Values) -> _People:
    train = interaction_matrix(run.dataset, "train")
    counts = train.astype(np.float64) @ labels
    total = counts.sum(1, keepdims=True)
    profile = np.divide(counts, total, out=np.zeros_like(counts), where=total > 0)
    fit = profile @ labels.T
    best = fit.max(1, keepdims=True)
    popularity = np.bincount(train.indices, minlength=run.dataset.n_items)
    return _People(
        np.divide(fit, best, out=np.zeros_like(fit), where=best > 0),
        profile,
        labels,
        popularity.astype(np.float64),
        popularity_bins(popularity.astype(np.int64)) == 0,
    )


def _play(
    run: Run,
    level: Level,
    people: _People,
    n: int,
    k: int,
    influence: float,
    sharpness: float,
    seed: tuple[int, int],
) -> tuple[Values, Values]:
    """Figures `[n + 1, n_figures]` and each person's distance from their own taste `[n + 1, n_users]`."""
    rng = np.random.default_rng((*seed, 47))
    # Held-out choices have not been made yet: people may make them, or others.
    now = moved(run, without_rows(run.dataset, run.dataset.interactions.rows("test")), level)
    figures, distances, had = [], [], left_out(run.dataset)
    check_k(k, run.dataset.n_items)
    wanted = np.exp(sharpness * people.taste)
    for number in range(n + 1):
        progress.report(number, n + 1)
        chance = choice_chances(now, had, wanted, k, influence)
        distance = _distance(people, chance)
        figures.append(_figures(people, chance, distance))
        distances.append(distance)
        if number < n:
            drawn = (chance.cumsum(1) > rng.random((len(chance), 1)) * chance.sum(1, keepdims=True)).argmax(1)
            some = np.flatnonzero(chance.sum(1) > 0)
            now = moved(run, with_interactions(now.dataset, some, drawn[some]), level)
    return np.array(figures), np.array(distances)


def choice_chances(run: Run, had: sp.csr_array, wanted: Values, k: int, influence: float) -> Values:
    """P(person takes item) in one round `[n_users, n_items]`; a row of somebody who has everything is 0.

    `had` is boolean `[n_users, n_items]`: what cannot be taken; `wanted` are the weights exp(sharpness x taste).
    """
    free = np.array(wanted)
    free[np.repeat(np.arange(had.shape[0]), np.diff(had.indptr)), had.indices] = 0.0
    own = _normalised(free)
    if influence == 0:
        return own
    listed = _normalised(_looked_at(rank_items(run.model.score, np.arange(len(own)), had, k), wanted))
    mixed: Values = np.where(listed.any(1, keepdims=True), influence * listed + (1 - influence) * own, own)
    return mixed


def _looked_at(lists: Recommendations, wanted: Values) -> Values:
    """Weights of what stands in each list: 1 / log2(rank + 1) times what is wanted `[n_users, n_items]`."""
    result = np.zeros_like(wanted)
    shown = lists.item_index != NONE_LEFT
    rows = np.broadcast_to(np.arange(len(lists))[:, None], shown.shape)[shown]
    items = lists.item_index[shown]
    look = np.broadcast_to(1.0 / np.log2(np.arange(2, lists.k + 2)), shown.shape)[shown]
    result[rows, items] = look * wanted[rows, items]
    return result


def _normalised(weights: Values) -> Values:
    total = weights.sum(1, keepdims=True)
    share: Values = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    return share


def _distance(people: _People, chance: Values) -> Values:
    """Total variation between the labels of what each person may choose and their own `[n_users]`."""
    chosen = _normalised(chance @ people.labels)
    distance: Values = np.abs(chosen - people.profile).sum(1) / 2
    return distance


def _figures(people: _People, chance: Values, distance: Values) -> tuple[float, float, float, float]:
    share = chance.sum(0) / max(chance.sum(), 1e-300)  # of each item in all that is chosen
    return (
        float(share @ people.popularity),
        float(gini(share)),
        float(share[people.head].sum()),
        float(distance.mean()),
    )


def _track(name: str, loop: Values, control: Values) -> Track:
    """From figures `[seeds, n + 1]` of both arms."""
    spans = [mean_interval(column) for column in loop.T]
    changes = [mean_interval(arm[:, -1] / np.maximum(arm[:, 0], 1e-12) - 1.0) for arm in (loop, control)]
    return Track(
        name,
        tuple(span.value for span in spans),
        tuple(span.low for span in spans),
        tuple(span.high for span in spans),
        tuple(map(float, control.mean(0))),
        changes[0],
        changes[1],
    )


def _groups(run: Run, grouping: Grouping | None, apart: Values) -> tuple[tuple[GroupTrack, ...], tuple[str, ...]]:
    """Groups that may be shown, over seeds `[seeds, n_users]`; and the names of the others."""
    if grouping is None:
        return (), ()
    shown = gate_of(run.dataset).shown(grouping, np.ones(run.dataset.n_users, bool))
    found = []
    for place in np.flatnonzero(shown & (grouping.sizes > 0) & (grouping.sizes < run.dataset.n_users)).tolist():
        member = grouping.member[:, place]
        own, rest = apart[:, member].mean(1), apart[:, ~member].mean(1)
        found.append(
            GroupTrack(grouping.labels[place], int(member.sum()), mean_interval(own), mean_interval(own - rest))
        )
    return tuple(found), tuple(name for name, is_shown in zip(grouping.labels, shown, strict=True) if not is_shown)
