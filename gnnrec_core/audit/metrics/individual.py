"""Whether like users are treated alike, and what changes when lists change."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.audit.evidence import Evidence, PerUser, divide
from gnnrec_core.audit.metrics.definition import Metric
from gnnrec_core.ranking.recommendations import NONE_LEFT, Recommendations


def list_overlap(first: Recommendations, second: Recommendations) -> PerUser:
    """Jaccard overlap of two lists of each row `[n]`; 1 where both are empty."""
    shared = _shared(first, second).sum(1)
    either = (first.item_index != NONE_LEFT).sum(1) + (second.item_index != NONE_LEFT).sum(1) - shared
    return np.where(either > 0, divide(shared, either), 1.0)


def rank_biased_overlap(first: Recommendations, second: Recommendations, p: float = 0.9) -> PerUser:
    """Truncated RBO / its own maximum, so that equal full lists give 1 (Webber et al. 2010) `[n]`."""
    weight = p ** np.arange(first.k)
    shared = np.stack([_shared(first, second, depth).sum(1) / depth for depth in range(1, first.k + 1)], axis=1)
    result: PerUser = (shared * weight).sum(1) / weight.sum()
    return result


def list_changed(first: Recommendations, second: Recommendations) -> PerUser:
    """1 where the two lists hold different items or another order, else 0 `[n]`."""
    return np.asarray((first.item_index != second.item_index).any(1), dtype=np.float64)


def consistency(e: Evidence) -> float:
    """Mean overlap of the lists of users with the same history."""
    pairs = e.twins
    if not len(pairs.first):
        return float("nan")
    first, second = (e.lists.item_index[rows] for rows in (pairs.first, pairs.second))
    scores = np.zeros(first.shape, np.float32)
    rows = np.arange(len(first))
    return float(list_overlap(Recommendations(rows, first, scores), Recommendations(rows, second, scores)).mean())


def with_a_twin(e: Evidence) -> NDArray[np.bool_]:
    """Users who have the history of somebody else `[n, 1]`."""
    member = np.zeros((e.n, 1), dtype=bool)
    member[e.twins.first] = member[e.twins.second] = True
    return member


def _shared(first: Recommendations, second: Recommendations, depth: int | None = None) -> NDArray[np.bool_]:
    left, right = first.item_index[:, :depth], second.item_index[:, :depth]
    found = (left[:, :, None] == right[:, None, :]).any(2)
    return np.asarray(found & (left != NONE_LEFT))


METRICS = (
    Metric(
        "consistency", "Consistency of twins", "individual", "global",
        "How alike the lists of users are whose histories are the same (overlap of at least 99 %).",
        "mean over such pairs of |items in both lists| / |items in either|", "0 to 1", "higher",
        "pairs of users with the same history", "Dwork et al. 2012", "Twins share 2 of 4 items: 0.5.",
        consistency, people=with_a_twin, oracle="individual_counterfactual.individual_consistency(identical profiles)",
    ),
)  # fmt: skip
