"""The one decision on a difference, used wherever it is spoken of: headline, sentences, stars, charts, checks, reports.

It rests on the adjusted test. The interval is the one that belongs to it, so both say the same: a difference stands
exactly where its interval excludes 0. Few people qualify a finding and make its interval wide; they never silence it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from scipy.stats import norm

from gnnrec_core.audit.metrics.definition import Metric
from gnnrec_core.audit.stats.statistics import ALPHA
from gnnrec_core.ranking.intervals import Interval

Finding = Literal["worse", "better", "lower", "higher", "small", "none", "cannot tell"]
STANDS: tuple[Finding, ...] = ("worse", "better", "lower", "higher", "small")
PRACTICAL = 0.05
"""The share of what a figure is compared with from which a difference matters, unless told otherwise."""
FEW = 50
"""Measurable users on the smaller side under which a finding is qualified."""
POWER = float(norm.ppf(0.8))


@dataclass(frozen=True)
class Effect:
    """A measured difference `value` +- what its test allows: `low` to `high` holds with 95 % for all tests of the
    family together, and excludes 0 exactly where `p_adjusted` < 0.05.

    `base` is the figure that it is compared with (without offset), `n_group` and `n_rest` the measurable users.
    `detectable` is the true difference that the adjusted test finds with probability 0.8.
    """

    value: float
    low: float
    high: float
    p_value: float
    p_adjusted: float
    base: float
    n_group: int
    n_rest: int
    detectable: float

    @property
    def n(self) -> int:
        """Measurable users on the smaller side."""
        return min(self.n_group, self.n_rest)

    @property
    def relative(self) -> float:
        """`value` as a share of `base`; NaN where that is 0."""
        return self.value / abs(self.base) if self.base else float("nan")


@dataclass(frozen=True)
class Decision:
    """What can be said of an effect.

    "worse", "better" (figures with a direction), "lower", "higher" (those without): stands up to the tests and is at
    least the practical share of `base`. "small": stands, but is less. "none": does not stand, and the whole interval
    is less than the practical share: a difference that matters is ruled out. "cannot tell": everything else; `needed`
    users on the smaller side would be expected to settle it (None where that cannot be worked out).
    `is_qualified`: it stands, on fewer than `FEW` users on a side.
    """

    finding: Finding
    is_qualified: bool = False
    needed: int | None = None

    @property
    def stands(self) -> bool:
        """Whether the tests say that there is a difference."""
        return self.finding in STANDS


def decide(metric: Metric, effect: Effect, practical: float) -> Decision:
    """The decision on `effect`; `practical` is the share of `base` from which a difference matters."""
    if not (math.isfinite(effect.p_adjusted) and math.isfinite(effect.value)):
        return Decision("cannot tell")
    matters = practical * abs(effect.base)
    if effect.p_adjusted >= ALPHA:
        ruled_out = effect.base and max(-effect.low, effect.high) <= matters
        return Decision("none") if ruled_out else Decision("cannot tell", needed=_needed(effect, matters))
    is_qualified = effect.n < FEW
    if abs(effect.value) < matters:
        return Decision("small", is_qualified)
    if metric.direction == "neither":
        return Decision("higher" if effect.value > 0 else "lower", is_qualified)
    return Decision("better" if (effect.value > 0) == (metric.direction == "higher") else "worse", is_qualified)


def _needed(effect: Effect, matters: float) -> int | None:
    """Users on the smaller side with whom a difference of `matters` would be found with probability 0.8, the sides in
    the same proportion: the error shrinks with the root of their number. Rounded up to two digits."""
    if not (matters > 0 and math.isfinite(effect.detectable)) or effect.detectable <= matters:
        return None
    times = effect.detectable / matters
    if times > 1e4:  # more people than there are
        return None
    people = effect.n * times**2
    digits = 10 ** max(0, math.floor(math.log10(people)) - 1)
    return int(math.ceil(people / digits) * digits)


def interval_from_test(
    value: float, reach: float, p_adjusted: float, outer: tuple[float, float] | None, span: float
) -> tuple[float, float]:
    """The interval of a difference that belongs to its adjusted test.

    Its bound towards 0 is value -+ `reach` (critical statistic x error): beyond 0 exactly where p is under 5 %.
    `outer`, an interval that knows the range of the figures at the level of one of the tests together, widens the
    other bound, as for few users the error alone is too sure of itself. Nothing reaches beyond `span`, the greatest
    possible difference. NaN where nothing varies and there is no `outer`.
    """
    if outer is None and reach == 0:
        return float("nan"), float("nan")
    least, most = outer or (float("inf"), float("-inf"))
    low, high = min(value - reach, least), max(value + reach, most)
    if p_adjusted >= ALPHA:
        low, high = min(low, 0.0), max(high, 0.0)
    elif value > 0:
        low = value - reach
    else:
        high = value + reach
    return max(low, -span), min(high, span)


def side_by_side(own: Interval, rest: Interval) -> tuple[float, float]:
    """The interval of own - rest from those of the two, combined by squares (Newcombe 1998; Zou and Donner 2008)."""
    return (
        own.value - rest.value - math.hypot(own.value - own.low, rest.high - rest.value),
        own.value - rest.value + math.hypot(own.high - own.value, rest.value - rest.low),
    )
