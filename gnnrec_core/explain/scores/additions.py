"""A user's scores after new interactions, in closed form: the mirror of `predictor`.

With m interactions of weight 1 added, the user's degree grows from d to d + m, so what is there shrinks by
sqrt(d / (d + m)) and each new item x adds <y_x, z_i> / sqrt((d + m)(d_x + 1)), with y_x what x sends before
normalisation. Attention on edges that do not exist yet is taken as uniform. Answers are recomputed before they are
told.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.data.dataset import IntArray
from gnnrec_core.explain.scores.linear import LinearScorer
from gnnrec_core.explain.scores.scoring import HistoryScorer, Scorer

Float = NDArray[np.float64]


@dataclass(frozen=True)
class AdditionPredictor:
    """`own` `[n]`, `present` `[n]` (sum of the parts there are) and `values` `[m, n]` of `m` possible additions.

    The last of the `n` items is the asked one. `degree` is the user's, 0 where nothing is renormalised: then
    `renormalised` is false and parts simply add up.
    """

    own: Float
    present: Float
    values: Float
    degree: float
    renormalised: bool

    def lead_of_prefixes(self, order: IntArray, k: int) -> Float:
        """How far the item stands above the k-th best other when the first 1, 2, ... of `order` are added."""
        gained = np.cumsum(self.values[order], axis=0)
        if self.renormalised:
            degree = self.degree + np.arange(1, len(order) + 1)[:, None]
            scores = self.own + (np.sqrt(self.degree) * self.present + gained) / np.sqrt(degree)
        else:
            scores = self.own + self.present + gained
        others = scores[:, :-1]
        if others.shape[1] < k:
            return np.full(len(order), np.inf)
        lead: Float = scores[:, -1] - np.partition(others, -k, axis=1)[:, -k]
        return lead


def addition_predictor(scorer: Scorer, user_index: int, addable: IntArray, items: IntArray) -> AdditionPredictor:
    """The predictor for adding interactions with `addable` `[m]`, restricted to `items` `[n]`."""
    parts = scorer.parts(user_index, items)
    present = parts.values.sum(axis=0)
    if isinstance(scorer, HistoryScorer):
        return AdditionPredictor(parts.own, present, scorer.parts_of_new(user_index, addable, items), 0.0, False)
    if not isinstance(scorer, LinearScorer):
        raise TypeError(f"no additions for {type(scorer).__name__}")
    prepared, graph = scorer.prepared, scorer.graph
    nodes = graph.item_node(addable)
    sent = prepared.sent(nodes) / np.sqrt(graph.degree[nodes] + 1.0)[:, None]
    values = sent @ prepared.propagation.final[graph.item_node(items)].T
    return AdditionPredictor(parts.own, present, values, float(graph.degree[user_index]), True)
