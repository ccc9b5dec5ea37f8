"""Thompson sampling (1933) among arms, as a simulation: what moving people to the better arm while it runs would earn,
and what it would cost in certainty.

Each day every person is given the arm whose mean, drawn from what is believed of it (normal, after the people so far),
is highest. Outcomes are drawn from those of the arm in the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
N_RUNS = 400


@dataclass(frozen=True)
class Bandit:
    """Mean outcome a person by Thompson sampling (`earned`) and by equal arms (`equal`), with `best` that of the best
    arm; `share_best` the share of people in the best arm in all; `error_best_two`: standard error of the difference of
    the two best arms at the end / that of equal arms (above 1: less is known in the end)."""

    arms: tuple[str, ...]
    days: int
    people_per_day: int
    earned: float
    equal: float
    best: float
    share_best: float
    error_best_two: float

    def to_dict(self) -> dict[str, Any]:
        """As the command prints it."""
        return asdict(self)


def thompson(arms: Sequence[str], outcomes: Sequence[Values], days: int, people_per_day: int, seed: int = 0) -> Bandit:
    """`N_RUNS` simulated experiments; the first day is shared equally."""
    rng, n_arms = np.random.default_rng(seed), len(arms)
    mean, sd = (np.array([f(values) for values in outcomes]) for f in (np.mean, np.std))
    count, total = np.zeros((N_RUNS, n_arms)), np.zeros((N_RUNS, n_arms))
    for day in range(days):
        if day == 0:
            given = np.full((N_RUNS, n_arms), people_per_day // n_arms)
        else:
            believed = rng.normal(size=(N_RUNS, people_per_day, n_arms))
            believed *= (sd / np.sqrt(np.maximum(count, 1)))[:, None, :]
            chosen = (believed + (total / np.maximum(count, 1))[:, None, :]).argmax(2)
            given = (chosen[:, :, None] == np.arange(n_arms)).sum(1)
        count += given
        total += given * mean + np.sqrt(given) * sd * rng.normal(size=given.shape)  # a sum of many draws
    order = np.argsort(-mean)
    best, second = order[0], order[1]
    share = count / count.sum(1, keepdims=True)
    squared = sd[best] ** 2 / np.maximum(count[:, best], 1) + sd[second] ** 2 / np.maximum(count[:, second], 1)
    even = days * people_per_day / n_arms
    equal = np.sqrt((sd[best] ** 2 + sd[second] ** 2) / even)
    return Bandit(
        tuple(arms), days, people_per_day, float((share * mean).sum(1).mean()), float(mean.mean()), float(mean[best]),
        float(share[:, best].mean()), float(np.sqrt(squared).mean() / equal),
    )  # fmt: skip
