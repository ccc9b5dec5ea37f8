"""The desk of an experiment: a plan from what is in hand, runs, a log, or both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gnnrec_core.base.errors import RequestError
from gnnrec_core.decide.ab.bandit import Bandit, thompson
from gnnrec_core.decide.ab.log import ExposureLog
from gnnrec_core.decide.ab.offline import Interleaving, interleaving, offline_sample
from gnnrec_core.decide.ab.parts_of_people import Traits
from gnnrec_core.decide.ab.planning import Plan, PlanSettings, people_a_day, plan, samples_of
from gnnrec_core.decide.ab.traits import traits_of
from gnnrec_core.runs.run import Run

STAND_IN = (
    "There is no log: the outcome is the number of held-out items that a person's list finds, which stands in for what "
    "people would do. Plan again with a log."
)


@dataclass(frozen=True)
class Desk:
    """A plan, what interleaving would need (for two runs), and what a bandit would earn (for a log with arms)."""

    plan: Plan
    interleaving: Interleaving | None = None
    bandit: Bandit | None = None

    def to_dict(self) -> dict[str, Any]:
        """As the command prints it."""
        return {
            **self.plan.to_dict(),
            "interleaving": self.interleaving.to_dict() if self.interleaving else None,
            "bandit": self.bandit.to_dict() if self.bandit else None,
        }


def plan_experiment(
    runs: Sequence[Run], log: ExposureLog | None, settings: PlanSettings | None = None, k: int = 20, seed: int = 0
) -> Desk:
    """Plan on `log` (with what the first run knows of its people), or on the first run alone. RequestError where there
    is neither."""
    rules = settings or PlanSettings()
    pair = interleaving(runs[0], runs[1], k, rules.alpha, rules.power, seed) if len(runs) > 1 else None
    if log is None:
        if not runs:
            raise RequestError("There is nothing to plan on.", "Give a run, or a log.")
        sample, names = offline_sample(runs[0], k)
        return Desk(plan([sample], rules, before=names, notes=(STAND_IN,), seed=seed), pair)
    traits = traits_of(log, run=runs[0], k=k) if runs else Traits()
    before = np.concatenate([log.before, traits.before], axis=1) if len(traits.before) else log.before
    found = plan(
        samples_of(log, before), rules, people_a_day(log), (*log.before_names, *traits.before_names), log.notes, seed
    )
    return Desk(found, pair, _bandit(log, found, seed))


def _bandit(log: ExposureLog, found: Plan, seed: int) -> Bandit | None:
    """On the first outcome of a log with arms, for the days in hand; None where it is a ratio."""
    if len(log.arms) < 2 or "/" in log.outcomes[0]:
        return None
    values = log.measure(log.outcomes[0]).top
    rate = int(np.clip(found.people_per_day or log.n / found.settings.days, len(log.arms), 2000))
    outcomes = [values[log.arm == place] for place in range(len(log.arms))]
    return thompson(log.arms, outcomes, found.settings.days, rate, seed)
