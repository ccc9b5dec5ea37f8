"""How far several rankings of the same interactions agree."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]


def mean_agreement(rankings: list[Float]) -> float | None:
    """Mean Spearman correlation over all pairs of rankings, in -1..1; None where no pair has a spread."""
    from scipy.stats import spearmanr

    found = [
        float(spearmanr(one, other).statistic)
        for one, other in combinations(rankings, 2)
        if len(one) and np.ptp(one) > 0 and np.ptp(other) > 0
    ]
    return float(np.mean(found)) if found else None
