"""Accuracy of each list against the held-out items of its user. Users without held-out items are not measurable."""

from __future__ import annotations

import numpy as np

from gnnrec_core.audit.evidence import Evidence, PerUser, divide
from gnnrec_core.audit.metrics.definition import EVALUABLE, Metric, Variant
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.ranking.accuracy import ACCURACY


def ndcg(e: Evidence) -> PerUser:
    """Discounted gain over that of the best possible list.

    >>> np.round(ndcg(small_world([[1, 2, 3]], relevant=[[2, 7]])), 4)
    array([0.3869])
    """
    return ACCURACY["ndcg"](e.hit, e.n_relevant)


def ndcg_lenskit(e: Evidence) -> PerUser:
    """Ranks 1 and 2 weigh the same: 1 / log2(max(rank, 2))."""
    return _ndcg(e, 1.0 / np.log2(np.maximum(np.arange(1, e.k + 1), 2)), np.minimum(e.n_relevant, e.k))


def ndcg_of_retrieved(e: Evidence) -> PerUser:
    """The ideal is the same hits sorted to the front, so missed items cost nothing; 0 without a hit."""
    values = _ndcg(e, e.discount, e.hit.sum(1))
    return np.where(e.evaluable & ~e.hit.any(1), 0.0, values)


def ndcg_full_ideal(e: Evidence) -> PerUser:
    """The ideal is k held-out items, also for users who have fewer."""
    return _ndcg(e, e.discount, np.where(e.evaluable, e.k, 0))


def ndcg_zero_without_test(e: Evidence) -> PerUser:
    """Users without held-out items count as 0."""
    return np.nan_to_num(ndcg(e))


def _ndcg(e: Evidence, discount: PerUser, n_ideal: IntArray) -> PerUser:
    ideal = np.concatenate([[0.0], np.cumsum(discount)])[n_ideal]
    return divide((e.hit * discount).sum(1), np.where(e.evaluable, ideal, 0.0))


def recall(e: Evidence) -> PerUser:
    """Hits / held-out items.

    >>> recall(small_world([[1, 2, 3]], relevant=[[2, 7]]))
    array([0.5])
    """
    return ACCURACY["recall"](e.hit, e.n_relevant)


def recall_capped(e: Evidence) -> PerUser:
    """Hits / min(k, held-out items).

    >>> recall_capped(small_world([[1, 2, 3]], relevant=[[1, 2, 3, 4, 5, 6]]))
    array([1.])
    """
    return divide(e.hit.sum(1), np.minimum(e.n_relevant, e.k))


def precision(e: Evidence) -> PerUser:
    """Hits / k.

    >>> np.round(precision(small_world([[1, 2, 3]], relevant=[[2, 7]])), 4)
    array([0.3333])
    """
    return ACCURACY["precision"](e.hit, e.n_relevant)


def precision_of_list(e: Evidence) -> PerUser:
    """Hits / items in the list; 0 for an empty list."""
    values = divide(e.hit.sum(1), e.n_shown)
    return np.where(e.evaluable, np.nan_to_num(values), np.nan)


def hit_rate(e: Evidence) -> PerUser:
    """1 with at least one hit, else 0.

    >>> hit_rate(small_world([[0]] * 5, relevant=[[1], [0], [0], [0], [0]]))
    array([0., 1., 1., 1., 1.])
    """
    return ACCURACY["hit_rate"](e.hit, e.n_relevant)


def reciprocal_rank(e: Evidence) -> PerUser:
    """1 / rank of the first hit.

    >>> reciprocal_rank(small_world([[1, 2, 3]], relevant=[[2, 7]]))
    array([0.5])
    """
    return ACCURACY["mrr"](e.hit, e.n_relevant)


def average_precision(e: Evidence) -> PerUser:
    """Sum of precision at hits / min(k, held-out items).

    >>> average_precision(small_world([[1, 2, 3]], relevant=[[2, 7]]))
    array([0.25])
    """
    return ACCURACY["map"](e.hit, e.n_relevant)


def average_precision_full(e: Evidence) -> PerUser:
    """The same sum / held-out items."""
    return divide(_precision_at_hits(e), e.n_relevant)


def average_precision_of_hits(e: Evidence) -> PerUser:
    """The same sum / hits; 0 without a hit."""
    values = divide(_precision_at_hits(e), e.hit.sum(1))
    return np.where(e.evaluable, np.nan_to_num(values), np.nan)


def mean_precision(e: Evidence) -> PerUser:
    """Mean of the precision at 1, 2, .. k over all places."""
    values = (np.cumsum(e.hit, axis=1) / np.arange(1, e.k + 1)).mean(1)
    return np.where(e.evaluable, values, np.nan)


def _precision_at_hits(e: Evidence) -> PerUser:
    result: PerUser = (e.hit * np.cumsum(e.hit, axis=1) / np.arange(1, e.k + 1)).sum(1)
    return result


METRICS = (
    Metric(
        "ndcg", "NDCG", "accuracy", "user",
        "How many held-out items the list finds and how far up they stand, against the best possible list.",
        "sum of 1 / log2(rank + 1) over hits / sum of 1 / log2(r + 1) over r = 1 .. min(held-out, k)",
        "0 to 1", "higher", EVALUABLE, "Järvelin and Kekäläinen 2002",
        "List (a, b, c), held out b and x: (1 / log2 3) / (1 + 1 / log2 3) = 0.3869.",
        ndcg,
        (
            Variant("LensKit", "Ranks 1 and 2 weigh the same: 1 / log2(max(rank, 2)).", ndcg_lenskit),
            Variant("NGCF", "The ideal list is the hits that were found, sorted to the front.", ndcg_of_retrieved),
            Variant("RecTools", "The ideal list has k held-out items even where the user has fewer.", ndcg_full_ideal),
            Variant("torchmetrics", "Users without held-out items count as 0.", ndcg_zero_without_test),
        ),
        oracle="accuracy.ndcg@3",
        tested_in=("audit", "compare"),
    ),
    Metric(
        "recall", "Recall", "accuracy", "user",
        "The share of the user's held-out items that the list finds.",
        "hits / held-out items", "0 to 1; below 1 where held-out items > k", "higher", EVALUABLE, "Kent et al. 1955",
        "List (a, b, c), held out b and x: 1 / 2 = 0.5.",
        recall,
        (Variant("LensKit", "Divides by min(k, held-out items).", recall_capped),),
        oracle="accuracy.recall@3", with_held_out=-1,
        tested_in=("audit", "compare"),
    ),
    Metric(
        "recall_capped", "Recall, capped", "accuracy", "user",
        "Recall against what a list of k can hold, so that 1 can always be reached.",
        "hits / min(k, held-out items)", "0 to 1", "higher", EVALUABLE, "LensKit 2025.8",
        "Six held-out items, a list of 3 hits at k = 3: 3 / 3 = 1.",
        recall_capped, oracle="accuracy.recall_capped@3",
    ),
    Metric(
        "precision", "Precision", "accuracy", "user",
        "The share of the list's k places that hold a held-out item.",
        "hits / k, also for a shorter list", "0 to 1", "higher", EVALUABLE, "Kent et al. 1955",
        "List (a, b, c), held out b and x: 1 / 3.",
        precision,
        (Variant("LensKit", "Divides by the length of the list.", precision_of_list),),
        oracle="accuracy.precision@3", with_held_out=1,
    ),
    Metric(
        "hit_rate", "Hit rate", "accuracy", "user",
        "The share of users whose list holds at least one held-out item.",
        "1 with a hit, else 0", "0 to 1", "higher", EVALUABLE, "Deshpande and Karypis 2004",
        "Four of five users have a hit: 0.8.",
        hit_rate, oracle="accuracy.hit_rate@3", with_held_out=1,
        tested_in=("audit", "compare"),
    ),
    Metric(
        "mrr", "MRR", "accuracy", "user",
        "How far up the first held-out item stands.",
        "1 / rank of the first hit, 0 without one", "0 to 1", "higher", EVALUABLE, "Voorhees 1999",
        "First hit at rank 2: 0.5.",
        reciprocal_rank, oracle="accuracy.mrr@3", with_held_out=1,
        tested_in=("compare",),
    ),
    Metric(
        "map", "MAP", "accuracy", "user",
        "Precision at each hit, averaged over the hits that were possible.",
        "sum over hits of precision at their rank / min(k, held-out items)", "0 to 1", "higher", EVALUABLE,
        "Buckley and Voorhees 2000",
        "List (a, b, c), held out b and x: (1 / 2) / 2 = 0.25.",
        average_precision,
        (
            Variant("ranx", "Divides by all held-out items.", average_precision_full),
            Variant("RecTools", "Divides by all held-out items.", average_precision_full),
            Variant("torchmetrics", "Divides by the hits, so missed items cost nothing.", average_precision_of_hits),
            Variant("NGCF", "Divides by the hits, so missed items cost nothing.", average_precision_of_hits),
            Variant("Elliot", "The mean of the precision at every place 1 .. k.", mean_precision),
        ),
        oracle="accuracy.map@3",
    ),
)  # fmt: skip
