"""Graph filters: item-item models whose operator is a function of the train graph, without anything learned.

With X the weighted interactions, R = D_u^-s X D_i^-t and P = R^T R over its largest eigenvalue, so that all are in 0..1
(1: the smoothest signals on the graph), all of them score

    score(u, .) = x_u S,    S = D_i^-a h(P) D_i^c + w D_i^-b V V^T D_i^b,

h a polynomial and V the leading eigenvectors of P (an ideal low-pass filter). With s = t = 1/2, where most filters
stay, the largest eigenvalue is 1. The whole score is a sum over the history of the user: its ledger is exact and its
baseline is 0. "In this model" S is as it was fitted and the user's own row changes; the model fitted without an
interaction is computed, not foretold (`scores_refitted`).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
import torch
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from gnnrec_core.data.dataset import Dataset, FloatArray, IntArray
from gnnrec_core.graph import RecGraph
from gnnrec_core.models.history_protocol import ReaderPaths
from gnnrec_core.models.ops.checkpoint import expect_shapes
from gnnrec_core.models.ops.closed_form import ItemItemRecommender
from gnnrec_core.models.ops.filters.low_rank import (
    COLUMNS,
    MAX_EXACT,
    SPARE,
    Smoothing,
    degrees,
    largest_eigenvalue,
    leading_vectors,
    normalised,
)
from gnnrec_core.models.ops.filters.refitting import MOST_ITEMS, Changed, Decomposition
from gnnrec_core.models.protocol import Tensors

VECTORS, DEGREE, SEED = "item_vectors", "item_degree", "seed"
ITEMS_AT_ONCE = 8192
LOW_PASS, ITSELF = "the main tastes of the graph", "the item itself"
MOST_NUMBERS = 2**25
"""Numbers that V has by default at most: a catalogue of 200,000 items gets 167 vectors, one of 40,000 all it wants."""
FEWEST_UPDATED = 3
"""Sets from which on decomposing the whole graph once is faster than fitting without each."""
PER_ROOT = 2.5
"""Vectors by default, times the root of the number of items (and at most a quarter of them): decision 0012."""
Float = NDArray[np.float64]


@dataclass(frozen=True)
class Filter:
    """h, (a, c), w and b of a filter, how many vectors V has, and (s, t).

    `polynomial` `[order + 1]` are Chebyshev coefficients of h in I - 2P, whose eigenvalues are in -1..1; empty for
    none. `n_vectors` 0 leaves the number to the size of the catalogue, None: there is no V.
    """

    polynomial: Float
    polynomial_powers: tuple[float, float]
    low_pass_weight: float
    low_pass_power: float
    n_vectors: int | None
    graph_powers: tuple[float, float] = (0.5, 0.5)


class GraphFilter(ItemItemRecommender):
    """A filter of the train graph; a model says which one in `filter`. Nothing but V is stored."""

    @staticmethod
    @abstractmethod
    def filter(settings: Any, spread: float = 1.0) -> Filter:
        """The filter that the settings describe, where the mean of all eigenvalues of P is 1 / `spread`."""

    @classmethod
    def create(cls, dataset: Dataset, settings: Any, seed: int, device: str) -> Self:
        """An untrained model, whose scores are all 0; on large catalogues the seed decides where V is sought from."""
        model = super().create(dataset, settings, seed, device)
        model._tensors[SEED] = np.array([seed], np.int64)
        return model

    @classmethod
    def memory_bytes(cls, dataset: Dataset, settings: Any) -> int:
        """Three tables of items by vectors or a small catalogue's Gram matrix, people by columns, R twice."""
        n_items, n_train = dataset.n_items, len(dataset.interactions.rows("train"))
        tables = n_items * (cls._n_vectors(n_items, settings) + SPARE) * 4 * 3
        gram = n_items**2 * 8 * 3 if n_items <= MAX_EXACT else 0
        return int(max(tables, gram) + (dataset.n_users + n_items) * COLUMNS * 8 + n_train * 60)

    @classmethod
    def _n_vectors(cls, n_items: int, settings: Any) -> int:
        asked = cls.filter(settings).n_vectors
        if asked is None:
            return 0
        most = min(round(PER_ROOT * n_items**0.5), n_items // 4, max(64, MOST_NUMBERS // n_items))
        return max(1, min(asked or most, n_items))

    @classmethod
    def untrained(cls, graph: RecGraph, settings: Any) -> Tensors:
        """`item_vectors` float32 `[n_items, d]` and `item_degree` float64 `[n_items]`, zeros; `seed` int64 `[1]`."""
        vectors = np.zeros((graph.n_items, cls._n_vectors(graph.n_items, settings)), np.float32)
        return {VECTORS: vectors, DEGREE: np.zeros(graph.n_items), SEED: np.zeros(1, np.int64)}

    @classmethod
    def check(cls, graph: RecGraph, settings: Any, tensors: Tensors) -> None:
        """RunError unless the tensors have the shapes of these settings."""
        shapes = {name: value.shape for name, value in cls.untrained(graph, settings).items()}
        expect_shapes("model.safetensors", tensors, shapes, whole=(SEED,))

    def compute(self) -> Tensors:
        """V and the items' degrees."""
        n = self._n_vectors(self.graph.n_items, self.settings)
        vectors = leading_vectors(self._normalised, n, int(self._tensors[SEED][0]))
        return {VECTORS: vectors, DEGREE: degrees(self._ageless)[1], SEED: self._tensors[SEED]}

    def _become(self, settings: Any) -> None:
        same = self.filter(settings).graph_powers == self.filter(self.settings).graph_powers
        for computed in ("_own", *(() if same else ("_normalised", "_fast", "_exact", "_decomposed"))):
            self.__dict__.pop(computed, None)
        super()._become(settings)

    def score(self, users: IntArray) -> FloatArray:
        """Scores of all items `[n, n_items]` float32, computed in float32."""
        return self._filtered(self.rows_of(users), np.float32)

    def times(self, weights: sp.csr_array) -> Float:
        """weights @ S in float64."""
        return self._filtered(weights, np.float64)

    def back(self, weights: sp.csr_array) -> Float:
        """weights @ S^T in float64: h(P) and V V^T are symmetric, so D^-a and D^a change places."""
        return self._filtered(weights, np.float64, flipped=True)

    def rows(self, items: IntArray) -> Float:
        """S[items, :]."""
        places = (np.arange(len(items)), np.asarray(items))
        return self.times(sp.csr_array((np.ones(len(items)), places), shape=(len(items), self.graph.n_items)))

    def between(self, rows: IntArray, columns: IntArray) -> Float:
        """S[rows, columns], from whichever side is shorter: h(P) and V V^T are symmetric."""
        own = self._own
        result = np.zeros((len(rows), len(columns)))
        if len(own.polynomial):
            flip = len(columns) < len(rows)
            near, far = (columns, rows) if flip else (rows, columns)
            part = np.concatenate([self._polynomial_columns(near[s : s + COLUMNS])[far] for s in _starts(near)], axis=1)
            down, up = self._scales(*own.polynomial_powers)
            result += down[rows, None] * (part if flip else part.T) * up[columns]
        return result + self._low_pass(own, rows, columns)

    def _low_pass(self, own: Filter, rows: IntArray, columns: IntArray) -> Float:
        """Entries of w D^-b V V^T D^b `[m, n]`."""
        down, up = self._scales(own.low_pass_power, own.low_pass_power)
        vectors, inner = self._tensors[VECTORS], np.empty((len(rows), len(columns)))
        near = vectors[rows].astype(np.float64)
        for start in range(0, len(columns), ITEMS_AT_ONCE):
            some = slice(start, start + ITEMS_AT_ONCE)
            inner[:, some] = near @ vectors[columns[some]].T.astype(np.float64)
        found: Float = own.low_pass_weight * down[rows, None] * inner * up[columns]
        return found

    def reader_paths(self, user_index: int, signed_items: Sequence[tuple[int, float]]) -> ReaderPaths:
        """h(P) = h(0) + P g(P): each walk goes to an item of the history, to one of its readers, and on by R g(P)."""
        own, smooth = self._own, self._exact
        history, (items, signs) = self.graph.history(user_index), np.array(signed_items, np.float64).T
        items = items.astype(np.int64)
        weight = self.rows_of(np.array([user_index])).data  # [m], in the order of the history
        low_pass = weight @ self._low_pass(own, history, items) @ signs
        if not len(own.polynomial):
            return ReaderPaths(history[:0], history[:0], np.zeros(0), {LOW_PASS: float(low_pass)})
        down, up = self._scales(*own.polynomial_powers)
        at_zero, onward = divided(own.polynomial)
        target: Float = np.zeros((self.graph.n_items, 1))
        target[items, 0] = signs * up[items]
        reached = smooth.by_user @ self._polynomial(target, onward)[:, 0]  # [n_users]
        readers = smooth.by_item[history]
        sent = np.repeat(weight * down[history], np.diff(readers.indptr))
        paths = sent * readers.data * reached[readers.indices]
        itself = float(at_zero * (weight * down[history]) @ target[history, 0])
        places = np.repeat(history, np.diff(readers.indptr))
        return ReaderPaths(places, readers.indices.astype(np.int64), paths, {LOW_PASS: float(low_pass), ITSELF: itself})

    def scores_refitted(self, user_index: int, edge_sets: Sequence[IntArray]) -> Float:
        """The filter on each graph without a set, as fitting it there makes it: `RefittingRecommender`.

        Small catalogues from the decomposition of the whole graph (`refitting`), others fitted anew.
        """
        result = np.zeros((len(edge_sets), self.graph.n_items))
        updates = len(edge_sets) >= FEWEST_UPDATED or "_decomposed" in self.__dict__
        for place, edges in enumerate(edge_sets):
            gone = np.asarray(edges, np.int64)
            scores = self._updated(user_index, gone) if updates else None
            result[place] = self._refitted(user_index, gone) if scores is None else scores
        return result

    def _refitted(self, user_index: int, edges: IntArray) -> Float:
        changed = self._changed(edges)
        changed._set(changed.compute())
        scores: Float = changed.score_on(changed.graph, np.array([user_index]))[0]
        return scores

    def _changed(self, gone: IntArray) -> Self:
        """A model of the graphs without these edges, not computed yet."""
        return type(self)(self.graph.without(gone), self.settings, self._tensors, self.whole.without(gone))

    def _updated(self, user_index: int, edges: IntArray) -> Float | None:
        """The user's scores `[n_items]` without these interactions of theirs, nothing fitted; None where that is not to
        be had."""
        own, row = self._own, self.rows_of(np.array([user_index])).toarray()[0]
        history, columns = self.graph.history(user_index), self.graph.history_edges(user_index)
        asked = np.unique(edges % max(1, self.graph.n_edges // 2))
        gone = np.isin(columns, asked)
        exact = own.graph_powers == (0.5, 0.5) and self.graph.n_items <= MAX_EXACT and own.n_vectors is not None
        if not exact or gone.sum() != len(asked) or not 0 < gone.sum() <= min(MOST_ITEMS, len(gone) - 1):
            return None
        row[history[gone]] = 0.0
        changed = Changed.without(self._ageless, self._exact, user_index, history[gone])
        down, up = scales(changed.degree, own.low_pass_power, own.low_pass_power)
        low = changed.low_pass(self._decomposed, self._tensors[VECTORS].shape[1], row * down)
        if low is None:
            return None
        scores: Float = own.low_pass_weight * low * up
        if len(own.polynomial):
            down, up = scales(changed.degree, *own.polynomial_powers)
            scores += self._polynomial((row * down)[:, None], own.polynomial, changed)[:, 0] * up
        return scores

    @cached_property
    def _normalised(self) -> sp.csr_array:
        """R over the root of the largest eigenvalue of R^T R."""
        powers = self.filter(self.settings).graph_powers
        found = normalised(self._ageless, *powers)
        return found if powers == (0.5, 0.5) else found / largest_eigenvalue(found) ** 0.5

    @cached_property
    def _own(self) -> Filter:
        """The filter of the settings on this graph: the mean eigenvalue of P is the sum of squares in R by items."""
        squares = float(np.square(self._normalised.data).sum())
        return self.filter(self.settings, self.graph.n_items / squares if squares else 1.0)

    @cached_property
    def _fast(self) -> Smoothing:
        return Smoothing(self._normalised)

    @cached_property
    def _exact(self) -> Smoothing:
        return Smoothing(self._normalised, np.float64)

    @cached_property
    def _decomposed(self) -> Decomposition:
        return Decomposition.of(self._normalised)

    def _scales(self, before: float, after: float) -> tuple[Float, Float]:
        return scales(self._tensors[DEGREE], before, after)

    def _filtered(self, weights: sp.csr_array, dtype: type, flipped: bool = False) -> NDArray[Any]:
        """weights @ S (`flipped`: weights @ S^T) `[b, n_items]`, computed in `dtype`."""
        own = self._own
        result: NDArray[Any] = np.zeros(weights.shape, dtype)
        if len(own.polynomial):
            down, up = self._scales(*own.polynomial_powers)[:: -1 if flipped else 1]
            for start in range(0, weights.shape[0], COLUMNS):
                block = slice(start, start + COLUMNS)
                signal: NDArray[Any] = (weights[block].toarray() * down).astype(dtype).T  # [n_items, c]
                result[block] = self._polynomial(signal, own.polynomial).T * up.astype(dtype)
        if own.low_pass_weight:
            self._add_low_pass(result, weights, own, flipped)
        return result

    def _polynomial_columns(self, items: IntArray) -> Float:
        """h(P)[:, items]."""
        signal: Float = np.zeros((self.graph.n_items, len(items)))
        signal[items, np.arange(len(items))] = 1.0
        return self._polynomial(signal, self._own.polynomial)

    def _polynomial(self, signal: NDArray[Any], weights: Float, changed: Changed | None = None) -> NDArray[Any]:
        """sum_k weights_k T_k(I - 2P) @ signal `[n_items, c]`, by T_k(x) = 2 x T_{k-1}(x) - T_{k-2}(x); of the P of a
        `changed` graph where one is given."""
        smooth = changed or (self._fast if signal.dtype == np.float32 else self._exact)
        before, now = None, torch.from_numpy(np.ascontiguousarray(signal))
        total = float(weights[0]) * now
        for weight in weights[1:]:
            following = now - 2 * smooth(now)
            if before is not None:
                following = 2 * following - before
            before, now = now, following
            total += float(weight) * now
        found: NDArray[Any] = total.numpy()
        return found

    def _add_low_pass(self, result: NDArray[Any], weights: sp.csr_array, own: Filter, flipped: bool) -> None:
        """result += w * weights @ D^-b V V^T D^b, or its transpose."""
        vectors, dtype = self._tensors[VECTORS], result.dtype
        down, up = self._scales(own.low_pass_power, own.low_pass_power)[:: -1 if flipped else 1]
        used = np.unique(weights.indices)
        inside = (weights[:, used] * (own.low_pass_weight * down[used])).astype(dtype)
        inside = inside @ vectors[used].astype(dtype)  # [b, d]
        for start in range(0, len(vectors), ITEMS_AT_ONCE):
            items = slice(start, start + ITEMS_AT_ONCE)
            result[:, items] += (inside @ vectors[items].astype(dtype, copy=False).T) * up[items].astype(dtype)


def scales(degree: Float, before: float, after: float) -> tuple[Float, Float]:
    """Degrees to -`before` and to `after` `[n_items]`, 0 for items that nobody has."""
    down, up = np.zeros(len(degree)), np.zeros(len(degree))
    np.power(degree, -before, out=down, where=degree > 0)
    np.power(degree, after, out=up, where=degree > 0)
    return down, up


def divided(polynomial: Float) -> tuple[float, Float]:
    """h(0), and g with h(p) = h(0) + p g(p), both as Chebyshev coefficients in x = 1 - 2p.

    >>> divided(np.array([0.5, -0.5]))  # h(p) = p
    (0.0, array([1.]))
    """
    at_zero = float(chebyshev.chebval(1.0, polynomial))
    rest = chebyshev.chebsub(polynomial, [at_zero])
    return at_zero, 2 * chebyshev.chebdiv(rest, [1.0, -1.0])[0]  # p = (1 - x) / 2


def _starts(items: IntArray) -> range:
    return range(0, max(1, len(items)), COLUMNS)
