"""Regions of the map and what sets each apart: names from attributes, where there is something to say."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gnnrec_core.audit.sources import GENRE_COLUMNS, first_column, first_values, item_labels
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
    `share` is that of `label` in the region, `overall` that of all; 0 where nothing sets it apart. No two regions that
    something sets apart have the same `name`."""

    name: str
    label: str
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
        return f"{n}, {100 * self.share:.0f} % {self.label} against {100 * self.overall:.0f} % of all"


def labels_of_items(dataset: Dataset, columns: Sequence[str]) -> dict[str, list[str]]:
    """The first value of each item in each of `columns`, "" where there is none."""
    return {name: first_values(dataset.item_table, name).to_list() for name in columns}


def labels_of_people(dataset: Dataset, columns: Sequence[str]) -> dict[str, list[str]]:
    """The first value of each person in each of `columns`, and the genre that stands out most in their history."""
    found = {name: first_values(dataset.user_table, name).to_list() for name in columns}
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


def find_regions(
    position: FloatArray, labels: Mapping[str, Sequence[str]], seed: int = 0, n_regions: int | None = None
) -> tuple[Region, ...]:
    """k-means of the places `[n, 2]` (sqrt(n / 4) regions, 4 to 24), the largest region first.

    `labels` has a value for each of the n in each attribute ("" is unknown). A region is called after the value whose
    share times log2(share in the region / share of all) is greatest, if it has `LEAST_SHARE` of it and `LEAST_LIFT`
    times the share of all; else it stays unnamed. Where a larger region has that name, what sets it apart next is said
    with it, or its number among those of the name. Regions of fewer than `FEWEST` join no list.
    """
    n = len(position)
    if n < 2 * FEWEST:
        return ()
    k = n_regions or int(np.clip(round(np.sqrt(n / 4)), 4, 24))
    place = _kmeans(position, min(k, n // FEWEST), seed)
    coded = {name: _coded(values) for name, values in labels.items()}
    found = []
    for region in range(int(place.max()) + 1):
        members = np.flatnonzero(place == region)
        if len(members) >= FEWEST:
            found.append((members, _apart(members, coded)))
    taken: set[str] = set()
    regions = []
    for members, labels_apart in sorted(found, key=lambda each: -len(each[0])):
        middle = position[members].mean(0)
        nearest = members[np.square(position[members] - middle).sum(1).argmin()]
        x, y = position[nearest].tolist()
        label, share, overall = labels_apart[0] if labels_apart else (UNNAMED, 0.0, 0.0)
        name = _own_name([each for each, *_ in labels_apart], taken)
        regions.append(Region(name, label, members, (x, y), share, overall))
    return tuple(regions)


def _own_name(labels: Sequence[str], taken: set[str]) -> str:
    """The first of `labels` (what sets a region apart most), with another, or with a number where that is `taken`."""
    if not labels:
        return UNNAMED
    first = labels[0]
    wanted = [first, *(f"{first}, {other}" for other in labels[1:]), *(f"{first} {n}" for n in range(2, 100))]
    name = next(each for each in wanted if each not in taken)
    taken.add(name)
    return name


def _coded(values: Sequence[str]) -> tuple[NDArray[np.str_], NDArray[np.int64]]:
    """The different values, ascending, and which of them each is `[n]`."""
    series = pl.Series(values, dtype=pl.String)
    codes = series.rank("dense").to_numpy().astype(np.int64) - 1
    return np.asarray(series.unique().sort().to_list(), dtype=str), codes


def _kmeans(position: FloatArray, k: int, seed: int) -> IntArray:
    from sklearn.cluster import KMeans

    rng = np.random.default_rng(seed)
    fitted = position if len(position) <= MOST_FITTED else position[rng.choice(len(position), MOST_FITTED, False)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # fewer different places than regions
        model = KMeans(k, n_init=4, random_state=seed).fit(fitted.astype(np.float64))
    return np.asarray(model.predict(position.astype(np.float64)), dtype=np.int64)


def _apart(
    members: IntArray, coded: Mapping[str, tuple[NDArray[np.str_], NDArray[np.int64]]]
) -> list[tuple[str, float, float]]:
    """The value of each attribute that sets the region apart, with its share here and of all; the strongest first."""
    found = []
    for values, codes in coded.values():
        everybody = np.bincount(codes, minlength=len(values)) / len(codes)
        here = np.bincount(codes[members], minlength=len(values)) / len(members)
        with np.errstate(divide="ignore", invalid="ignore"):
            worth = np.where(here > 0, here * np.log2(here / everybody), 0.0)
        worth[(values == "") | (here < LEAST_SHARE) | (here < LEAST_LIFT * everybody)] = 0.0
        top = int(worth.argmax()) if len(worth) else 0
        if len(worth) and worth[top] > 0:
            found.append((float(worth[top]), str(values[top]), float(here[top]), float(everybody[top])))
    return [(label, share, overall) for _, label, share, overall in sorted(found, key=lambda each: -each[0])]
