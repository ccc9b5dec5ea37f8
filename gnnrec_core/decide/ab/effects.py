"""The effect of an arm on an outcome: its size, its interval, and what is left of the noise when the past is known.

A figure of an arm is R = sum(top) / sum(bottom) over its persons. Each person's influence on it is
(top - R bottom) / mean(bottom), so its variance is that of the influences / persons (delta method, clustered by
person). With covariates x known before, CUPED (Deng et al. 2013) takes theta (x - mean x) off each influence, theta
from least squares within arms; the expected effect stays the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from gnnrec_core.decide.ab.log import Measure

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]
Adjustment = Literal["holm", "bh", "maxt"]
N_DRAWS = 20_000


@dataclass(frozen=True)
class Estimate:
    """A difference with its standard error, its 95 % interval and p-value (Welch's t), alone and adjusted."""

    difference: float
    error: float
    df: float
    low: float
    high: float
    p_value: float
    p_adjusted: float = float("nan")

    def to_dict(self) -> dict[str, float]:
        """As the command prints it."""
        return asdict(self)


@dataclass(frozen=True)
class Influence:
    """What each person of two arms adds to treated - control: `treated` `[n_t]`, `control` `[n_c]`, both of mean 0, and
    the figures of the arms."""

    treated: Values
    control: Values
    figure_treated: float
    figure_control: float

    @property
    def difference(self) -> float:
        """Treated less control."""
        return self.figure_treated - self.figure_control

    def estimate(self, level: float = 0.95) -> Estimate:
        """Welch's interval and test; NaN where an arm has fewer than two persons or nothing varies."""
        parts = [_squared_error(side) for side in (self.treated, self.control)]
        error = float(np.sqrt(sum(parts)))
        if not (np.isfinite(error) and error > 0):
            return Estimate(self.difference, error, *(float("nan"),) * 4)
        sizes = (len(self.treated), len(self.control))
        df = sum(parts) ** 2 / sum(part**2 / (n - 1) for part, n in zip(parts, sizes, strict=True))
        reach = float(stats.t.ppf((1 + level) / 2, df)) * error
        p = float(2 * stats.t.sf(abs(self.difference) / error, df))
        return Estimate(self.difference, error, float(df), self.difference - reach, self.difference + reach, p)


def _squared_error(influence: Values) -> float:
    return float(influence.var(ddof=1)) / len(influence) if len(influence) > 1 else float("nan")


def influence(measure: Measure, treated: Flags, control: Flags) -> Influence:
    """The influences of the persons of two arms `[n]` on their difference."""
    sides = [_side(measure, rows) for rows in (treated, control)]
    return Influence(sides[0][1], sides[1][1], sides[0][0], sides[1][0])


def _side(measure: Measure, rows: Flags) -> tuple[float, Values]:
    top, bottom = measure.top[rows], measure.bottom[rows]
    total = bottom.sum()
    if total <= 0:
        return float("nan"), np.full(len(top), np.nan)
    ratio = float(top.sum() / total)
    return ratio, (top - ratio * bottom) / bottom.mean()


def with_past(found: Influence, past: Values, treated: Flags, control: Flags) -> tuple[Influence, float]:
    """CUPED: the influences less what `past` `[n, m]` explains of them within arms, and the share of variance left.

    Each is divided by 1 - its leverage (HC3, MacKinnon and White 1985), for theta has been fitted to the same people.
    """
    n = len(found.treated)
    x = np.concatenate([past[treated], past[control]])
    arms = np.repeat(np.eye(2), [n, len(x) - n], axis=0)
    design = np.concatenate([arms, x - x.mean(0)], axis=1)
    solved = design @ np.linalg.pinv(design.T @ design)
    leverage = np.minimum(np.einsum("ij,ij->i", solved, design), 1 - 1e-9)
    values = np.concatenate([found.treated, found.control])
    fitted = solved.T @ values  # least squares: the arms' means, then theta
    means = [past[rows].mean(0) for rows in (treated, control)]
    shift = float((means[0] - means[1]) @ fitted[2:])
    own = (solved[:, 0] - solved[:, 1]) * (values - design @ fitted) / (1 - leverage)  # what each adds to the effect
    adjusted = Influence(n * own[:n], -(len(x) - n) * own[n:], found.figure_treated - shift, found.figure_control)
    before, after = (i.estimate().error ** 2 for i in (found, adjusted))
    return adjusted, float(after / before) if before > 0 else float("nan")


def filled(past: Values) -> Values:
    """Unknown values at the mean of the known ones, with a column of 0 and 1 for each column that had some; columns
    that never vary are left out."""
    unknown = ~np.isfinite(past)
    known = np.where(unknown, np.nan, past)
    some = ~unknown.all(0)
    known, unknown = known[:, some], unknown[:, some]
    means = np.nanmean(known, axis=0) if known.size else np.zeros(0)
    columns = np.concatenate([np.where(unknown, means, known), unknown[:, unknown.any(0)].astype(np.float64)], axis=1)
    varies = columns.std(0) > 0 if len(columns) else np.zeros(columns.shape[1], bool)
    found: Values = columns[:, varies]
    return found


def adjust(p_values: Sequence[float], method: Adjustment, influences: Sequence[Values] = (), seed: int = 0) -> Values:
    """Adjusted p-values of a family.

    "holm": the chance of any false finding is bounded (Holm 1979). "bh": the expected share of false findings is
    (Benjamini and Hochberg 1995). "maxt": as holm, using how the tests go together (single step, Westfall and Young
    1993): `influences` of each test on all persons `[n]` (0 where a person is in none of its arms), whose correlation
    the null draws have. NaN stays NaN.
    """
    p = np.asarray(p_values, np.float64)
    known = np.flatnonzero(np.isfinite(p))
    result = np.full(len(p), np.nan)
    if not len(known):
        return result
    if method == "bh":
        result[known] = stats.false_discovery_control(p[known])
    elif method == "holm":
        order = known[np.argsort(p[known], kind="stable")]
        steps = p[order] * np.arange(len(order), 0, -1)
        result[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    else:
        result[known] = _max_t(p[known], [influences[int(place)] for place in known], seed)
    return result


def _max_t(p: Values, influences: Sequence[Values], seed: int) -> Values:
    matrix = np.stack(influences)
    together = matrix @ matrix.T
    scale = np.sqrt(np.diag(together))
    correlation = together / np.maximum(np.outer(scale, scale), 1e-300)
    draws = np.random.default_rng(seed).multivariate_normal(np.zeros(len(p)), correlation, N_DRAWS, method="svd")
    largest = np.sort(np.abs(draws).max(1))
    beyond = N_DRAWS - np.searchsorted(largest, stats.norm.isf(p / 2), side="left")
    found: Values = np.maximum(p, np.minimum((1 + beyond) / (1 + N_DRAWS), p * len(p)))  # no worse than Bonferroni
    return found


def spread(found: Influence, treated: Flags, control: Flags) -> Values:
    """The influence of every person on the difference `[n]`: signed, over the size of their arm, 0 for other arms."""
    result = np.zeros(len(treated))
    result[treated] = found.treated / len(found.treated)
    result[control] = -found.control / len(found.control)
    return result


def sample_ratio(counts: Sequence[int], shares: Sequence[float] | None = None) -> dict[str, Any]:
    """Whether arms are as large as they should be: chi-square test of persons against `shares` (default: equal)."""
    expected = np.asarray(shares or [1.0] * len(counts), np.float64)
    expected = expected / expected.sum() * sum(counts)
    test = stats.chisquare(counts, expected)
    return {"p_value": float(test.pvalue), "statistic": float(test.statistic), "counts": list(counts),
            "expected": expected.tolist()}  # fmt: skip
