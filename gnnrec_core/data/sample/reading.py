"""What the simulated readers read, when, and why: one pass over time, in which each book has one recorded cause."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.data.dataset import IntArray
from gnnrec_core.data.sample.catalogue import HUB, Book
from gnnrec_core.data.sample.readers import Reader

START, END = 1_609_459_200, 1_735_689_600
"""The simulated time: 2021-01-01 to 2025-01-01, UTC."""
REASONS = ("genre", "author", "friend", "popularity", "noise")
MEAN_RATING = {"author": 4.4, "genre": 4.1, "drift": 4.1, "friend": 3.9, "popularity": 3.5, "noise": 2.9}
LIKED = 4


@dataclass(frozen=True)
class Event:
    """Reader `user` read book `item` at `time` because of `cause` (a genre, an author, a friend's user id, or "").

    `because` are the earlier books of this reader that share the cause: by the same author; read for the same genre;
    brought by the same friend. `reason` "drift" is a genre that the reader turned to later on.
    """

    user: int
    item: int
    time: int
    rating: int
    reason: str
    cause: str
    because: tuple[int, ...]


@dataclass
class _Shelf:
    """What one reader has read so far."""

    items: list[int] = field(default_factory=list)
    ratings: list[int] = field(default_factory=list)
    causes: list[str] = field(default_factory=list)
    authors: list[str] = field(default_factory=list)


class Reading:
    """The simulation. `events()` yields every interaction in the order of time."""

    def __init__(
        self, books: tuple[Book, ...], readers: tuple[Reader, ...], friends: IntArray, rng: np.random.Generator
    ) -> None:
        self.books, self.readers, self.rng = books, readers, rng
        self.weight = rng.lognormal(0.0, 0.8, len(books))
        self.by_genre, self.by_author = _groups(books)
        self.is_of = {name: np.isin(np.arange(len(books)), items) for name, items in self.by_genre.items()}
        self.everything = np.arange(len(books))
        self.hub = np.flatnonzero([book.item_id in HUB for book in books])
        self.weight[self.hub] = rng.uniform(6.0, 9.0, len(self.hub))
        self.friends: list[list[int]] = [[] for _ in readers]
        for one, other in friends.tolist():
            self.friends[one].append(other)
            self.friends[other].append(one)
        self.shelves = [_Shelf(authors=list(reader.authors)) for reader in readers]
        self.unread = np.ones((len(readers), len(books)), dtype=bool)

    def events(self) -> Iterable[Event]:
        """All interactions, in the order of time."""
        for time, user, progress in self._timeline():
            reason, cause, item = self._choose(user, progress)
            shelf = self.shelves[user]
            rating = int(np.clip(np.rint(self.rng.normal(MEAN_RATING[reason], 0.8)), 1, 5))
            yield Event(user, item, time, rating, reason, cause, self._because(shelf, reason, cause))
            shelf.items.append(item)
            shelf.ratings.append(rating)
            shelf.causes.append(cause)
            self.unread[user, item] = False

    def _timeline(self) -> list[tuple[int, int, float]]:
        """(time, user, share of the user's events that lie behind) in the order of time."""
        moments = []
        for user, reader in enumerate(self.readers):
            first = self.rng.integers(START, START + (END - START) // 2)
            times = np.sort(first + self.rng.choice(END - first, size=reader.n_books, replace=False))
            moments += [(int(time), user, n / reader.n_books) for n, time in enumerate(times)]
        return sorted(moments)

    def _choose(self, user: int, progress: float) -> tuple[str, str, int]:
        """(reason, cause, book); where a reason has no book left, the next weaker one: friend, author, genre, noise."""
        reader = self.readers[user]
        reason = REASONS[int(self.rng.choice(len(REASONS), p=reader.reasons))]
        if reason == "friend" and (found := self._from_friend(user)):
            return "friend", *found
        if reason == "author" and (found := self._by_author(user)):
            return "author", *found
        if reason == "popularity" and self.unread[user, self.hub].any():
            return "popularity", "", self._draw(user, self.hub, self.weight)
        if reason != "noise" and (found := self._of_genre(user, progress)):
            genre, item = found
            return ("drift" if genre not in reader.genres else "genre"), genre, item
        return "noise", "", self._draw(user, self.everything, np.ones(len(self.books)))

    def _from_friend(self, user: int) -> tuple[str, int] | None:
        """One of the last ten books that a friend liked."""
        if not self.friends[user]:
            return None
        friend = self.friends[user][int(self.rng.integers(len(self.friends[user])))]
        shelf = self.shelves[friend]
        last = zip(shelf.items[-10:], shelf.ratings[-10:], strict=True)
        liked = np.array([i for i, r in last if r >= LIKED and self.unread[user, i]], dtype=np.int64)
        return (self.readers[friend].user_id, self._draw(user, liked, self.weight)) if len(liked) else None

    def _by_author(self, user: int) -> tuple[str, int] | None:
        """A book of an author whom the reader follows; who has read all of them follows the author of a liked book."""
        shelf = self.shelves[user]
        open_ = [name for name in shelf.authors if self.unread[user, self.by_author[name]].any()]
        if not open_:
            liked = {self.books[i].author for i, r in zip(shelf.items, shelf.ratings, strict=True) if r >= LIKED}
            open_ = sorted(name for name in liked if self.unread[user, self.by_author[name]].any())
            if not open_:
                return None
        author = open_[int(self.rng.integers(len(open_)))]
        if author not in shelf.authors:
            shelf.authors.append(author)
        return author, self._draw(user, self.by_author[author], self.weight)

    def _of_genre(self, user: int, progress: float) -> tuple[str, int] | None:
        """A book of one of the reader's genres at this time, three times as likely where it is of both."""
        reader = self.readers[user]
        genres = (reader.new_genre, *reader.genres[1:]) if progress >= reader.drift_from else reader.genres
        genre = genres[int(self.rng.integers(len(genres)))]
        items = self.by_genre[genre]
        if not self.unread[user, items].any():
            return None
        both = np.logical_and(*(self.is_of[name] for name in genres))
        return genre, self._draw(user, items, np.where(both, 3.0 * self.weight, self.weight))

    def _draw(self, user: int, items: IntArray, weight: NDArray[np.float64]) -> int:
        left = items[self.unread[user, items]]
        edges = np.cumsum(weight[left])
        return int(left[min(int(np.searchsorted(edges, self.rng.random() * edges[-1], side="right")), len(left) - 1)])

    def _because(self, shelf: _Shelf, reason: str, cause: str) -> tuple[int, ...]:
        if reason == "author":
            return tuple(sorted(i for i in shelf.items if self.books[i].author == cause))
        if reason in ("genre", "drift", "friend"):
            return tuple(sorted(i for i, c in zip(shelf.items, shelf.causes, strict=True) if c == cause))
        return ()


def _groups(books: tuple[Book, ...]) -> tuple[dict[str, IntArray], dict[str, IntArray]]:
    """Positions of the books of each genre and of each author."""
    genres: dict[str, list[int]] = {}
    authors: dict[str, list[int]] = {}
    for index, book in enumerate(books):
        authors.setdefault(book.author, []).append(index)
        for genre in book.genres:
            genres.setdefault(genre, []).append(index)
    return (
        {name: np.array(found, dtype=np.int64) for name, found in genres.items()},
        {name: np.array(found, dtype=np.int64) for name, found in authors.items()},
    )
