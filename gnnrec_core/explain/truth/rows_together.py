"""The rows of one person without several sets of interactions, solved for together.

Each set has a loss that differs little from that of the whole history, so Newton's steps with the curvature of the
whole (exact for the softmax losses) reach each minimum in a few products of matrices for all sets at once. Where they
do not (a set that takes most of a history), the row is left to the solver of one loss.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
MOST_STEPS = 12
NEVER = 1e-300
"""How often an item is drawn that cannot be."""


@dataclass(frozen=True)
class SoftmaxLosses:
    """The softmax losses of `b` sets as a function of the rows `[b, d]`; `relearning.OwnLoss` has the meaning.

    `base` `[b, d]`; `items` `[n, d]` are the embeddings that users meet and `targets` the same for the user's own
    (unit length for cosine); `kept` `[b, h]` is 1 where an interaction of the history `[h]` (columns of `targets`) is
    kept; `drawn` `[b, n]` how often each item is drawn as a negative. Rows are held at `centre` `[b, d]` by
    `hold` / 2 |row - centre|^2.
    """

    own_weight: float
    temperature: float
    l2: float
    is_unit: bool
    base: Float
    items: Float
    targets: Float
    kept: Float
    drawn: Float
    hold: float
    centre: Float

    def slopes(self, rows: Float) -> Float:
        """The gradient of each set's loss in its row `[b, d]`."""
        final, length = self._final(rows)
        weight, share = self._weights(final)
        pull = weight.sum(1, keepdims=True) * (share @ self.items) - weight @ self.targets
        pull = pull / self.temperature
        if self.is_unit:
            pull = (pull - final * (pull * final).sum(1, keepdims=True)) / length
        slope: Float = self.own_weight * pull + self.l2 * self.kept.sum(1, keepdims=True) * rows
        return slope + self.hold * (rows - self.centre)

    def curvature(self, row: Float) -> Float:
        """The Hessian of the first set's loss at `row` `[d, d]`; along the row itself, where a loss of unit vectors is
        flat without `l2`, the mean of the others."""
        final, length = self._final(row[None])
        weight, share = (part[0] for part in self._weights(final))
        kept, unit = self.kept[0], final[0]
        mean = share @ self.items
        spread = (self.items * (weight.sum() * share)[:, None]).T @ self.items
        tilted = (kept - weight)[:, None] * self.targets + weight[:, None] * mean
        own = (self.targets * (kept - weight)[:, None]).T @ self.targets
        bend: Float = (own + spread - tilted.T @ tilted) / self.temperature**2
        if self.is_unit:
            pull = (weight.sum() * mean - weight @ self.targets) / self.temperature
            flat = np.eye(len(unit)) - np.outer(unit, unit)
            crossed = np.outer(flat @ pull, unit)
            bend = (flat @ bend @ flat - (pull @ unit) * flat - crossed - crossed.T) / float(length[0, 0]) ** 2
            bend += np.outer(unit, unit) * (0.0 if self.l2 or self.hold else np.trace(bend) / len(unit))
        bend = self.own_weight**2 * bend + (self.l2 * kept.sum() + self.hold) * np.eye(len(unit))
        return bend

    def _final(self, rows: Float) -> tuple[Float, Float]:
        final = self.base + self.own_weight * rows
        if not self.is_unit:
            return final, np.ones((len(rows), 1))
        length = np.maximum(np.linalg.norm(final, axis=1, keepdims=True), 1e-12)
        return final / length, length

    def _weights(self, final: Float) -> tuple[Float, Float]:
        """How likely a negative wins against each interaction that is kept `[b, h]`, and the share of each negative
        `[b, n]`."""
        n = len(final)
        scores = final @ self.items.T / self.temperature
        top = scores.max(axis=1, keepdims=True)
        raised = np.exp(scores - top) * self.drawn[:n]
        height = raised.sum(axis=1, keepdims=True)
        own = final @ self.targets.T / self.temperature
        weight = self.kept[:n] / (1.0 + np.exp(np.minimum(own - top, 700.0)) / np.maximum(height, NEVER))
        return weight, raised / np.maximum(height, NEVER)


def solved(losses: SoftmaxLosses, start: Float, bend: Float, tolerance: float) -> tuple[Float, NDArray[np.bool_]]:
    """The rows `[b, d]` from `start` `[d]`, and which have come to a slope of at most `tolerance` in each column.

    `bend` `[d, d]` is the curvature that steps are taken with.
    """
    rows = np.repeat(start[None], len(losses.base), axis=0)
    arrived = np.zeros(len(rows), bool)
    try:
        step = np.linalg.inv(bend)
    except np.linalg.LinAlgError:  # noted: nothing has arrived, the other solver takes over
        return rows, arrived
    for _ in range(MOST_STEPS):
        slopes = losses.slopes(rows)
        arrived = np.abs(slopes).max(axis=1) <= tolerance
        if arrived.all() or not np.isfinite(slopes).all():
            break
        rows = np.where(arrived[:, None], rows, rows - slopes @ step)
    return rows, arrived & np.isfinite(rows).all(axis=1)
