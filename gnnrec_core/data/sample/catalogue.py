"""The catalogue of the sample: real books with author, year of first publication, country of the author and genres."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

CATALOGUE = Path(__file__).with_name("catalogue.csv")

HUB = (
    "alices-adventures-in-wonderland",
    "crime-and-punishment",
    "don-quixote",
    "frankenstein",
    "hamlet",
    "jane-eyre",
    "nineteen-eighty-four",
    "one-hundred-years-of-solitude",
    "pride-and-prejudice",
    "the-great-gatsby",
    "the-hobbit",
    "the-little-prince",
    "the-metamorphosis",
    "the-odyssey",
    "things-fall-apart",
    "to-kill-a-mockingbird",
)
"""The books that every simulated reader hears of: the planted popularity hub."""


@dataclass(frozen=True)
class Book:
    """One real book. `year` is that of first publication (of writing, for old works; negative: before our era)."""

    item_id: str
    title: str
    author: str
    year: int
    country: str
    genres: tuple[str, ...]


def read_catalogue() -> tuple[Book, ...]:
    """All books in the order of their ids."""
    with CATALOGUE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    books = (
        Book(r["item_id"], r["title"], r["author"], int(r["year"]), r["country"], tuple(r["genres"].split(";")))
        for r in rows
    )
    return tuple(sorted(books, key=lambda book: book.item_id))
