"""How much of the catalogue is shown, and how evenly."""

from __future__ import annotations

import numpy as np

from gnnrec_core.audit.evidence import Evidence
from gnnrec_core.audit.metrics.definition import Metric, Variant
from gnnrec_core.audit.segments import head
from gnnrec_core.audit.stats.spread import entropy, gini

CATALOGUE = "all items of the catalogue, also those never shown"


def coverage(e: Evidence) -> float:
    """Items shown at least once / items.

    >>> coverage(small_world([[0, 1, 2, 3], [4, 5, 6, 0]]))
    0.875
    """
    return float((e.counts > 0).mean())


def coverage_with_padding(e: Evidence) -> float:
    """RecBole counts the padding item 0 as an item."""
    return float((e.counts > 0).sum() / (e.n_items + 1))


def coverage_of_trained(e: Evidence) -> float:
    """Trained items shown at least once / trained items."""
    return float((e.counts[e.popularity > 0] > 0).mean())


def tail_coverage(e: Evidence) -> float:
    """Tail items shown at least once / tail items.

    >>> round(tail_coverage(small_world([[2, 3], [4, 5]], popularity=[9, 8, 3, 2, 2, 1, 1, 0])), 4)
    0.6667
    """
    return float((e.counts[~head(e.popularity)] > 0).mean())


def gini_count(e: Evidence) -> float:
    """Gini of the number of lists each item stands in.

    >>> gini_count(small_world([[0]] * 18))
    0.875
    """
    return gini(e.counts)


def gini_exposure(e: Evidence) -> float:
    """Gini of the exposure of each item.

    >>> gini_exposure(small_world([[item] for item in range(8)]))
    0.0
    """
    return gini(e.exposure)


def equality_elliot(e: Evidence) -> float:
    """1 - G n / (n - 1): higher is more equal."""
    return 1.0 - gini(e.counts) * e.n_items / (e.n_items - 1)


def gini_of_shown(e: Evidence) -> float:
    """Gini of the shown items only, n / (n - 1) times."""
    shown = e.counts[e.counts > 0]
    return gini(shown) * len(shown) / (len(shown) - 1) if len(shown) > 1 else float("nan")


def entropy_nats(e: Evidence) -> float:
    """Entropy of the shares of the list places, in nats."""
    return entropy(e.counts)


def entropy_bits(e: Evidence) -> float:
    """The same in bits."""
    return entropy(e.counts) / float(np.log(2))


def entropy_normalised(e: Evidence) -> float:
    """Entropy / log(number of items).

    >>> entropy_normalised(small_world([[item] for item in range(8)]))
    1.0
    """
    return entropy(e.counts) / float(np.log(e.n_items)) if e.n_items > 1 else float("nan")


def entropy_recbole(e: Evidence) -> float:
    """Entropy / number of items shown."""
    return entropy(e.counts) / float((e.counts > 0).sum())


def effective_items(e: Evidence) -> float:
    """exp(entropy): how many equally shown items would be as diverse.

    >>> round(effective_items(small_world([[0, 1, 2, 3], [4, 5, 6, 7]])), 4)
    8.0
    """
    return float(np.exp(entropy(e.counts)))


def top_share(e: Evidence, share: float = 0.01) -> float:
    """Share of all list places that goes to the most shown `share` of the catalogue.

    >>> top_share(small_world([[0, 1], [0, 2]], n_items=100))
    0.5
    """
    n = int(np.ceil(share * e.n_items - 1e-9))
    total = e.counts.sum()
    return float(np.sort(e.counts)[::-1][:n].sum() / total) if total > 0 else float("nan")


METRICS = (
    Metric(
        "coverage", "Item coverage", "coverage", "global",
        "The share of the catalogue that stands in at least one list. Grows with the number of users.",
        "items shown at least once / items", "0 to 1", "higher", CATALOGUE, "Ge et al. 2010",
        "7 of 8 items are shown: 0.875.",
        coverage,
        (
            Variant("RecBole", "Counts its padding item as an item.", coverage_with_padding),
            Variant("Evidently", "Leaves out items that nobody has in train.", coverage_of_trained),
            Variant("Recommenders", "Leaves out items that nobody has in train.", coverage_of_trained),
        ),
        oracle="coverage_concentration.item_coverage@3",
    ),
    Metric(
        "tail_coverage", "Tail-item coverage", "coverage", "global",
        "The share of tail items (outside the 20 % most popular) that stand in at least one list.",
        "tail items shown at least once / tail items", "0 to 1", "higher", "tail items",
        "Abdollahpouri et al. 2019", "4 of 6 tail items are shown: 0.6667 with 2 of them missing.",
        tail_coverage,
    ),
    Metric(
        "gini", "Gini of recommendations", "coverage", "global",
        "How unequally the list places are spread over the catalogue.",
        "sum_i (2i - n - 1) x_(i) / (n sum x), x_(i) ascending numbers of lists, n = all items",
        "0 equal to (n - 1) / n one item has all", "lower", CATALOGUE, "Gini 1912; Fleder and Hosanagar 2009",
        "18 places on one of 8 items: 0.875.",
        gini_count,
        (
            Variant("Elliot", "Prints 1 - G n / (n - 1), so higher is more equal.", equality_elliot),
            Variant("Evidently", "Only items that are shown, n / (n - 1) times.", gini_of_shown),
        ),
        oracle="coverage_concentration.gini_exposure_count@3",
    ),
    Metric(
        "gini_exposure", "Gini of exposure", "coverage", "global",
        "The same with each place weighed by its rank.",
        "Gini of sum 1 / log2(rank + 1) of each item", "0 to (n - 1) / n", "lower", CATALOGUE,
        "Singh and Joachims 2018", "All items equally exposed: 0.",
        gini_exposure, oracle="coverage_concentration.gini_exposure_log2@3",
    ),
    Metric(
        "entropy", "Normalised entropy", "coverage", "global",
        "How evenly the list places are spread, 1 where every item is shown equally often.",
        "-sum p ln p / ln n, p the share of places of each item", "0 to 1", "higher", CATALOGUE, "Shannon 1948",
        "One item has everything: 0.",
        entropy_normalised,
        (
            Variant("RecBole", "-sum p ln p / number of items shown.", entropy_recbole),
            Variant("Elliot", "-sum p log2 p, in bits, not normalised.", entropy_bits),
            Variant("Recommenders", "-sum p log2 p, in bits, not normalised.", entropy_bits),
        ),
        oracle="coverage_concentration.entropy_normalised@3",
    ),
    Metric(
        "effective_items", "Effective items", "coverage", "global",
        "As many items, shown equally often, would be as diverse as these lists.",
        "exp(-sum p ln p)", "1 to number of items", "higher", CATALOGUE, "Hill 1973",
        "Eight items shown equally often: 8.",
        effective_items,
    ),
    Metric(
        "top1_share", "Share of the top 1 %", "coverage", "global",
        "The share of all list places that the most shown 1 % of the catalogue takes.",
        "places of the ceil(n / 100) most shown items / all places", "0.01 to 1", "lower", "all list places",
        "Lorenz 1905", "100 items, one of which has half of the places: 0.5.",
        top_share,
    ),
)  # fmt: skip
