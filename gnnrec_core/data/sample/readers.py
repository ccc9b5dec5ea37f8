"""Who the simulated readers are: what a table would say of them, their hidden tastes, and their friends."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from gnnrec_core.data.dataset import IntArray
from gnnrec_core.data.sample.catalogue import Book

N_READERS = 800
AGE_BANDS = {"under 25": 0.20, "25 to 39": 0.35, "40 to 59": 0.28, "60 and over": 0.17}
REGIONS = {"North": 0.24, "South": 0.24, "East": 0.22, "West": 0.18, "Islands": 0.12}
FREQUENCIES = {"a few books a year": 0.30, "a book a month": 0.45, "a book a week": 0.25}
MEAN_BOOKS = {"a few books a year": 22, "a book a month": 42, "a book a week": 78}
WORSE_SERVED = "Islands"
"""The region that is served worse by construction: fewer books, fewer friends, four times as much chance."""

AGE_TASTES = {
    "under 25": ("fantasy", "science fiction", "dystopia", "coming of age"),
    "25 to 39": ("modernism", "psychological", "magical realism", "science fiction"),
    "40 to 59": ("crime", "historical", "society", "family saga"),
    "60 and over": ("historical", "memoir", "poetry", "crime"),
}
NICHE_SIZE = 24
"""Genres with fewer books than this are the niche ones."""
SHARE_NICHE, SHARE_DRIFTING = 0.12, 0.20


@dataclass(frozen=True)
class Reader:
    """One simulated reader. `reasons` are the probabilities of genre, author, friend, popularity and noise.

    From `drift_from` on (a share of their events, 1.0 for most) `new_genre` takes the place of their first genre.
    """

    user_id: str
    age_band: str
    region: str
    reading_frequency: str
    n_books: int
    genres: tuple[str, ...]
    authors: tuple[str, ...]
    reasons: tuple[float, ...]
    is_niche: bool
    drift_from: float
    new_genre: str


def make_readers(books: tuple[Book, ...], rng: np.random.Generator) -> tuple[Reader, ...]:
    """`N_READERS` readers with planted tastes."""
    return tuple(_reader(f"reader-{number:04d}", books, rng) for number in range(1, N_READERS + 1))


def make_friends(readers: tuple[Reader, ...], rng: np.random.Generator) -> IntArray:
    """Undirected friendships `[n, 2]`, unique, first < second; likelier in one region and with a genre in common."""
    pairs = set()
    for index, reader in enumerate(readers):
        weight = np.array([_closeness(reader, other) for other in readers])
        weight[index] = 0.0
        count = 1 if reader.region == WORSE_SERVED else int(rng.integers(1, 4))
        for other in rng.choice(len(readers), size=count, replace=False, p=weight / weight.sum()):
            pairs.add((min(index, int(other)), max(index, int(other))))
    return np.array(sorted(pairs), dtype=np.int64)


def _closeness(one: Reader, other: Reader) -> float:
    if WORSE_SERVED in (one.region, other.region) and one.region != other.region:
        return 0.05
    same_region = 5.0 if one.region == other.region else 1.0
    return same_region * (4.0 if set(one.genres) & set(other.genres) else 1.0)


def _reader(user_id: str, books: tuple[Book, ...], rng: np.random.Generator) -> Reader:
    age, region, frequency = (_draw(table, rng) for table in (AGE_BANDS, REGIONS, FREQUENCIES))
    is_niche = bool(rng.random() < SHARE_NICHE)
    worse = region == WORSE_SERVED
    count = Counter(genre for book in books for genre in book.genres)
    liking = {
        genre: (1.0 if n < NICHE_SIZE else 0.02) if is_niche else n**0.5 * (4.0 if genre in AGE_TASTES[age] else 1.0)
        for genre, n in sorted(count.items())
    }
    chosen = _draw_several(liking, 3, rng)
    mean = round(MEAN_BOOKS[frequency] * (0.6 if worse else 1.0))
    return Reader(
        user_id=user_id,
        age_band=age,
        region=region,
        reading_frequency=frequency,
        n_books=max(10, int(rng.poisson(mean) + rng.integers(-mean // 4, mean // 4 + 1))),
        genres=chosen[:2],
        authors=_favourite_authors(books, chosen[:2], rng),
        reasons=(0.24, 0.12, 0.07, 0.12, 0.45)
        if worse
        else (0.52, 0.22, 0.14, 0.03, 0.09)
        if is_niche
        else (0.40, 0.21, 0.15, 0.14, 0.10),
        is_niche=is_niche,
        drift_from=float(rng.uniform(0.4, 0.7)) if rng.random() < SHARE_DRIFTING else 1.0,
        new_genre=chosen[2],
    )


def _favourite_authors(books: tuple[Book, ...], genres: tuple[str, ...], rng: np.random.Generator) -> tuple[str, ...]:
    """Two authors of at least three books, likelier the more of their books are of `genres`."""
    count = Counter(book.author for book in books)
    fitting = Counter(book.author for book in books if set(genres) & set(book.genres))
    return _draw_several({a: 0.05 + fitting[a] for a, n in sorted(count.items()) if n >= 3}, 2, rng)


def _draw(table: dict[str, float], rng: np.random.Generator) -> str:
    return list(table)[int(rng.choice(len(table), p=list(table.values())))]


def _draw_several(weights: dict[str, float], n: int, rng: np.random.Generator) -> tuple[str, ...]:
    values = np.array(list(weights.values()))
    names = list(weights)
    return tuple(names[int(i)] for i in rng.choice(len(names), size=n, replace=False, p=values / values.sum()))
