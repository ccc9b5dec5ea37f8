"""How different the items of a list are, how unknown, how surprising, and how different lists are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.audit.evidence import Evidence, PerUser, divide
from gnnrec_core.audit.metrics.definition import WITH_LIST, Metric, Variant
from gnnrec_core.audit.stats.cosines import mean_cosine

PAIRED = "users with at least two items in the list"


def ild_category(e: Evidence) -> PerUser:
    """Mean over pairs of 1 - |shared labels| / |labels of either|; two items without labels are alike.

    >>> labels = np.array([[1, 1, 0], [0, 1, 1]], dtype=bool)
    >>> np.round(ild_category(small_world([[0, 1]], n_items=2, labels=labels)), 4)
    array([0.6667])
    """
    assert e.categories is not None  # `needs` says so
    bits = e.categories.bits
    words = [word[e.items] for word in bits.T]  # [n, k] each
    sizes, total = np.bitwise_count(bits).sum(1, dtype=np.int32)[e.items], np.zeros(e.n)
    for step in range(1, e.k):
        shared = sum(np.bitwise_count(word[:, step:] & word[:, :-step]).astype(np.int32) for word in words)
        either = sizes[:, step:] + sizes[:, :-step] - shared
        alike = np.where(either > 0, shared, 1) / np.maximum(either, 1)
        total += ((1.0 - alike) * (e.shown[:, step:] & e.shown[:, :-step])).sum(1)
    return divide(total, e.n_shown * (e.n_shown - 1) / 2)


def ild_cosine(e: Evidence, vectors: NDArray[np.floating]) -> PerUser:
    """Mean over pairs of 1 - cosine of `vectors` `[n_items, d]`, by the closed form |sum|^2."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.divide(vectors, lengths, out=np.zeros(vectors.shape), where=lengths > 0)
    alike = np.square(e.list_matrix @ unit).sum(1) - e.list_matrix @ np.square(unit).sum(1)
    n_pairs = e.n_shown * (e.n_shown - 1.0)
    return divide(n_pairs - alike, n_pairs)


def ild_embedding(e: Evidence) -> PerUser:
    """Mean over pairs of 1 - cosine of the model's item embeddings.

    >>> ild_embedding(small_world([[0, 1]], vectors=np.eye(8, dtype=np.float32)))
    array([1.])
    """
    assert e.item_vectors is not None  # `needs` says so
    return ild_cosine(e, e.item_vectors)


def ild_category_cosine(e: Evidence) -> PerUser:
    """Mean over pairs of 1 - cosine of the label vectors."""
    assert e.categories is not None  # `needs` says so
    return ild_cosine(e, e.categories.dense)


def novelty(e: Evidence) -> PerUser:
    """Mean of -log2(train users of the item / train users); an item of nobody counts as 1 of n + 1.

    >>> novelty(small_world([[0, 1]], popularity=[5, 5, 0, 0, 0, 0, 0, 0], n_train_users=10))
    array([1.])
    """
    share = np.where(e.popularity > 0, divide(e.popularity, np.array(e.n_train_users)), 1.0 / (e.n_train_users + 1))
    return e.list_mean(-np.log2(share))


def novelty_of_interactions(e: Evidence) -> PerUser:
    """Mean of -log2(train users of the item / train interactions); items of nobody are left out."""
    share = np.where(e.popularity > 0, e.popularity, 1) / max(1, e.popularity.sum())
    known = (e.popularity > 0)[e.items] & e.shown
    return divide((-np.log2(share)[e.items] * known).sum(1), known.sum(1))


def discounted_novelty_epc(e: Evidence) -> PerUser:
    """Expected popularity complement: hits weighed by 1 - popularity share, rank-discounted (Vargas 2011)."""
    return _discounted(e, 1.0 - e.popularity / e.n_train_users)


def discounted_novelty_efd(e: Evidence) -> PerUser:
    """Expected free discovery: hits weighed by -log2(popularity share), rank-discounted (Vargas 2011)."""
    return _discounted(e, -np.log2(np.maximum(e.popularity, 1) / max(1, e.popularity.sum())))


def _discounted(e: Evidence, value_of_item: PerUser) -> PerUser:
    total = (e.hit * value_of_item[e.items] * e.discount).sum(1)
    return np.where(e.evaluable, divide(total, (e.shown * e.discount).sum(1)), np.nan)


def personalization(e: Evidence) -> float:
    """Mean over pairs of users of 1 - shared items / k, by counting lists per item.

    >>> personalization(small_world([[0, 1], [0, 1]]))
    0.0
    """
    n_pairs = e.n * (e.n - 1) / 2
    return float(1.0 - (e.counts * (e.counts - 1) / 2).sum() / e.k / n_pairs) if e.n > 1 else float("nan")


def serendipity(e: Evidence) -> PerUser:
    """Mean over the list of hit x (1 - mean cosine to the history); nobody is measurable where nothing is held out.

    >>> serendipity(small_world([[1, 2]], train=[[0]], relevant=[[1]]))
    array([0.5])
    """
    if not e.relevant.nnz:
        return np.full(e.n, np.nan)
    keys, cosines = e.hit_cosines
    rows, places = np.nonzero(e.hit)
    found = np.searchsorted(keys, rows * e.n_items + e.items[rows, places])
    total = np.bincount(rows, weights=1.0 - np.nan_to_num(cosines[found]), minlength=e.n)
    return divide(total, e.n_shown)


def unexpectedness(e: Evidence) -> PerUser:
    """Mean over the list of 1 - mean cosine to the history, hit or not.

    >>> unexpectedness(small_world([[1, 2]], train=[[0]]))
    array([1.])
    """
    rows, places = np.nonzero(e.shown)
    surprise = 1.0 - mean_cosine(e.train, rows, e.items[rows, places])
    return divide(np.bincount(rows, weights=surprise, minlength=e.n), e.n_shown)


METRICS = (
    Metric(
        "ild", "Diversity in the list (labels)", "diversity", "user",
        "How different the labels (genres) of the items in a list are.",
        "mean over pairs of 1 - |labels of both| / |labels of either|", "0 to 1", "higher", PAIRED,
        "Smyth and McClave 2001; Ziegler et al. 2005", "Two items, one shared label of three: 1 - 1/3 = 0.6667.",
        ild_category,
        (Variant("Recommenders", "1 - cosine of the label vectors.", ild_category_cosine),),
        needs=("categories",), oracle="novelty_diversity_serendipity.ild_genre_jaccard@3",
    ),
    Metric(
        "ild_embedding", "Diversity in the list (embeddings)", "diversity", "user",
        "How far apart the items of a list lie in the model's own embedding. Not comparable between models.",
        "mean over pairs of 1 - cosine", "0 to 2", "higher", PAIRED, "Ziegler et al. 2005",
        "Two items at a right angle: 1.",
        ild_embedding, needs=("item_vectors",),
    ),
    Metric(
        "novelty", "Novelty", "diversity", "user",
        "How unlikely it is that a random user knows the shown items, in bits.",
        "mean of -log2(popularity of the item / n), n users with a history; an item of nobody: -log2(1 / (n + 1))",
        "0 to log2(users + 1)", "neither", WITH_LIST, "Zhou et al. 2010",
        "Half of the users have every shown item: 1 bit.",
        novelty,
        (Variant("Recommenders", "Divides by train interactions.", novelty_of_interactions),),
        oracle="novelty_diversity_serendipity.novelty_self_information_bits@3(users)",
        tested_in=("compare",),
    ),
    Metric(
        "personalization", "Personalisation", "diversity", "global",
        "How different the lists of two users are, over all pairs of users.",
        "1 - mean over pairs of shared items / k = 1 - sum_i c_i (c_i - 1) / 2 / k / pairs", "0 to 1", "higher",
        "all pairs of users", "Zhou et al. 2010", "All users get one list: 0.",
        personalization, oracle="novelty_diversity_serendipity.personalization@3",
    ),
    Metric(
        "serendipity", "Serendipity", "diversity", "user",
        "Hits that are unlike what the user already has.",
        "mean over the list of hit x (1 - mean over history of co-occurrence / sqrt(popularity x popularity))",
        "0 to 1", "higher", WITH_LIST + " (they have no hit)", "Zhang et al. 2012",
        "A list of two, one hit that shares no user with the history: 1 / 2 = 0.5.",
        serendipity, oracle="novelty_diversity_serendipity.serendipity_relevant_unexpected@3",
    ),
    Metric(
        "unexpectedness", "Unexpectedness", "diversity", "user",
        "Shown items that are unlike what the user already has, hit or not.",
        "mean over the list of 1 - mean over history of co-occurrence / sqrt(popularity x popularity)", "0 to 1",
        "neither", "users with a list and a history", "Zhang et al. 2012",
        "No shown item shares a user with the history: 1.",
        unexpectedness, default=False, oracle="novelty_diversity_serendipity.unexpectedness_cooccurrence@3",
    ),
)  # fmt: skip
