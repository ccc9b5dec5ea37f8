"""What a model that is computed in one go provides: no gradient, no epochs, no randomness."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.base import progress
from gnnrec_core.base.errors import RunError
from gnnrec_core.base.settings import Settings
from gnnrec_core.data.dataset import Dataset, FloatArray, IntArray
from gnnrec_core.graph import RecGraph, build_graph
from gnnrec_core.models.history_protocol import HistoryParts, HistorySums, NewUserParts
from gnnrec_core.models.protocol import JUDGED_BY, Epoch, FitOptions, Tensors

FEW = 16
"""Users whose rows are read one by one."""
DATA, INDICES, STARTS = "similarity.data", "similarity.indices", "similarity.indptr"


class ClosedFormRecommender(ABC):
    """A recommender that one computation on the train interactions makes. Side edges are not used.

    `graph` is what scores are sums over; where a half-life is set its interactions weigh less with age. `whole` is the
    same graph with all ages alike, which the model is computed from: a half-life needs no new computation.
    """

    name: ClassVar[str]
    settings_type: ClassVar[type[Settings]]
    tried: ClassVar[tuple[tuple[str, tuple[Any, ...]], ...]] = ()
    """Settings and values that a fit tries on the validation part, one setting after the other, where nobody gave the
    setting. What was chosen stands in `settings` afterwards."""

    def __init__(self, graph: RecGraph, settings: Any, tensors: Tensors, whole: RecGraph | None = None) -> None:
        self.graph, self.settings = graph, settings
        self.whole = graph if whole is None else whole
        self._set(tensors)

    @classmethod
    def create(cls, dataset: Dataset, settings: Any, seed: int, device: str) -> Self:
        """An untrained model, whose scores are all 0; nothing is drawn, and it is computed on the CPU."""
        graph, whole = _graphs(dataset, settings)
        return cls(graph, settings, cls.untrained(graph, settings), whole)

    @classmethod
    def restore(cls, dataset: Dataset, settings: Any, tensors: Tensors) -> Self:
        """A trained model; RunError where the tensors do not fit the dataset and the settings."""
        graph, whole = _graphs(dataset, settings)
        cls.check(graph, settings, tensors)
        return cls(graph, settings, tensors, whole)

    @classmethod
    @abstractmethod
    def untrained(cls, graph: RecGraph, settings: Any) -> Tensors:
        """Tensors of a model whose scores are all 0."""

    @classmethod
    @abstractmethod
    def check(cls, graph: RecGraph, settings: Any, tensors: Tensors) -> None:
        """RunError unless these can be the tensors of a trained model."""

    @abstractmethod
    def compute(self) -> Tensors:
        """The trained model."""

    @abstractmethod
    def score(self, users: IntArray) -> FloatArray:
        """Scores of all items `[n, n_items]` float32 for user indices `[n]`; a fresh array each time."""

    def fit(self, options: FitOptions) -> Iterator[Epoch]:
        """Compute the model, with settings chosen on the validation part (`tried`); yields once."""
        start = time.perf_counter()
        self._set(self.compute())
        self._choose(options)
        validation = {} if options.validate is None else options.validate()
        yield Epoch(1, None, validation, time.perf_counter() - start, is_best=True)

    def _choose(self, options: FitOptions) -> None:
        """Take each of `tried` that is better than all before it on some people of the validation part."""
        given, best = self.settings.model_fields_set, self.settings
        open_ = [(name, value) for name, values in self.tried if name not in given for value in values]
        if options.compare is None or not open_:
            return
        highest = options.compare()[JUDGED_BY]
        for number, (name, value) in enumerate(open_):
            progress.report(number, len(open_), "settings")
            if getattr(best, name) == value or options.should_stop():
                continue
            self._become(best.model_copy(update={name: value}))
            found = options.compare()[JUDGED_BY]
            if found > highest:
                best, highest = self.settings, found
        self._become(best)

    def _become(self, settings: Any) -> None:
        """Compute the model anew with other settings."""
        self.settings = settings
        self._set(self.compute())

    def tensors(self) -> Tensors:
        """Copies of what `model.safetensors` holds."""
        return {name: value.copy() for name, value in self._tensors.items()}

    def _set(self, tensors: Tensors) -> None:
        self._tensors = {name: np.ascontiguousarray(value) for name, value in tensors.items()}


def _graphs(dataset: Dataset, settings: Any) -> tuple[RecGraph, RecGraph]:
    """The graph with interactions weighed by age, and with all ages alike; one where no half-life is set."""
    half_life = getattr(settings, "half_life_days", 0.0)
    whole = build_graph(dataset, side_edges=0.0, features=False)
    return (build_graph(dataset, 0.0, half_life, features=False) if half_life else whole), whole


class ItemItemRecommender(ClosedFormRecommender):
    """score(u, i) = b_i + sum over the user's train items j of weight(u, j) * S[j, i], S and b fixed by training.

    Exact parts of a score are read off the sum, and somebody who is not in the data is scored like anybody else.
    """

    parts_frozen: ClassVar[tuple[str, ...]] = ()
    sums_history: ClassVar[bool] = True
    """Without some of the user's edges a score is the sum of the other parts: nothing is normalised anew."""
    keeps: ClassVar[str] = "the weights between items"

    @abstractmethod
    def rows(self, items: IntArray) -> NDArray[np.float64]:
        """S[items, :], dense `[m, n_items]`."""

    @abstractmethod
    def times(self, weights: sp.csr_array) -> NDArray[np.float64]:
        """weights @ S, dense `[n, n_items]`."""

    @abstractmethod
    def back(self, weights: sp.csr_array) -> NDArray[np.float64]:
        """weights @ S^T, dense `[n, n_items]`."""

    def biases(self) -> NDArray[np.float64]:
        """What everybody's score of an item begins with `[n_items]`: 0 unless a model has item biases."""
        return np.zeros(self.graph.n_items)

    def between(self, rows: IntArray, columns: IntArray) -> NDArray[np.float64]:
        """S[rows, columns], dense `[m, n]`."""
        return self.rows(rows)[:, columns]

    def score(self, users: IntArray) -> FloatArray:
        """Scores of all items `[n, n_items]` float32."""
        return (self.times(self.rows_of(users)) + self.biases()).astype(np.float32)

    def rows_of(self, users: IntArray) -> sp.csr_array:
        """The weighted interactions of `users` `[n, n_items]`; of a few without the matrix of all."""
        users = np.asarray(users, np.int64)
        if len(users) > FEW or "_interactions" in self.__dict__:
            rows: sp.csr_array = self._interactions[users]
            return rows
        own = [self.graph.history_edges(user) for user in users.tolist()]
        edges = np.concatenate([np.zeros(0, np.int64), *own])
        starts = np.r_[0, np.cumsum([len(each) for each in own])]
        entries = (self.graph.weights(edges), self.graph.targets(edges) - self.graph.n_users, starts)
        return sp.csr_array(entries, shape=(len(users), self.graph.n_items))

    @cached_property
    def _interactions(self) -> sp.csr_array:
        return weighted_interactions(self.graph)

    @cached_property
    def _ageless(self) -> sp.csr_array:
        """What S is computed from `[n_users, n_items]`."""
        return self._interactions if self.whole is self.graph else weighted_interactions(self.whole)

    def score_on(self, graph: RecGraph, users: IntArray) -> NDArray[np.float64]:
        """Scores on a changed graph, S held fixed; in float64, as the parts that sum to them."""
        return self.times(weighted_interactions(graph)[np.asarray(users)]) + self.biases()

    def row_without(self, user_index: int, edges: IntArray) -> sp.csr_array:
        """The user's row of interactions, weighed by age, without these edges `[1, n_items]`."""
        return weighted_interactions(self.graph.without(np.asarray(edges, np.int64)))[[user_index]]

    def history_parts(self, user_index: int, item_indices: IntArray, graph: RecGraph | None = None) -> HistoryParts:
        """What each train interaction of the user adds to the scores of `item_indices`."""
        graph = self.graph if graph is None else graph
        edges = graph.history_edges(user_index)
        weight = graph.weights(edges)[:, None]
        values = self.between(graph.history(user_index), np.asarray(item_indices))
        return HistoryParts(self.biases()[item_indices], edges, weight * values)

    def history_sums(self, users: IntArray, signs: sp.csr_array) -> HistorySums:
        """An item j of the history carries weight(u, j) (signs S^T)[t, j] of the sum of user t."""
        rows = self._interactions[np.asarray(users)]
        starts, counts = self._interactions.indptr[users], np.diff(rows.indptr)
        owner = np.repeat(np.arange(len(counts)), counts)
        places = np.arange(rows.nnz) + np.repeat(starts - rows.indptr[:-1], counts)
        values = rows.data * self.back(signs)[owner, rows.indices]
        return HistorySums(signs @ self.biases(), owner, self.graph.all_history_edges[places], values)

    def new_user_parts(self, item_indices: IntArray) -> NewUserParts:
        """Somebody with these items (weight 1 each) is scored like anybody else."""
        return NewUserParts(self.biases(), self.rows(np.asarray(item_indices)).astype(np.float64))


def weighted_interactions(graph: RecGraph) -> sp.csr_array:
    """Train interactions with their weights, float64 `[n_users, n_items]`."""
    seen = graph.seen
    entries = (graph.weights(graph.all_history_edges), seen.indices, seen.indptr)
    return sp.csr_array(entries, shape=seen.shape)


def degree_scales(interactions: sp.csr_array, power: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weighted degrees of the items to -`power` and to `power` `[n_items]`; 1 for items that nobody has."""
    degree = np.asarray(interactions.sum(axis=0), np.float64).ravel()
    up = np.power(degree, power, out=np.ones(len(degree)), where=degree > 0)
    return 1.0 / up, up


def misfit(what: str) -> RunError:
    """The error for tensors that cannot be those of a trained model."""
    return RunError(
        f"The weights in model.safetensors do not fit: {what}.",
        "Use the dataset and the settings that the run was trained with.",
        file="model.safetensors",
    )


class SparseItemItem(ItemItemRecommender):
    """S as the three arrays of a CSR matrix `[n_items, n_items]`: float32 entries, int32 columns, int64 row starts.

    With a degree power q among the settings S is D_i^-q S D_i^q of what is stored.
    """

    @classmethod
    def untrained(cls, graph: RecGraph, settings: Any) -> Tensors:
        """An S without entries."""
        return {
            DATA: np.zeros(0, np.float32),
            INDICES: np.zeros(0, np.int32),
            STARTS: np.zeros(graph.n_items + 1, np.int64),
        }

    @classmethod
    def check(cls, graph: RecGraph, settings: Any, tensors: Tensors) -> None:
        """RunError unless the three arrays are a CSR matrix of items by items."""
        if set(tensors) != {DATA, INDICES, STARTS}:
            raise misfit(f"expected {DATA}, {INDICES} and {STARTS}, found {sorted(tensors)}")
        data, indices, starts = tensors[DATA], tensors[INDICES], tensors[STARTS]
        if starts.shape != (graph.n_items + 1,) or data.shape != indices.shape:
            raise misfit(f"they are not for {graph.n_items} items")
        if (data.dtype.kind, indices.dtype.kind, starts.dtype.kind) != ("f", "i", "i"):
            raise misfit("they are not floats at whole places")
        in_order = starts[0] == 0 and starts[-1] == len(data) and np.all(np.diff(starts) >= 0)
        if not in_order or (len(indices) and not 0 <= indices.min() <= indices.max() < graph.n_items):
            raise misfit("they are no sparse matrix")

    def _set(self, tensors: Tensors) -> None:
        super()._set(tensors)
        n = self.graph.n_items
        parts = (self._tensors[DATA].astype(np.float64), self._tensors[INDICES], self._tensors[STARTS])
        self._stored = self._similarity = sp.csr_array(parts, shape=(n, n))
        if power := getattr(self.settings, "degree_power", 0.0):
            down, up = degree_scales(self._ageless, power)
            self._similarity = sp.csr_array(sp.diags_array(down) @ self._stored @ sp.diags_array(up))
        self.__dict__.pop("_flipped", None)

    def rows(self, items: IntArray) -> NDArray[np.float64]:
        """S[items, :]."""
        dense: NDArray[np.float64] = self._similarity[items].toarray()
        return dense

    def times(self, weights: sp.csr_array) -> NDArray[np.float64]:
        """weights @ S."""
        dense: NDArray[np.float64] = (weights @ self._similarity).toarray()
        return dense

    def back(self, weights: sp.csr_array) -> NDArray[np.float64]:
        """weights @ S^T."""
        dense: NDArray[np.float64] = (weights @ self._flipped).toarray()
        return dense

    @cached_property
    def _flipped(self) -> sp.csr_array:
        """S^T by rows, made at the first question that needs it."""
        return self._similarity.T.tocsr()


def similarity_tensors(similarity: sp.csr_array) -> Tensors:
    """What a run stores of a sparse matrix `[n_items, n_items]`."""
    similarity.sort_indices()
    return {
        DATA: similarity.data.astype(np.float32),
        INDICES: similarity.indices.astype(np.int32),
        STARTS: similarity.indptr.astype(np.int64),
    }
