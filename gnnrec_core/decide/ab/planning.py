"""How large an experiment must be: people and days for an effect, the smallest effect that would be found, and when one
may stop.

With standard deviation s of a person's outcome, two arms of n people and a two-sided test at alpha, an effect d is
found with probability

    power = Phi(d / e - z) + Phi(-d / e - z),   e = s sqrt(2 / n),   z = z_(1 - alpha / 2).

CUPED leaves a share v of the variance: s becomes s sqrt(v). Several outcomes, arms and segments are paid for by
testing each at alpha / their number. Beside the formula the same is simulated, with people drawn from the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy import stats

from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.settings import Settings
from gnnrec_core.decide.ab.effects import filled
from gnnrec_core.decide.ab.log import ExposureLog
from gnnrec_core.decide.ab.sequential import Boundary, boundaries, reach

Values = NDArray[np.float64]
MOST_DRAWS = 40_000_000
"""People drawn in one simulation."""
MOST_PEOPLE = 10**9
N_SIMULATIONS = 4000
N_PATHS = 40_000


class PlanSettings(Settings):
    """What the experiment shall find."""

    effect: float = Field(default=0.05, gt=0, le=10, description="smallest effect of interest, a share of the mean")
    power: float = Field(default=0.8, gt=0.05, lt=0.999, description="probability to find an effect of that size")
    alpha: float = Field(default=0.05, gt=0.0001, le=0.2, description="chance of any false finding")
    arms: int = Field(default=2, ge=2, le=20, description="arms, the control among them, of equal size")
    metrics: int | None = Field(
        default=None, ge=1, le=1000, description="outcomes that are tested; default: those named"
    )
    segments: int = Field(default=0, ge=0, le=1000, description="groups of equal size that are tested too")
    people_per_day: float | None = Field(default=None, gt=0, le=1e9, description="default: as in the log")
    days: int = Field(default=14, ge=1, le=3650, description="days in hand, for the smallest effect that is found")
    looks: int = Field(default=5, ge=1, le=50, description="planned looks")
    boundary: Literal["obrien-fleming", "pocock"] = Field(default="obrien-fleming", description="how alpha is spent")


@dataclass(frozen=True)
class Outcome:
    """What one outcome needs. `people` are those of all arms together; `people_cuped` with what is known from before
    (`variance_left`: share of the variance that remains); `people_segment` so that each of the segments finds it too.
    `mde` the effect that is found in the days in hand, as a share of the mean. `power_simulated` at `people_cuped`
    beside `power_formula`, +- `power_error` (one standard error of the simulation)."""

    metric: str
    mean: float
    sd: float
    variance_left: float
    effect: float
    people: int
    people_cuped: int
    people_segment: int | None
    days: float | None
    mde: float | None
    power_formula: float
    power_simulated: float
    power_error: float


@dataclass(frozen=True)
class Look:
    """A planned look at `share` of the people; stop beyond `z`. `stopped`: chance to have stopped by then if the effect
    is what is planned for."""

    share: float
    z: float
    spent: float
    stopped: float


@dataclass(frozen=True)
class Plan:
    """An experiment's size. `n_tests` are paid for, each at `alpha_each`. `looks` are for the first outcome;
    `looks_power` and `looks_share`: its power with these looks, and the share of people it needs on average.
    `always_valid`: people / people where one looks at any time, at the same power."""

    outcomes: tuple[Outcome, ...]
    n_tests: int
    alpha_each: float
    people_per_day: float | None
    n_known: int
    looks: tuple[Look, ...]
    looks_power: float
    looks_share: float
    always_valid: float
    before: tuple[str, ...]
    settings: PlanSettings
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As the command prints it."""
        return {**asdict(self), "settings": self.settings.model_dump()}


@dataclass(frozen=True)
class Sample:
    """An outcome of `n` people as it would be without any change: what each adds to the mean, `values` `[n]` (a ratio
    linearised), and what is left of it with what is known from before."""

    metric: str
    values: Values
    left: Values

    @property
    def variance_left(self) -> float:
        """Share of the variance that remains, 0..1."""
        return float(self.left.var() / self.values.var()) if self.values.var() > 0 else 1.0


def samples_of(log: ExposureLog, before: Values) -> tuple[Sample, ...]:
    """The outcomes of the people of the control arm (of all, where the log has no arms)."""
    rows = log.arm == 0
    past = filled(before[rows])
    found = []
    for name in log.outcomes:
        measure = log.measure(name)
        top, bottom = measure.top[rows], measure.bottom[rows]
        if bottom.sum() <= 0:
            raise RequestError(f"Nobody has any of what {name} is divided by.", "Choose another outcome.", value=name)
        ratio = top.sum() / bottom.sum()
        found.append(sample_of(name, ratio + (top - ratio * bottom) / bottom.mean(), past))
    return tuple(found)


def sample_of(name: str, values: Values, past: Values) -> Sample:
    """The values with what least squares on `past` `[n, m]` leaves of them."""
    left = values
    if past.shape[1] and len(values) > past.shape[1] + 1:
        x = past - past.mean(0)
        left = values - x @ np.linalg.lstsq(x, values - values.mean(), rcond=None)[0]
    return Sample(name, values, left)


def plan(
    samples: Sequence[Sample],
    settings: PlanSettings | None = None,
    people_per_day: float | None = None,
    before: Sequence[str] = (),
    notes: Sequence[str] = (),
    seed: int = 0,
) -> Plan:
    """The size of an experiment on these outcomes. RequestError where an outcome does not vary or has mean 0."""
    rules = settings or PlanSettings()
    rate = rules.people_per_day or people_per_day
    n_tests = (rules.metrics or len(samples)) * (rules.arms - 1) * (1 + rules.segments)
    alpha = rules.alpha / n_tests
    outcomes = tuple(_outcome(sample, rules, alpha, rate, seed) for sample in samples)
    drift = float(stats.norm.isf(alpha / 2) + stats.norm.ppf(rules.power))
    bounds = boundaries(rules.looks, rules.boundary, alpha)
    stopped = stopping(bounds, drift, seed)
    share = float(stopped[0] * bounds[0].share + np.diff(stopped) @ [b.share for b in bounds[1:]] + 1 - stopped[-1])
    looks = tuple(Look(b.share, b.z, b.spent, float(s)) for b, s in zip(bounds, stopped, strict=True))
    return Plan(
        outcomes, n_tests, alpha, rate, len(samples[0].values), looks, float(stopped[-1]), share,
        always_valid_inflation(alpha, rules.power), tuple(before), rules, tuple(notes),
    )  # fmt: skip


def _outcome(sample: Sample, rules: PlanSettings, alpha: float, rate: float | None, seed: int) -> Outcome:
    mean, sd = float(sample.values.mean()), float(sample.values.std(ddof=1))
    if not (sd > 0 and mean):
        raise RequestError(
            f"{sample.metric} {'has mean 0' if sd > 0 else 'is the same for everybody'}, so effects have no size.",
            "Choose another outcome.",
            value=sample.metric,
        )
    effect, left = rules.effect * abs(mean), float(np.sqrt(sample.variance_left)) * sd
    per_arm = [people_for(effect, spread, alpha, rules.power) for spread in (sd, left)]
    people, cuped = (rules.arms * n for n in per_arm)
    in_hand = None if rate is None else rate * rules.days / rules.arms
    return Outcome(
        metric=sample.metric,
        mean=mean,
        sd=sd,
        variance_left=sample.variance_left,
        effect=effect,
        people=people,
        people_cuped=cuped,
        people_segment=cuped * rules.segments or None,
        days=None if rate is None else cuped / rate,
        mde=None if in_hand is None else smallest_effect(in_hand, left, alpha, rules.power) / abs(mean),
        power_formula=power_of(effect, left, per_arm[1], alpha),
        **simulated_power(sample.left, effect, per_arm[1], alpha, seed),
    )


def power_of(effect: float, sd: float, n: float, alpha: float) -> float:
    """The probability that two arms of `n` people each show an effect, in a two-sided test at `alpha`."""
    z, shift = stats.norm.isf(alpha / 2), effect / (sd * np.sqrt(2 / n))
    return float(stats.norm.cdf(shift - z) + stats.norm.cdf(-shift - z))


def people_for(effect: float, sd: float, alpha: float, power: float) -> int:
    """People an arm needs; RequestError where that is more than there are."""
    z = stats.norm.isf(alpha / 2) + stats.norm.ppf(power)
    n = 2 * (sd * z / effect) ** 2
    if n > MOST_PEOPLE:
        raise RequestError(f"An effect of {effect:.3g} would need {n:.2g} people an arm.", "Ask for a larger effect.")
    return max(2, int(np.ceil(n)))


def smallest_effect(n: float, sd: float, alpha: float, power: float) -> float:
    """The effect that two arms of `n` people find with probability `power`: the minimum detectable effect."""
    return float((stats.norm.isf(alpha / 2) + stats.norm.ppf(power)) * sd * np.sqrt(2 / n))


def simulated_power(values: Values, effect: float, n: int, alpha: float, seed: int) -> dict[str, float]:
    """How often Welch's test finds `effect` added to one of two arms of `n` people drawn from `values`."""
    n_runs = int(np.clip(MOST_DRAWS // (2 * n), 100, N_SIMULATIONS))
    rng, found = np.random.default_rng(seed), 0
    step = max(1, 2_000_000 // n)
    for start in range(0, n_runs, step):
        size = (min(step, n_runs - start), n)
        sides = [values[rng.integers(0, len(values), size)] for _ in range(2)]
        means, errors = zip(*((side.mean(1), side.var(1, ddof=1) / n) for side in sides), strict=True)
        total = errors[0] + errors[1]
        df = total**2 / np.maximum((errors[0] ** 2 + errors[1] ** 2) / max(n - 1, 1), 1e-300)
        t = np.abs(means[0] + effect - means[1]) / np.sqrt(np.maximum(total, 1e-300))
        found += int((t > stats.t.isf(alpha / 2, np.maximum(df, 1))).sum())
    share = found / n_runs
    return {"power_simulated": share, "power_error": float(np.sqrt(max(share * (1 - share), 1e-9) / n_runs))}


def stopping(bounds: Sequence[Boundary], drift: float, seed: int = 0) -> Values:
    """The chance to have crossed by each look `[n_looks]` where z at the end has mean `drift`, simulated."""
    shares = np.array([bound.share for bound in bounds])
    steps = np.sqrt(np.diff(shares, prepend=0.0))
    path = (np.random.default_rng(seed).normal(size=(N_PATHS, len(bounds))) * steps).cumsum(1) + drift * shares
    beyond = np.abs(path / np.sqrt(shares)) >= [bound.z for bound in bounds]
    found: Values = np.maximum.accumulate(beyond, axis=1).mean(0)
    return found


def always_valid_inflation(alpha: float, power: float) -> float:
    """How many times the people of one look at the end the always-valid interval needs to exclude 0 there with the same
    power, where it is planned for that number."""
    z, own = stats.norm.isf(alpha / 2) + stats.norm.ppf(power), float(reach(1.0, 1, alpha))
    return float(((own + stats.norm.ppf(power)) / z) ** 2)


def people_a_day(log: ExposureLog) -> float | None:
    """New people a day of the log; None where it has no times."""
    return log.n / log.n_days if log.n_days > 1 else None


def effect_curve(sample_sd: float, mean: float, alpha: float, power: float, people: Sequence[float]) -> Values:
    """The smallest effect, as a share of the mean, for each number of people in two arms `[n]`."""
    return np.array([smallest_effect(n / 2, sample_sd, alpha, power) / abs(mean) for n in people])
