"""Calibrated lists: greedily the item that is best for (1 - strength) x score - strength x KL(p || q~)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from gnnrec_core.audit.rerankers.protocol import Candidates, take
from gnnrec_core.audit.segments import one_hot, popularity_bins
from gnnrec_core.audit.stats.spread import SMOOTHING, row_shares
from gnnrec_core.base import progress
from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.base.settings import Settings
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.ranking.recommendations import Recommendations

Values = NDArray[np.float64]


class CalibratedSettings(Settings):
    """`strength` 0 leaves the lists as they are."""

    strength: float = Field(default=0.5, ge=0.0, le=0.99, description="weight of the user's own mix against the scores")
    by: Literal["popularity", "genre"] = Field(
        default="popularity", description="the mix to keep: head, middle and tail, or genres"
    )


class Calibrated:
    """Steck 2018. p: shares of labels in the user's history; q~ = 0.99 q + 0.01 p of the list so far.

    Exact and fast: items with the same labels change the KL by the same amount, so only the best unused candidate of
    each class (a combination of labels) can be the next item.
    """

    name: ClassVar[str] = "calibrated"
    settings_type = CalibratedSettings
    neutral: ClassVar[Mapping[str, Any]] = {"strength": 0.0}

    def rerank(self, candidates: Candidates, settings: CalibratedSettings, k: int) -> Recommendations:
        """Lists of k in the order in which the items were taken."""
        key = f"calibrated {settings.by}"
        if key not in candidates.memo:
            candidates.memo[key] = class_queues(candidates, settings.by)
        return take(candidates, *greedy(candidates.memo[key], settings.strength, k))


def _item_shares(candidates: Candidates, by: str) -> Values:
    """How each item's weight is spread over labels `[n_items, n_labels]`."""
    if by == "popularity":
        return one_hot(popularity_bins(candidates.evidence.popularity), 3)
    if candidates.evidence.categories is None:
        raise UnsupportedError("The items have no genres to calibrate by.", "Choose by=popularity.")
    return candidates.evidence.categories.shares


@dataclass(frozen=True)
class ClassQueues:
    """Candidates grouped by class, best first: `position` and `score` `[n, c]`, where each class starts `[n, K + 1]`.

    `classes` `[K, n_labels]` are the distinct label shares of items, `target` `[n, n_labels]` the histories' shares.
    """

    position: IntArray
    score: NDArray[np.float32]
    start: IntArray
    classes: Values
    target: Values


def greedy(queues: ClassQueues, strength: float, k: int) -> tuple[IntArray, Values]:
    """Positions `[n, k]` in the candidates and descending places."""
    n, c = queues.position.shape
    rows, k = np.arange(n), min(k, c)
    at, end = queues.start[:, :-1].copy(), queues.start[:, 1:]  # [n, K]: the next unused candidate of each class
    heads = np.where(at < end, np.take_along_axis(queues.score, np.minimum(at, c - 1), axis=1), -np.inf)
    heads = (1.0 - strength) * heads
    filled = np.zeros_like(queues.target)
    order, value = np.zeros((n, k), dtype=np.int64), np.full((n, k), -np.inf)
    for place in range(k):
        progress.check()
        chosen = (heads + strength * _gain(filled, queues.classes, queues.target, place)).argmax(1)
        left = np.isfinite(heads[rows, chosen])
        taken = np.minimum(at[rows, chosen], c - 1)
        order[:, place] = queues.position[rows, taken]
        value[left, place] = 1.0 - place / k
        following = at[rows, chosen] + 1
        at[rows, chosen] = following
        score = queues.score[rows, np.minimum(following, c - 1)]
        heads[rows, chosen] = np.where(following < end[rows, chosen], (1.0 - strength) * score, -np.inf)
        filled += queues.classes[chosen] * left[:, None]
    return order, value


def _gain(filled: Values, classes: Values, target: Values, place: int) -> Values:
    """-KL after adding an item of each class `[n, n_classes]`, less what is the same for all classes.

    Only the terms of a class's own labels change, and by the weight 1 / labels: one table for each such weight.
    """
    q = (1 - SMOOTHING) / (place + 1)
    unchanged = _term(target, q * filled)
    result = np.zeros((len(target), len(classes)))
    for weight in np.unique(classes[classes > 0]):
        having = np.isclose(classes, weight)
        of_class = np.flatnonzero(having.any(1))
        change = _term(target, q * (filled + weight)) - unchanged
        result[:, of_class] = change @ having[of_class].T.astype(np.float64)
    return result


def _term(target: Values, part: Values) -> Values:
    """p log(q~) with 0 where p is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(target > 0, target * np.log(part + SMOOTHING * target), 0.0)


def class_queues(candidates: Candidates, by: str) -> ClassQueues:
    """What the labels of items give, whatever the strength."""
    shares = _item_shares(candidates, by)
    classes, class_of_item = np.unique(shares, axis=0, return_inverse=True)
    target = np.nan_to_num(row_shares(candidates.evidence.train.astype(np.float64) @ shares))
    n, n_classes = len(candidates.items), len(classes)
    own = np.where(candidates.present, class_of_item.ravel()[candidates.items], n_classes)
    position = np.argsort(own, axis=1, kind="stable")
    cells = (np.arange(n)[:, None] * (n_classes + 1) + own).ravel()
    counts = np.bincount(cells, minlength=n * (n_classes + 1)).reshape(n, n_classes + 1)
    start = np.concatenate([np.zeros((n, 1), dtype=np.int64), np.cumsum(counts, axis=1)[:, :-1]], axis=1)
    return ClassQueues(position, np.take_along_axis(candidates.scaled, position, axis=1), start, classes, target)
