"""Scored: any recommender that answers "user and history in, scores out"; a black box, asked and never opened.

Not trained: `runs.bringing.scoring` makes such a run. On disk lie the answers for the histories as they are, so lists,
accuracy and audits need no scorer. What changes a history (leave one out, Shapley, counterfactuals) asks the scorer
itself, which is there only where the person who opened the run has given it: a folder never starts a process.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from threading import Lock
from typing import Any, ClassVar, Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from gnnrec_core.base import progress
from gnnrec_core.base.errors import RunError, UnsupportedError
from gnnrec_core.base.settings import Settings
from gnnrec_core.data.dataset import Dataset, FloatArray, IntArray
from gnnrec_core.graph import RecGraph, build_graph
from gnnrec_core.models.protocol import Epoch, FitOptions, Tensors

ITEMS, SCORES = "item_index", "score"
STORED_NUMBERS = 1 << 26
"""Scores that a run stores at most: of all items where that fits, else of each person's best ones."""
CACHED_NUMBERS = 1 << 24
"""Scores that are kept of answers, so that no question is asked twice."""
DRIFT = 1e-4
"""Largest difference, as a share of the largest score, between an answer now and when the run was made."""

Scores = NDArray[np.float64]


class Asker(Protocol):
    """The way to a scorer: `runs.bringing.scorers`."""

    def __call__(self, user: str, history: Sequence[str]) -> Scores:
        """Scores of all items in the order of the dataset, float64 `[n_items]`, finite; DataError for other answers."""
        ...


class ScoredSettings(Settings):
    """Who gives the scores; how they come about is not known and not guessed."""

    kind: Literal["command", "http", "python"] = Field("command", description="how the scorer is asked")
    source: str = Field("", max_length=1000, description="the command, the address, or the name of the function")


class Scored:
    """score(u, i) = what the scorer answers for u with their train interactions as history."""

    name: ClassVar[str] = "scored"
    settings_type: ClassVar[type[ScoredSettings]] = ScoredSettings
    keeps: ClassVar[str] = "the scorer's parameters"
    no_parts: ClassVar[str] = "a scorer says what it scores, not why; leave_one_out and shapley ask it again and again"

    def __init__(
        self, dataset: Dataset, settings: ScoredSettings, asker: Asker | None = None, stored: Tensors | None = None
    ) -> None:
        self.dataset, self.settings = dataset, settings
        self.graph: RecGraph = build_graph(dataset, side_edges=0.0)
        self.n_asked = self.n_from_cache = 0
        self._asker, self._stored, self._lock = asker, stored, Lock()
        self._answers: OrderedDict[tuple[int, bytes], Scores] = OrderedDict()

    @classmethod
    def create(cls, dataset: Dataset, settings: Any, seed: int, device: str) -> Self:
        """Refused: there is nothing to train."""
        raise UnsupportedError("A scorer is not trained here.", "Use `gnnrec run import --scorer`.")

    @classmethod
    def restore(cls, dataset: Dataset, settings: Any, tensors: Tensors) -> Self:
        """The stored answers, and nobody to ask; RunError where they do not fit the dataset."""
        items, scores = tensors.get(ITEMS), tensors.get(SCORES)
        fits = (
            items is not None
            and scores is not None
            and items.ndim == 2
            and items.shape == scores.shape
            and len(items) == dataset.n_users
            and items.dtype.kind == "i"
            and scores.dtype.kind == "f"
            and items.min(initial=0) >= 0
            and items.max(initial=0) < dataset.n_items
        )
        if not fits:
            raise RunError("The stored answers do not fit the dataset.", "Import the scorer again.", name=ITEMS)
        return cls(dataset, settings, None, tensors)

    def asking(self, asker: Asker | None) -> Self:
        """The same answers, with this way to the scorer."""
        return type(self)(self.dataset, self.settings, asker, self._stored)

    def fit(self, options: FitOptions) -> Iterator[Epoch]:
        """Refused like `create`."""
        raise UnsupportedError("A scorer is not trained here.", "Use `gnnrec run import --scorer`.")

    def tensors(self) -> Tensors:
        """`item_index` int32 and `score` float32 `[n_users, m]`: the best `m` items of each user, best first."""
        if self._stored is None:
            m = max(1, min(self.graph.n_items, STORED_NUMBERS // max(1, self.graph.n_users)))
            rows = []
            for user in range(self.graph.n_users):
                progress.report(user, self.graph.n_users)
                scores = self._answer(user, self.graph.history(user)).astype(np.float32)
                best = np.argsort(-scores, kind="stable")[:m].astype(np.int32)
                rows.append((best, scores[best]))
            self._stored = {ITEMS: np.array([row[0] for row in rows]), SCORES: np.array([row[1] for row in rows])}
        return {name: value.copy() for name, value in self._stored.items()}

    def score(self, users: IntArray) -> FloatArray:
        """Scores of all items `[n, n_items]` float32; -infinity for items of which none is stored."""
        users = np.asarray(users)
        if self._stored is None:
            return self.score_on(self.graph, users).astype(np.float32)
        result = np.full((len(users), self.graph.n_items), -np.inf, np.float32)
        np.put_along_axis(result, self._stored[ITEMS][users].astype(np.int64), self._stored[SCORES][users], axis=1)
        return result

    def score_on(self, graph: RecGraph, users: IntArray) -> Scores:
        """What the scorer says to the users' histories on a changed graph, float64 `[n, n_items]`."""
        found = [self._answer(int(user), graph.history(int(user))) for user in np.asarray(users)]
        return np.array(found).reshape(len(found), self.graph.n_items)

    def told_calls(self, user_index: int) -> str:
        """How often the scorer was asked since the run was opened, as a sentence."""
        return f"The scorer was asked {self.n_asked:,} times; {self.n_from_cache:,} answers were known already."

    def _answer(self, user: int, history: IntArray) -> Scores:
        key = (user, history.tobytes())
        with self._lock:
            known = self._answers.get(key)
            if known is not None:
                self._answers.move_to_end(key)
                self.n_from_cache += 1
                return known.copy()
            if self._asker is None:
                raise UnsupportedError(
                    f"The scorer of this run is not at hand ({self.settings.kind}: {self.settings.source}).",
                    "Opening a run starts nothing: name the scorer again with --scorer, or gr.load(run, scorer=...).",
                )
            scores = self._asker(self.dataset.users.ids[user], [self.dataset.items.ids[item] for item in history])
            self.n_asked += 1
            self._check_drift(user, history, scores)
            self._answers[key] = scores
            if len(self._answers) * self.graph.n_items > CACHED_NUMBERS:
                self._answers.popitem(last=False)
        return scores.copy()

    def _check_drift(self, user: int, history: IntArray, scores: Scores) -> None:
        """RunError where the scorer no longer says what the run has stored of it."""
        if self._stored is None or not np.array_equal(history, self.graph.history(user)):
            return
        stored, now = self._stored[SCORES][user], scores[self._stored[ITEMS][user]]
        difference = float(np.abs(stored - now).max(initial=0.0))
        if difference > DRIFT * max(1e-12, float(np.abs(stored).max(initial=0.0))):
            raise RunError(
                f"The scorer no longer says what it said when the run was made: scores differ by {difference:.3g}.",
                "Import it again, or give the scorer that the run was made with.",
                user=self.dataset.users.ids[user],
            )
