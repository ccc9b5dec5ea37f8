"""The model of choice that rounds of feedback are played with, stated.

In each round each person takes one item that they did not have at the start. With probability `influence` it comes from
their list of k: place r is looked at with weight 1 / log2(r + 1), and what is looked at is taken with weight
exp(`sharpness` x taste). Otherwise it comes from all items, with weight exp(`sharpness` x taste). The taste of a person
for an item is the overlap of the item's labels with those of the person's train history at the start, 1 for the best
item of each person; it never changes, nor does what can be taken. So whatever drifts, drifts because of the lists: with
influence 0 nothing does, and that is the control.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.audit.segments import popularity_bins
from gnnrec_core.audit.sources import PROVIDER_COLUMNS, first_column, item_labels
from gnnrec_core.audit.stats.spread import gini
from gnnrec_core.change.drift import Labels
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.ranking.matrix import interaction_matrix
from gnnrec_core.ranking.recommendations import NONE_LEFT, Recommendations

Values = NDArray[np.float64]
FIGURES = ("popularity", "concentration", "head", "diversity", "distance", "providers")


@dataclass(frozen=True)
class People:
    """What never changes: tastes `[n_users, n_items]` (0..1), label profiles `[n_users, n_labels]`, labels of items,
    popularity and head of items at the start, and the providers of items (names, shares `[n_items, n_providers]`)."""

    taste: Values
    profile: Values
    labels: Values
    popularity: Values
    head: NDArray[np.bool_]
    providers: tuple[str, ...]
    provided: sp.csr_array


@dataclass(frozen=True)
class Choices:
    """P(person takes item) in one round `[n_users, n_items]`, a row of somebody who has everything is 0; and where the
    person looks, as shares of their attention `[n_users, n_items]`."""

    taken: Values
    seen: Values


def people_of(dataset: Dataset, labels: Labels) -> People:
    """Tastes from the labels of each person's train history."""
    train = interaction_matrix(dataset, "train")
    counts = train.astype(np.float64) @ labels.shares
    profile = shares_of(counts)
    fit = profile @ labels.shares.T
    best = fit.max(1, keepdims=True)
    popularity = np.bincount(train.indices, minlength=dataset.n_items)
    providers = item_labels(dataset, first_column(dataset, PROVIDER_COLUMNS))
    return People(
        np.divide(fit, best, out=np.zeros_like(fit), where=best > 0),
        profile,
        labels.shares,
        popularity.astype(np.float64),
        popularity_bins(popularity.astype(np.int64)) == 0,
        () if providers is None else providers.labels,
        sp.csr_array((dataset.n_items, 0)) if providers is None else sp.csr_array(providers.shares),
    )


def choices(lists: Recommendations, free: Values, wanted: Values, influence: float) -> Choices:
    """What is taken and looked at. `wanted` are the weights exp(sharpness x taste), `free` the same with 0 for what
    cannot be taken. Beside the list, and where it is empty, people look at what they take by themselves."""
    own = shares_of(free)
    look = np.zeros_like(wanted)
    shown = lists.item_index != NONE_LEFT
    rows = np.broadcast_to(np.arange(len(lists))[:, None], shown.shape)[shown]
    items = lists.item_index[shown]
    look[rows, items] = np.broadcast_to(1.0 / np.log2(np.arange(2, lists.k + 2)), shown.shape)[shown]
    listed, some = shares_of(look * wanted), shown.any(1)[:, None]
    taken = np.where(some, influence * listed + (1 - influence) * own, own)
    return Choices(taken, np.where(some, influence * shares_of(look) + (1 - influence) * own, own))


def shares_of(weights: Values) -> Values:
    """Rows divided by their sums; a row of 0 stays."""
    total = weights.sum(1, keepdims=True)
    share: Values = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    return share


def distances(people: People, taken: Values) -> Values:
    """Total variation between the labels of what each person may take and their own `[n_users]`."""
    distance: Values = np.abs(shares_of(taken @ people.labels) - people.profile).sum(1) / 2
    return distance


def figures(people: People, found: Choices, distance: Values) -> dict[str, float]:
    """`FIGURES` of a round; `providers` only where the items have some."""
    share = found.taken.sum(0) / max(found.taken.sum(), 1e-300)  # of each item in all that is taken
    kinds = shares_of(found.taken @ people.labels)
    able = kinds.any(1)
    told = {
        "popularity": float(share @ people.popularity),
        "concentration": float(gini(share)),
        "head": float(share[people.head].sum()),
        "diversity": float((1.0 - (kinds[able] ** 2).sum(1)).mean()) if able.any() else 0.0,
        "distance": float(distance.mean()),
    }
    if people.providers:
        told["providers"] = float(gini(exposure(people, found)))
    return told


def exposure(people: People, found: Choices) -> Values:
    """Share of all attention that each provider gets `[n_providers]`; an item of several counts for each in parts."""
    seen = found.seen.sum(0)
    given: Values = np.asarray(seen @ people.provided) / max(seen.sum(), 1e-300)
    return given
