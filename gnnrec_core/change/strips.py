"""Groups and items over several days, and the day on which the gap of a group changed.

A group's gap is its figure less that of all others. The day of change of a gap is the cut that leaves least of its
variance (least squares: two means in the place of one). Whether there is a change at all is measured against random
groups of the same sizes: labels of people are shuffled, and a change stands where hardly ever (5 %) any of the shuffled
groups changes as much on any day (the largest of all is looked at, so that many groups and days raise no false alarm;
Westfall and Young 1993).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.audit.groups import group_users
from gnnrec_core.base import progress
from gnnrec_core.base.errors import RequestError
from gnnrec_core.change.as_of import audit_as_of, state_of
from gnnrec_core.data.dataset import NO_TIME
from gnnrec_core.data.moments import day_of, span, times_of
from gnnrec_core.runs.run import Run
from gnnrec_core.whole.items.standing import n_listed

Values = NDArray[np.float64]
N_SHUFFLES = 999
LEVEL = 0.05


@dataclass(frozen=True)
class GapChange:
    """The best day of change of a group's gap: its mean `before` that day and `after` (that day and later).

    `p_adjusted` is the share of shuffles in which any group changes as much on any day.
    """

    group: str
    day: date
    before: float
    after: float
    p_adjusted: float

    @property
    def stands(self) -> bool:
        """Whether random groups hardly ever change as much."""
        return self.p_adjusted <= LEVEL


@dataclass(frozen=True)
class GroupStrip:
    """A metric of each group as of several days, and its gap to all others: `values` and `gaps` `[n_days, n_groups]`,
    NaN where it may not be said. `changes` has an entry for each group that may be shown, the surest first."""

    metric: str
    by: str
    days: tuple[date, ...]
    groups: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    gaps: tuple[tuple[float, ...], ...]
    changes: tuple[GapChange, ...]
    words: str


@dataclass(frozen=True)
class ItemStrip:
    """One item as of several days: train interactions with it, and how many of the lists of `k` held it, by those who
    had it not yet."""

    item_index: int
    k: int
    days: tuple[date, ...]
    n_readers: tuple[int, ...]
    n_listed: tuple[int, ...]
    words: str


def group_strip(
    run: Run,
    group_by: str,
    metric: str = "ndcg",
    n_days: int = 10,
    k: int = 20,
    day: date | None = None,
    seed: int = 0,
) -> GroupStrip:
    """The groups' figures as of `n_days` days that part the train interactions evenly, the last day last; `day` is one
    more. RequestError for an unknown metric or grouping, or a log without times."""
    grouping, rows, people = group_users(run.dataset, group_by), [], []
    days = tuple(sorted({*even_days(run, n_days), *([day] if day else [])}))
    words = ""
    for place, each in enumerate(days):
        progress.report(place, len(days))
        state = state_of(run, each)
        report, words = audit_as_of(run, state, k, grouping), state.words
        if metric not in report.per_user:
            raise RequestError(
                f"There is no figure {metric!r} of people.", f"There are {', '.join(report.per_user)}.", value=metric
            )
        known = {group.group: group.metrics for group in report.by_group}
        rows.append([known.get(name, {}).get(metric) for name in grouping.labels])
        people.append(report.per_user[metric])
    values = np.array([[np.nan if cell is None else cell.value for cell in row] for row in rows])
    shown = np.flatnonzero(np.isfinite(values).all(0))
    own = np.stack(people, axis=1)
    gaps = np.full(values.shape, np.nan)
    gaps[:, shown] = gaps_of(own, grouping.member[:, shown])
    changes = gap_changes(own, grouping.member[:, shown], days, [grouping.labels[at] for at in shown], seed)
    return GroupStrip(metric, group_by, days, tuple(grouping.labels), _rows(values), _rows(gaps), changes, words)


def gaps_of(values: Values, member: NDArray[np.bool_]) -> Values:
    """Mean of each group less that of all others, by day `[n_days, n_groups]`, of `values` `[n_users, n_days]` of those
    people who have one every day."""
    known = np.isfinite(values).all(1)
    values, member = values[known], member[known]
    inside = member.sum(0)
    top = values.T @ member
    with np.errstate(divide="ignore", invalid="ignore"):
        gaps: Values = top / inside - (values.sum(0)[:, None] - top) / (len(values) - inside)
    return gaps


def gap_changes(
    values: Values, member: NDArray[np.bool_], days: tuple[date, ...], names: list[str], seed: int = 0
) -> tuple[GapChange, ...]:
    """The best day of change of each group's gap, the surest first; none of fewer than two days."""
    if len(days) < 2 or not len(names):
        return ()
    known = np.isfinite(values).all(1)
    values, member = values[known], member[known]
    gaps = gaps_of(values, member)
    if not np.isfinite(gaps).all():
        return ()
    # What each person adds to the change at each cut: the mean of their later days less that of the earlier ones.
    steps = np.stack([values[:, cut:].mean(1) - values[:, :cut].mean(1) for cut in range(1, len(days))], axis=1)
    observed = gaps_of(steps, member)  # [n_cuts, n_groups]
    rng = np.random.default_rng((seed, 67))
    shuffled = np.empty((N_SHUFFLES, *observed.shape))
    for number in range(N_SHUFFLES):
        progress.check()
        shuffled[number] = gaps_of(steps, member[rng.permutation(len(member))])
    spread = np.maximum(shuffled.std(0), 1e-12)
    largest = (np.abs(shuffled) / spread).max((1, 2))
    sizes, cuts = np.abs(observed) / spread, np.arange(1, len(days))
    weight = cuts * (len(days) - cuts) / len(days)  # times the squared difference of means: the variance explained
    found = []
    for place, name in enumerate(names):
        cut = int((weight * observed[:, place] ** 2).argmax())
        beyond = int((largest >= sizes[:, place].max() * (1 - 1e-9)).sum())
        before, after = gaps[: cut + 1, place].mean(), gaps[cut + 1 :, place].mean()
        found.append(GapChange(name, days[cut + 1], float(before), float(after), (1 + beyond) / (1 + N_SHUFFLES)))
    return tuple(sorted(found, key=lambda change: change.p_adjusted))


def item_strip(run: Run, item_index: int, n_days: int = 6, k: int = 10) -> ItemStrip:
    """Who got the item as of `n_days` days that part the train interactions evenly, the last day last."""
    days, rows, words = even_days(run, n_days), [], ""
    for place, day in enumerate(days):
        progress.report(place, len(days))
        state = state_of(run, day)
        listed = n_listed(state.run.model.score, state.run, item_index, k, np.zeros(0, np.int64))
        rows.append((int(state.run.graph.popularity[item_index]), listed))
        words = state.words
    readers, lists = zip(*rows, strict=True)
    return ItemStrip(item_index, k, days, readers, lists, words)


def even_days(run: Run, n_days: int) -> tuple[date, ...]:
    """Days by which 1/n, 2/n, .. all of the timed train interactions were there; fewer where days fall together."""
    if not 1 <= n_days <= 100:
        raise RequestError(f"{n_days} days cannot be shown.", "Choose 1 to 100.", value=n_days)
    last = span(run.dataset)[1]
    times = times_of(run.dataset)[run.dataset.interactions.rows("train")]
    times = np.sort(times[times != NO_TIME])
    places = np.arange(1, n_days) * len(times) // n_days
    return tuple(sorted({day_of(int(times[place])) for place in places.tolist() if len(times)} | {last}))


def _rows(table: Values) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(map(float, row)) for row in table)
