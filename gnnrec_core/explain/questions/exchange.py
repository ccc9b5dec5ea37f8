"""Better sets of the same size, by exchanging one removed interaction for one that was kept, with the predictor.

Lines that aim at one competitor, and greedy steps, stop at sets from which a single exchange still gains: where several
items must overtake at once, what is best for each of them differs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.data.dataset import IntArray
from gnnrec_core.explain.questions.small_sets import lead
from gnnrec_core.explain.scores.predictor import RemovalPredictor

Float = NDArray[np.float64]
MAX_EXCHANGES = 40
GAIN = 1e-12


def exchanged(predictor: RemovalPredictor, chosen: IntArray, need: int) -> IntArray:
    """`chosen` `[m]` after the exchanges that raise the lead of the `need`-th best other item most, until none does."""
    best = float(lead(predictor.of_sets(chosen[None]), need)[0])
    for _ in range(MAX_EXCHANGES):
        rest = np.setdiff1d(np.arange(len(predictor.edges)), chosen)
        if not len(rest) or not len(chosen):
            break
        leads = _leads(predictor, chosen, rest, need)
        out, into = np.unravel_index(int(np.argmax(leads)), leads.shape)
        if leads[out, into] <= best + GAIN:
            break
        best = float(leads[out, into])
        chosen = np.sort(np.append(np.delete(chosen, out), rest[into]))
    return chosen


def without_least(predictor: RemovalPredictor, chosen: IntArray, need: int) -> IntArray:
    """`chosen` `[m]`, m > 1, without the interaction that is missed least `[m - 1]`."""
    fewer = np.array([np.delete(chosen, place) for place in range(len(chosen))])
    smallest: IntArray = fewer[int(np.argmax(lead(predictor.of_sets(fewer), need)))]
    return smallest


def _leads(predictor: RemovalPredictor, chosen: IntArray, rest: IntArray, need: int) -> Float:
    """Lead `[m, n_rest]` when each of `chosen` is exchanged for each of `rest`."""
    parts, alpha, weight = predictor.parts, predictor.alpha, predictor.weight
    n_groups, _, n_items = parts.shape

    def swapped(values: Float) -> Float:
        """Sums over the set after each exchange: `[..., n_edges, ...]` to `[..., m * n_rest, ...]`, edges second."""
        total = values[:, chosen].sum(axis=1)[:, None, None]
        after: Float = total - values[:, chosen][:, :, None] + values[:, rest][:, None]
        return after

    gone = swapped(parts).reshape(n_groups, -1, n_items)
    scores = predictor.scores(gone, swapped(alpha).reshape(n_groups, -1), swapped(weight[None]).reshape(-1))
    return lead(scores, need).reshape(len(chosen), len(rest))
