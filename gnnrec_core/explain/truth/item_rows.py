"""Relearning an item: the own row of an item that has none yet, or has other links, all else kept as trained.

Like `relearning` for people. The row e is solved for in the run's own loss, z_i = b_u + a_0 e, over the interactions of
those who have the item (b_u is what the graph brings to it, in part without u, as training hides what it predicts) and
over all others' interactions, for each of which the item may be drawn as a negative.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logsumexp

from gnnrec_core.base import progress
from gnnrec_core.explain.scores.linear import Prepared
from gnnrec_core.explain.truth.own_loss import MAX_STEPS, TOLERANCE
from gnnrec_core.explain.truth.relearning import HIDDEN

Float = NDArray[np.float64]
BLOCK = 1024
LOWEST = -700.0


@dataclass(frozen=True)
class ItemLoss:
    """The run's loss as a function of an item's own row `[d]`.

    `people` `[n, d]` final embeddings, as the loss compares them; `base` `[r, d]` b_u of each reader, `readers` `[r]`
    their places in `people`, `whole` `[d]` b with all of them. `mass` `[n]` is the log of what a person's negatives
    weigh together (softmax), `drawn` `[n]` how often the item is among them; `owner`, `own` `[m]` are the interactions
    of those who do not have the item: whose, and the score of what they have. `against` `[r, k]` are the scores of the
    readers' negatives and `chance` `[r, k]` how likely each is (bpr).
    """

    settings: Any
    own_weight: float
    people: Float
    base: Float
    whole: Float
    readers: NDArray[np.int64]
    mass: Float
    drawn: Float
    owner: NDArray[np.int64]
    own: Float
    against: Float
    chance: Float

    def solve(self) -> Float:
        """The row that minimises the loss, from 0 (L-BFGS)."""
        options: Any = {"maxiter": MAX_STEPS, "gtol": TOLERANCE, "ftol": 1e-12}
        start = np.zeros(self.people.shape[1])
        found: Float = minimize(self.value, start, jac=True, method="L-BFGS-B", options=options).x
        return found

    def value(self, row: Float) -> tuple[float, Float]:
        """Loss and gradient `[d]`."""
        gained, slope = self._wanted(self.base + self.own_weight * row)
        lost, back = self._drawn(self.whole + self.own_weight * row)
        l2 = self.settings.l2 * len(self.readers)
        return gained + lost + l2 / 2 * float(row @ row), self.own_weight * (slope + back) + l2 * row

    def _wanted(self, final: Float) -> tuple[float, Float]:
        """The readers' interactions with it; `final` `[r, d]`."""
        met, turn = self._compared(final)
        people = self.people[self.readers]
        score = (people * met).sum(axis=1)
        if self.settings.loss == "bpr":
            behind = self.against - score[:, None]
            miss = (expit(behind) * self.chance).sum(axis=1)
            return float((np.logaddexp(0.0, behind) * self.chance).sum()), -turn(miss[:, None] * people)
        t = self.settings.temperature
        total = np.logaddexp(score / t, self.mass[self.readers])
        miss = np.exp(self.mass[self.readers] - total) / t
        return float((total - score / t).sum()), -turn(miss[:, None] * people)

    def _drawn(self, final: Float) -> tuple[float, Float]:
        """The others' interactions, with the item among their negatives; `final` `[d]`."""
        met, turn = self._compared(final[None])
        score = self.people @ met[0]
        if self.settings.loss == "bpr":
            behind = score[self.owner] - self.own
            weight = expit(behind) * self.drawn[self.owner]
            loss = float(np.logaddexp(0.0, behind) @ self.drawn[self.owner])
        else:
            t = self.settings.temperature
            before = np.logaddexp(self.own / t, self.mass[self.owner])
            raised = (score / t + np.log(np.maximum(self.drawn, 1e-300)))[self.owner]
            total = np.logaddexp(before, raised)
            weight = np.exp(raised - total) / t
            loss = float((total - before).sum())
        pulled = np.bincount(self.owner, weight, len(self.people)) @ self.people
        return loss, turn(pulled[None])

    def _compared(self, final: Float) -> tuple[Float, Any]:
        """What the loss compares people with `[r, d]`, and how a slope in it becomes one in `final`, summed."""
        if self.settings.similarity != "cosine" or self.settings.loss == "bpr":
            return final, lambda slope: slope.sum(axis=0)
        length = np.maximum(np.linalg.norm(final, axis=1, keepdims=True), 1e-12)
        unit = final / length
        return unit, lambda slope: ((slope - unit * (slope * unit).sum(axis=1, keepdims=True)) / length).sum(axis=0)


class ItemRelearner:
    """Rows of items of one trained model, solved anew from their links; `settings` are those of its training
    (`gradient_settings.GraphSettings`).

    What people's negatives weigh together is worked out once.
    """

    def __init__(self, prepared: Prepared, settings: Any) -> None:
        graph, spread = prepared.graph, prepared.propagation
        self.prepared, self.settings = prepared, settings
        self._is_bpr = settings.loss == "bpr"
        people, items = spread.final[: graph.n_users].astype(np.float64), prepared.items
        self._people = people if self._is_bpr or settings.similarity == "dot" else _unit(people)
        self._items = _unit(items) if not self._is_bpr and settings.similarity == "cosine" else items
        self._likely = graph.popularity.astype(np.float64) ** settings.negative_popularity
        n = min(settings.negatives, graph.n_items)
        seen, mass, owners, owns = graph.seen, [], [], []
        self._total = self._likely.sum() - seen.astype(np.float64) @ self._likely
        self._often = np.ones(graph.n_users) if self._is_bpr else n * (1.0 - np.diff(seen.indptr) / graph.n_items)
        for start in range(0, graph.n_users, BLOCK):
            progress.check()
            some = np.arange(start, min(start + BLOCK, graph.n_users))
            scores = self._people[some] @ self._items.T
            rows, columns = seen[some].nonzero()
            owners.append(some[rows])
            owns.append(scores[rows, columns])
            if not self._is_bpr:
                raised = scores / settings.temperature + self._log_drawn(some)
                raised[rows, columns] = -np.inf
                mass.append(np.maximum(logsumexp(raised, axis=1), LOWEST))
        self._mass = np.zeros(graph.n_users) if self._is_bpr else np.concatenate(mass)
        self._owner, self._own = np.concatenate(owners).astype(np.int64), np.concatenate(owns)

    def row(self, item: int) -> Float:
        """The own row `[d]` of `item` (an index); 0 where nobody has it."""
        loss = self.loss(item)
        return np.zeros(self._people.shape[1]) if loss is None else loss.solve()

    def shrinkage(self, n_readers: int, n_items: int = 20) -> float:
        """What trained rows are of solved ones, by least squares through 0 over the items with about `n_readers`
        readers: training stops before the lowest point of the loss, the earlier the rarer an item is."""
        popularity = self.prepared.graph.popularity
        known = np.flatnonzero(popularity > 0)
        near = known[np.argsort(np.abs(popularity[known] - n_readers), kind="stable")[:n_items]]
        trained = self.prepared.propagation.embedding[self.prepared.graph.n_users + near].astype(np.float64)
        solved = np.array([self.row(int(item)) for item in near]).reshape(trained.shape)
        size = float((solved**2).sum())
        return min(max(float((solved * trained).sum()) / size, 0.0), 1.0) if size > 0 else 1.0

    def loss(self, item: int) -> ItemLoss | None:
        """The loss of the item's row; None where nobody has it."""
        prepared, graph, settings = self.prepared, self.prepared.graph, self.settings
        node = int(graph.item_node(item))
        edges, messages, _ = prepared.messages(node)
        is_reader = graph.kinds(edges) == 0
        readers = graph.targets(edges[is_reader]).astype(np.int64)
        if not len(readers):
            return None
        whole = messages.sum(axis=0)
        base = np.repeat(whole[None], len(readers), axis=0)
        if settings.hide_batch:
            degree, gone = float(graph.degree[node]), graph.weights(edges[is_reader])
            left = degree - gone
            shrink = np.divide(degree, left, out=np.zeros_like(left), where=left > 1e-9 * degree)
            base = (1 - HIDDEN) * base + HIDDEN * (whole - messages[is_reader]) * np.sqrt(shrink)[:, None]
        has_it = np.zeros(graph.n_users, bool)
        has_it[readers] = True
        others = ~has_it[self._owner]
        against, chance = self._rivals(item, readers)
        return ItemLoss(
            settings, float(prepared.propagation.layer_weights[0]), self._people, base, whole, readers,
            self._without(item, has_it), self._drawn(item, has_it), self._owner[others], self._own[others],
            against, chance,
        )  # fmt: skip

    def _log_drawn(self, some: NDArray[np.int64]) -> Float:
        """Log of how often each item is among the negatives of people who have not got it `[b, n_items]`."""
        with np.errstate(divide="ignore"):
            often = np.log(self._often[some]) - np.log(self._total[some])
            logarithm: Float = np.log(self._likely)[None, :] + often[:, None]
        return logarithm

    def _drawn(self, item: int, has_it: NDArray[np.bool_]) -> Float:
        """How often the item is among each person's negatives `[n_users]`."""
        total = np.where(self._total > 0, self._total, np.inf)
        drawn: Float = np.where(has_it, 0.0, self._likely[item] / total * self._often)
        return drawn

    def _without(self, item: int, has_it: NDArray[np.bool_]) -> Float:
        """The log mass of each person's other negatives `[n_users]`."""
        if self._is_bpr:
            return self._mass
        with np.errstate(divide="ignore"):
            raised = self._people @ self._items[item] / self.settings.temperature + np.log(self._drawn(item, has_it))
        share = np.clip(np.exp(raised - self._mass), 0.0, 1.0 - 1e-9)
        left: Float = np.maximum(self._mass + np.log1p(-share), LOWEST)
        return left

    def _rivals(self, item: int, readers: NDArray[np.int64]) -> tuple[Float, Float]:
        """Scores of the readers' negatives and how likely each is `[r, n_items]`; of one in a pair (bpr) alone."""
        if not self._is_bpr:
            return (np.zeros((len(readers), 0)),) * 2
        weight = np.where(self.prepared.graph.seen[readers].toarray() != 0, 0.0, self._likely)
        total = weight.sum(axis=1, keepdims=True)
        return self._people[readers] @ self._items.T, np.divide(weight, total, out=weight, where=total > 0)


def _unit(rows: Float) -> Float:
    length: Float = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return length
