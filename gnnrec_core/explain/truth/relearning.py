"""Relearning: what a person's own embedding would become without some of the interactions, found in milliseconds.

Most of what a training without an interaction changes for its user is that user's own row of the embedding table. All
else is kept, and the row e is solved for anew in the run's own loss on this user,

    sum over the history j of loss_j(z_j) + l2 / 2 * n |e|^2,   z_j = b_j + a_0 e,

where b_j is what the graph brings to the user. A training that hides the interactions that it predicts
(`hide_batch`) sees b_j without j, and so do we, in part (`HIDDEN`). Solved with and without the interactions, the
difference of the two rows is added to what the graph without them changes (the level "in this model").
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from gnnrec_core.base.threads import one_thread
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.explain.scores.linear import Prepared, prepare
from gnnrec_core.explain.truth.rows_together import SoftmaxLosses, solved
from gnnrec_core.models.protocol import PersonalRecommender, PropagationRecommender

Float = NDArray[np.float64]
MAX_STEPS = 200
TOLERANCE = 1e-6
HIDDEN = 0.3
"""How much of an interaction is hidden from its own prediction, where training hides it: 1 finds the size of changes
best, 0 their order; 0.3 keeps nearly all of both (LightGCN and GAT on the sample, three seeds)."""
MOST_SCORES = 400_000
"""Interactions times items beyond which the b_j of one user are taken as their mean."""
MOST_OTHERS = 8192
"""Items that stand for all that may be drawn as negatives; of more, evenly chosen ones."""
MAX_KEPT = 256
"""Users whose solution on the whole history is kept."""


@dataclass(frozen=True)
class OwnLoss:
    """The run's loss of one user's interactions as a function of e `[d]`, everything else kept.

    `base` `[h, d]` is b_j of each interaction of the history (one row where all are alike), `good` `[h, d]` the
    items' embeddings, `others` `[n, d]` those of the items that may be drawn as negatives, `chance` `[n]` how likely
    each is (sums to 1) and `n_negatives` how many are drawn; the expectation over the draw is taken.
    """

    settings: Any
    own_weight: float
    base: Float
    good: Float
    others: Float
    chance: Float
    n_negatives: float

    @cached_property
    def _log_drawn(self) -> Float:
        """Log of how often each of `others` is drawn, on average."""
        logarithm: Float = np.log(np.maximum(self.chance * self.n_negatives, 1e-300))
        return logarithm

    def solve(self, start: Float) -> Float:
        """The row `[d]` that minimises the loss, from `start` (L-BFGS, Liu and Nocedal 1989); 0 without a history."""
        if not len(self.good):
            return np.zeros_like(start)
        options: Any = {"maxiter": MAX_STEPS, "gtol": TOLERANCE, "ftol": 1e-12}
        found: Float = minimize(self.value, start, jac=True, method="L-BFGS-B", options=options).x
        return found

    def value(self, row: Float) -> tuple[float, Float]:
        """Loss and gradient `[d]`."""
        final = self.base + self.own_weight * row  # [h or 1, d]
        loss, slope = self._bpr(final) if self.settings.loss == "bpr" else self._softmax(final)
        l2 = self.settings.l2 * len(self.good)
        return loss + l2 / 2 * float(row @ row), self.own_weight * slope + l2 * row

    def _softmax(self, final: Float) -> tuple[float, Float]:
        s = self.settings
        length = np.linalg.norm(final, axis=1, keepdims=True) if s.similarity != "dot" else np.ones((1, 1))
        length = np.maximum(length, 1e-12)
        unit = final / length
        good, others = self.good, self.others
        if s.similarity == "cosine":
            good, others = _unit(good), _unit(others)
        own = (unit * good).sum(axis=1) / s.temperature  # [h]
        scores = unit @ others.T / s.temperature + self._log_drawn
        top = scores.max(axis=1, keepdims=True)
        raised = np.exp(scores - top)
        height = raised.sum(axis=1)
        mass = top[:, 0] + np.log(height)  # [h or 1]
        total = np.logaddexp(own, mass)
        share = raised / height[:, None]  # of the negatives
        weight = np.exp(mass - total)  # [h]: chance that a negative wins
        if len(unit) == 1:
            slope = (weight.sum() * (share[0] @ others) - weight @ good)[None]
        else:
            slope = weight[:, None] * (share @ others - good)
        slope = slope / s.temperature
        if s.similarity != "dot":
            slope = (slope - unit * (slope * unit).sum(axis=1, keepdims=True)) / length
        return float((total - own).sum()), slope.sum(axis=0)

    def _bpr(self, final: Float) -> tuple[float, Float]:
        own = (final * self.good).sum(axis=1)  # [h]
        behind = final @ self.others.T - own[:, None]  # [h, n]
        loss = float((np.logaddexp(0.0, behind) @ self.chance).sum())
        miss = expit(behind) * self.chance  # [h, n]
        return loss, (miss @ self.others).sum(axis=0) - miss.sum(axis=1) @ self.good


@dataclass
class Relearner:
    """Relearning for one trained model; solutions on whole histories are kept."""

    prepared: Prepared
    settings: Any
    _known: dict[int, Float] = field(default_factory=dict)

    def score_changes(self, user_index: int, edge_sets: Sequence[IntArray]) -> Float:
        """What relearning without each set adds to the user's scores of all items `[n_sets, n_items]`.

        Sets are columns of the graph in either direction; what is not an interaction of the user changes nothing here.
        """
        graph, spread = self.prepared.graph, self.prepared.propagation
        items = self.prepared.items
        changes = np.zeros((len(edge_sets), items.shape[1]))
        half = max(1, graph.n_edges // 2)
        own = self.prepared.edges_of(user_index)
        gone = np.zeros((len(edge_sets), len(own)), bool)
        for place, edges in enumerate(edge_sets):
            gone[place] = np.isin(own % half, np.asarray(edges, np.int64) % half) & (graph.kinds(own) == 0)
        if (changed := gone.any(axis=1)).any():
            with one_thread():
                changes[changed] = self.rows_without(user_index, gone[changed]) - self.row(user_index)
        scored: Float = spread.layer_weights[0] * changes @ items.T
        return scored

    def rows_without(self, user_index: int, gone: NDArray[np.bool_]) -> Float:
        """The user's row relearned without each set of edges `[b, d]`; `gone` `[b, n_own]` is along `edges_of`."""
        whole = self.row(user_index)
        rows = np.repeat(whole[None], len(gone), axis=0)
        arrived = np.zeros(len(gone), bool)
        is_left = (~gone & (self.prepared.graph.kinds(self.prepared.edges_of(user_index)) == 0)).any(axis=1)
        together = self._together(user_index, gone)
        if together is not None:
            bend = self._together(user_index, np.zeros_like(gone[:1])).curvature(whole)  # type: ignore[union-attr]
            rows, arrived = solved(together, whole, bend, TOLERANCE)
        rows[~is_left] = 0.0
        for place in np.flatnonzero(is_left & ~arrived):
            rows[place] = self.loss(user_index, gone[place]).solve(whole)
        return rows

    def _together(self, user_index: int, gone: NDArray[np.bool_]) -> SoftmaxLosses | None:
        """The losses of `rows_without` as one value; None where they are no softmax losses of one vector each."""
        s, graph, spread = self.settings, self.prepared.graph, self.prepared.propagation
        if s.loss == "bpr" or s.hide_batch or graph.n_items > MOST_OTHERS:
            return None
        edges, messages, _ = self.prepared.messages(user_index)
        weight = graph.weights(edges)
        degree = np.where(gone, 0.0, weight).sum(axis=1)
        scale = np.sqrt(np.divide(weight.sum(), degree, out=np.zeros_like(degree), where=degree > 0))
        is_history = graph.kinds(edges) == 0
        history = graph.targets(edges[is_history]) - graph.n_users
        kept = (~gone[:, is_history]).astype(np.float64)
        unseen = np.ones((len(gone), graph.n_items))
        unseen[:, history] = 1.0 - kept
        chance = unseen * graph.popularity.astype(np.float64) ** s.negative_popularity
        total = chance.sum(axis=1, keepdims=True)
        n_negatives = min(s.negatives, graph.n_items) * unseen.mean(axis=1, keepdims=True)
        items = self.prepared.items
        met = _unit(items) if s.similarity == "cosine" else items
        return SoftmaxLosses(
            float(spread.layer_weights[0]),
            s.temperature,
            s.l2,
            s.similarity != "dot",
            scale[:, None] * ((~gone) @ messages),
            met,
            met[history],
            kept,
            chance / np.where(total > 0, total, 1.0) * n_negatives,
        )

    def score_change_on(self, user_index: int, changed: Prepared) -> Float:
        """What relearning on a changed graph (with interactions that the user does not have) adds to the user's scores
        of all items `[n_items]`."""
        whole, spread = self.row(user_index), changed.propagation
        nothing = np.zeros(len(changed.edges_of(user_index)), bool)
        with one_thread():
            row = Relearner(changed, self.settings).loss(user_index, nothing).solve(whole)
        items = changed.items
        change: Float = spread.layer_weights[0] * items @ (row - whole)
        return change

    def row(self, user_index: int) -> Float:
        """The user's own row `[d]` relearned on the whole history, from the trained one."""
        if user_index not in self._known:
            if len(self._known) >= MAX_KEPT:
                self._known.pop(next(iter(self._known)), None)
            nothing = np.zeros(len(self.prepared.edges_of(user_index)), bool)
            start = self.prepared.propagation.embedding[user_index]
            self._known[user_index] = self.loss(user_index, nothing).solve(start)
        return self._known[user_index]

    def loss(self, user_index: int, gone: NDArray[np.bool_]) -> OwnLoss:
        """The user's loss without the edges `gone` (boolean, along `prepared.edges_of`)."""
        graph, spread = self.prepared.graph, self.prepared.propagation
        edges, messages, _ = self.prepared.messages(user_index)
        weight = graph.weights(edges)
        kept, degree = ~gone, weight[~gone].sum()
        scale = np.sqrt(weight.sum() / degree) if degree > 0 else 0.0
        messages = messages[kept] * scale
        is_history = graph.kinds(edges[kept]) == 0
        history = graph.targets(edges[kept])[is_history] - graph.n_users
        base = messages.sum(axis=0, keepdims=True)  # [1, d]
        if self.settings.hide_batch and len(history):
            left = degree - weight[kept][is_history]
            shrink = np.divide(degree, left, out=np.zeros_like(left), where=left > 1e-9 * degree)
            hidden = (base - messages[is_history]) * np.sqrt(shrink)[:, None]
            base = (1.0 - HIDDEN) * base + HIDDEN * hidden  # [h, d]
            if len(history) * graph.n_items > MOST_SCORES:
                base = base.mean(axis=0, keepdims=True)
        items = self.prepared.items
        unseen = np.ones(graph.n_items, bool)
        unseen[history] = False
        n_negatives = float(min(self.settings.negatives, graph.n_items))
        n_negatives *= unseen.mean()  # shared draws that the user has are left out
        others = np.flatnonzero(unseen)
        others = others[:: max(1, -(-len(others) // MOST_OTHERS))]
        chance = graph.popularity[others].astype(np.float64) ** self.settings.negative_popularity
        total = chance.sum()
        chance = chance / total if total > 0 else chance
        return OwnLoss(
            self.settings,
            float(spread.layer_weights[0]),
            base,
            items[history],
            items[others],
            chance,
            n_negatives,
        )


_RELEARNERS: WeakKeyDictionary[Any, Relearner] = WeakKeyDictionary()
_LOCK = threading.Lock()


def relearner_of(model: Any) -> Relearner | None:
    """The relearner of a trained model; None where a user has no embedding of their own to relearn."""
    if not isinstance(model, PersonalRecommender) or not isinstance(model, PropagationRecommender):
        return None
    with _LOCK:
        found = _RELEARNERS.get(model)
        if found is None:
            found = _RELEARNERS[model] = Relearner(prepare(model), model.settings)
    return found


def _unit(rows: Float) -> Float:
    length: Float = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return length
