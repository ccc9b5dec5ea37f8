"""Relearning: what a person's own embedding would become without some of the interactions, found in milliseconds.

Most of what a training without an interaction changes for its user is that user's own row of the embedding table. All
else is kept, and the row e is solved for anew in the run's own loss on this user,

    sum over the history j of loss_j(z_j) + l2 / 2 * n |e|^2,   z_j = b_j + a_0 e,

where b_j is what the graph brings to the user. A training that hides the interactions that it predicts
(`hide_batch`) sees b_j without j, and so do we, in part (`HIDDEN`). Solved with and without the interactions, the
difference of the two rows is added to what the graph without them changes (the level "in this model").

A training stops before it arrives, and never forgets where it began: a row is held by h / 2 |e - c|^2, where h is a
share of the mean curvature of the loss (`HOLD`), and c the trained row; without interactions, that row moved by what
they brought to the start of training (`models.ops.spectral.item_shares`).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.base.threads import one_thread
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.explain.scores.linear import Prepared, prepare
from gnnrec_core.explain.truth.own_loss import TOLERANCE, OwnLoss, unit_rows
from gnnrec_core.explain.truth.rows_together import SoftmaxLosses, solved
from gnnrec_core.models.ops.spectral import item_shares
from gnnrec_core.models.protocol import PersonalRecommender, PropagationRecommender

Float = NDArray[np.float64]
HIDDEN = 0.3
"""How much of an interaction is hidden from its own prediction, where training hides it: 1 finds the size of changes
best, 0 their order; 0.3 keeps nearly all of both (LightGCN and GAT on the sample, three seeds)."""
MOST_SCORES = 400_000
"""Interactions times items beyond which the b_j of one user are taken as their mean."""
MOST_OTHERS = 8192
"""Items that stand for all that may be drawn as negatives; of more, evenly chosen ones."""
MAX_KEPT = 256
"""Users whose solution on the whole history is kept."""
HOLD = 0.2
"""How fast a row is held, in mean curvatures of its loss: chosen on people who are not in the benchmark (0008)."""
FIRST_ORDER = 1.3
"""How much further a start moves than its shares say, as singular vectors turn too (1.26 on MovieLens 100K, 1.41 on the
sample)."""
MOST_STARTED = 500_000
"""Interactions up to which the start of a training is computed anew (once a model, up to some seconds), to know what a
row remembers of it; larger graphs do without."""


@dataclass
class Relearner:
    """Relearning for one trained model; solutions on whole histories are kept."""

    prepared: Prepared
    settings: Any
    shares: Float | None = None
    """What each item brings to the start of a user `[n_items, d]`; None where the start is chance."""
    _known: dict[int, Float] = field(default_factory=dict)
    _held: dict[int, tuple[float, Float]] = field(default_factory=dict)

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
                changes[changed] = self.rows_without(user_index, gone[changed]) - self.held(user_index)[1]
        scored: Float = spread.layer_weights[0] * changes @ items.T
        return scored

    def rows_without(self, user_index: int, gone: NDArray[np.bool_]) -> Float:
        """The user's row relearned without each set of edges `[b, d]`; `gone` `[b, n_own]` is along `edges_of`."""
        hold, whole = self.held(user_index)
        centre = self.prepared.propagation.embedding[user_index] - self.remembered(user_index, gone)
        rows = np.repeat(whole[None], len(gone), axis=0)
        arrived = np.zeros(len(gone), bool)
        is_left = (~gone & (self.prepared.graph.kinds(self.prepared.edges_of(user_index)) == 0)).any(axis=1)
        together = self._together(user_index, gone, hold, centre)
        if together is not None:
            none = self._together(user_index, np.zeros_like(gone[:1]), hold, centre[:1])
            rows, arrived = solved(together, whole, none.curvature(whole), TOLERANCE)  # type: ignore[union-attr]
        rows[~is_left] = 0.0
        for place in np.flatnonzero(is_left & ~arrived):
            loss = replace(self.loss(user_index, gone[place]), hold=hold, centre=centre[place])
            rows[place] = loss.solve(whole)
        return rows

    def held(self, user_index: int) -> tuple[float, Float]:
        """How fast the user's row is held, and the row `[d]` relearned on the whole history while it is."""
        if user_index not in self._held:
            if len(self._held) >= MAX_KEPT:
                self._held.pop(next(iter(self._held)), None)
            trained = self.prepared.propagation.embedding[user_index].astype(np.float64)
            nothing = np.zeros(len(self.prepared.edges_of(user_index)), bool)
            loss = replace(self.loss(user_index, nothing), centre=trained)
            loss = replace(loss, hold=HOLD * loss.mean_curvature)
            self._held[user_index] = loss.hold, loss.solve(trained)
        return self._held[user_index]

    def remembered(self, user_index: int, gone: NDArray[np.bool_]) -> Float:
        """What the edges `gone` `[b, n_own]` brought to the start of the user's row `[b, d]`."""
        graph, edges = self.prepared.graph, self.prepared.edges_of(user_index)
        if self.shares is None:
            return np.zeros((len(gone), self.prepared.items.shape[1]))
        own = graph.kinds(edges) == 0
        brought = graph.weights(edges[own])[:, None] * self.shares[graph.targets(edges[own]) - graph.n_users]
        found: Float = FIRST_ORDER * (gone[:, own] @ brought)
        return found

    def _together(self, user_index: int, gone: NDArray[np.bool_], hold: float, centre: Float) -> SoftmaxLosses | None:
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
        met = unit_rows(items) if s.similarity == "cosine" else items
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
            hold,
            centre,
        )

    def score_change_on(self, user_index: int, changed: Prepared) -> Float:
        """What relearning on a changed graph (with interactions that the user does not have) adds to the user's scores
        of all items `[n_items]`."""
        (hold, whole), spread = self.held(user_index), changed.propagation
        nothing = np.zeros(len(changed.edges_of(user_index)), bool)
        there = Relearner(changed, self.settings, self.shares)
        all_, before = (
            one.remembered(user_index, np.ones((1, len(one.prepared.edges_of(user_index))), bool))[0]
            for one in (there, self)
        )
        centre = spread.embedding[user_index] + all_ - before
        with one_thread():
            row = replace(there.loss(user_index, nothing), hold=hold, centre=centre).solve(whole)
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
            prepared = prepare(model)
            found = _RELEARNERS[model] = Relearner(prepared, model.settings, _shares(prepared, model))
    return found


def _shares(prepared: Prepared, model: Any) -> Float | None:
    """What each item brings to the start of a user. Singular vectors are free up to signs, which hang on the seed: each
    has the sign with which the start lies nearest to what was learned from it."""
    graph, spread = prepared.graph, prepared.propagation
    if getattr(model.settings, "start", "") != "spectral" or graph.n_edges > 2 * MOST_STARTED:
        return None
    shares = item_shares(graph, model.settings.embedding_dim, model.seed)
    starts = sp.csr_array(
        (np.ones(len(graph.seen.indices)), graph.seen.indices, graph.seen.indptr), shape=graph.seen.shape
    )
    near = (np.asarray(starts @ shares) * spread.embedding[: graph.n_users]).sum(axis=0)
    signed: Float = shares * np.where(near < 0, -1.0, 1.0)
    return signed
