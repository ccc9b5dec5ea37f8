"""How sure a difference is: permutation tests, alone and together, and what their intervals follow from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from gnnrec_core.base import progress

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]
BLOCK_CELLS = 4_000_000
ALPHA = 0.05
PRIOR_USERS = 4.0
"""Typical users whose spread is added to each side: plus four, as Agresti and Caffo (2000) add to shares."""


@dataclass(frozen=True)
class GroupTests:
    """Each group against all others, `[n_metrics, n_groups]`, NaN where nothing can be compared.

    `difference` group minus rest; `error` its standard error; `p_value` of one test alone; `p_adjusted` for all tests
    of the family together; `critical` (one number): the errors from which a difference is beyond chance in all of
    them, so that difference +- critical x error excludes 0 exactly where `p_adjusted` < `ALPHA`. `omnibus` p-values
    `[n_metrics]`; `n_tests` the distinct tests in the family.
    """

    difference: Values
    error: Values
    p_value: Values
    p_adjusted: Values
    omnibus: Values
    critical: float
    n_tests: int


def permutation_tests(
    numerator: Values,
    denominator: Values,
    member: Flags,
    n_draws: int,
    seed: int,
    family: Flags | None = None,
) -> GroupTests:
    """Tests that group membership has nothing to do with a figure: users keep their values, labels are shuffled.

    `numerator`, `denominator` `[n, n_metrics]`, `member` `[n, n_groups]`, `family` `[n_metrics, n_groups]` the tests
    that count together (default: all). The statistic is difference / error with a Welch error, so that the test is
    exact under shuffling and stays sound where groups differ in spread (Janssen 1997; Chung and Romano 2013). The
    adjusted p-value is Westfall and Young's (1993, single step): how often the largest statistic of any test is at
    least this large. Where that is rare, the tail is read from the normal curve, times the number of tests. Omnibus:
    the sum over the groups of the family of measurable users x (figure of the group - figure of all)^2.
    """
    sums = _Sums.of(numerator, denominator)
    observed = sums.compare(member)
    counts: Flags = np.isfinite(observed.statistic)
    counts = counts if family is None else counts & family
    rng = np.random.default_rng(seed)
    draws = np.empty((n_draws, *counts.shape))
    spread = np.empty((n_draws, len(counts)))
    for number in range(n_draws):
        progress.check()
        shuffled = sums.compare(member[rng.permutation(len(member))])
        draws[number], spread[number] = np.nan_to_num(np.abs(shuffled.statistic)), _total(shuffled.between, family)
    own = np.where(counts, np.abs(observed.statistic), np.nan)
    n_tests = max(1, n_distinct(own, member, counts))
    p, adjusted, critical = adjusted_p(draws, own, counts, n_tests)
    return GroupTests(
        np.where(np.isfinite(observed.statistic), observed.difference, np.nan),
        observed.error, p, adjusted, _tail(spread, _total(observed.between, family), None), critical, n_tests,
    )  # fmt: skip


def n_distinct(statistic: Values, member: Flags, counts: Flags) -> int:
    """Tests that count, less those of groups that are exactly the rest of an earlier one."""
    mirrored = np.zeros(member.shape[1], dtype=bool)
    for place in range(1, member.shape[1]):
        mirrored[place] = (member[:, :place] != member[:, place, None]).all(0).any()
    return int((counts & ~mirrored).sum())


def adjusted_p(draws: Values, own: Values, counts: Flags, n_tests: int) -> tuple[Values, Values, float]:
    """p-values alone and together, and the critical statistic, from |statistic| of `draws` `[n_draws, ...]` and `own`.

    Single-step maxT over the cells that `counts`. Adjusted p-values under `ALPHA` with fewer than 10 draws beyond them
    are refined by the normal tail; that changes no decision.
    """
    n_draws = len(draws)
    deviation = np.sqrt(np.square(draws).mean(0))
    p = _tail(draws, own, np.where(deviation > 0, 2 * norm.sf(_over(own, deviation)), 1.0))
    largest = np.where(counts, draws, 0.0).reshape(n_draws, -1).max(axis=1, initial=0.0)
    beyond = (largest.reshape(-1, *(1,) * own.ndim) >= np.nan_to_num(own) * (1 - 1e-9)).sum(0)
    together = (1.0 + beyond) / (1.0 + n_draws)
    rare = (together < ALPHA) & (beyond < 10)
    together = np.where(rare, np.minimum(together, n_tests * p), together)
    allowed = int(((1.0 + np.arange(n_draws)) / (1.0 + n_draws) < ALPHA).sum())  # draws beyond must be fewer
    critical = float(np.sort(largest)[::-1][max(allowed, 1) - 1])
    return p, np.where(np.isfinite(own), np.maximum(together, p), np.nan), critical


@dataclass(frozen=True)
class PairedTests:
    """`p_value` of each test alone, `p_adjusted` of all together `[n_tests]`, and `reach`: a mean +- its reach excludes
    0 exactly where `p_adjusted` < `ALPHA`, that is where the statistic is beyond `critical`."""

    p_value: Values
    p_adjusted: Values
    reach: Values
    critical: float


def paired_tests(differences: Values, n_draws: int, seed: int) -> PairedTests:
    """Tests that the means of paired differences `[n, n_tests]` are 0: the signs of each user are flipped at random,
    the same in all tests; NaN is not measurable.

    The statistic is |sum| / root of the sum of squares, which grows with Student's t; `reach` solves it for the mean
    that it would just allow.
    """
    known = np.nan_to_num(differences).astype(np.float32)
    scale = np.sqrt(np.square(known, dtype=np.float64).sum(0))
    own = _over(np.abs(known.sum(0, dtype=np.float64)), scale)
    rng = np.random.default_rng(seed)
    draws = np.empty((n_draws, known.shape[1]))
    step = max(1, BLOCK_CELLS // max(1, len(known)))
    for start in range(0, n_draws, step):
        progress.check()
        size = (min(start + step, n_draws) - start, len(known))
        signs = rng.integers(0, 2, size, dtype=np.int8).astype(np.float32)
        draws[start : start + size[0]] = np.abs(2.0 * (signs @ known) - known.sum(0))
    some: Flags = np.asarray(np.isfinite(differences).any(0))
    own = np.where(some, own, np.nan)
    p, adjusted, critical = adjusted_p(_over(draws, scale), own * (1 - 1e-6), some, max(1, int(some.sum())))
    n = np.isfinite(differences).sum(0)
    spread = np.square(scale) / np.maximum(n, 1) - np.square(known.sum(0, dtype=np.float64) / np.maximum(n, 1))
    reach = critical * np.sqrt(_over(np.maximum(spread, 0.0), n - critical**2))
    return PairedTests(p, adjusted, np.where(n > critical**2, reach, np.inf), critical)


@dataclass(frozen=True)
class _Compared:
    """Group minus rest with its error, and what the group adds to the omnibus test, `[n_metrics, n_groups]`."""

    difference: Values
    error: Values
    between: Values

    @property
    def statistic(self) -> Values:
        """Difference in errors; 0 where nothing varies, NaN where a side has nobody."""
        result: Values = np.where(np.isfinite(self.difference), _over(self.difference, self.error), np.nan)
        return result


@dataclass(frozen=True)
class _Sums:
    """What a comparison needs of each user, side by side `[n, 6 n_metrics]`: top, bottom, top^2, top bottom, bottom^2,
    and whether the user is measurable; the sums of all users; and what is added to each side's squares."""

    columns: Values
    total: Values
    prior: Values

    @classmethod
    def of(cls, top: Values, bottom: Values) -> _Sums:
        """From numerators and denominators `[n, n_metrics]`. What all users have in common is taken off first: it is in
        no difference, and its squares would drown those of the residuals in rounding."""
        common = _over(top.sum(0), bottom.sum(0)) * bottom
        top = np.where(np.abs(top - common) > 1e-12 * np.abs(common), top - common, 0.0)
        seen = (bottom > 0).astype(np.float64)
        columns = np.concatenate([top, bottom, top * top, top * bottom, bottom * bottom, seen], axis=1)
        total = columns.sum(0).reshape(6, -1, 1)
        return cls(columns, total, PRIOR_USERS * _over(_squares(total), total[5]))

    def compare(self, member: Flags) -> _Compared:
        """Each group `[n, n_groups]` against its rest."""
        own = (self.columns.T @ member.astype(np.float64)).reshape(6, -1, member.shape[1])
        rest = self.total - own
        with np.errstate(divide="ignore", invalid="ignore"):
            figures = [np.where(side[5] > 0.5, side[0] / side[1], np.nan) for side in (own, rest)]
            squares = [self._error(side) for side in (own, rest)]
            between = own[1] * np.square(figures[0])  # of all together the figure is 0: it is taken off
        return _Compared(figures[0] - figures[1], np.sqrt(sum(squares)), between)

    def _error(self, side: Values) -> Values:
        """The squared error of one side's figure: its residuals' squares and those of `PRIOR_USERS` typical users, so
        that a side on which all are alike does not pass for one without error."""
        spread = _squares(side) * side[5] / np.maximum(side[5] - 1, 1)
        error: Values = np.where(side[5] > 0.5, (spread + self.prior) / np.square(side[1]), np.nan)
        return error


def _total(between: Values, family: Flags | None) -> Values:
    """What the groups of the family add together `[n_metrics]`: of the others nothing is said, not even here."""
    total: Values = np.nansum(between if family is None else np.where(family, between, 0.0), axis=1)
    return total


def _squares(side: Values) -> Values:
    """Sum of squared residuals top - ratio x bottom."""
    ratio = _over(side[0], side[1])
    squares: Values = np.maximum(0.0, side[2] - 2 * ratio * side[3] + ratio * ratio * side[4])
    return squares


def _tail(draws: Values, observed: Values, normal: Values | None) -> Values:
    with np.errstate(invalid="ignore"):
        count = (draws >= observed - 1e-9 * np.abs(observed)).sum(0)
    p: Values = (1.0 + count) / (1.0 + len(draws))
    if normal is not None:
        p = np.where(count < 10, np.minimum(p, np.maximum(normal, 1e-300)), p)
    return np.where(np.isfinite(observed), p, np.nan)


def _over(top: Values, bottom: Values) -> Values:
    """top / bottom, 0 where bottom is 0."""
    wide = np.broadcast_shapes(np.shape(top), np.shape(bottom))
    result: Values = np.divide(top, bottom, out=np.zeros(wide), where=np.broadcast_to(bottom > 0, wide))
    return result
