"""Rows of people for fixed embeddings of items, by weighted least squares (Hu et al. 2008)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.data.dataset import IntArray

Float = NDArray[np.float64]


class Solver:
    """argmin_p sum_i c_i (r_i - p . q_i)^2 + l2 |p|^2 for item embeddings Q `[n_items, d]`: r_i = 1 and
    c_i = confidence times the weight for the items of a history, else r_i = 0 and c_i = 1."""

    def __init__(self, items: Any, l2: float, confidence: float) -> None:
        self.items: Float = np.asarray(items, np.float64)
        self.confidence = confidence
        self.whole: Any = self.items.T @ self.items + l2 * np.eye(self.items.shape[1])

    def parts(self, history: IntArray, weight: Float) -> Float:
        """What each item of the history adds to the row `[h, d]`; they sum to it."""
        own = self.items[history]
        bend = self.whole + (own * (self.confidence * weight - 1.0)[:, None]).T @ own
        found: Float = np.linalg.lstsq(bend, (self.confidence * weight[:, None] * own).T, rcond=None)[0].T
        return found

    def row(self, history: IntArray, weight: Float) -> Float:
        """The row alone `[d]`; l2 must be above 0."""
        own = self.items[history]
        bend = self.whole + (own * (self.confidence * weight - 1.0)[:, None]).T @ own
        found: Float = np.linalg.solve(bend, (self.confidence * weight) @ own)
        return found
