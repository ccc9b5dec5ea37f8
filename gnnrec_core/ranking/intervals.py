"""Two-sided intervals of figures that are means over users; why these ones: docs/decisions/0011-intervals.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.base import progress

Values = NDArray[np.float64]
Bounds = tuple[float, float]
UNIT: Bounds = (0.0, 1.0)
GRID = 2.0**20
"""Values are rounded up to its parts, so that none lies closer to 1 than numbers can tell apart."""
NOBODY = "there is nobody to measure it on"


@dataclass(frozen=True)
class Interval:
    """A figure with its interval; `low` and `high` are NaN where none can be given.

    `value` is NaN where there is no figure; `reason` then says why.
    """

    value: float
    low: float = float("nan")
    high: float = float("nan")
    reason: str = ""

    def to_dict(self) -> dict[str, float | str]:
        """As the contract prints it, with the reason where there is no figure."""
        found: dict[str, float | str] = {"value": self.value, "low": self.low, "high": self.high}
        return {**found, "reason": self.reason} if self.reason else found


def mean_interval(values: Values, level: float = 0.95, bounds: Bounds | None = None) -> Interval:
    """Mean of the measurable (finite) values with its interval.

    With `bounds`, between which every value lies: Gaffke's interval (`bounded_bounds`), which stays between them, is
    never of width 0 and keeps its coverage for few and for skewed values. Without: Student's t; no interval for fewer
    than two values, nor where all are equal, as nothing then says how far others may lie.

    >>> mean_interval(np.array([1.0, 2.0, 3.0])).value
    2.0
    >>> [round(x, 4) for x in bounded_bounds(np.zeros(200))]
    [0.0, 0.0188]
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return Interval(float("nan"), reason=NOBODY)
    centre = float(known.mean())
    if bounds is not None:
        least, most = bounds
        low, high = bounded_bounds(np.clip((known - least) / (most - least), 0.0, 1.0), level)
        low, high = least + low * (most - least), least + high * (most - least)
        return Interval(centre, min(low, centre), max(high, centre))
    if len(known) < 2 or np.ptp(known) <= 1e-12 * abs(centre):
        return Interval(centre)
    from scipy.stats import t

    error = float(known.std(ddof=1) / np.sqrt(len(known)))
    reach = float(t.ppf(0.5 + level / 2, len(known) - 1)) * error
    return Interval(centre, centre - reach, centre + reach)


def share_interval(values: Values, level: float = 0.95) -> Interval:
    """Share of ones among the measurable values (0, 1 or NaN): the same interval as that of any mean in 0..1.

    >>> [round(x, 4) for x in share_interval(np.array([1.0, 1.0, 0.0, 1.0])).to_dict().values()]
    [0.75, 0.1941, 0.9937]
    """
    return mean_interval(values, level, UNIT)


def correlation_interval(value: float, n: int, level: float = 0.95) -> Interval:
    """A rank correlation (Spearman's) of `n` pairs with its interval, in -1..1 and never of width 0.

    Fisher's z with Bonett and Wright's (2000) error sqrt((1 + r^2 / 2) / (n - 3)); away from 0 with
    sqrt((1 + r^2) / (n - 3)), as theirs is too short close to 1; towards 0 from no closer to -1 or 1 than
    (n - 1) / (n + 1), so that a perfect order of few pairs is not taken for certain. Fewer than four pairs leave all
    of -1..1.

    >>> [round(x, 3) for x in correlation_interval(1.0, 10).to_dict().values()]
    [1.0, 0.287, 1.0]
    """
    if not np.isfinite(value):
        return Interval(float("nan"), reason="one of the two does not vary")
    if n < 4:
        return Interval(value, -1.0, 1.0)
    from scipy.stats import norm

    z, size, sign = float(norm.isf((1.0 - level) / 2)), min(abs(value), 1.0), np.sign(value) or 1.0

    def end(r: float, way: float, share: float) -> float:
        return float(np.tanh(np.arctanh(r) + way * z * np.sqrt((1.0 + share * r * r) / (n - 3))))

    inner = end(min(size, (n - 1) / (n + 1)), -1.0, 0.5)
    outer = 1.0 if size > 1.0 - 1e-12 else end(size, 1.0, 1.0)
    low, high = sorted((sign * inner, sign * outer))
    return Interval(value, float(min(low, value)), float(max(high, value)))


def auc_interval(value: float, n_inside: int, n_outside: int, level: float = 0.95) -> Interval:
    """An area under the ROC curve over `n_inside` against `n_outside` with its interval, in 0..1 and never of width 0.

    Newcombe's (2006) method 5: the areas t that differ from `value` by at most z of their own error, with Hanley and
    McNeil's variance for exponential scores and the mean of both sizes in its corrections.

    >>> [round(x, 3) for x in auc_interval(1.0, 20, 20).to_dict().values()]
    [1.0, 0.899, 1.0]
    """
    if not np.isfinite(value) or not min(n_inside, n_outside):
        return Interval(float("nan"), reason=NOBODY)
    from scipy.optimize import brentq
    from scipy.stats import norm

    z2, more = float(norm.isf((1.0 - level) / 2)) ** 2, (n_inside + n_outside) / 2 - 1

    def beyond(t: float) -> float:
        spread = t * (1 - t) * (1 + more * (1 - t) / (2 - t) + more * t / (1 + t)) / (n_inside * n_outside)
        return float((value - t) ** 2 - z2 * spread)

    tiny = 1e-9
    low = brentq(beyond, tiny, value - tiny) if value > 2 * tiny and beyond(tiny) > 0 > beyond(value - tiny) else 0.0
    high = brentq(beyond, value + tiny, 1 - tiny) if value < 1 - 2 * tiny and beyond(1 - tiny) > 0 else 1.0
    return Interval(value, float(low), float(high))


def rate_interval(rate: float, n: int, level: float = 0.95) -> Interval:
    """A share over `n` people of which only the rate is known, or a mean over them of values in 0..1: the interval of
    shares, as no such mean varies more.

    >>> [round(x, 4) for x in rate_interval(0.0, 200).to_dict().values()]
    [0.0, 0.0, 0.0188]
    """
    low, high = share_bounds(rate * n, n, (1.0 - level) / 2)
    return Interval(rate, min(low, rate), max(high, rate))


def jackknife_interval(
    value: float, value_without: Callable[[NDArray[np.int64]], float], n: int, n_blocks: int = 10, seed: int = 0
) -> Interval:
    """A share of all lists together (coverage, Gini; 0..1) with `value` +- 1.96 jackknife errors, inside 0 and 1.

    A bootstrap of people is wrong for such a figure: a resample has 63 % of them, so it covers less than all do.
    Without bounds under 20 people, and where all blocks agree: nothing says how far the lists of others would be.
    """
    error = grouped_jackknife(value_without, n, n_blocks, seed) if n >= 2 * n_blocks else 0.0
    if not error > 0:
        return Interval(value, float("nan"), float("nan"))
    return Interval(value, max(0.0, value - 1.96 * error), min(1.0, value + 1.96 * error))


def grouped_jackknife(value_without: Callable[[NDArray[np.int64]], float], n: int, n_blocks: int, seed: int) -> float:
    """Standard error of a figure that has no user bootstrap (coverage, Gini): leave out one of `n_blocks` at a time.

    `value_without(rows)` is the figure of the remaining `rows`. With g blocks the squared error is (g - 1) / g times
    the sum of squared deviations (Quenouille 1956; Tukey 1958).
    """
    order = np.random.default_rng(seed).permutation(n)
    blocks = np.array_split(order, n_blocks)

    def without(block: NDArray[np.int64]) -> float:
        progress.check()
        return value_without(np.delete(np.arange(n), block))

    values = np.array([without(block) for block in blocks])
    return float(np.sqrt((n_blocks - 1) / n_blocks * np.square(values - values.mean()).sum()))


def bounded_bounds(values: Values, level: float = 0.95) -> tuple[float, float]:
    """Bounds of the mean of values in 0..1 `[n >= 1]`, from the values alone, whatever their order.

    Shares (all values 0 or 1): the wider of Clopper and Pearson's (1934) and Wilson's (1927) on each side. Other
    values: Gaffke's (2005), of which Clopper and Pearson's is the case for shares.
    """
    tail = (1.0 - level) / 2
    if np.isin(values, (0.0, 1.0)).all():
        return share_bounds(int(values.sum()), len(values), tail)
    return 1.0 - gaffke_bound(1.0 - values, tail), gaffke_bound(values, tail)


def share_bounds(k: float, n: int, tail: float) -> tuple[float, float]:
    """Bounds of a share of which `k` of `n` were seen, each missed with probability at most `tail`."""
    from scipy.stats import beta, norm

    z2 = float(norm.isf(tail)) ** 2
    centre = (k + z2 / 2) / (n + z2)
    reach = np.sqrt(z2 * k * (n - k) / n + z2 * z2 / 4) / (n + z2)
    low = float(beta.ppf(tail, k, n - k + 1)) if k else 0.0
    high = float(beta.isf(tail, k + 1, n - k)) if k < n else 1.0
    return max(0.0, min(low, float(centre - reach))), min(1.0, max(high, float(centre + reach)))


def gaffke_bound(values: Values, tail: float) -> float:
    """The upper bound c of the mean: P(sum_i D_i x_i > c) = `tail`, with x_0 = 1 beside the values and D uniform on
    the simplex (Gaffke 2005; Learned-Miller and Thomas 2019).

    D is a row of exponential draws over their sum, so the chance is that sum_i (x_i - c) E_i > 0, which Lugannani and
    Rice's saddlepoint gives to about 0.3 % (n = 10), 0.1 % (n = 50). The saddlepoint s is not searched for: with
    d = c + 1 / s it is the c at which the weights 1 / (d - x_i) average to c.
    """
    from scipy.optimize import brentq
    from scipy.stats import norm

    x, count = np.unique(np.append(np.ceil(values * GRID) / GRID, 1.0), return_counts=True)
    if len(x) == 1:
        return 1.0
    z = float(norm.isf(tail))

    def bound(log_gap: float) -> float:
        weight = count / (1.0 + np.exp(log_gap) - x)
        return float(weight @ x / weight.sum())

    def excess(log_gap: float) -> float:
        """How far c lies beyond the wanted tail, in standard deviations (Barndorff-Nielsen's r*)."""
        c = bound(log_gap)
        tilt = 1.0 / (1.0 + np.exp(log_gap) - c)
        ratio = tilt * (x - c)
        w = np.sqrt(max(0.0, 2.0 * float(count @ np.log1p(-ratio))))
        if w < 0.1:  # so close to the mean that the correction is noise
            return float(w) - z
        u = np.sqrt(float(count @ np.square(ratio / (1.0 - ratio))))
        return float(w + np.log(u / w) / w) - z

    nearest, farthest = float(np.log(1e-12)), float(np.log(1e6))
    if excess(nearest) <= 0:  # closer to 1 than can be told
        return 1.0
    return min(1.0, bound(brentq(excess, nearest, farthest, xtol=1e-9)))
