"""Shares of a total with bootstrap intervals over people: how far would other people like these have moved them?

A share is sum_u values[u, d] / sum_u total[u]. Each draw counts person u w_u times, w_u Poisson with mean 1 (the
bootstrap for streams; Chamandy et al. 2012), in numerator and denominator alike; the interval holds the middle 95 % of
the draws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.ranking.intervals import Interval

Float = NDArray[np.float64]
DRAWS = 400
AT_ONCE = 50
DRIVERS_AT_ONCE = 50_000


@dataclass(frozen=True)
class Shares:
    """`share`, `low`, `high` `[m]`; the bounds are NaN where fewer than two people are counted."""

    share: Float
    low: Float
    high: Float


def shares(values: sp.csr_array, total: Float, seed: int, level: float = 0.95, draws: int = DRAWS) -> Shares:
    """Shares of `m` drivers: `values` CSR `[n, m]` of `n` people, `total` `[n]`, whose sum is not 0."""
    share = np.asarray(values.sum(axis=0)).ravel() / total.sum()
    if len(total) < 2:
        unknown = np.full(len(share), np.nan)
        return Shares(share, unknown, unknown)
    weight = np.random.default_rng(seed).poisson(1.0, (len(total), draws)).astype(np.uint8)
    weight[:, ~weight.any(axis=0)] = 1  # a draw of nobody says nothing: everybody once
    whole = np.concatenate([total @ weight[:, start : start + AT_ONCE] for start in range(0, draws, AT_ONCE)])
    tail = (1.0 - level) / 2
    low, high = np.empty(len(share)), np.empty(len(share))
    for first in range(0, len(share), DRIVERS_AT_ONCE):
        some = slice(first, first + DRIVERS_AT_ONCE)
        part = values[:, some].T.tocsr()
        drawn = np.empty((part.shape[0], draws), np.float32)
        for start in range(0, draws, AT_ONCE):
            now = slice(start, start + AT_ONCE)
            drawn[:, now] = (part @ weight[:, now].astype(np.float64)) / whole[now]
        drawn.sort(axis=1)
        low[some], high[some] = (drawn[:, round(at * (draws - 1))] for at in (tail, 1.0 - tail))
    return Shares(share, np.minimum(low, share), np.maximum(high, share))


def share_differences(
    values: sp.csr_array, total: Float, other_values: sp.csr_array, other_total: Float, seed: int, draws: int = DRAWS
) -> tuple[Float, Float, Float, Float]:
    """Shares on one side and on the other, and the bounds of the second less the first, each `[m]`.

    Both sides are `[n, m]` and `[n]` over the same `n` people, of whom some may be 0 on a side; a draw weighs a person
    alike on both.
    """
    weight = np.random.default_rng(seed).poisson(1.0, (len(total), draws)).astype(np.float64)
    sides = ((values, total), (other_values, other_total))
    shares_of = [np.asarray(part.sum(axis=0)).ravel() / whole.sum() for part, whole in sides]
    drawn = [(part.T @ weight) / np.where(whole @ weight == 0, np.nan, whole @ weight) for part, whole in sides]
    low, high = np.nanquantile(drawn[1] - drawn[0], (0.025, 0.975), axis=1)
    difference = shares_of[1] - shares_of[0]
    return shares_of[0], shares_of[1], np.minimum(low, difference), np.maximum(high, difference)


def ratio_of_shares(first: tuple[Float, Float], second: tuple[Float, Float], seed: int, draws: int = DRAWS) -> Interval:
    """(sum a / sum b) / (sum c / sum d) for `first` = (a, b) and `second` = (c, d), each `[n]` over the same people.

    The interval is of the same kind; draws in which the second share is 0 are infinite. No figure where it is 0 itself.
    """
    (a, b), (c, d) = first, second
    if not (b.sum() > 0 and d.sum() > 0 and c.sum() > 0):
        return Interval(float("nan"), reason="nobody chose any of it later: there is nothing to hold it against")
    value = float((a.sum() / b.sum()) / (c.sum() / d.sum()))
    if len(a) < 2:
        return Interval(value)
    weight = np.random.default_rng(seed).poisson(1.0, (draws, len(a)))
    top, bottom = (weight @ a) * (weight @ d), (weight @ b) * (weight @ c)
    drawn = np.sort(np.divide(top, bottom, out=np.full(draws, np.inf), where=bottom > 0))
    return Interval(value, float(drawn[round(0.025 * (draws - 1))]), float(drawn[round(0.975 * (draws - 1))]))
