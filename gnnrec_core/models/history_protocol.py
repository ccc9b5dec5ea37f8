"""Recommenders whose score is a sum over what a person has, and the values that hold such sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

from numpy.typing import NDArray

from gnnrec_core.data.dataset import IntArray
from gnnrec_core.graph import RecGraph


@dataclass(frozen=True)
class HistoryParts:
    """A user's scores of `n` items as sums: score = own + values.sum(axis=0), in float64.

    `own` `[n]` is what no edge of the user carries; `edges` int64 `[m]` are columns of the graph whose source is the
    user; `values` `[m, n]` is what each carries. `averaged` says that the parts are a weighted mean over the edges:
    when some go, the others weigh more.
    """

    own: NDArray[Any]
    edges: IntArray
    values: NDArray[Any]
    averaged: bool = False


@runtime_checkable
class HistoryRecommender(Protocol):
    """A recommender that is no propagation but whose score is a sum over the edges of the user all the same.

    Item-item models are such sums; a network with gates is one once its gates are frozen at the values they took.
    """

    parts_frozen: ClassVar[tuple[str, ...]]
    """What `history_parts` holds fixed to make the score a sum: () or, for instance, ("gates",)."""

    def history_parts(self, user_index: int, item_indices: IntArray, graph: RecGraph | None = None) -> HistoryParts:
        """The parts of the user's scores of `item_indices` on `graph` (default: the trained graph)."""
        ...

    def score_on(self, graph: RecGraph, users: IntArray) -> NDArray[Any]:
        """Scores `[n, n_items]` on a changed graph, parameters held fixed: the recomputation behind every check."""
        ...


@dataclass(frozen=True)
class HistorySums:
    """Signed sums of scores of `b` users, each taken apart: the sum of user t is own[t] + values[owner == t].sum().

    `own` `[b]`; `owner`, `edges` int64 and `values` float64 `[m]`: whose edge, its column in the graph, and what it
    carries.
    """

    own: NDArray[Any]
    owner: IntArray
    edges: IntArray
    values: NDArray[Any]


@runtime_checkable
class BatchHistoryRecommender(Protocol):
    """A history recommender that takes sums of scores of many users apart at once, faster than one by one."""

    def history_sums(self, users: IntArray, signs: Any) -> HistorySums:
        """The parts of sum_i signs[t, i] score(users[t], i); `signs` is CSR float64 `[b, n_items]`."""
        ...


@dataclass(frozen=True)
class ReaderPaths:
    """A score (or a signed sum of scores) opened up into walks user - item - reader - ... - target.

    Each of `m` pairs says that the reader `readers[p]` has the item `items[p]` of the user's history, and `values[p]`
    (float64) is what all walks carry that begin with the user, that item and that reader. The whole score is
    sum(values) + sum of `beside`, which names in plain words what passes no single reader.
    """

    items: IntArray
    readers: IntArray
    values: NDArray[Any]
    beside: dict[str, float]


@runtime_checkable
class ReaderPathsRecommender(Protocol):
    """A history recommender whose item-item weights are walks by way of the people who have both items."""

    def reader_paths(self, user_index: int, signed_items: Sequence[tuple[int, float]]) -> ReaderPaths:
        """The sum of sign times score over (item index, sign), as walks through readers; exact."""
        ...


@dataclass(frozen=True)
class NewUserParts:
    """Scores of all items for somebody who is not in the data: own + values.sum(axis=0), in float64.

    `own` `[n_items]` is what none of the given items carries, `values` `[m, n_items]` what each of them carries.
    `frozen` names what is held fixed to make the scores a sum.
    """

    own: NDArray[Any]
    values: NDArray[Any]
    frozen: tuple[str, ...] = ()


@runtime_checkable
class InductiveRecommender(Protocol):
    """A recommender that has a way of its own to score somebody who is not in the data, without training."""

    def new_user_parts(self, item_indices: IntArray) -> NewUserParts:
        """Scores for a user whose only interactions are `item_indices` `[m]`, unique."""
        ...
