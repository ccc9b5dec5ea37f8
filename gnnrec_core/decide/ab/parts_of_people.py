"""For whom an arm works: effects by group against everybody else, and which traits those who gain share.

Nobody's own gain can be seen, for nobody is in two arms; what can be seen is whether the effect is larger among people
with more of a trait: the slope of the outcome on the trait in the treated arm less that in the control.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.audit.disclosure import showable
from gnnrec_core.audit.stats.statistics import adjusted_p
from gnnrec_core.decide.ab.effects import Adjustment, adjust, influence, spread, with_past
from gnnrec_core.decide.ab.log import ExposureLog, Measure

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]
N_DRAWS = 999
BLOCK = 4_000_000
FEWEST = 10
"""People with any of a trait under which it is not looked at."""


@dataclass(frozen=True)
class PeopleGroups:
    """One grouping of the log's people: `member` boolean `[n, n_groups]`. `shown` says which groups the data's own gate
    lets through (None: there is no such gate, and the sizes decide)."""

    name: str
    labels: tuple[str, ...]
    member: Flags
    shown: Flags | None = None


@dataclass(frozen=True)
class Traits:
    """What is known of the log's people: groups, `before` `[n, m]` (covariates for CUPED, NaN unknown), and `values`
    `[n, n_features]` features whose part in the effect is asked for."""

    groups: tuple[PeopleGroups, ...] = ()
    before: Values = field(default_factory=lambda: np.zeros((0, 0)))
    before_names: tuple[str, ...] = ()
    values: Values = field(default_factory=lambda: np.zeros((0, 0)))
    features: tuple[str, ...] = ()


@dataclass(frozen=True)
class GroupEffect:
    """The effect within a group (`effect`, with its 95 % interval), and how far it is from that among all others:
    `difference`, with p alone and adjusted for all groups that were tried."""

    grouping: str
    group: str
    arm: str
    n: int
    effect: float
    low: float
    high: float
    difference: float
    p_value: float
    p_adjusted: float


@dataclass(frozen=True)
class Trait:
    """`slope`: how much larger the effect is for a standard deviation more of the trait. `p_adjusted`: how often the
    largest |t| of all traits is as large where arms are shuffled among people."""

    name: str
    slope: float
    t: float
    p_value: float
    p_adjusted: float
    n: int


def group_effects(
    log: ExposureLog,
    measure: Measure,
    past: Values,
    traits: Traits,
    method: Adjustment = "holm",
    threshold: int = FEWEST,
    seed: int = 0,
) -> tuple[GroupEffect, ...]:
    """The effects of each arm in every group that may be shown and has `threshold` people in both arms."""
    found, influences = [], []
    for place, arm in enumerate(log.arms[1:], 1):
        for grouping in traits.groups:
            allowed = _allowed(log, grouping, place, threshold)
            for number in np.flatnonzero(allowed):
                rows = grouping.member[:, number]
                entry, own = _group(log, measure, past, place, rows)
                found.append(replace(entry, grouping=grouping.name, group=grouping.labels[number], arm=arm))
                influences.append(own)
    adjusted = adjust([entry.p_value for entry in found], method, influences, seed)
    return tuple(replace(entry, p_adjusted=float(p)) for entry, p in zip(found, adjusted, strict=True))


def _allowed(log: ExposureLog, grouping: PeopleGroups, arm: int, threshold: int) -> Flags:
    allowed = np.ones(len(grouping.labels), bool) if grouping.shown is None else grouping.shown.copy()
    for side in (arm, 0):
        counted = log.arm == side
        sizes = (grouping.member & counted[:, None]).sum(0)
        rest = counted.sum() - sizes
        allowed &= (sizes >= threshold) & (rest >= threshold)
        if grouping.shown is None:
            allowed &= showable(grouping.member, counted, threshold)
    return allowed


def _group(log: ExposureLog, measure: Measure, past: Values, arm: int, rows: Flags) -> tuple[GroupEffect, Values]:
    parts, own = [], []
    for inside in (rows, ~rows):
        treated, control = inside & (log.arm == arm), inside & (log.arm == 0)
        found = influence(measure, treated, control)
        if past.shape[1] and min(treated.sum(), control.sum()) > 5 * past.shape[1]:
            found, _ = with_past(found, past, treated, control)
        parts.append(found)
        own.append(spread(found, treated, control))
    mine, others = (part.estimate() for part in parts)
    difference = mine.difference - others.difference
    error = float(np.hypot(mine.error, others.error))
    apart = _normal_p(difference, error)
    n = int((rows & ((log.arm == arm) | (log.arm == 0))).sum())
    entry = GroupEffect("", "", "", n, mine.difference, mine.low, mine.high, difference, apart, float("nan"))
    return entry, own[0] - own[1]


def _normal_p(value: float, error: float) -> float:
    from scipy.stats import norm

    return float(2 * norm.sf(abs(value) / error)) if np.isfinite(error) and error > 0 else float("nan")


def gained(log: ExposureLog, measure: Measure, traits: Traits, seed: int = 0) -> tuple[Trait, ...]:
    """Of the first arm against the control: the traits by |t|, the largest first."""
    if not traits.features:
        return ()
    chosen = log.arm <= 1
    treated = log.arm[chosen] == 1
    outcome = np.zeros(len(treated))
    both = influence(measure, log.arm == 1, log.arm == 0)
    outcome[treated], outcome[~treated] = both.treated, both.control
    values = traits.values[chosen]
    enough = ((values != 0).sum(0) >= FEWEST) & (values.std(0) > 0)
    places = np.flatnonzero(enough)
    if not len(places):
        return ()
    x = (values[:, places] - values[:, places].mean(0)) / values[:, places].std(0)
    slope, t = slopes(x, outcome, treated[None, :])
    rng = np.random.default_rng(seed)
    step = max(1, BLOCK // len(treated))
    draws = np.concatenate([
        np.abs(slopes(x, outcome, np.stack([rng.permutation(treated) for _ in range(min(step, N_DRAWS - start))]))[1])
        for start in range(0, N_DRAWS, step)
    ])  # fmt: skip
    p, together, _ = adjusted_p(draws, np.abs(t[0]), np.isfinite(t[0]), len(places))
    order = np.argsort(-np.abs(t[0]), kind="stable")
    n = (values != 0).sum(0)[places]
    return tuple(
        Trait(
            traits.features[places[i]], float(slope[0, i]), float(t[0, i]), float(p[i]), float(together[i]), int(n[i])
        )
        for i in order
    )


def slopes(x: Values, outcome: Values, treated: Flags) -> tuple[Values, Values]:
    """Slope of `outcome` `[n]` on each column of `x` `[n, m]` (of mean 0) in the treated less that in the others, and
    its t, for each row of `treated` `[n_draws, n]`; both `[n_draws, m]`. Errors allow for unequal spread (HC0), with
    the mean of x in each arm taken as 0, which chance makes it nearly."""
    y = outcome[:, None]
    moments = (x, x**2, x * y, x**3, x**4, x**2 * y, x**3 * y, x**2 * y**2)
    total, squares = np.zeros((len(treated), x.shape[1])), np.zeros((len(treated), x.shape[1]))
    for arm, sign in ((treated, 1.0), (~treated, -1.0)):
        weight = arm.astype(np.float64)
        n = weight.sum(1, keepdims=True)
        x1, x2, xy, x3, x4, x2y, x3y, x2y2 = (weight @ moment / n for moment in moments)
        mean = (weight @ outcome)[:, None] / n
        spread_x = np.maximum(x2 - x1**2, 1e-12)
        slope = (xy - x1 * mean) / spread_x
        # mean of x^2 (y - mean - slope x)^2
        meat = x2y2 + slope**2 * x4 + mean**2 * x2 - 2 * slope * x3y - 2 * mean * x2y + 2 * slope * mean * x3
        total += sign * slope
        squares += np.maximum(meat, 0.0) / n / spread_x**2
    return total, np.divide(total, np.sqrt(squares), out=np.zeros_like(total), where=squares > 0)
