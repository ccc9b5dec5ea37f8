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
from gnnrec_core.explain.truth.relearning import HIDDEN, MAX_STEPS, TOLERANCE

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


def relearned_row(prepared: Prepared, settings: Any, item: int) -> Float:
    """The own row `[d]` of `item` (an index), from its links in the graph that was prepared; 0 where nobody has it.

    `settings` are those of the training (`gradient_settings.GraphSettings`).
    """
    graph, spread = prepared.graph, prepared.propagation
    node = int(graph.item_node(item))
    edges, messages, _ = prepared.messages(node)
    is_reader = graph.kinds(edges) == 0
    readers = graph.targets(edges[is_reader]).astype(np.int64)
    if not len(readers):
        return np.zeros(spread.embedding.shape[1])
    people = spread.final[: graph.n_users].astype(np.float64)
    if settings.loss != "bpr" and settings.similarity != "dot":
        people = people / np.maximum(np.linalg.norm(people, axis=1, keepdims=True), 1e-12)
    whole = messages.sum(axis=0)
    base = np.repeat(whole[None], len(readers), axis=0)
    if settings.hide_batch:
        degree, gone = float(graph.degree[node]), graph.weights(edges[is_reader])
        left = degree - gone
        shrink = np.divide(degree, left, out=np.zeros_like(left), where=left > 1e-9 * degree)
        base = (1 - HIDDEN) * base + HIDDEN * (whole - messages[is_reader]) * np.sqrt(shrink)[:, None]
    mass, drawn, owner, own, against, chance = _others(prepared, settings, item, readers, people)
    return ItemLoss(
        settings, float(spread.layer_weights[0]), people, base, whole, readers, mass, drawn, owner, own, against, chance
    ).solve()


def _others(
    prepared: Prepared, settings: Any, item: int, readers: NDArray[np.int64], people: Float
) -> tuple[Float, Float, NDArray[np.int64], Float, Float, Float]:
    """What does not change with the row: `mass`, `drawn`, `owner`, `own`, `against`, `chance` of the loss."""
    graph, is_bpr = prepared.graph, settings.loss == "bpr"
    items = prepared.items
    if not is_bpr and settings.similarity == "cosine":
        items = items / np.maximum(np.linalg.norm(items, axis=1, keepdims=True), 1e-12)
    likely = graph.popularity.astype(np.float64) ** settings.negative_popularity
    n = min(settings.negatives, graph.n_items)
    mass, drawn = np.zeros(graph.n_users), np.zeros(graph.n_users)
    owners, owns, against, chances = [], [], [], []
    has_it = np.zeros(graph.n_users, bool)
    has_it[readers] = True
    for start in range(0, graph.n_users, BLOCK):
        progress.check()
        some = np.arange(start, min(start + BLOCK, graph.n_users))
        scores = people[some] @ items.T
        seen = graph.seen[some].toarray().astype(bool)
        weight = np.where(seen, 0.0, likely)
        total = weight.sum(axis=1, keepdims=True)
        chance = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
        often = 1.0 if is_bpr else n * (1.0 - seen.mean(axis=1))
        drawn[some] = chance[:, item] * often
        known = chance.copy()
        known[:, item] = 0.0
        if not is_bpr:
            with np.errstate(divide="ignore"):
                raised = scores / settings.temperature + np.log(known * np.reshape(often, (-1, 1)))
            mass[some] = np.maximum(logsumexp(raised, axis=1), LOWEST)
        rows, columns = np.nonzero(seen & ~has_it[some][:, None])
        owners.append(some[rows])
        owns.append(scores[rows, columns])
        if is_bpr:
            chosen = np.flatnonzero(has_it[some])
            against.append(scores[chosen])
            chances.append(known[chosen])
    order = np.argsort(np.argsort(readers, kind="stable"), kind="stable")
    empty = np.zeros((len(readers), 0))
    rivals, likelihood = (np.concatenate(part)[order] if is_bpr else empty for part in (against, chances))
    return mass, drawn, np.concatenate(owners), np.concatenate(owns), rivals, likelihood
