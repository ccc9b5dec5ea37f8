"""Whether lists lean towards what is popular already."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from gnnrec_core.audit.evidence import Evidence, PerUser, divide
from gnnrec_core.audit.metrics.definition import WITH_LIST, Metric, Ratio, Variant
from gnnrec_core.audit.segments import head, one_hot, popularity_bins, prefix_holding
from gnnrec_core.audit.stats.spread import js, relative_spread, row_shares


def arp(e: Evidence) -> PerUser:
    """Mean popularity of the shown items.

    >>> np.round(arp(small_world([[0, 1, 2]], popularity=[2, 2, 1, 0, 0, 0, 0, 0])), 4)
    array([1.6667])
    """
    return e.list_mean(e.popularity)


def arp_fraction(e: Evidence) -> PerUser:
    """Mean share of the train users who have the shown items."""
    return e.list_mean(e.popularity) / e.n_train_users


def arp_of_maximum(e: Evidence) -> PerUser:
    """Mean popularity / that of the most popular item."""
    return e.list_mean(e.popularity) / max(1, int(e.popularity.max()))


def popularity_percentile(e: Evidence) -> PerUser:
    """Mean percentile of the shown items among the items that somebody has; 0 for the others.

    >>> popularity_percentile(small_world([[0]], popularity=[5, 3, 1, 0, 0, 0, 0, 0]))
    array([1.])
    """
    known = e.popularity > 0
    percentile = np.zeros(e.n_items)
    percentile[known] = rankdata(e.popularity[known]) / max(1, known.sum())
    return e.list_mean(percentile)


def popularity_lift(e: Evidence) -> Ratio:
    """Mean popularity in lists against that in histories, of users who have both.

    >>> world = small_world([[0]], train=[[1]], popularity=[2, 4, 0, 0, 0, 0, 0, 0])
    >>> lists, histories = popularity_lift(world)
    >>> float(lists.sum() / histories.sum()) - 1
    -0.5
    """
    lists, histories = e.list_mean(e.popularity), e.history_mean(e.popularity)
    both = np.isfinite(lists) & np.isfinite(histories)
    return np.where(both, lists, 0.0), np.where(both, histories, 0.0)


def long_tail_share(e: Evidence) -> PerUser:
    """Share of the list outside the 20 % most popular items.

    >>> np.round(long_tail_share(small_world([[0, 2, 3]], popularity=[9, 8, 3, 2, 2, 1, 1, 0])), 4)
    array([0.6667])
    """
    return e.list_mean(~head(e.popularity))


def tail_share_80(e: Evidence) -> PerUser:
    """Share of the list outside the items that hold 80 % of interactions (APLT)."""
    return e.list_mean(~prefix_holding(e.popularity, 0.8))


def tail_count_80(e: Evidence) -> PerUser:
    """Items in the list outside the items that hold 80 % of interactions (ACLT)."""
    tail = ~prefix_holding(e.popularity, 0.8)
    return np.asarray((tail[e.items] & e.shown).sum(1), dtype=np.float64)


def untrained_share(e: Evidence) -> PerUser:
    """Share of the list that nobody has in train.

    >>> untrained_share(small_world([[0, 1, 2, 3]], popularity=[1, 1, 1, 0, 0, 0, 0, 0]))
    array([0.25])
    """
    return e.list_mean(e.popularity == 0)


def bin_shares(e: Evidence) -> tuple[PerUser, PerUser]:
    """Shares of head, middle and tail in histories and in lists, each `[n, 3]`."""
    bins = one_hot(popularity_bins(e.popularity), 3)
    return row_shares(e.history_bins), row_shares(e.list_matrix @ bins)


def upd(e: Evidence) -> PerUser:
    """Jensen-Shannon divergence between the popularity profile of history and list.

    >>> upd(small_world([[7]], train=[[0]], popularity=[50, 20, 10, 5, 5, 4, 3, 3]))
    array([1.])
    """
    return js(*bin_shares(e))


def pop_rsp(e: Evidence) -> float:
    """Spread over head and tail of (times shown / times it could be shown)."""
    segment = prefix_holding(e.popularity, 0.8)
    possible = e.n - np.bincount(e.train.indices, minlength=e.n_items)
    return relative_spread(np.array([divide(e.counts[g].sum(), possible[g].sum())[()] for g in (segment, ~segment)]))


def pop_reo(e: Evidence) -> float:
    """Spread over head and tail of (hits / held-out interactions)."""
    segment = prefix_holding(e.popularity, 0.8)
    found = np.bincount(e.items[e.hit], minlength=e.n_items)
    return relative_spread(np.array([divide(found[g].sum(), e.demand[g].sum())[()] for g in (segment, ~segment)]))


METRICS = (
    Metric(
        "arp", "Average popularity (ARP)", "popularity", "user",
        "How popular the recommended items are: how many users have each in train, mean of a list, then over users.",
        "mean over users of the mean popularity of the shown items", "0 to number of users", "neither", WITH_LIST,
        "Yin et al. 2012", "A list of items that 2, 2 and 1 users have in train: 1.6667.",
        arp,
        (
            Variant("Evidently", "Divides by the popularity of the most popular item.", arp_of_maximum),
            Variant("LensKit", "The percentile among items that somebody has, else 0.", popularity_percentile),
        ),
        oracle="popularity_bias.arp@3",
    ),
    Metric(
        "arp_percentile", "Popularity percentile", "popularity", "user",
        "The same as a percentile: 1 is the most popular item, 0 an item that nobody has.",
        "mean over users of the mean (rank of popularity among items that somebody has / their number)", "0 to 1",
        "neither", WITH_LIST, "LensKit 2025.8", "A list of the most popular item only: 1.",
        popularity_percentile, oracle="popularity_bias.mean_popularity_percentile@3",
    ),
    Metric(
        "popularity_lift", "Popularity lift (ΔGAP)", "popularity", "ratio",
        "How much more popular the recommended items are than what the users chose themselves; 0 is no lift.",
        "mean popularity in lists / mean popularity in histories - 1 (means of users' means)", "-1 upwards", "neither",
        "users with a list and a history", "Abdollahpouri et al. 2019",
        "Histories average a popularity of 4, lists of 2: 2 / 4 - 1 = -0.5.",
        popularity_lift, offset=-1.0, oracle="popularity_bias.popularity_lift_all",
    ),
    Metric(
        "long_tail_share", "Long-tail share", "popularity", "user",
        "The share of a list that lies outside the 20 % most popular items.",
        "tail items in the list / items in the list; head = ceil(20 % of items)", "0 to 1", "neither", WITH_LIST,
        "Abdollahpouri et al. 2019", "Two of three shown items are in the tail: 0.6667.",
        long_tail_share,
        (Variant("Elliot", "Tail: outside the items that hold 80 % of interactions (APLT).", tail_share_80),),
        oracle="popularity_bias.long_tail_share@3(tail=items outside top 20% of items)",
        tested_in=("audit", "compare"),
    ),
    Metric(
        "upd", "Popularity deviation (UPD)", "popularity", "user",
        "How far the mix of head, middle and tail in a list is from the mix in the user's own history.",
        "Jensen-Shannon divergence in bits; head: first 20 % of interactions, tail: last 20 %", "0 to 1", "lower",
        "users with a list and a history", "Abdollahpouri et al. 2021",
        "History all head, list all tail: 1.",
        upd, oracle="popularity_bias.upd_js_divergence_base2",
        tested_in=("audit",),
    ),
    Metric(
        "pop_reo", "Popularity opportunity (PopREO)", "popularity", "global",
        "Whether held-out head and tail items are found equally often.",
        "standard deviation / mean over head (80 % of interactions) and tail of (hits / held-out interactions)",
        "0 to 1", "lower", "held-out interactions", "Zhu et al. 2020", "Rates 1 and 3/7: 0.2857 / 0.7143 = 0.4.",
        pop_reo, oracle="popularity_bias.PopREO@3",
    ),
    Metric(
        "pop_rsp", "Popularity parity (PopRSP)", "popularity", "global",
        "Whether head and tail items are shown equally often where they could be.",
        "standard deviation / mean over head (80 % of interactions) and tail of (times shown / possible times)",
        "0 to 1", "lower", "user-item pairs outside train", "Zhu et al. 2020", "Rates 1 and 1/4: 0.375 / 0.625 = 0.6.",
        pop_rsp, oracle="popularity_bias.PopRSP@3",
    ),
    Metric(
        "untrained_share", "Never-trained items", "popularity", "user",
        "The share of a list that no user has in train.",
        "items with popularity 0 in the list / items in the list", "0 to 1", "neither", WITH_LIST,
        "ours", "One of four shown items is in no train history: 0.25.",
        untrained_share,
    ),
)  # fmt: skip
