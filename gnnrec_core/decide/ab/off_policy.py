"""What another list would have earned, from the log of this one: inverse propensities and a model of the outcome.

A row says that a person was shown an item, that the logging system chose it with a known probability p, and what came
of it, r. The policy that is asked about shows one of the k items of a run's list for that person, each with
probability 1 / k: pi. With w = pi / p and q(i) the outcome that a model expects of an item,

    IPS   mean(w r)                       SNIPS   sum(w r) / sum(w)
    DR    mean(sum_i pi_i q(i) + w (r - q(i)))

IPS is right on average where p is right and every item of the list had some chance (Horvitz and Thompson 1952); SNIPS
varies less (Swaminathan and Joachims 2015); DR is right where p or q is (Dudik et al. 2011). Intervals are clustered by
person.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from gnnrec_core.base.errors import DataError, RequestError
from gnnrec_core.base.settings import Settings
from gnnrec_core.data.dataset import Dataset, IntArray
from gnnrec_core.decide.ab.log import numbers
from gnnrec_core.runs.bringing.list_tables import table_of
from gnnrec_core.runs.recommend import recommend
from gnnrec_core.runs.run import Run

Values = NDArray[np.float64]
SHRINK = 10.0
"""Rows at the mean of all that are added to each item's own in the model of the outcome."""
FEW = 100.0
"""Rows that a weighted sample should be worth at the least."""


class PolicySettings(Settings):
    """Which columns of the log hold what."""

    user: str = "user"
    item: str = "item"
    outcome: str = "outcome"
    propensity: str | None = None


@dataclass(frozen=True)
class Worth:
    """An estimate of the mean outcome a row with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class OffPolicy:
    """What the log earned a row (`logged`) and what the run's lists would have. `effective`: how many rows the weighted
    log is worth, (sum w)^2 / sum w^2; `reached`: share of rows whose item is on the person's list; `warnings` what to
    know before believing it."""

    run: str
    k: int
    n_rows: int
    n_people: int
    logged: Worth
    ips: Worth
    snips: Worth
    dr: Worth
    effective: float
    reached: float
    largest_weight: float
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As the command prints it."""
        return asdict(self)


def off_policy(source: Any, run: Run, settings: PolicySettings, k: int = 10) -> OffPolicy:
    """What lists of `k` of `run` would have earned. RequestError where the log has no propensities, DataError where one
    is not above 0 and up to 1, or a person or item is not in the run's data."""
    table, dataset = table_of(source), run.dataset
    if settings.propensity is None or settings.propensity not in table.columns:
        raise RequestError(
            "The log does not say with which probability each item was shown, so nothing can be said of lists that "
            "were not shown.",
            "Log the propensity of what is shown, and name its column with --propensity-col.",
        )
    p, r = numbers(table, settings.propensity), numbers(table, settings.outcome)
    bad = np.flatnonzero((p <= 0) | (p > 1))
    if len(bad):
        raise DataError(
            f"Row {bad[0] + 1} of the log has the propensity {p[bad[0]]:g}.",
            "Each is the probability with which the item was shown: above 0, up to 1.",
            line=int(bad[0]) + 1,
            column=settings.propensity,
        )
    users, items = (_index(dataset, table, kind, name) for kind, name in
                    (("user", settings.user), ("item", settings.item)))  # fmt: skip
    people, person = np.unique(users, return_inverse=True)
    lists = recommend(run, people, min(k, dataset.n_items)).item_index
    pi = (lists[person] == items[:, None]).any(1) / np.maximum((lists >= 0).sum(1), 1)[person]
    weight = pi / p
    q_item, q_list = _expected(items, r, person, lists, dataset.n_items)
    worth = {
        "logged": _mean(r, person),
        "ips": _mean(weight * r, person),
        "snips": _ratio(weight * r, weight, person),
        "dr": _mean(q_list + weight * (r - q_item), person),
    }
    effective = float(weight.sum() ** 2 / np.square(weight).sum()) if weight.any() else 0.0
    return OffPolicy(
        run.name, k, len(r), len(people), **worth, effective=effective, reached=float((pi > 0).mean()),
        largest_weight=float(weight.max()), warnings=_warnings(weight, effective),
    )  # fmt: skip


def _index(dataset: Dataset, table: Any, kind: str, name: str) -> IntArray:
    vocabulary = dataset.users if kind == "user" else dataset.items
    if name not in table.columns:
        raise DataError(f"The log has no column {name!r}.", f"Name the column of the {kind}.", column=name)
    return np.array([vocabulary.index(str(value)) for value in table[name].to_list()], np.int64)


def _expected(items: IntArray, r: Values, person: IntArray, lists: IntArray, n_items: int) -> tuple[Values, Values]:
    """What the model of the outcome expects of the item of each row, and of the person's list: the item's mean, drawn
    to the mean of all, learned from the other half of the people."""
    q_item, q_list = np.zeros(len(r)), np.zeros(len(r))
    shown = lists >= 0
    for half in (0, 1):
        other, own = person % 2 != half, person % 2 == half
        mean = float(r[other].mean()) if other.any() else 0.0
        total = np.bincount(items[other], weights=r[other], minlength=n_items)
        count = np.bincount(items[other], minlength=n_items)
        q = (total + SHRINK * mean) / (count + SHRINK)
        of_list = np.where(shown, q[np.maximum(lists, 0)], 0.0).sum(1) / np.maximum(shown.sum(1), 1)
        q_item[own], q_list[own] = q[items[own]], of_list[person[own]]
    return q_item, q_list


def _mean(values: Values, person: IntArray) -> Worth:
    return _ratio(values, np.ones(len(values)), person)


def _ratio(top: Values, bottom: Values, person: IntArray) -> Worth:
    """sum(top) / sum(bottom) with the delta method's interval, clustered by person; NaN without any weight."""
    n = int(person.max()) + 1
    tops, bottoms = (np.bincount(person, weights=values, minlength=n) for values in (top, bottom))
    if bottoms.sum() <= 0:
        return Worth(float("nan"), float("nan"), float("nan"))
    value = float(tops.sum() / bottoms.sum())
    influence = (tops - value * bottoms) / bottoms.mean()
    reach = float(stats.t.ppf(0.975, max(n - 1, 1)) * influence.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")
    return Worth(value, value - reach, value + reach)


def _warnings(weight: Values, effective: float) -> tuple[str, ...]:
    found = []
    if not weight.any():
        found.append("No row shows an item of the run's lists: the log says nothing of them.")
    elif effective < FEW:
        found.append(
            f"The {len(weight):,} rows are worth {effective:.0f} for these lists: the intervals may be too narrow. "
            "Show more of these items at random, or run an A/B test."
        )
    if weight.any() and not 0.8 < weight.mean() < 1.25:
        found.append(
            f"The weights have mean {weight.mean():.2f}, not 1: the propensities are not those of what was shown, or "
            "some items of the lists had no chance. Trust none of these estimates; the doubly robust one least wrongly."
        )
    return tuple(found)
