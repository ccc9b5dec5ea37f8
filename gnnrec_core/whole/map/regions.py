"""Regions of the map and what sets each apart: names from attributes, where there is something to say."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.audit.sources import GENRE_COLUMNS, first_column, item_labels
from gnnrec_core.base.text import clean
from gnnrec_core.data.dataset import Dataset, FloatArray, IntArray
from gnnrec_core.ranking.matrix import interaction_matrix

MOST_FITTED = 20_000
FEWEST = 10
"""No region of people is smaller: fewer are spoken of nowhere."""
LEAST_SHARE, LEAST_LIFT = 0.3, 1.5
UNNAMED = "mixed"


@dataclass(frozen=True)
class Region:
    """`members` are positions 0..n-1 on this side of the map; `centre` the place of the one nearest to their mean.
    `share` is that of the label `name` in the region, `overall` that of all; 0 where nothing sets it apart."""

    name: str
    members: IntArray
    centre: tuple[float, float]
    share: float
    overall: float

    @property
    def told(self) -> str:
        """What is said of the region, in one line."""
        n = f"{len(self.members):,}"
        if not self.share:
            return f"{n}, of which nothing stands out"
        return f"{n}, {100 * self.share:.0f} % {self.name} against {100 * self.overall:.0f} % of all"


def labels_of_items(dataset: Dataset, columns: Sequence[str]) -> dict[str, list[str]]:
    """The first value of each item in each of `columns`, "" where there is none."""
    return {name: _firsts(dataset.item_table[name].to_list()) for name in columns}


def labels_of_people(dataset: Dataset, columns: Sequence[str]) -> dict[str, list[str]]:
    """The first value of each person in each of `columns`, and the genre that stands out most in their history."""
    found = {name: _firsts(dataset.user_table[name].to_list()) for name in columns}
    genres = item_labels(dataset, first_column(dataset, GENRE_COLUMNS))
    if genres is None:
        return found
    shares = np.asarray(interaction_matrix(dataset, "train").astype(np.float64) @ genres.shares)
    overall = shares.sum(0) / max(float(shares.sum()), 1e-300)
    own = shares / np.maximum(shares.sum(1, keepdims=True), 1e-300)
    most = (own - overall).argmax(1)
    has = shares.sum(1) > 0
    found["history"] = [f"much {genres.labels[m]}" if known else "" for m, known in zip(most, has, strict=True)]
    return found


def _firsts(values: Sequence[Any]) -> list[str]:
    firsts = [value[0] if isinstance(value, list) and value else value for value in values]
    return ["" if value is None or value == [] else clean(value) for value in firsts]


def find_regions(
    position: FloatArray, labels: Mapping[str, Sequence[str]], seed: int = 0, n_regions: int | None = None
) -> tuple[Region, ...]:
    """k-means of the places `[n, 2]` (sqrt(n / 4) regions, 4 to 24), the largest region first.

    `labels` has a value for each of the n in each attribute ("" is unknown). A region is called after the value whose
    share times log2(share in the region / share of all) is greatest, if it has `LEAST_SHARE` of it and `LEAST_LIFT`
    times the share of all; else it stays unnamed. Regions of fewer than `FEWEST` join no list.
    """
    n = len(position)
    if n < 2 * FEWEST:
        return ()
    k = n_regions or int(np.clip(round(np.sqrt(n / 4)), 4, 24))
    place = _kmeans(position, min(k, n // FEWEST), seed)
    coded = {name: np.unique(np.asarray(values, dtype=str), return_inverse=True) for name, values in labels.items()}
    found = []
    for region in range(int(place.max()) + 1):
        members = np.flatnonzero(place == region)
        if len(members) >= FEWEST:
            name, share, overall = _named(members, coded)
            middle = position[members].mean(0)
            nearest = members[np.square(position[members] - middle).sum(1).argmin()]
            x, y = position[nearest].tolist()
            found.append(Region(name, members, (x, y), share, overall))
    return tuple(sorted(found, key=lambda each: -len(each.members)))


def _kmeans(position: FloatArray, k: int, seed: int) -> IntArray:
    from sklearn.cluster import KMeans

    rng = np.random.default_rng(seed)
    fitted = position if len(position) <= MOST_FITTED else position[rng.choice(len(position), MOST_FITTED, False)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # fewer different places than regions
        model = KMeans(k, n_init=4, random_state=seed).fit(fitted.astype(np.float64))
    return np.asarray(model.predict(position.astype(np.float64)), dtype=np.int64)


def _named(
    members: IntArray, coded: Mapping[str, tuple[NDArray[np.str_], NDArray[np.int64]]]
) -> tuple[str, float, float]:
    best, chosen = 0.0, (UNNAMED, 0.0, 0.0)
    for values, codes in coded.values():
        everybody = np.bincount(codes, minlength=len(values)) / len(codes)
        here = np.bincount(codes[members], minlength=len(values)) / len(members)
        with np.errstate(divide="ignore", invalid="ignore"):
            worth = np.where(here > 0, here * np.log2(here / everybody), 0.0)
        worth[(values == "") | (here < LEAST_SHARE) | (here < LEAST_LIFT * everybody)] = 0.0
        top = int(worth.argmax()) if len(worth) else 0
        if len(worth) and worth[top] > best:
            best, chosen = float(worth[top]), (str(values[top]), float(here[top]), float(everybody[top]))
    return chosen
