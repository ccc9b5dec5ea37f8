"""Looking while it runs: intervals that hold at all times together, and boundaries for a few planned looks.

Always valid: the asymptotic confidence sequence of Waudby-Smith et al. (2024), the mixture over normal effects of
Robbins (1970) that mSPRT uses too. With t persons, standard error s and rho fixed before the first look,

    value +- s sqrt(2 (t rho^2 + 1) / (t rho^2) ln(sqrt(t rho^2 + 1) / alpha))

holds at all t together with probability 1 - alpha (as t grows). rho makes it narrowest at the planned number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from gnnrec_core.base.errors import RequestError

Values = NDArray[np.float64]
ALPHA = 0.05
PLANNED = 10_000
"""Persons at whom the always-valid interval is narrowest, unless told otherwise; never taken from the log itself."""
GRID = 801


def mixture(planned: int, alpha: float = ALPHA) -> float:
    """rho^2 that makes the interval narrowest at `planned` persons."""
    spent = -2 * np.log(alpha)
    return float((spent + np.log(spent + 1)) / planned)


def reach(t: float | Values, planned: int = PLANNED, alpha: float = ALPHA) -> Values:
    """Standard errors from the value to either end of the always-valid interval, after `t` persons."""
    information = np.asarray(t, np.float64) * mixture(planned, alpha)
    found: Values = np.sqrt(2 * (information + 1) / information * np.log(np.sqrt(information + 1) / alpha))
    return found


def always_valid_p(z: float, t: float, planned: int = PLANNED, alpha: float = ALPHA) -> float:
    """The smallest level at which the always-valid interval excludes 0, for a value of `z` standard errors; rho stays
    that of `alpha`, fixed before the first look."""
    information = t * mixture(planned, alpha)
    return float(min(1.0, np.sqrt(information + 1) * np.exp(-(z**2) * information / (2 * (information + 1)))))


@dataclass(frozen=True)
class Boundary:
    """A planned look: after `share` of the persons, stop where |z| is at least `z`; `spent` of alpha by then."""

    share: float
    z: float
    spent: float


def boundaries(
    n_looks: int, kind: Literal["obrien-fleming", "pocock"] = "obrien-fleming", alpha: float = ALPHA
) -> tuple[Boundary, ...]:
    """Two-sided boundaries of `n_looks` even looks that spend `alpha` as Lan and DeMets (1983) have it.

    Spent at share t of the persons: 4 (1 - Phi(z_(alpha/4) / sqrt t)) (obrien-fleming: late, half of it on each side),
    alpha ln(1 + (e - 1) t) (pocock: evenly). The density of those still running is carried from look to look on a grid
    (Armitage, McPherson and Rowe 1969).
    """
    if not 1 <= n_looks <= 50:
        raise RequestError(f"{n_looks} looks cannot be planned.", "Plan 1 to 50.", value=n_looks)
    shares = np.arange(1, n_looks + 1) / n_looks
    spent = _spent(shares, kind, alpha)
    step = float(np.sqrt(1 / n_looks))
    found, running = [], _Running(np.zeros(1), np.ones(1))
    for share, total, left in zip(shares, spent, np.diff(spent, prepend=0.0), strict=True):
        edge = running.edge(float(left), step)
        running = running.after(edge, step)
        found.append(Boundary(float(share), edge / float(np.sqrt(share)), float(total)))
    return tuple(found)


@dataclass(frozen=True)
class _Running:
    """Where those still running stand: the sum so far, in units of its spread at the end, with the weight of each place
    of the grid (density times width) `[n]`."""

    place: Values
    weight: Values

    def crossing(self, edge: float, step: float) -> float:
        """The chance to be beyond +-`edge` after one more `step`."""
        out = stats.norm.sf((edge - self.place) / step) + stats.norm.cdf((-edge - self.place) / step)
        return float(out @ self.weight)

    def edge(self, chance: float, step: float) -> float:
        """The edge that is crossed at the next look with this chance."""
        return float(optimize.brentq(lambda edge: self.crossing(edge, step) - chance, 0.0, 12.0, xtol=1e-12))

    def after(self, edge: float, step: float) -> _Running:
        """Those who have not crossed `edge` at the next look (trapezoid rule)."""
        place = np.linspace(-edge, edge, GRID)
        density = (stats.norm.pdf((place[:, None] - self.place[None, :]) / step) / step) @ self.weight
        width = np.full(GRID, place[1] - place[0])
        width[[0, -1]] /= 2
        return _Running(place, density * width)


def _spent(shares: Values, kind: str, alpha: float) -> Values:
    if kind == "pocock":
        return np.asarray(alpha * np.log(1 + (np.e - 1) * shares))
    return np.asarray(4 * stats.norm.sf(stats.norm.isf(alpha / 4) / np.sqrt(shares)))
