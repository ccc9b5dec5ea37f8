"""The points of the charts: concentration, popularity against exposure, deciles, cold start, segments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gnnrec_core.audit.evidence import Categories, Evidence, divide
from gnnrec_core.audit.gate import THRESHOLD, Gate, history_groups
from gnnrec_core.audit.metrics import find_metric
from gnnrec_core.audit.segments import BINS, HISTORY_BINS, by_popularity, history_bins, one_hot, popularity_bins
from gnnrec_core.audit.stats.spread import lorenz

Values = NDArray[np.float64]
Target = Literal["catalogue", "train", "held-out"]


@dataclass(frozen=True)
class Lorenz:
    """Cumulative share of items `x` (least first) and of what they get `y`, both `[points]` from 0 to 1."""

    name: str
    x: Values
    y: Values


def lorenz_curves(evidence: Evidence, points: int = 400) -> tuple[Lorenz, ...]:
    """Exposure in the lists, places in the lists, and train popularity, over the whole catalogue."""
    sources = (
        ("exposure", evidence.exposure),
        ("places in lists", evidence.counts),
        ("train interactions", evidence.popularity.astype(np.float64)),
    )
    at = np.unique(np.linspace(0, evidence.n_items, min(points, evidence.n_items + 1)).astype(np.int64))
    return tuple(Lorenz(name, at / evidence.n_items, lorenz(values)[at]) for name, values in sources)


@dataclass(frozen=True)
class PopularityExposure:
    """One point an item: train popularity, exposure per user, and the mean exposure in bins of popularity."""

    item_index: NDArray[np.int64]
    popularity: Values
    exposure: Values
    bin_popularity: Values
    bin_exposure: Values


def popularity_exposure(evidence: Evidence, sample: int = 1000, seed: int = 0) -> PopularityExposure:
    """At most `sample` items drawn at random (bins are of all items); exposure is divided by the number of users."""
    exposure = evidence.exposure / max(1, evidence.n)
    n = evidence.n_items
    chosen = np.arange(n) if n <= sample else np.sort(np.random.default_rng(seed).choice(n, sample, replace=False))
    trained = np.flatnonzero(evidence.popularity > 0)
    edges = np.unique(np.geomspace(1, max(2, int(evidence.popularity.max())), 16))
    place = np.digitize(evidence.popularity[trained], edges)
    bins = np.unique(place)
    return PopularityExposure(
        chosen,
        evidence.popularity[chosen].astype(np.float64),
        exposure[chosen],
        np.array([np.median(evidence.popularity[trained][place == b]) for b in bins]),
        np.array([np.mean(exposure[trained][place == b]) for b in bins]),
    )


def never_shown(evidence: Evidence) -> pl.DataFrame:
    """All items that stand in nobody's list, the most popular first: `item_index, histories, held_out`.

    `held_out` is null where fewer than `THRESHOLD` people hold the item out.
    """
    items = np.flatnonzero(evidence.counts == 0)
    items = items[np.argsort(-evidence.popularity[items], kind="stable")]
    fewest = THRESHOLD if evidence.n >= THRESHOLD else 0
    return pl.DataFrame(
        {
            "item_index": items,
            "histories": evidence.popularity[items],
            "held_out": [n if n >= fewest or n == 0 else None for n in evidence.demand[items].astype(int).tolist()],
        }
    )


def exposure_ratios(evidence: Evidence, labels: Categories | None = None, target: Target = "train") -> pl.DataFrame:
    """Exposure share / target share of each segment: `segment, n_items, exposure_share, target_share, ratio`.

    Segments are head, middle and tail, or the labels given. Target: share of the catalogue's items, of train
    interactions, or of held-out interactions (demand). 1 is proportional.
    """
    share, names = segment_shares(evidence, labels)
    wanted = {
        "catalogue": np.ones(evidence.n_items),
        "train": evidence.popularity.astype(np.float64),
        "held-out": evidence.demand,
    }[target]
    exposure, goal = share.T @ evidence.exposure, share.T @ wanted
    exposure, goal = exposure / max(exposure.sum(), 1e-300), goal / max(goal.sum(), 1e-300)
    return pl.DataFrame(
        {
            "segment": names,
            "n_items": share.sum(0).round().astype(np.int64),
            "exposure_share": exposure,
            "target_share": goal,
            "ratio": divide(exposure, goal),
        }
    )


def segment_shares(evidence: Evidence, labels: Categories | None = None) -> tuple[Values, list[str]]:
    """How much of each item belongs to each segment `[n_items, n_segments]`, and the names."""
    if labels is None:
        return one_hot(popularity_bins(evidence.popularity), 3), list(BINS)
    return labels.shares, list(labels.labels)


def segment_table(evidence: Evidence, labels: Categories | None = None) -> pl.DataFrame:
    """Items, exposure, places, demand and found demand of each segment (`recall` = hits / held-out interactions).

    The last two only where enough people hold items of the segment out (`of_enough`), else NaN.
    """
    share, names = segment_shares(evidence, labels)
    shown = of_enough(evidence, share)
    found = np.bincount(evidence.items[evidence.hit], minlength=evidence.n_items).astype(np.float64)
    demand = share.T @ evidence.demand
    return pl.DataFrame(
        {
            "segment": names,
            "n_items": share.sum(0).round().astype(np.int64),
            "train_share": share.T @ evidence.popularity / max(1, evidence.popularity.sum()),
            "list_share": share.T @ evidence.counts / max(1.0, evidence.counts.sum()),
            "exposure_share": share.T @ evidence.exposure / max(1e-300, evidence.exposure.sum()),
            "coverage": divide(share.T @ (evidence.counts > 0), share.sum(0)),
            "held_out": np.where(shown, demand, np.nan),
            "recall": np.where(shown, divide(share.T @ found, demand), np.nan),
        }
    )


def of_enough(evidence: Evidence, share: Values) -> NDArray[np.bool_]:
    """Of which segments `[n_segments]` it may be said what people hold out of them, and what of that is found.

    Those that `THRESHOLD` people hold something of. What is left out adds up to what nobody says, so that must be of as
    many people too: else the segment with the fewest people is left out as well. `share` `[n_items, n_segments]`.
    """
    if evidence.n < THRESHOLD:
        return np.ones(share.shape[1], dtype=bool)
    member = np.asarray(evidence.relevant.astype(np.float64) @ (share > 0).astype(np.float64) > 0)
    people = member.sum(0)
    shown: NDArray[np.bool_] = (people == 0) | (people >= THRESHOLD)
    while not shown.all() and member[:, ~shown].any(1).sum() < THRESHOLD and (shown & (people > 0)).any():
        shown[np.flatnonzero(shown & (people > 0))[np.argmin(people[shown & (people > 0)])]] = False
    return shown


def popularity_deciles(evidence: Evidence) -> pl.DataFrame:
    """Ten equal parts of the catalogue, most popular first: shares of histories, lists, hits and held-out items.

    No hits and held-out items (NaN) of a part that too few people hold items out of (`of_enough`).
    """
    found = np.bincount(evidence.items[evidence.hit], minlength=evidence.n_items).astype(np.float64)
    sources = {
        "history": evidence.popularity.astype(np.float64),
        "lists": evidence.counts,
        "hits": found,
        "held_out": evidence.demand,
    }
    parts = np.array_split(by_popularity(evidence.popularity), 10)
    place = np.repeat(np.arange(10), [len(part) for part in parts])
    shown = of_enough(evidence, one_hot(place[np.argsort(np.concatenate(parts))], 10))
    shares = {
        name: np.array([values[part].sum() / max(values.sum(), 1e-300) for part in parts], dtype=np.float64)
        for name, values in sources.items()
    }
    for name in ("hits", "held_out"):
        shares[name][~shown] = np.nan
    return pl.DataFrame({"decile": np.arange(1, 11), **shares})


COLD_START = {
    **dict.fromkeys(("low_items", "high_items", "n_users"), pl.Int64),
    **dict.fromkeys(("value", "low", "high", "held_out"), pl.Float64),
}


def cold_start_curve(
    evidence: Evidence, metric: str = "ndcg", n_bins: int = HISTORY_BINS, gate: Gate | None = None
) -> pl.DataFrame:
    """A per-user metric against the number of train items, in bins of about equal numbers of users.

    `low_items, high_items, n_users, value, low, high, held_out`. Held-out items a user stand beside, because they grow
    with activity and move accuracy by themselves. No bin is cut for fewer than 10 users; the `gate` of the data
    leaves out those of whom no figure may be said.
    """
    chosen = find_metric(metric)
    top, bottom = chosen.parts(evidence)
    rows = np.flatnonzero(bottom > 0)
    place = history_bins(evidence.n_history[rows], n_bins)
    codes = np.unique(place)
    member = np.zeros((evidence.n, len(codes)), dtype=bool)
    member[rows] = place[:, None] == codes
    shown = np.ones(len(codes), dtype=bool)
    if gate is not None:
        shown = gate.shown(history_groups(member), bottom > 0)
    table = []
    for code in np.flatnonzero(shown):
        inside = np.flatnonzero(member[:, code])
        spread = chosen.interval((top[inside], bottom[inside]))
        table.append(
            {
                "low_items": int(evidence.n_history[inside].min()),
                "high_items": int(evidence.n_history[inside].max()),
                "n_users": len(inside),
                "value": spread.value,
                "low": spread.low,
                "high": spread.high,
                "held_out": float(evidence.n_relevant[inside].mean()),
            }
        )
    return pl.DataFrame(table, schema=COLD_START)


def calibration_profiles(evidence: Evidence, rows: NDArray[np.int64] | None = None) -> pl.DataFrame:
    """Mean share of each label in histories and in lists, of all users or of `rows`: `label, history, lists`."""
    from gnnrec_core.audit.metrics.calibration import label_profiles

    if evidence.categories is None:
        return pl.DataFrame(schema={"label": pl.Utf8, "history": pl.Float64, "lists": pl.Float64})
    p, q = label_profiles(evidence)
    chosen = np.arange(evidence.n) if rows is None else rows
    both = chosen[np.isfinite(p[chosen]).all(1) & np.isfinite(q[chosen]).all(1)]
    means = [values[both].mean(0) if len(both) else np.full(values.shape[1], np.nan) for values in (p, q)]
    return pl.DataFrame({"label": list(evidence.categories.labels), "history": means[0], "lists": means[1]})
