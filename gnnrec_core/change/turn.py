"""When a person's taste turned: one label in the place of another, by a Bayes factor with a permutation null.

A taste is two labels g, h. With chance `TASTE` an item comes from one of them, else for any other reason (`chances`):

    P(item | g, h) = TASTE (P(item | g) + P(item | h)) / 2 + (1 - TASTE) P(item)

A turn at a cut keeps h and puts another label in the place of g. Its evidence is the likelihood of the history averaged
over all (g, new, h), over that without a turn averaged over all (g, h); the evidence of a turn at any cut is the mean
over the cuts, and is held against the same in shuffled orders. Histories are not exchangeable even without a change (an
author runs out), so a turn stands where both say so: at most three orders in a hundred, and evidence of 2.5 (12 to 1).
On the sample's readers that raises fewer than one false alarm in twenty. How near that is to what anybody could see,
even knowing how the readers were made: `benchmarks/bench_drift.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.base import progress

Float = NDArray[np.float64]
LEVEL, EVIDENCE = 0.03, 2.5
LEAST = 4
"""Interactions on each side of a cut, and at least a fifth of all: of fewer nobody can say that they stay."""
TASTE = 0.4
N_SHUFFLES = 199
CELLS = 1_000_000


@dataclass(frozen=True)
class Turn:
    """The best cut: `cut` interactions lie before it; label `rose` took the place of label `fell` (columns).

    `evidence` is the logarithm of the Bayes factor of a turn, above 0 where the history speaks for one; `p_value` the
    share of shuffled orders (and this one) with as much of it.
    """

    cut: int
    rose: int
    fell: int
    evidence: float
    p_value: float

    @property
    def stands(self) -> bool:
        """Whether shuffling hardly ever gives such an order, and the history speaks for a turn at all."""
        return self.p_value <= LEVEL and self.evidence >= EVIDENCE


def find_turn(chances: Float, anyway: Float, n_shuffles: int = N_SHUFFLES, seed: int = 0) -> Turn | None:
    """The turn of a history in the order of time: `chances` `[n, n_labels]` is P(item | label) of each of its items,
    `anyway` `[n]` P(item), all above 0. None where it is too short, or fewer than three labels come twice.
    """
    n = len(chances)
    least = max(LEAST, n // 5)
    kept = np.flatnonzero((chances > 0).sum(0) >= 2)
    if n < 2 * least + 1 or len(kept) < 3:
        return None
    tastes = _log_chances(chances[:, kept], anyway)  # [n, g, g]
    own = _evidence(tastes[None], least)[0]  # [cuts]
    best, rng = int(own.argmax()), np.random.default_rng(seed)
    beyond, whole = 0, _mean_of_logs(own, 0)
    block = max(1, CELLS // tastes.size)
    for start in range(0, n_shuffles, block):
        progress.check()
        orders = np.stack([rng.permutation(n) for _ in range(min(block, n_shuffles - start))])
        beyond += int((_mean_of_logs(_evidence(tastes[orders], least), 1) >= whole - 1e-9).sum())
    fell, rose = _labels(tastes, least + best)
    return Turn(least + best, int(kept[rose]), int(kept[fell]), float(whole), (1 + beyond) / (1 + n_shuffles))


def _log_chances(chances: Float, anyway: Float) -> Float:
    """log P(item | g, h) of each item and each two labels `[n, g, g]`; 0, which nobody looks at, for g = h."""
    pairs = (chances[:, :, None] + chances[:, None, :]) / 2
    found: Float = np.log(TASTE * pairs + (1 - TASTE) * anyway[:, None, None])
    found[:, np.arange(chances.shape[1]), np.arange(chances.shape[1])] = 0.0
    return found


def _evidence(tastes: Float, least: int) -> Float:
    """log Bayes factor of a turn at each cut `[p, cuts]`, for histories `[p, n, g, g]`.

    Over labels g, h and a new c, all different: sum_h (sum_g before_gh) (sum_c after_ch), less the terms with c = g.
    """
    n, g = tastes.shape[1], tastes.shape[2]
    before = np.cumsum(tastes, axis=1)
    whole = before[:, -1:]
    before = before[:, least - 1 : n - least]
    after, same = whole - before, np.eye(g, dtype=bool)
    sums = [_log_sum(np.where(same, -np.inf, each), -1) for each in (before, after, before + after)]  # [p, cuts, h]
    both = sums[0] + sums[1]
    both = both + np.log1p(-np.exp(np.minimum(sums[2] - both, -1e-12)))
    no_turn = _log_sum(np.where(same, -np.inf, whole).reshape(len(tastes), 1, g * g), -1) - np.log(g * (g - 1))
    found: Float = _log_sum(both, -1) - np.log(g * (g - 1) * (g - 2)) - no_turn
    return found


def _labels(tastes: Float, cut: int) -> tuple[int, int]:
    """The label that went and the one that came at a cut, by the history on both sides of it and all third labels."""
    g = tastes.shape[1]
    before, after, same = tastes[:cut].sum(0), tastes[cut:].sum(0), np.eye(g, dtype=bool)
    before, after = np.where(same, -np.inf, before), np.where(same, -np.inf, after)
    joint = np.where(same, -np.inf, _log_sum(before[:, None, :] + after[None, :, :], -1))  # [g that went, c that came]
    went, came = np.unravel_index(int(joint.argmax()), joint.shape)
    return int(went), int(came)


def _log_sum(logs: Float, axis: int) -> Float:
    """log of the sum of exp(`logs`)."""
    top = np.maximum(logs.max(axis, keepdims=True), -1e300)
    found: Float = np.log(np.exp(logs - top).sum(axis)) + top.squeeze(axis)
    return found


def _mean_of_logs(logs: Float, axis: int) -> Float:
    """log of the mean of exp(`logs`)."""
    found: Float = _log_sum(logs, axis) - np.log(logs.shape[axis])
    return found
