"""`Metric`: one figure with everything that a person must know to read it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.audit.evidence import Evidence, PerUser
from gnnrec_core.base import progress
from gnnrec_core.ranking.intervals import Interval, mean_interval

Family = Literal[
    "accuracy", "coverage", "popularity", "diversity", "calibration", "users", "providers", "individual", "cold start"
]
Direction = Literal["higher", "lower", "neither"]
Study = Literal["audit", "compare"]
EVALUABLE = "users with at least one held-out item"
WITH_LIST = "users with a list, also those without held-out items"
"""The two denominators that most metrics have."""
Ratio = tuple[PerUser, PerUser]
"""Numerator and denominator of each user; the figure of a group is sum / sum."""
_ENDS = re.compile(r"(-?[\d.]+) to (?:ln 100 = )?([\d.]+)(?:;.*)?")


@dataclass(frozen=True)
class Variant:
    """What another library prints under the same name: `convention` is the library, `definition` the difference."""

    convention: str
    definition: str
    compute: Callable[[Evidence], PerUser | Ratio | float]


@dataclass(frozen=True)
class Metric:
    """A figure of ranked lists.

    `level` "user": `compute` gives one value a user `[n]` (NaN: not measurable) and the figure is the mean over
    measurable users. "ratio": `compute` gives (numerator `[n]`, denominator `[n]`) and the figure is
    sum / sum + `offset`. "global": `compute` gives one number of all lists together, with no per-user parts.
    `needs` names the optional fields of `Evidence` without which the metric cannot be computed. `default` is false for
    figures too slow for the standard suite. `with_held_out` says whether it falls or rises, whatever the model does,
    with the number of held-out items of a user. `tested_in` names the studies that test its differences unless told
    otherwise: few, because every test makes the adjustment for all harder. `example` is the worked example of
    `docs/metrics.md`; `worked` makes its small world (`audit.metrics.worked.small_world`) and says the figure there.
    `people` are the sets of users that a global figure is made of, where these are not all users `[n, n_sets]`: the
    gate asks.
    """

    name: str
    title: str
    family: Family
    level: Literal["user", "ratio", "global"]
    definition: str
    formula: str
    range: str
    direction: Direction
    denominator: str
    source: str
    example: str
    compute: Callable[[Evidence], PerUser | Ratio | float]
    variants: tuple[Variant, ...] = ()
    needs: tuple[str, ...] = ()
    default: bool = True
    offset: float = 0.0
    oracle: str = ""
    with_held_out: Literal[-1, 0, 1] = 0
    tested_in: tuple[Study, ...] = ()
    worked: Callable[[], tuple[Evidence, float]] | None = None
    people: Callable[[Evidence], NDArray[np.bool_]] | None = None

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The ends of `range` where both are numbers: between them lies every user's value under our definition."""
        ends = _ENDS.fullmatch(self.range)
        return (float(ends[1]), float(ends[2])) if ends else None

    @property
    def nobody(self) -> str:
        """Why there is no figure where nothing can be measured."""
        return f"nothing to measure it on: it is over {self.denominator}"

    def fits(self, values: PerUser) -> bool:
        """Whether each value lies in `bounds`, as it may not under some other library's definition."""
        return self.bounds is not None and bool(self.bounds[0] <= values.min() and values.max() <= self.bounds[1])

    def interval(self, parts: Ratio, level: float = 0.95) -> Interval:
        """The figure of the users with these parts `[n]`, with its interval over them (ratios linearised)."""
        top, bottom = (values[parts[1] > 0] for values in parts)
        if not len(bottom):
            return Interval(float("nan"), reason=self.nobody)
        if self.level == "user":
            return mean_interval(top / bottom, level, self.bounds if self.fits(top) else None)
        value = float(top.sum() / bottom.sum())
        spread = mean_interval((top - value * bottom) / bottom.mean(), level)
        value += self.offset
        return Interval(value, value + spread.low, value + spread.high)

    def missing(self, evidence: Evidence) -> tuple[str, ...]:
        """The names in `needs` that `evidence` does not have."""
        return tuple(name for name in self.needs if getattr(evidence, name) is None)

    def under(self, convention: str) -> Callable[[Evidence], PerUser | Ratio | float]:
        """How `convention` ("ours", or a library) computes this metric; ours where that library agrees with us."""
        for variant in self.variants:
            if variant.convention == convention:
                return variant.compute
        return self.compute

    def value(self, evidence: Evidence, convention: str = "ours") -> float:
        """The figure of all users together; NaN where nobody is measurable."""
        progress.check()
        result = self.under(convention)(evidence)
        if isinstance(result, tuple):
            bottom = float(np.sum(result[1]))
            return float(np.sum(result[0])) / bottom + self.offset if bottom > 0 else float("nan")
        if isinstance(result, np.ndarray):
            measurable = result[np.isfinite(result)]
            return float(measurable.mean()) + self.offset if len(measurable) else float("nan")
        return float(result)

    def figure(self, evidence: Evidence, convention: str = "ours") -> Interval:
        """`value`, or why there is none."""
        value = self.value(evidence, convention)
        return Interval(value, reason="" if np.isfinite(value) else self.nobody)

    def parts(self, evidence: Evidence, convention: str = "ours") -> Ratio:
        """Numerator and denominator of each user `[n]`; not measurable users have 0 / 0. Not for level "global"."""
        progress.check()
        result = self.under(convention)(evidence)
        if isinstance(result, tuple):
            return result
        values = np.asarray(result, dtype=np.float64)
        measurable = np.isfinite(values)
        return np.where(measurable, values, 0.0), measurable.astype(np.float64)
