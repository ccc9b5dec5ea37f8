"""What rounds of feedback did, over seeds: figures by round, groups, providers, and the same without the lists."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gnnrec_core.change.choosing import FIGURES, People, Values
from gnnrec_core.ranking.intervals import Interval, mean_interval

MOST_PROVIDERS = 10
"""Providers that are told of at each end: those that gain most, and those that lose most."""


@dataclass(frozen=True)
class Played:
    """One arm with one seed, by round: figures `[n + 1, n_figures]`, mean distance of each group and of all others
    `[n + 1, 2, n_groups]`, exposure of providers `[n + 1, n_providers]`."""

    figures: Values
    distance: Values
    exposure: Values


@dataclass(frozen=True)
class Track:
    """One figure over rounds 0..n: mean over seeds with its 95 % band, for the loop and for the control.

    `change` is the last round less the first, relative to the first; `control_change` that of the control; `against`
    the last round less that of the model's own lists with the same seed (None for these).
    """

    name: str
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    control: tuple[float, ...]
    change: Interval
    control_change: Interval
    against: Interval | None = None


@dataclass(frozen=True)
class GroupTrack:
    """How much further from their own taste a group is led. `gap`: its mean distance less that of all others, by round
    with its band; `control_gap` without the lists; `change`: its distance in the last round less that in the first, and
    `more_than_others` that less the change of all others (above 0: this group loses more). `against`: the last gap
    less that of the model's own lists (None for these)."""

    group: str
    n_users: int
    gap: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    control_gap: tuple[float, ...]
    change: Interval
    more_than_others: Interval
    against: Interval | None = None


@dataclass(frozen=True)
class ProviderTrack:
    """A provider's share of all that is looked at, by round with its band; `change` is the last less the first."""

    provider: str
    n_items: int
    share: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    change: Interval


@dataclass(frozen=True)
class Loop:
    """What came of one way to make lists: the model's own (`name` is empty), or a re-ranker's.

    `tracks`: `popularity` is the mean start popularity of what is taken, in train interactions; `concentration` its
    Gini over items, 0..1; `head` the share that goes to the head; `diversity` the chance that two choices of a person
    have different labels, mean over people; `distance` the mean over people of the total variation between the labels
    of what they take and their own, 0..1; `providers` the Gini over providers of what is looked at.
    """

    name: str
    title: str
    tracks: tuple[Track, ...]
    groups: tuple[GroupTrack, ...]
    providers: tuple[ProviderTrack, ...]


def loop_of(
    name: str, title: str, people: People, groups: dict[str, int], arms: tuple[list[Played], list[Played], list[Played]]
) -> Loop:
    """One way to make lists over its seeds, from what was played with them, without them, and with the model's own
    lists; `groups` are names with numbers of people."""
    played, control, own = arms
    is_own = played is own
    loop, still, mine = (np.stack([each.figures for each in arm]) for arm in (played, control, own))
    told = FIGURES if people.providers else FIGURES[:-1]
    tracks = tuple(
        _track(title, loop[:, :, at], still[:, :, at], None if is_own else mine[:, -1, at])
        for at, title in enumerate(told)
    )
    apart, flat, before = (np.stack([each.distance for each in arm]) for arm in (played, control, own))
    led = tuple(
        _group(group, n, apart[..., at], flat[..., at], None if is_own else before[..., at])
        for at, (group, n) in enumerate(groups.items())
    )
    return Loop(name, title, tracks, led, _providers(people, np.stack([each.exposure for each in played])))


def _track(name: str, loop: Values, control: Values, own: Values | None) -> Track:
    """From figures `[seeds, n + 1]` of both arms, and the last ones of the model's own lists `[seeds]`."""
    change, flat = (mean_interval(arm[:, -1] / np.maximum(arm[:, 0], 1e-12) - 1.0) for arm in (loop, control))
    against = None if own is None else mean_interval(loop[:, -1] - own)
    return Track(name, *_band(loop), tuple(map(float, control.mean(0))), change, flat, against)


def _group(name: str, n: int, loop: Values, control: Values, own: Values | None) -> GroupTrack:
    """From mean distances of the group and of all others `[seeds, n + 1, 2]`."""
    gap = loop[..., 0] - loop[..., 1]
    return GroupTrack(
        name,
        n,
        *_band(gap),
        tuple(map(float, (control[..., 0] - control[..., 1]).mean(0))),
        mean_interval(loop[:, -1, 0] - loop[:, 0, 0]),
        mean_interval(gap[:, -1] - gap[:, 0]),
        None if own is None else mean_interval(gap[:, -1] - (own[:, -1, 0] - own[:, -1, 1])),
    )


def _providers(people: People, shares: Values) -> tuple[ProviderTrack, ...]:
    """Those that gain most and those that lose most, largest gain first, of shares `[seeds, n + 1, n_providers]`."""
    change = (shares[:, -1] - shares[:, 0]).mean(0)
    order = np.argsort(-change, kind="stable")
    told = order if len(order) <= 2 * MOST_PROVIDERS else np.r_[order[:MOST_PROVIDERS], order[-MOST_PROVIDERS:]]
    n_items = np.asarray((people.provided > 0).sum(axis=0)).ravel()
    return tuple(
        ProviderTrack(
            people.providers[at],
            int(n_items[at]),
            *_band(shares[:, :, at]),
            mean_interval(shares[:, -1, at] - shares[:, 0, at]),
        )
        for at in told.tolist()
    )


def _band(values: Values) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    """Mean and 95 % interval over the seeds `[seeds, n + 1]` of each round."""
    spans = [mean_interval(column) for column in values.T]
    return tuple(s.value for s in spans), tuple(s.low for s in spans), tuple(s.high for s in spans)
