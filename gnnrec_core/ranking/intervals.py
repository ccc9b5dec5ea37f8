"""Two-sided intervals of figures that are means over users."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Interval:
    """A figure with its interval; `low` and `high` are NaN where none can be given."""

    value: float
    low: float = float("nan")
    high: float = float("nan")

    def to_dict(self) -> dict[str, float]:
        """As the contract prints it."""
        return {"value": self.value, "low": self.low, "high": self.high}


def mean_interval(values: NDArray[np.float64], level: float = 0.95) -> Interval:
    """Mean of the measurable (finite) values with Student's t interval; no interval for fewer than two.

    >>> mean_interval(np.array([1.0, 2.0, 3.0])).value
    2.0
    """
    from scipy.stats import t

    known = values[np.isfinite(values)]
    if len(known) < 2:
        return Interval(float(known[0]) if len(known) else float("nan"))
    centre, error = float(known.mean()), float(known.std(ddof=1) / np.sqrt(len(known)))
    reach = float(t.ppf(0.5 + level / 2, len(known) - 1)) * error
    return Interval(centre, centre - reach, centre + reach)


def share_interval(values: NDArray[np.float64], level: float = 0.95) -> Interval:
    """Share of ones among the measurable values (0, 1 or NaN) with Wilson's interval (1927): sound for few users.

    >>> [round(x, 4) for x in share_interval(np.array([1.0, 1.0, 0.0, 1.0])).to_dict().values()]
    [0.75, 0.3006, 0.9544]
    """
    from scipy.stats import norm

    known = values[np.isfinite(values)]
    n = len(known)
    if n == 0:
        return Interval(float("nan"))
    share, z2 = float(known.mean()), float(norm.ppf(0.5 + level / 2)) ** 2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = np.sqrt(z2) / (1 + z2 / n) * np.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return Interval(share, max(0.0, float(centre - reach)), min(1.0, float(centre + reach)))
