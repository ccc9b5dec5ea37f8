"""Whether providers (authors, labels of items) get the attention that their items would let expect."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.audit.evidence import Categories, Evidence, PerUser, divide
from gnnrec_core.audit.metrics.definition import Metric, Variant
from gnnrec_core.audit.stats.spread import js, relative_spread, row_shares

Values = NDArray[np.float64]


def _providers(e: Evidence) -> Categories:
    assert e.providers is not None  # `needs` says so
    return e.providers


def per_provider(e: Evidence, value_of_item: Values) -> Values:
    """Sum of a per-item value over the items of each provider; an item of several gives each an equal part."""
    result: Values = _providers(e).shares.T @ value_of_item
    return result


def exposure_shares(e: Evidence) -> Values:
    """Share of all exposure of each provider."""
    return row_shares(per_provider(e, e.exposure))


def exposure_per_item(e: Evidence) -> Values:
    """Mean exposure of the items of each provider."""
    return divide(per_provider(e, e.exposure), per_provider(e, np.ones(e.n_items)))


def exposed_utility(e: Evidence) -> Values:
    """Exposure in the lists of evaluable users / held-out interactions, of each provider."""
    weight = (e.shown & e.evaluable[:, None]) * e.discount
    return _per_demand(e, weight)


def realised_utility(e: Evidence) -> Values:
    """Exposure at hits / held-out interactions, of each provider."""
    return _per_demand(e, e.hit * e.discount)


def _per_demand(e: Evidence, weight: Values) -> Values:
    exposure = np.asarray(np.bincount(e.items.ravel(), weights=weight.ravel(), minlength=e.n_items), np.float64)
    return divide(per_provider(e, exposure), per_provider(e, e.demand))


def min_over_max(values: Values) -> float:
    """Least / greatest of the measurable values; NaN where there are fewer than two."""
    known = values[np.isfinite(values)]
    return float(known.min()) / float(known.max()) if len(known) > 1 and known.max() > 0 else float("nan")


def awrf(e: Evidence) -> PerUser:
    """1 - total variation between the provider shares of a list (rank-weighted) and of the catalogue.

    >>> awrf(small_world([[0]], n_items=2, labels=np.eye(2, dtype=bool)))
    array([0.5])
    """
    target = row_shares(per_provider(e, np.ones(e.n_items)))
    return np.asarray(1.0 - np.abs(_list_shares(e) - target).sum(1) / 2)


def awrf_js(e: Evidence) -> PerUser:
    """1 - Jensen-Shannon divergence of the same shares."""
    target = row_shares(per_provider(e, np.ones(e.n_items)))
    return 1.0 - js(_list_shares(e), np.broadcast_to(target, (e.n, len(target))))


def _list_shares(e: Evidence) -> Values:
    return row_shares(e.discounted_matrix @ _providers(e).shares)


def provider_rsp(e: Evidence) -> float:
    """Spread over providers of (times shown / times it could be shown)."""
    possible = e.n - np.bincount(e.train.indices, minlength=e.n_items)
    return relative_spread(divide(per_provider(e, e.counts), per_provider(e, possible.astype(np.float64))))


def provider_reo(e: Evidence) -> float:
    """Spread over providers of (hits / held-out interactions)."""
    found = np.bincount(e.items[e.hit], minlength=e.n_items).astype(np.float64)
    return relative_spread(divide(per_provider(e, found), per_provider(e, e.demand)))


def exposure_divergence(e: Evidence) -> float:
    """Jensen-Shannon divergence in bits between exposure shares and catalogue shares."""
    return float(js(exposure_shares(e), row_shares(per_provider(e, np.ones(e.n_items)))))


def bias_disparity(e: Evidence, users: NDArray[np.bool_]) -> Values:
    """Share in the lists of `users` / share in their histories - 1, of each provider (Tsintzou et al. 2019)."""
    part = e.subset(np.flatnonzero(users).astype(np.int64))
    histories = np.bincount(part.train.indices, minlength=e.n_items).astype(np.float64)
    return divide(row_shares(per_provider(e, part.counts)), row_shares(per_provider(e, histories))) - 1.0


METRICS = (
    Metric(
        "exposure_parity", "Exposure parity of providers", "providers", "global",
        "Whether an item of one provider gets as much exposure as an item of another.",
        "least / greatest over providers of (exposure / items)", "0 to 1", "higher", "items of each provider",
        "Singh and Joachims 2018", "Exposure 1.5 and 3 an item: 0.5.",
        lambda e: min_over_max(exposure_per_item(e)), needs=("providers",),
        oracle="provider_fairness.exposure_parity_ratio_per_item(X/Y)",
    ),
    Metric(
        "exposed_utility", "Exposed utility of providers", "providers", "global",
        "Whether providers get exposure in proportion to the demand for their items.",
        "least / greatest over providers of (exposure / held-out interactions)", "0 to 1", "higher",
        "held-out interactions of each provider", "Singh and Joachims 2018", "2 and 4 a held-out interaction: 0.5.",
        lambda e: min_over_max(exposed_utility(e)), needs=("providers",),
    ),
    Metric(
        "realised_utility", "Realised utility of providers", "providers", "global",
        "The same with exposure counted at hits only.",
        "least / greatest over providers of (exposure at hits / held-out interactions)", "0 to 1", "higher",
        "held-out interactions of each provider", "Singh and Joachims 2018", "0.2 and 0.4: 0.5.",
        lambda e: min_over_max(realised_utility(e)), needs=("providers",),
    ),
    Metric(
        "provider_reo", "Opportunity of providers (REO)", "providers", "global",
        "Whether the held-out items of all providers are found equally often.",
        "standard deviation / mean over providers of (hits / held-out interactions)", "0 upwards", "lower",
        "held-out interactions of each provider", "Zhu et al. 2020", "Rates 2/3 and 4/7: 0.0769.",
        provider_reo, needs=("providers",), oracle="provider_fairness.ProviderREO@3",
    ),
    Metric(
        "provider_rsp", "Parity of providers (RSP)", "providers", "global",
        "Whether the items of all providers are shown equally often where they could be.",
        "standard deviation / mean over providers of (times shown / user-item pairs outside train)", "0 upwards",
        "lower", "user-item pairs outside train", "Zhu et al. 2020", "Rates 0.7 and 0.55: 0.075 / 0.625 = 0.12.",
        provider_rsp, needs=("providers",), oracle="provider_fairness.ProviderRSP@3",
    ),
    Metric(
        "awrf", "Attention to providers (AWRF)", "providers", "user",
        "How near the rank-weighted provider mix of a list is to that of the catalogue.",
        "1 - 1/2 sum over providers |share of discounted places - share of items|", "0 to 1", "higher",
        "users with a list", "Sapiezynski et al. 2019; Raj and Ekstrand 2022",
        "A list of one provider who has half of the items: 1 - 0.5 = 0.5.",
        awrf, (Variant("TREC", "Jensen-Shannon divergence instead of total variation.", awrf_js),),
        needs=("providers",), oracle="provider_fairness.awrf_total_variation(1-TV,catalogue target)",
    ),
)  # fmt: skip
