"""Calibrated lists: greedily the item that is best for (1 - strength) x score - strength x KL(p || q~)."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from gnnrec_core.audit.metrics.calibration import SMOOTHING
from gnnrec_core.audit.reranking.protocol import Candidates, take
from gnnrec_core.audit.segments import one_hot, popularity_bins
from gnnrec_core.audit.spread import row_shares
from gnnrec_core.data.values import IntArray
from gnnrec_core.errors import UnsupportedError
from gnnrec_core.ranking.values import Recommendations
from gnnrec_core.settings import Settings

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

    def rerank(self, candidates: Candidates, settings: CalibratedSettings, k: int) -> Recommendations:
        """Lists of k in the order in which the items were taken."""
        shares = _item_shares(candidates, settings.by)
        classes, class_of_item = np.unique(shares, axis=0, return_inverse=True)
        target = np.nan_to_num(row_shares(candidates.evidence.train.astype(np.float64) @ shares))
        return take(candidates, *greedy(candidates, class_of_item.ravel(), classes, target, settings.strength, k))


def _item_shares(candidates: Candidates, by: str) -> Values:
    """How each item's weight is spread over labels `[n_items, n_labels]`."""
    if by == "popularity":
        return one_hot(popularity_bins(candidates.evidence.popularity), 3)
    if candidates.evidence.categories is None:
        raise UnsupportedError("The items have no genres to calibrate by.", "Choose by=popularity.")
    return candidates.evidence.categories.shares


def greedy(
    candidates: Candidates, class_of_item: IntArray, classes: Values, target: Values, strength: float, k: int
) -> tuple[IntArray, Values]:
    """Positions `[n, k]` in the candidates and descending places; `classes` `[n_classes, n_labels]`."""
    n, c = candidates.items.shape
    queue, score, start = _class_queues(candidates, class_of_item, len(classes))
    rows, k = np.arange(n), min(k, c)
    at = start[:, :-1].copy()  # [n, n_classes]: the next unused candidate of each class
    heads = np.where(at < start[:, 1:], np.take_along_axis(score, np.minimum(at, c - 1), axis=1), -np.inf)
    filled = np.zeros_like(target)
    order, value = np.zeros((n, k), dtype=np.int64), np.full((n, k), -np.inf)
    for place in range(k):
        gain = _gain(filled, classes, target, place)
        chosen = ((1.0 - strength) * heads + strength * gain).argmax(1)
        left = np.isfinite(heads[rows, chosen])
        taken = np.minimum(at[rows, chosen], c - 1)
        order[:, place] = queue[rows, taken]
        value[left, place] = 1.0 - place / k
        at[rows, chosen] += 1
        following = at[rows, chosen]
        more = following < start[rows, chosen + 1]
        heads[rows, chosen] = np.where(more, score[rows, np.minimum(following, c - 1)], -np.inf)
        filled += classes[chosen] * left[:, None]
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


def _class_queues(
    candidates: Candidates, class_of_item: IntArray, n_classes: int
) -> tuple[IntArray, NDArray[np.float32], IntArray]:
    """Candidates grouped by class, best first: positions and scores `[n, c]`, where each class starts `[n, K + 1]`."""
    n = len(candidates.items)
    own = np.where(candidates.present, class_of_item[candidates.items], n_classes)
    queue = np.argsort(own, axis=1, kind="stable")
    counts = np.bincount(
        (np.arange(n)[:, None] * (n_classes + 1) + own).ravel(), minlength=n * (n_classes + 1)
    ).reshape(n, n_classes + 1)
    start = np.concatenate([np.zeros((n, 1), dtype=np.int64), np.cumsum(counts, axis=1)[:, :-1]], axis=1)
    return queue, np.take_along_axis(candidates.scaled, queue, axis=1), start
