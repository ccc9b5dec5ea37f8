"""The run's own loss of one person's interactions, as a function of that person's row alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

Float = NDArray[np.float64]
MAX_STEPS = 200
TOLERANCE = 1e-6
N_PROBES, PROBE = 4, 1e-4
"""Directions that the mean curvature is estimated along (Hutchinson 1990), and the step of the difference."""


@dataclass(frozen=True)
class OwnLoss:
    """The run's loss of one user's interactions as a function of e `[d]`, everything else kept.

    `base` `[h, d]` is b_j of each interaction of the history (one row where all are alike), `good` `[h, d]` the
    items' embeddings, `others` `[n, d]` those of the items that may be drawn as negatives, `chance` `[n]` how likely
    each is (sums to 1) and `n_negatives` how many are drawn; the expectation over the draw is taken. The row is held
    at `centre` `[d]` by `hold`.
    """

    settings: Any
    own_weight: float
    base: Float
    good: Float
    others: Float
    chance: Float
    n_negatives: float
    hold: float = 0.0
    centre: Float | None = None

    @property
    def mean_curvature(self) -> float:
        """Mean of the Hessian's diagonal at `centre`, from differences of the gradient along vectors of signs."""
        assert self.centre is not None
        free, total = replace(self, hold=0.0), 0.0
        for signs in np.random.default_rng(0).choice((-1.0, 1.0), size=(N_PROBES, len(self.centre))):
            step = PROBE * signs
            total += float((free.value(self.centre + step)[1] - free.value(self.centre - step)[1]) @ signs)
        return max(total / (2 * PROBE * N_PROBES * len(self.centre)), 0.0)

    @cached_property
    def _log_drawn(self) -> Float:
        """Log of how often each of `others` is drawn, on average."""
        logarithm: Float = np.log(np.maximum(self.chance * self.n_negatives, 1e-300))
        return logarithm

    def solve(self, start: Float) -> Float:
        """The row `[d]` that minimises the loss, from `start` (L-BFGS, Liu and Nocedal 1989); 0 without a history."""
        if not len(self.good):
            return np.zeros_like(start)
        options: Any = {"maxiter": MAX_STEPS, "gtol": TOLERANCE, "ftol": 1e-12}
        found: Float = minimize(self.value, start, jac=True, method="L-BFGS-B", options=options).x
        return found

    def value(self, row: Float) -> tuple[float, Float]:
        """Loss and gradient `[d]`."""
        final = self.base + self.own_weight * row  # [h or 1, d]
        loss, slope = self._bpr(final) if self.settings.loss == "bpr" else self._softmax(final)
        l2 = self.settings.l2 * len(self.good)
        loss, slope = loss + l2 / 2 * float(row @ row), self.own_weight * slope + l2 * row
        if self.hold and self.centre is not None:
            away = row - self.centre
            loss, slope = loss + self.hold / 2 * float(away @ away), slope + self.hold * away
        return loss, slope

    def _softmax(self, final: Float) -> tuple[float, Float]:
        s = self.settings
        length = np.linalg.norm(final, axis=1, keepdims=True) if s.similarity != "dot" else np.ones((1, 1))
        length = np.maximum(length, 1e-12)
        unit = final / length
        good, others = self.good, self.others
        if s.similarity == "cosine":
            good, others = unit_rows(good), unit_rows(others)
        own = (unit * good).sum(axis=1) / s.temperature  # [h]
        scores = unit @ others.T / s.temperature + self._log_drawn
        top = scores.max(axis=1, keepdims=True)
        raised = np.exp(scores - top)
        height = raised.sum(axis=1)
        mass = top[:, 0] + np.log(height)  # [h or 1]
        total = np.logaddexp(own, mass)
        share = raised / height[:, None]  # of the negatives
        weight = np.exp(mass - total)  # [h]: chance that a negative wins
        if len(unit) == 1:
            slope = (weight.sum() * (share[0] @ others) - weight @ good)[None]
        else:
            slope = weight[:, None] * (share @ others - good)
        slope = slope / s.temperature
        if s.similarity != "dot":
            slope = (slope - unit * (slope * unit).sum(axis=1, keepdims=True)) / length
        return float((total - own).sum()), slope.sum(axis=0)

    def _bpr(self, final: Float) -> tuple[float, Float]:
        own = (final * self.good).sum(axis=1)  # [h]
        behind = final @ self.others.T - own[:, None]  # [h, n]
        loss = float((np.logaddexp(0.0, behind) @ self.chance).sum())
        miss = expit(behind) * self.chance  # [h, n]
        return loss, (miss @ self.others).sum(axis=0) - miss.sum(axis=1) @ self.good


def unit_rows(rows: Float) -> Float:
    length: Float = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return length
