"""How evenly something is spread, and how far two distributions are apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
SMOOTHING = 0.01
"""Weight of p in the mixture with q against which KL(p || .) is taken, so that it stays finite (Steck 2018)."""


def gini(values: Values) -> float:
    """sum_i (2i - n - 1) x_(i) / (n sum x), ascending; 0 equal, (n - 1) / n one holds all; NaN where all are 0.

    >>> gini(np.array([3.0, 3.0])), gini(np.array([0.0, 4.0]))
    (0.0, 0.5)
    """
    ordered = np.sort(values)
    n, total = len(ordered), ordered.sum()
    if total <= 0:
        return float("nan")
    return float(((2 * np.arange(1, n + 1) - n - 1) * ordered).sum() / (n * total))


def entropy(values: Values) -> float:
    """-sum p ln p of the shares of `values`, natural logarithm; NaN where all are 0."""
    total = values.sum()
    if total <= 0:
        return float("nan")
    p = values[values > 0] / total
    return float(max(0.0, -(p * np.log(p)).sum()))


def lorenz(values: Values) -> Values:
    """Cumulative share of the poorest 0, 1, .. n `[n + 1]`; a straight line where all are equal."""
    total = np.cumsum(np.sort(values))
    return np.concatenate([[0.0], total / total[-1] if len(total) and total[-1] > 0 else total])


def kl(p: Values, q: Values) -> Values:
    """KL(p || q) of each row in nats, 0 log 0 = 0; infinite where q is 0 and p is not `[n]`."""
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0, p * np.log(p / q), 0.0)
    result: Values = terms.sum(-1)
    return result


def js(p: Values, q: Values) -> Values:
    """Jensen-Shannon divergence of each row in bits, in 0..1 `[n]`.

    >>> float(js(np.array([1.0, 0.0]), np.array([0.0, 1.0])))
    1.0
    """
    middle = (p + q) / 2
    result: Values = np.maximum(0.0, (kl(p, middle) + kl(q, middle)) / (2 * np.log(2)))
    return result


def row_shares(values: Values) -> Values:
    """Each row divided by its sum; NaN for a row of zeros."""
    total = values.sum(-1, keepdims=True)
    result: Values = np.divide(values, total, out=np.full_like(values, np.nan), where=total > 0)
    return result


def relative_spread(values: Values) -> float:
    """Population standard deviation / mean of the measurable values (RSP and REO, Zhu et al. 2020)."""
    known = values[np.isfinite(values)]
    return float(known.std() / known.mean()) if len(known) and known.mean() > 0 else float("nan")
