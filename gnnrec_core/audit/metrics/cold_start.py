"""Whether users with short histories, and items with few users, are served as well."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.audit.evidence import Evidence
from gnnrec_core.audit.metrics.definition import Metric
from gnnrec_core.audit.segments import fifths
from gnnrec_core.ranking.accuracy import ndcg


def cold_and_warm(e: Evidence) -> NDArray[np.bool_]:
    """Evaluable users of the fifth with the shortest histories, and of that with the longest `[n, 2]`.

    They are the first and the last group by activity, so that no other figure is about nearly the same people.
    """
    place = fifths(e.n_history.astype(np.float64))
    ends = place[:, None] == (0, max(1, place.max(initial=0)))
    return np.asarray(ends & e.evaluable[:, None])


def cold_warm_ratio(e: Evidence) -> float:
    """Mean NDCG of the fifth with the shortest histories / that of the fifth with the longest."""
    member = cold_and_warm(e)
    if not member.any(0).all():
        return float("nan")
    values = ndcg(e.hit, e.n_relevant)
    cold, warm = (float(values[rows].mean()) for rows in member.T)
    return cold / warm if warm > 0 else float("nan")


def cold_item_readers(e: Evidence) -> NDArray[np.bool_]:
    """Users who hold out a cold item `[n, 1]`."""
    return np.asarray(e.relevant.astype(np.float64) @ (e.popularity <= 5).astype(np.float64) > 0)[:, None]


def cold_item_recall(e: Evidence) -> float:
    """Share of the held-out interactions with cold items (5 or fewer train users) that are found."""
    cold = e.popularity <= 5
    demand = e.demand[cold].sum()
    return float(cold[e.items[e.hit]].sum() / demand) if demand > 0 else float("nan")


METRICS = (
    Metric(
        "cold_warm_ratio", "Cold / warm users", "cold start", "global",
        "What users with short histories get against users with long ones. Equal lengths stay in one fifth.",
        "mean NDCG of the fifth of users with the fewest train items / that of the fifth with the most", "0 upwards",
        "neither", "users with at least one held-out item", "Schein et al. 2002",
        "Newest fifth 0.1, oldest fifth 0.2: 0.5.",
        cold_warm_ratio, people=cold_and_warm,
    ),
    Metric(
        "cold_item_recall", "Recall of cold items", "cold start", "global",
        "How many of the held-out interactions with little-known items the lists find.",
        "hits / held-out interactions, of items that at most 5 users have in train", "0 to 1", "higher",
        "held-out interactions of cold items", "Steck 2011 (popularity-stratified recall)",
        "One of four found: 0.25.",
        cold_item_recall, people=cold_item_readers,
    ),
)  # fmt: skip
