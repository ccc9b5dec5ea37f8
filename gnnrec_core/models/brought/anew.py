"""A person's row where their history changes, for final embeddings whose training is unknown: a fold-in, held to them.

    fold(H) = argmin_p  sum_i c_i (r_i - p . q_i)^2 + l2 |p|^2     (`solver.Solver`: r_i = 1, c_i = c w_i for i in H)
    row(u, H) = p_u + s (fold(H) - fold(H_u))

With the history as it is the row is the given one, and what the fold-in cannot reproduce of it stays. How p_u was
trained is not known: l2 and c are those of a grid whose scores come nearest to the given ones, s the scale between
both. How near they come is the `agreement`, and nothing here claims more than that.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.data.dataset import IntArray
from gnnrec_core.graph import RecGraph
from gnnrec_core.models.brought.solver import Solver

Float = NDArray[np.float64]
SAMPLE = 100
"""People whose given rows the fold-in is fitted to, evenly spaced over those who have one and a history."""
L2 = (0.01, 0.1, 1.0, 10.0)
"""Weights of |p|^2 that are tried, as shares of the mean square of an item's embedding summed over items."""
CONFIDENCE = (1.0, 3.0, 10.0, 30.0, 100.0)
"""Weights of what a person has, over what they have not, that are tried."""
KEPT_ROWS = 100_000
"""Solved rows that are kept, so that none is solved twice."""


class Anew:
    """Rows of people of `graph` for other histories; `people` `[n_users, d]` are given, `items` `[n_items, d]` kept.

    `n_solved` counts the rows that were solved since this was made, `n_known` those that were solved already.
    """

    def __init__(self, people: Any, items: Any, graph: RecGraph) -> None:
        self.people, self.items, self.graph = np.asarray(people, np.float64), np.asarray(items, np.float64), graph
        self.n_solved = self.n_known = 0
        self._rows: OrderedDict[tuple[bytes, bytes], Float] = OrderedDict()
        self._lock = Lock()

    def is_given(self, user: int) -> bool:
        """Whether the files had a row for this person."""
        return bool(self.people[user].any())

    def moved(self, user: int, history: IntArray, weight: Float) -> Float:
        """row(u, H) - p_u `[d]`: what this history in place of the own one does to the person's row."""
        own = self.graph.history(user), self._weights(user)
        if np.array_equal(own[0], history) and np.array_equal(own[1], weight):
            return np.zeros(self.items.shape[1])
        return self.scale * (self._fold(history, weight) - self._fold(*own))

    def agreement(self, user: int) -> float:
        """Correlation (Pearson, -1..1; 1: the fold-in says the same) of fold(H_u)'s scores with the given ones, over
        the items that the person does not have; 0 where either does not differ between items."""
        fold = self.solver.row(self.graph.history(user), self._weights(user))
        return _correlation(*self._spread(user, self.people[user], fold))

    @cached_property
    def agreements(self) -> Float:
        """`agreement` of each person of the sample `[m]`."""
        return np.array([self.agreement(user) for user in self._sample.tolist()])

    @property
    def solver(self) -> Solver:
        """The fold-in that comes nearest to the given rows."""
        return self._fitted[0]

    @property
    def scale(self) -> float:
        """s, by which a difference of two folds is one of given rows."""
        return self._fitted[1]

    @cached_property
    def _fitted(self) -> tuple[Solver, float]:
        unit = max(float(np.square(self.items).sum(axis=0).mean()), np.finfo(np.float64).tiny)
        best: tuple[float, Solver, float] | None = None
        for confidence in CONFIDENCE:
            for share in L2:
                solver = Solver(self.items, share * unit, confidence)
                products = np.array([self._products(solver, user) for user in self._sample.tolist()]).reshape(-1, 3)
                near = float(np.mean([_correlation(*row) for row in products])) if len(products) else 0.0
                if best is None or near > best[0] + 1e-9:
                    both, _, fold = products.sum(axis=0)
                    best = near, solver, float(both / fold) if both > 0 and fold > 0 else 1.0
        assert best is not None  # the grid is not empty
        return best[1], best[2]

    def _products(self, solver: Solver, user: int) -> tuple[float, float, float]:
        return self._spread(user, self.people[user], solver.row(self.graph.history(user), self._weights(user)))

    def _spread(self, user: int, given: Float, fold: Float) -> tuple[float, float, float]:
        """Covariance of the scores of two rows, and the variance of each, over the items that the person does not have
        (all three times the number of these items), from the moments of the items."""
        own = self.items[self.graph.history(user)]
        n = len(self.items) - len(own)
        second, first = self._moments[0] - own.T @ own, self._moments[1] - own.sum(axis=0)
        centred = second - np.outer(first, first) / max(n, 1)
        return float(given @ centred @ fold), float(given @ centred @ given), float(fold @ centred @ fold)

    @cached_property
    def _moments(self) -> tuple[Float, Float]:
        return self.items.T @ self.items, self.items.sum(axis=0)

    @cached_property
    def _sample(self) -> IntArray:
        has = np.diff(self.graph.incidence[1][: self.graph.n_users + 1]) > 0
        able = np.flatnonzero(has & self.people.any(axis=1))
        picked: IntArray = able[np.unique(np.linspace(0, len(able) - 1, min(SAMPLE, len(able))).astype(np.int64))]
        return picked

    def _weights(self, user: int) -> Float:
        return self.graph.weights(self.graph.history_edges(user))

    def _fold(self, history: IntArray, weight: Float) -> Float:
        key = (history.tobytes(), weight.tobytes())
        with self._lock:
            known = self._rows.get(key)
            if known is not None:
                self.n_known += 1
                return known
        found = self.solver.row(history, weight)
        with self._lock:
            self.n_solved += 1
            self._rows[key] = found
            if len(self._rows) > KEPT_ROWS:
                self._rows.popitem(last=False)
        return found


def _correlation(both: float, given: float, fold: float) -> float:
    return both / float(np.sqrt(given * fold)) if given > 0 and fold > 0 else 0.0
