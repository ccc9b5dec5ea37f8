"""When a sequence of labels changed for good: a scan over all places with a permutation null.

Each interaction is a row of label shares. For a cut, z_g is the difference of the mean share of label g after and
before it, in standard errors (variance of the whole sequence). The statistic of a cut is the largest rise times the
largest fall: somebody turns from one thing to another. The largest over all cuts is held against the same in shuffled
order. Histories are not exchangeable even without a change (an author runs out), so the level is 0.008: on the sample's
readers that raises about one false alarm in twenty (`benchmarks/bench_drift.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.base import progress

Float = NDArray[np.float64]
LEVEL = 0.008
LEAST = 4
"""Interactions on each side of a cut, and at least an eighth of all."""
N_SHUFFLES = 499
CELLS = 20_000_000


@dataclass(frozen=True)
class Turn:
    """The best cut: `cut` interactions lie before it; label `rose` took the place of label `fell` (columns).

    `p_value` is the share of shuffled orders (and this one) with a cut at least as good.
    """

    cut: int
    rose: int
    fell: int
    p_value: float

    @property
    def stands(self) -> bool:
        """Whether the order is one that shuffling hardly ever gives."""
        return self.p_value <= LEVEL


def find_turn(shares: Float, n_shuffles: int = N_SHUFFLES, seed: int = 0) -> Turn | None:
    """The turn of a sequence `[n, n_labels]` in the order of time; None where it is too short or has one label only."""
    n = len(shares)
    least = max(LEAST, n // 8)
    kept = np.flatnonzero((shares > 0).sum(0) >= 2)
    if n < 2 * least + 1 or len(kept) < 2:
        return None
    own = shares[:, kept]
    own = own[:, own.var(0) > 0]
    kept = kept[shares[:, kept].var(0) > 0]
    if len(kept) < 2:
        return None
    z = _scan(own[None], least)[0]  # [cuts, g]
    statistic = np.maximum(z, 0).max(1) * np.maximum(-z, 0).max(1)
    best = int(statistic.argmax())
    rng = np.random.default_rng(seed)
    block = max(1, CELLS // own.size)
    beyond = 0
    for start in range(0, n_shuffles, block):
        progress.check()
        orders = np.stack([rng.permutation(n) for _ in range(min(block, n_shuffles - start))])
        shuffled = _scan(own[orders], least)
        highest = (np.maximum(shuffled, 0).max(2) * np.maximum(-shuffled, 0).max(2)).max(1)
        beyond += int((highest >= statistic[best] * (1 - 1e-9)).sum())
    p_value = (1 + beyond) / (1 + n_shuffles)
    return Turn(least + best, int(kept[z[best].argmax()]), int(kept[z[best].argmin()]), p_value)


def _scan(sequences: Float, least: int) -> Float:
    """z of each cut from `least` to n - `least` and each label `[p, cuts, g]`, for sequences `[p, n, g]`."""
    n = sequences.shape[1]
    before = np.cumsum(sequences, axis=1)[:, least - 1 : n - least]
    size = np.arange(least, n - least + 1)[None, :, None]
    whole = sequences.sum(1, keepdims=True)
    error = np.sqrt(sequences.var(1)[:, None, :] * (1 / size + 1 / (n - size)))
    difference: Float = (whole - before) / (n - size) - before / size
    z: Float = difference / error
    return z
