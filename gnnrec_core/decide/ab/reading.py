"""What an experiment said: arms in their shares, effects with intervals, the effect over days, and for whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from gnnrec_core.audit.decision import PRACTICAL
from gnnrec_core.base.settings import Settings
from gnnrec_core.decide.ab.effects import (
    Adjustment,
    Estimate,
    adjust,
    filled,
    influence,
    sample_ratio,
    spread,
    with_past,
)
from gnnrec_core.decide.ab.log import ExposureLog, Measure
from gnnrec_core.decide.ab.parts_of_people import GroupEffect, Trait, Traits, gained, group_effects
from gnnrec_core.decide.ab.sequential import ALPHA, PLANNED, always_valid_p, reach

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]
MISMATCH = 0.001
"""p of the sample-ratio test under which the arms are not what they should be (Fabijan et al. 2019)."""
FEWEST = 100
"""Persons under which a look is not taken: the intervals hold as numbers grow."""


class ReadSettings(Settings):
    """How an experiment is read; declare it before you look."""

    adjust: Adjustment = Field(default="holm", description="how p-values are adjusted for all effects together")
    planned_people: int = Field(
        default=PLANNED, ge=100, le=10**10, description="people at whom the always-valid interval is narrowest"
    )
    shares: tuple[float, ...] = Field(default=(), description="shares of the arms, the control first; default equal")
    min_group_size: int = Field(default=10, ge=2, le=1000, description="groups of fewer people an arm are never shown")


@dataclass(frozen=True)
class Effect:
    """An arm's effect on an outcome against the control: `plain`, and `cuped` where something is known from before
    (`variance_left`: the share of the squared error that remains). `low_always` to `high_always` holds at all times
    together, whenever it is looked at."""

    metric: str
    arm: str
    control: float
    treated: float
    n_control: int
    n_treated: int
    plain: Estimate
    cuped: Estimate | None
    variance_left: float
    low_always: float
    high_always: float
    p_always: float

    @property
    def best(self) -> Estimate:
        """The adjusted estimate where there is one."""
        return self.cuped or self.plain

    @property
    def stands(self) -> bool:
        """Whether the adjusted test says that there is an effect."""
        return self.best.p_adjusted < ALPHA

    @property
    def relative(self) -> float:
        """The effect as a share of the control's figure."""
        return self.best.difference / abs(self.control) if self.control else float("nan")

    def to_dict(self) -> dict[str, Any]:
        """The entry of the contract, with more beside it."""
        cuped = None if self.cuped is None else {**self.cuped.to_dict(), "variance_left": self.variance_left}
        return {
            "metric": self.metric, "arm": self.arm, "control": self.control, "treated": self.treated,
            "n_control": self.n_control, "n_treated": self.n_treated, **self.plain.to_dict(), "cuped": cuped,
            "relative": self.relative, "stands": self.stands,
            "always_valid": {"low": self.low_always, "high": self.high_always, "p_value": self.p_always},
        }  # fmt: skip


@dataclass(frozen=True)
class Day:
    """The effect among people on their `day`-th day since they came in, and the always-valid interval of the effect
    up to that calendar day (NaN before there are enough people)."""

    day: int
    n: int
    difference: float
    low: float
    high: float
    so_far: float
    so_far_low: float
    so_far_high: float


@dataclass(frozen=True)
class Novelty:
    """The effect a day in the later half of people's days less that in the earlier half. Negative: it wears off."""

    early: float
    late: float
    change: float
    low: float
    high: float
    p_value: float
    n: int


@dataclass(frozen=True)
class Reading:
    """What the log says. `groups` are the effects on the first outcome, `traits` what those who gained have in common;
    `n_tried` how many groups and traits were looked at, all of which the adjustment pays for."""

    arms: tuple[str, ...]
    srm: dict[str, Any]
    effects: tuple[Effect, ...]
    before: tuple[str, ...]
    days: tuple[Day, ...]
    novelty: Novelty | None
    groups: tuple[GroupEffect, ...]
    traits: tuple[Trait, ...]
    n_tried: dict[str, int]
    settings: ReadSettings
    sentences: tuple[str, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The JSON of the contract."""
        return {
            "arms": list(self.arms), "srm": self.srm, "effects": [effect.to_dict() for effect in self.effects],
            "before": list(self.before), "days": [asdict(day) for day in self.days],
            "novelty": None if self.novelty is None else asdict(self.novelty),
            "groups": [asdict(group) for group in self.groups], "gained": [asdict(trait) for trait in self.traits],
            "n_tried": self.n_tried, "settings": self.settings.model_dump(), "sentences": list(self.sentences),
            "notes": list(self.notes),
        }  # fmt: skip


def read_experiment(
    log: ExposureLog, settings: ReadSettings | None = None, traits: Traits | None = None, seed: int = 0
) -> Reading:
    """Read `log`. `traits` bring groups of people, what is known of them from before, and features of their lists."""
    rules, traits = settings or ReadSettings(), traits or Traits()
    past, names = _past(log, traits)
    measures = [log.measure(name) for name in log.outcomes]
    counts = np.bincount(log.arm, minlength=len(log.arms)).tolist()
    srm = sample_ratio(counts, rules.shares or None)
    effects = _effects(log, measures, past, rules, seed)
    groups = group_effects(log, measures[0], past, traits, rules.adjust, rules.min_group_size, seed)
    shared = gained(log, measures[0], traits, seed)
    novelty = _novelty(log)
    tried = {"groups": len(groups), "traits": len(traits.features)}
    return Reading(
        log.arms, srm, effects, names, _by_day(log, rules), novelty, groups, shared, tried, rules,
        _sentences(srm, effects, novelty, groups, shared, tried), log.notes,
    )  # fmt: skip


def _past(log: ExposureLog, traits: Traits) -> tuple[Values, tuple[str, ...]]:
    joined = np.concatenate([log.before, traits.before], axis=1) if len(traits.before) else log.before
    return filled(joined), (*log.before_names, *traits.before_names)


def _effects(
    log: ExposureLog, measures: Sequence[Measure], past: Values, rules: ReadSettings, seed: int
) -> tuple[Effect, ...]:
    found, plain, less = [], [], []
    control = log.arm == 0
    for measure in measures:
        for place, arm in enumerate(log.arms[1:], 1):
            treated = log.arm == place
            own = influence(measure, treated, control)
            adjusted, left = with_past(own, past, treated, control) if past.shape[1] else (own, 1.0)
            plain.append(spread(own, treated, control))
            less.append(spread(adjusted, treated, control))
            cuped = adjusted.estimate() if past.shape[1] else None
            low, high, p = _always(cuped or own.estimate(), int((treated | control).sum()), rules)
            found.append(
                Effect(measure.name, arm, own.figure_control, own.figure_treated, int(control.sum()),
                       int(treated.sum()), own.estimate(), cuped, left, low, high, p)
            )  # fmt: skip
    of_plain = adjust([e.plain.p_value for e in found], rules.adjust, plain, seed)
    of_cuped = adjust([e.best.p_value for e in found], rules.adjust, less, seed)
    return tuple(
        replace(effect, plain=replace(effect.plain, p_adjusted=float(p)),
                cuped=effect.cuped and replace(effect.cuped, p_adjusted=float(q)))
        for effect, p, q in zip(found, of_plain, of_cuped, strict=True)
    )  # fmt: skip


def _always(found: Estimate, n: int, rules: ReadSettings) -> tuple[float, float, float]:
    if n < FEWEST or not (np.isfinite(found.error) and found.error > 0):
        return float("nan"), float("nan"), float("nan")
    width = float(reach(n, rules.planned_people)) * found.error
    p = always_valid_p(found.difference / found.error, n, rules.planned_people)
    return found.difference - width, found.difference + width, p


def _by_day(log: ExposureLog, rules: ReadSettings) -> tuple[Day, ...]:
    """Of the first outcome and the first arm against the control."""
    if log.n_days < 2:
        return ()
    age, found = log.row_day - log.entered[log.row_person], []
    for day in range(log.n_days):
        since = _compared(log, log.measure(log.outcomes[0], age == day), log.entered + day < log.n_days)
        upto = _compared(log, log.measure(log.outcomes[0], log.row_day <= day), log.entered <= day)
        low, high, _ = _always(upto, int(((log.entered <= day) & (log.arm <= 1)).sum()), rules)
        n = int(((log.entered + day < log.n_days) & (log.arm <= 1)).sum())
        found.append(Day(day, n, since.difference, since.low, since.high, upto.difference, low, high))
    return tuple(found)


def _compared(log: ExposureLog, measure: Measure, rows: Flags) -> Estimate:
    return influence(measure, rows & (log.arm == 1), rows & (log.arm == 0)).estimate()


def _novelty(log: ExposureLog) -> Novelty | None:
    """Of the people who can be seen for two days or more; an outcome that is summed a person, by their days."""
    name = log.outcomes[0]
    seen = log.n_days - log.entered  # days from their first to the last of the log
    rows = seen >= 2
    if log.n_days < 2 or min((rows & (log.arm == arm)).sum() for arm in (0, 1)) < FEWEST // 2:
        return None
    half = (seen // 2)[log.row_person]
    age = log.row_day - log.entered[log.row_person]
    parts = [log.measure(name, age < half), log.measure(name, age >= half)]
    days = [seen // 2, seen - seen // 2]
    if "/" not in name:  # sums grow with days: a day's worth of each half
        parts = [replace(part, top=part.top / np.maximum(n, 1)) for part, n in zip(parts, days, strict=True)]
    treated, control = rows & (log.arm == 1), rows & (log.arm == 0)
    early, late = (influence(part, treated, control) for part in parts)
    change = replace(
        late, treated=late.treated - early.treated, control=late.control - early.control,
        figure_treated=late.figure_treated - early.figure_treated,
        figure_control=late.figure_control - early.figure_control,
    ).estimate()  # fmt: skip
    return Novelty(
        early.difference, late.difference, change.difference, change.low, change.high, change.p_value, int(rows.sum())
    )


def _sentences(
    srm: dict[str, Any],
    effects: Sequence[Effect],
    novelty: Novelty | None,
    groups: Sequence[GroupEffect],
    traits: Sequence[Trait],
    tried: dict[str, int],
) -> tuple[str, ...]:
    found = []
    if srm["p_value"] < MISMATCH:
        found.append(
            f"The arms have {', '.join(f'{n:,}' for n in srm['counts'])} people, which chance does not give "
            "(p < 0.001): something leaves people out of one of them. Find out what before you believe any effect."
        )
    found += [_effect_sentence(effect) for effect in effects]
    if novelty is not None and novelty.p_value < ALPHA:
        way = "falls" if abs(novelty.late) < abs(novelty.early) else "grows"
        found.append(
            f"The effect {way} with people's days: {novelty.early:+.4g} a day in the first half, {novelty.late:+.4g} "
            f"in the second (p = {novelty.p_value:.3g}, a test of its own)."
        )
    apart = [group for group in groups if group.p_adjusted < ALPHA]
    if groups:
        named = ", ".join(f"{g.grouping} {g.group} ({g.difference:+.4g})" for g in apart)
        said = f"the effect is another in {named}" if named else "in none is the effect shown to be another"
        found.append(f"Of {tried['groups']:,} groups tried, {said}.")
    shared = [trait for trait in traits if trait.p_adjusted < ALPHA]
    if tried["traits"]:
        named = ", ".join(f"{t.name} ({t.slope:+.4g})" for t in shared)
        said = f"the effect goes with {named}" if named else "the effect goes with none more than chance allows"
        found.append(f"Of {tried['traits']:,} features of people's lists tried, {said}.")
    return tuple(found)


def _effect_sentence(effect: Effect) -> str:
    best = effect.best
    if not np.isfinite(best.p_value):
        return f"{effect.metric}: there is nothing to compare {effect.arm} on."
    share = f" ({100 * effect.relative:+.1f} %)" if np.isfinite(effect.relative) else ""
    tail = f"{best.difference:+.4g}{share}; 95 % interval {best.low:+.4g} to {best.high:+.4g}, adjusted p "
    tail += f"{best.p_adjusted:.3g}" if best.p_adjusted >= 0.001 else "< 0.001"
    if effect.stands:
        small = "; small" if abs(effect.relative) < PRACTICAL else ""
        return f"{effect.metric}: {effect.arm} {'raises' if best.difference > 0 else 'lowers'} it, {tail}{small}."
    return f"{effect.metric}: no effect of {effect.arm} is shown, {tail}."
