"""How sure a difference is: intervals over users, permutation tests, adjustment for many tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

Values = NDArray[np.float64]
BLOCK_CELLS = 4_000_000


def bootstrap_ratios(
    numerator: Values, denominator: Values, member: NDArray[np.bool_], n_draws: int, seed: int
) -> Values:
    """Bootstrap draws of sum(numerator) / sum(denominator) in groups, `[n_draws, n_metrics, n_groups]`.

    `numerator`, `denominator` `[n, n_metrics]`; `member` `[n, n_groups]`, groups may overlap. Each draw gives each user
    a Poisson(1) weight (the limit of drawing n users with replacement; Hanley and MacGibbon 2006), the same weight in
    all groups, so that differences between groups can be taken draw by draw. NaN where a draw has nobody measurable.
    """
    n, n_metrics = numerator.shape
    parts = np.concatenate([numerator, denominator], axis=1).astype(np.float32)
    wide = (parts[:, :, None] * member[:, None, :].astype(np.float32)).reshape(n, -1)  # [n, 2 metrics x groups]
    rng = np.random.default_rng(seed)
    sums = np.empty((n_draws, wide.shape[1]))
    step = max(1, BLOCK_CELLS // max(1, n))
    for start in range(0, n_draws, step):
        stop = min(start + step, n_draws)
        sums[start:stop] = _poisson(rng, (stop - start, n)) @ wide
    shaped = sums.reshape(n_draws, 2, n_metrics, member.shape[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios: Values = np.where(shaped[:, 1] > 0, shaped[:, 0] / shaped[:, 1], np.nan)
    return ratios


def _poisson(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Poisson(1) draws from 16 random bits each, by a table of the inverse distribution (exact to 2^-16)."""
    return _POISSON[rng.integers(0, 1 << 16, shape, dtype=np.uint16)]


def _poisson_table() -> NDArray[np.float32]:
    terms = np.exp(-1.0) / np.cumprod(np.concatenate([[1.0], np.arange(1.0, 9.0)]))
    return np.searchsorted(np.cumsum(terms), (np.arange(1 << 16) + 0.5) / (1 << 16)).astype(np.float32)


_POISSON = _poisson_table()


def percentile_interval(draws: Values, level: float = 0.95) -> tuple[Values, Values]:
    """Percentile bounds along axis 0, NaN where a draw is NaN."""
    low, high = np.quantile(draws, [0.5 - level / 2, 0.5 + level / 2], axis=0)
    return low, high


@dataclass(frozen=True)
class GroupTests:
    """`difference` group minus rest and its `p_value` `[n_metrics, n_groups]`; `omnibus` p-values `[n_metrics]`.

    `smallest_detectable` `[n_metrics, n_groups]`: the difference that would be found with probability 0.8 at an
    unadjusted 5 % (2.80 standard deviations of the permutation distribution): the power hint.
    """

    difference: Values
    p_value: Values
    omnibus: Values
    smallest_detectable: Values


def permutation_tests(
    numerator: Values, denominator: Values, member: NDArray[np.bool_], n_draws: int, seed: int
) -> GroupTests:
    """Tests that group membership has nothing to do with a figure: users keep their values, labels are shuffled.

    Group against rest: two-sided on the difference. Omnibus: the sum over groups of measurable users x (figure of the
    group - figure of all)^2. p = (1 + draws at least as extreme) / (1 + draws); where fewer than 10 draws are, the
    tail is read from the normal curve with the permutation distribution's mean and standard deviation.
    """
    observed = _gaps(numerator, denominator, member)
    rng = np.random.default_rng(seed)
    draws = np.empty((n_draws, *observed[0].shape))
    spread = np.empty((n_draws, len(observed[1])))
    for number in range(n_draws):
        draws[number], spread[number] = _gaps(numerator, denominator, member[rng.permutation(len(member))])
    deviation, centre = _std(draws), np.nanmean(_filled(draws), axis=0)
    return GroupTests(
        observed[0],
        _tail(np.abs(draws), np.abs(observed[0]), 2 * norm.sf(_z(observed[0] - centre, deviation))),
        _tail(spread, observed[1], None),
        2.80 * deviation,
    )


def paired_permutation(differences: Values, n_draws: int, seed: int) -> float:
    """Two-sided p-value that the mean of paired differences is 0: signs are flipped at random, NaN left out.

    The tail beyond 10 draws is read from the normal curve, as in `permutation_tests`.
    """
    known = differences[np.isfinite(differences)]
    if not len(known) or not known.any():
        return 1.0
    rng = np.random.default_rng(seed)
    draws = np.empty(n_draws)
    step = max(1, BLOCK_CELLS // len(known))
    for start in range(0, n_draws, step):
        size = (min(start + step, n_draws) - start, len(known))
        signs = rng.integers(0, 2, size, dtype=np.int8).astype(np.float32)
        draws[start : start + size[0]] = 2.0 * (signs @ known.astype(np.float32)) - known.sum()
    z = abs(known.sum()) / np.sqrt(np.square(known).sum())
    observed = np.array(abs(known.sum()) * (1 - 1e-6))
    return float(_tail(np.abs(draws), observed, np.array(2 * norm.sf(z))))


def holm(p: Values) -> Values:
    """Holm's step-down adjusted p-values (1979); NaN stays NaN and is not counted.

    >>> holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    return _adjust(p, lambda ordered: np.maximum.accumulate(ordered * np.arange(len(ordered), 0, -1)))


def benjamini_hochberg(p: Values) -> Values:
    """Benjamini and Hochberg's adjusted p-values (1995), for the false discovery rate; NaN stays NaN."""

    def step_up(ordered: Values) -> Values:
        scaled = ordered * len(ordered) / np.arange(1, len(ordered) + 1)
        return np.minimum.accumulate(scaled[::-1])[::-1]

    return _adjust(p, step_up)


def grouped_jackknife(value_without: Callable[[NDArray[np.int64]], float], n: int, n_blocks: int, seed: int) -> float:
    """Standard error of a figure that has no user bootstrap (coverage, Gini): leave out one of `n_blocks` at a time.

    `value_without(rows)` is the figure of the remaining `rows`. With g blocks the squared error is (g - 1) / g times
    the sum of squared deviations (Quenouille 1956; Tukey 1958).
    """
    order = np.random.default_rng(seed).permutation(n)
    blocks = np.array_split(order, n_blocks)
    values = np.array([value_without(np.sort(np.setdiff1d(order, block))) for block in blocks])
    return float(np.sqrt((n_blocks - 1) / n_blocks * np.square(values - values.mean()).sum()))


def _gaps(numerator: Values, denominator: Values, member: NDArray[np.bool_]) -> tuple[Values, Values]:
    weight = member.astype(np.float64)
    top, bottom = numerator.T @ weight, denominator.T @ weight  # [n_metrics, n_groups]
    all_top, all_bottom = numerator.sum(0)[:, None], denominator.sum(0)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        own = top / bottom
        rest = (all_top - top) / (all_bottom - bottom)
        between = np.nansum(bottom * np.square(own - all_top / all_bottom), axis=1)
    return own - rest, between


def _tail(draws: Values, observed: Values, normal: Values | None) -> Values:
    with np.errstate(invalid="ignore"):
        count = (draws >= observed - 1e-12 * np.abs(observed)).sum(0)
    p: Values = (1.0 + count) / (1.0 + len(draws))
    if normal is not None:
        p = np.where(count < 10, np.minimum(p, np.maximum(normal, 1e-300)), p)
    return np.where(np.isfinite(observed), p, np.nan)


def _z(difference: Values, deviation: Values) -> Values:
    with np.errstate(divide="ignore", invalid="ignore"):
        z: Values = np.where(deviation > 0, np.abs(difference) / deviation, 0.0)
    return z


def _std(draws: Values) -> Values:
    return np.asarray(np.nanstd(_filled(draws), axis=0))


def _filled(draws: Values) -> Values:
    """`draws` with 0 where a whole column is NaN, so that numpy does not warn about it."""
    return np.where(np.isnan(draws).all(0), 0.0, draws)


def _adjust(p: Values, step: Callable[[Values], Values]) -> Values:
    result = np.full(p.shape, np.nan)
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p.ravel()[known], kind="stable")]
    result.ravel()[order] = np.minimum(1.0, step(p.ravel()[order]))
    return result
