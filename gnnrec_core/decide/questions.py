"""Which questions would teach most about somebody new: "do you have this?", asked one after the other.

People of the data who have what the newcomer has stand for the newcomer. A question is worth what lists gain for them,
on average: each answers by their own history, gets the list that the answers so far lead to (the run, folded in with
what they have said yes to), and it is judged by what else they have, with NDCG at k. The first question is the best one
alone, the second the best after the answers to the first, and so on (Golbandi et al. 2011, greedy).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.base import progress
from gnnrec_core.base.errors import RequestError
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.ranking.accuracy import ndcg
from gnnrec_core.ranking.topk import check_k, top_k
from gnnrec_core.runs.fold_in import fold_in
from gnnrec_core.runs.run import Run

Float = NDArray[np.float64]
MOST_PEOPLE, FEWEST_PEOPLE = 200, 30
CANDIDATES = 30
"""Items that most of these people have, of those that not nearly all or nobody has."""


@dataclass(frozen=True)
class Question:
    """`share_yes`: of the people who stand for the newcomer, 0..1; `ndcg`: their mean after this answer, `gain` over
    the one before it."""

    item: int
    share_yes: float
    ndcg: float
    gain: float


@dataclass(frozen=True)
class Teaching:
    """The questions in order; `ndcg` before any is asked, over `n_people`. `alike`: they have all that was given;
    otherwise too few do, and anybody stands for the newcomer."""

    questions: tuple[Question, ...]
    ndcg: float
    n_people: int
    alike: bool

    def to_dict(self, run: Run) -> dict[str, Any]:
        """As the command prints it."""
        dataset = run.dataset
        return {
            "ndcg": self.ndcg, "n_people": self.n_people, "alike": self.alike,
            "questions": [
                {"item": dataset.items.ids[one.item], "title": dataset.title(one.item), "share_yes": one.share_yes,
                 "ndcg": one.ndcg, "gain": one.gain}
                for one in self.questions
            ],
        }  # fmt: skip


def teach(run: Run, given: IntArray, k: int = 10, n_questions: int = 3, seed: int = 0) -> Teaching:
    """The questions that would teach most about somebody who has `given` (perhaps nothing). Errors of `fold_in`;
    RequestError where fewer than 30 people have a history."""
    check_k(k, run.dataset.n_items)
    given = np.asarray(given, np.int64)
    people, alike = _people(run, given, seed)
    has = run.graph.seen[people].toarray().astype(bool)
    lists = _Lists(run, k)
    said = np.zeros((len(people), run.dataset.n_items), bool)
    said[:, given] = True
    asked = given.tolist()
    before = lists.worth(said, has, asked).mean()
    first, found = float(before), []
    for number in range(n_questions):
        options = _candidates(has, asked)
        best: tuple[float, int] | None = None
        for place, item in enumerate(options):
            progress.report(number + place / len(options), n_questions)
            said[:, item] = has[:, item]
            value = float(lists.worth(said, has, [*asked, item]).mean())
            said[:, item] = False
            if best is None or value > best[0]:
                best = (value, item)
        if best is None:
            break
        value, item = best
        said[:, item] = has[:, item]
        asked.append(item)
        found.append(Question(item, float(has[:, item].mean()), value, value - float(before)))
        before = value
    return Teaching(tuple(found), first, len(people), alike)


class _Lists:
    """The list that each set of answers leads to, made once."""

    def __init__(self, run: Run, k: int) -> None:
        self._run, self._k = run, k
        self._known: dict[bytes, Float] = {}

    def worth(self, said: NDArray[np.bool_], has: NDArray[np.bool_], asked: list[int]) -> Float:
        """NDCG of each person's list `[n]`, judged on what they have and were not asked for (nothing left: 0)."""
        found = np.zeros(len(said))
        patterns, whose = np.unique(said[:, asked], axis=0, return_inverse=True)
        for number, pattern in enumerate(patterns):
            people = np.flatnonzero(whose.ravel() == number)
            scores = self._scores(np.array(asked, np.int64)[pattern]).copy()
            scores[asked] = -np.inf
            best = top_k(scores[None, :], min(self._k, len(scores)))[0][0]
            left = has[people].copy()
            left[:, asked] = False
            found[people] = ndcg(left[:, best], left.sum(axis=1))
        return np.nan_to_num(found)

    def _scores(self, items: IntArray) -> Float:
        """Scores of all items for somebody with `items`; popularity where there is none that anybody has."""
        key = items.tobytes()
        if key not in self._known:
            popularity = self._run.graph.popularity
            known, scores = items[popularity[items] > 0], popularity.astype(np.float64)
            if len(known):
                folded = fold_in(self._run, known, self._run.dataset.n_items)
                scores = np.full(len(scores), -np.inf)
                scores[folded.item_index] = folded.score
            self._known[key] = scores
        return self._known[key]


def _people(run: Run, given: IntArray, seed: int) -> tuple[IntArray, bool]:
    """Who stands for the newcomer, and whether they have all that was given and more."""
    counts = np.diff(run.graph.seen.indptr)
    everybody = np.flatnonzero(counts > len(given))
    have = np.asarray(run.graph.seen.astype(np.int64)[:, given].sum(axis=1)).ravel() if len(given) else counts * 0
    alike = everybody[have[everybody] == len(given)]
    people, is_alike = (alike, True) if len(alike) >= FEWEST_PEOPLE else (everybody, False)
    if len(people) < FEWEST_PEOPLE:
        raise RequestError(f"Only {len(people)} people have a history.", "Questions need more people to learn from.")
    return np.sort(np.random.default_rng(seed).permutation(people)[:MOST_PEOPLE]), is_alike


def _candidates(has: NDArray[np.bool_], asked: list[int]) -> list[int]:
    """Items that most have, of those that 2 to 98 % have."""
    share = has.mean(axis=0)
    share[asked] = 0.0
    open_ = np.flatnonzero((share >= 0.02) & (share <= 0.98))
    best: list[int] = open_[np.argsort(-share[open_], kind="stable")][:CANDIDATES].tolist()
    return best
