"""What a re-ranker is given and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from gnnrec_core.audit.evidence import Evidence
from gnnrec_core.audit.segments import head
from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.settings import Settings
from gnnrec_core.data.dataset import IntArray, frozen_array
from gnnrec_core.ranking.recommendations import NONE_LEFT, Recommendations

Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Candidates:
    """The best `n_candidates` items of each user `[n, c]` and what a re-ranker may know of users and items.

    `evidence` holds histories, popularity and labels; its lists are not looked at.
    """

    lists: Recommendations
    evidence: Evidence
    memo: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """What a re-ranker worked out that its settings do not change, kept for the next move of a slider."""

    @cached_property
    def present(self) -> NDArray[np.bool_]:
        """Which places hold an item `[n, c]`."""
        return np.asarray(self.lists.item_index != NONE_LEFT)

    @cached_property
    def items(self) -> IntArray:
        """Item indices with 0 in empty places `[n, c]`."""
        return np.where(self.present, self.lists.item_index, 0)

    @cached_property
    def scaled(self) -> Scores:
        """Scores scaled to 0..1 in each user's candidates `[n, c]`; -inf in empty places, 1 where all are equal."""
        score = np.where(self.present, self.lists.score, np.nan).astype(np.float32)
        empty = ~self.present.any(1)
        score[empty] = 0.0
        low, high = np.nanmin(score, axis=1, keepdims=True), np.nanmax(score, axis=1, keepdims=True)
        span = high - low
        scaled = np.divide(score - low, span, out=np.ones_like(score), where=span > 0)
        result: Scores = frozen_array(np.where(self.present, scaled, -np.inf), np.float32)
        return result

    def protected(self, segment: str) -> NDArray[np.bool_]:
        """Which items a segment name protects `[n_items]`: "tail", "genre=NAME" or "provider=NAME"."""
        if segment == "tail":
            return ~head(self.evidence.popularity)
        kind, _, label = segment.partition("=")
        labels = {"genre": self.evidence.categories, "provider": self.evidence.providers}.get(kind)
        if labels is None or label not in labels.labels:
            known = list(labels.labels[:12]) if labels else []
            raise RequestError(
                f"There is no segment {segment!r} to protect.",
                f"Write tail, genre=NAME or provider=NAME{'; names: ' + ', '.join(known) if known else ''}.",
                value=segment,
            )
        return np.asarray(labels.dense[:, labels.labels.index(label)] > 0)

    def queues(self, segment: str) -> Queues:
        """Candidates split in protected items and others."""
        key = f"queues {segment}"
        if key not in self.memo:
            self.memo[key] = split_queues(self, self.protected(segment))
        queues: Queues = self.memo[key]
        return queues


class ProtectedSettings(Settings):
    """The base of re-rankers that protect a segment of items."""

    segment: str = Field(default="tail", description="items to protect: tail, genre=NAME or provider=NAME")


class Reranker(Protocol):
    """Makes lists out of candidates; deterministic, and at strength 0 (where there is one) the lists of the model."""

    name: ClassVar[str]
    settings_type: ClassVar[type[Settings]]
    neutral: ClassVar[Mapping[str, Any]]
    """Settings under which the lists are the model's own, whatever the others are."""

    def rerank(self, candidates: Candidates, settings: Any, k: int) -> Recommendations:
        """Lists of `k` `[n, k]`; `score` is what the re-ranker ordered by, descending."""
        ...


@dataclass(frozen=True)
class Queues:
    """Positions of candidates in two queues, best first, with an end mark: 0 protected, 1 others.

    `position` int64 `[n, 2, c + 1]` into the candidates; `score` float32 `[n, 2, c + 1]`, -inf past the end.
    """

    position: IntArray
    score: Scores


def split_queues(candidates: Candidates, protected: NDArray[np.bool_]) -> Queues:
    """The candidates of each user in two queues; candidates are sorted already, so each queue is."""
    n, c = candidates.items.shape
    position = np.zeros((n, 2, c + 1), dtype=np.int64)
    score = np.full((n, 2, c + 1), -np.inf, dtype=np.float32)
    is_protected = protected[candidates.items]
    for queue, chosen in enumerate((is_protected & candidates.present, ~is_protected & candidates.present)):
        rows, columns = np.nonzero(chosen)
        place = np.cumsum(chosen, axis=1)[rows, columns] - 1
        position[rows, queue, place] = columns
        score[rows, queue, place] = candidates.scaled[rows, columns]
    return Queues(position, score)


def take(candidates: Candidates, order: IntArray, value: NDArray[np.floating[Any]]) -> Recommendations:
    """Lists from positions `[n, k]` in the candidates and their values `[n, k]`; -inf leaves a place empty."""
    items = np.take_along_axis(candidates.items, order, axis=1)
    left = np.isfinite(value)
    return Recommendations(
        candidates.lists.user_index, np.where(left, items, NONE_LEFT), np.where(left, value, -np.inf)
    )


def best_k(candidates: Candidates, value: NDArray[np.floating[Any]], k: int) -> Recommendations:
    """The `k` candidates with the largest `value` `[n, c]`, equal values in the order of the candidates."""
    k = min(k, value.shape[1])
    chosen = np.sort(np.argpartition(-value, k - 1, axis=1)[:, :k], axis=1) if k < value.shape[1] else None
    if chosen is None:
        chosen = np.broadcast_to(np.arange(k), value.shape)
    picked = np.take_along_axis(value, chosen, axis=1)
    order = np.argsort(-picked, axis=1, kind="stable")
    return take(candidates, np.take_along_axis(chosen, order, axis=1), np.take_along_axis(picked, order, axis=1))
