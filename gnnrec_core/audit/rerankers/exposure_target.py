"""Exposure target: one amount is added to the scores of all protected items, found by bisection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from gnnrec_core.audit.rerankers.protocol import Candidates, ProtectedSettings, Queues, take
from gnnrec_core.base import progress
from gnnrec_core.ranking.recommendations import Recommendations

STEPS = 14


class ExposureTargetSettings(ProtectedSettings):
    """`share` is of all exposure, 1 / log2(rank + 1) of each place."""

    share: float = Field(
        default=0.3, ge=0.0, le=1.0, description="the share of exposure that protected items shall get"
    )


class ExposureTarget:
    """Finds the least amount in 0..1 that gives protected items their share, or as much as candidates allow.

    The same amount for all users; 0 where they have the share already: exposure is never taken from them.
    """

    name: ClassVar[str] = "exposure_target"
    settings_type = ExposureTargetSettings
    neutral: ClassVar[Mapping[str, Any]] = {"share": 0.0}

    def rerank(self, candidates: Candidates, settings: ExposureTargetSettings, k: int) -> Recommendations:
        """Lists of k at the amount that was found."""
        queues = candidates.queues(settings.segment)
        amount = least_amount(queues, settings.share, k)
        near = min(k, queues.score.shape[2] - 1)
        position = queues.position[:, :, :near].reshape(len(queues.position), -1)
        lifted = queues.score[:, :, :near].copy()
        lifted[:, 0] += np.float32(amount)
        value = lifted.reshape(len(position), -1)
        order = np.argsort(-value, axis=1, kind="stable")[:, :k]  # of equal values the protected first
        return take(candidates, np.take_along_axis(position, order, axis=1), np.take_along_axis(value, order, axis=1))


def least_amount(queues: Queues, share: float, k: int) -> float:
    """The amount, by bisection on [0, 1 + a little]; the protected share grows with it."""
    low, high = 0.0, 1.001
    if protected_share(queues, low, k) >= share:
        return low
    for _ in range(STEPS):
        progress.check()
        middle = (low + high) / 2
        if protected_share(queues, middle, k) >= share:
            high = middle
        else:
            low = middle
    return high


def protected_share(queues: Queues, amount: float, k: int) -> float:
    """Share of exposure of protected items in the lists that `amount` would give.

    The j-th protected item (from 0) stands at rank 1 + j + (others that beat it), so no list has to be made.
    """
    near = min(k, queues.score.shape[2] - 1)
    protected = queues.score[:, 0, :near] + np.float32(amount)
    others = queues.score[:, 1, :near]
    rank = np.zeros(protected.shape, dtype=np.int16)
    for place in range(near):
        progress.check()
        rank += others[:, place, None] > protected
    rank += np.arange(near, dtype=np.int16)
    discount = np.concatenate([1.0 / np.log2(np.arange(2, k + 2)), np.zeros(2 * near)])
    gained = discount[rank][np.isfinite(protected)].sum()
    n_places = np.minimum(k, np.isfinite(queues.score).sum((1, 2)))
    total = np.concatenate([[0.0], np.cumsum(discount[:k])])[n_places].sum()
    return float(gained / total) if total > 0 else 1.0
