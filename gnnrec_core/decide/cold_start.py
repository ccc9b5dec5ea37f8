"""Cold start: what lists of each kind are worth to somebody of whom n interactions are known, and when to switch.

Kinds, from the simplest: popularity; content (items like those that the person has, by the cosine of their labels);
social (what the people have to whom the person is linked); personal (the run, folded in). A person stands for a
newcomer: of their train interactions n are drawn and everything else of them is taken to be unknown; lists leave out
their train items, and are judged on what they chose later. (The model was trained with these people too, so that the
curve of personal lists is the best case.)

The switch is chosen on the validation part: with n known, the first kind is kept until a later one is better there
with confidence (the 95 % interval of the paired difference lies above 0). Its curve is measured on the test part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.base import progress
from gnnrec_core.base.errors import LensError, RequestError
from gnnrec_core.data.dataset import Dataset, IntArray, SplitName
from gnnrec_core.ranking.accuracy import ndcg
from gnnrec_core.ranking.intervals import UNIT, Interval, mean_interval
from gnnrec_core.ranking.topk import check_k, top_k
from gnnrec_core.runs.fold_in import fold_in
from gnnrec_core.runs.run import Run

Float = NDArray[np.float64]
KNOWN = (0, 1, 2, 3, 5, 10)
"""How many interactions are known."""
MOST_PEOPLE = 300
FEWEST_PEOPLE = 20
Scores = Callable[[int, IntArray], Float]
"""Scores of all items for a person of whom these items are known; all 0 where the kind knows nothing of them."""


@dataclass(frozen=True)
class Curve:
    """NDCG@k of one kind of lists by how much is known; `for_whom` is the share of people whom it knows something of
    (the others get the most popular items from it)."""

    kind: str
    values: tuple[Interval, ...]
    for_whom: tuple[float, ...]


@dataclass(frozen=True)
class ColdStart:
    """Curves of the kinds that the data allow, `switch` (the kind with `known[i]` interactions known) and its curve;
    `missing` says which kinds are not there, and why."""

    run: str
    k: int
    known: tuple[int, ...]
    n_people: tuple[int, ...]
    curves: tuple[Curve, ...]
    switch: tuple[str, ...]
    switched: tuple[Interval, ...]
    missing: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """As the command prints it."""
        return {
            "run": self.run, "k": self.k, "known": list(self.known), "n_people": list(self.n_people),
            "curves": [
                {"kind": one.kind, "values": [value.to_dict() for value in one.values], "for_whom": list(one.for_whom)}
                for one in self.curves
            ],
            "switch": list(self.switch), "switched": [value.to_dict() for value in self.switched],
            "missing": self.missing,
        }  # fmt: skip


def cold_start(run: Run, k: int = 10, seed: int = 0, known: Sequence[int] = KNOWN) -> ColdStart:
    """Measure each kind and the switch. RequestError where too few people have both a history and what they chose
    later, in the validation part and in the test part, or `k` items are none or more than there are."""
    check_k(k, run.dataset.n_items)
    kinds, missing = kinds_of(run)
    measured = {part: _measured(run, kinds, part, tuple(known), k, seed) for part in ("validation", "test")}
    kept = tuple(n for n in known if all(n in found for found in measured.values()))
    if not kept:
        raise RequestError(
            f"Fewer than {FEWEST_PEOPLE} people have a history and choices in both held-out parts.",
            "Import the data with a validation part and a test part.",
        )
    switch = tuple(_chosen(measured["validation"][n][0], tuple(kinds)) for n in kept)
    test = [measured["test"][n] for n in kept]
    curves = tuple(
        Curve(
            kind,
            tuple(mean_interval(values[kind], bounds=UNIT) for values, _ in test),
            tuple(float(knows[kind].mean()) for _, knows in test),
        )
        for kind in kinds
    )
    switched = tuple(mean_interval(values[kind], bounds=UNIT) for (values, _), kind in zip(test, switch, strict=True))
    n_people = tuple(len(next(iter(values.values()))) for values, _ in test)
    return ColdStart(run.name, k, kept, n_people, curves, switch, switched, missing)


def kinds_of(run: Run) -> tuple[dict[str, Scores], dict[str, str]]:
    """The kinds of lists that there are, the simplest first, and why not the others."""
    dataset, missing = run.dataset, {}
    popularity = run.graph.popularity.astype(np.float64)
    kinds: dict[str, Scores] = {"popularity": lambda user, given: popularity}
    labels = _links(dataset, "item-attribute")
    if labels is None:
        missing["content"] = "The items have no labels."
    else:
        kinds["content"] = _content(labels)
    friends = _links(dataset, "user-user")
    if friends is None:
        missing["social"] = "The people are not linked to each other."
    else:
        seen, linked = run.graph.seen.astype(np.float64), sp.csr_array(friends + friends.T)
        kinds["social"] = lambda user, given: np.asarray((linked[[user]] @ seen).toarray()).ravel()
    try:
        fold_in(run, [int(np.argmax(popularity))], 1)
    except LensError as error:
        missing["personal"] = error.message
    else:
        kinds["personal"] = lambda user, given: _folded(run, given)
    return kinds, missing


def _folded(run: Run, given: IntArray) -> Float:
    scores = np.zeros(run.dataset.n_items)
    known = given[run.graph.popularity[given] > 0]
    if len(known):
        found = fold_in(run, known, run.dataset.n_items)
        scores[found.item_index] = found.score - found.score.min() + 1.0
    return scores


def _content(labels: sp.csr_array) -> Scores:
    length = np.sqrt(np.asarray(labels.multiply(labels).sum(axis=1)).ravel())
    scale = np.divide(1.0, length, out=np.zeros_like(length), where=length > 0)
    unit = sp.csr_array(sp.diags_array(scale) @ labels)
    return lambda user, given: np.asarray(unit @ np.asarray(unit[given].sum(axis=0)).ravel())


def _links(dataset: Dataset, kind: str) -> sp.csr_array | None:
    """Weights of all relations of a kind `[n_source, n_target]`, attributes counted from 0; None without any."""
    first = {"user-user": (0, 0), "item-attribute": (dataset.n_users, dataset.n_users + dataset.n_items)}[kind]
    size = {"user-user": (dataset.n_users,) * 2, "item-attribute": (dataset.n_items, dataset.attribute_table.height)}
    total = sp.csr_array(size[kind], dtype=np.float64)
    found = [relation for relation in dataset.relations if relation.kind == kind and len(relation)]
    for relation in found:
        ends = (np.asarray(relation.source) - first[0], np.asarray(relation.target) - first[1])
        weight = np.asarray(relation.weight, np.float64)
        total = sp.csr_array(total + sp.coo_array((weight, ends), shape=size[kind]))
    return total if found else None


Measured = dict[int, tuple[dict[str, Float], dict[str, NDArray[np.bool_]]]]


def _measured(run: Run, kinds: dict[str, Scores], part: str, known: tuple[int, ...], k: int, seed: int) -> Measured:
    """For each number that is known: NDCG of each person `[n]` by kind, and whether the kind knows them."""
    split: SplitName = "validation" if part == "validation" else "test"
    log = run.dataset.interactions
    rows = log.rows(split)
    wanted = sp.csr_array((np.ones(len(rows)), (log.user_index[rows], log.item_index[rows])),
                          shape=(run.dataset.n_users, run.dataset.n_items))  # fmt: skip
    rng, found = np.random.default_rng([seed, part == "test"]), {}
    popularity = kinds["popularity"](0, np.zeros(0, np.int64))
    for place, n in enumerate(known):
        enough = (np.diff(run.graph.seen.indptr) >= max(1, n)) & (np.diff(wanted.indptr) > 0)
        people = np.sort(rng.permutation(np.flatnonzero(enough))[:MOST_PEOPLE])
        if len(people) < FEWEST_PEOPLE:
            continue
        values = {kind: np.zeros(len(people)) for kind in kinds}
        knows = {kind: np.ones(len(people), bool) for kind in kinds}
        for row, user in enumerate(people.tolist()):
            progress.report(place + row / len(people), len(known), f"{n} known")
            history = run.graph.history(user)
            given = rng.permutation(history)[:n]
            relevant = wanted.indices[wanted.indptr[user] : wanted.indptr[user + 1]].astype(np.int64)
            for kind, scores_of in kinds.items():
                scores = scores_of(user, given)
                knows[kind][row] = bool(scores.any())
                values[kind][row] = _ndcg(scores if knows[kind][row] else popularity, history, relevant, k)
        found[n] = (values, knows)
    return found


def _ndcg(scores: Float, history: IntArray, relevant: IntArray, k: int) -> float:
    open_ = scores.copy()
    open_[history] = -np.inf
    best = top_k(open_[None, :], min(k, len(open_)))[0]
    return float(ndcg(np.isin(best, relevant), np.array([len(relevant)]))[0])


def _chosen(values: dict[str, Float], kinds: tuple[str, ...]) -> str:
    """The last kind that is better than the one chosen before it with confidence."""
    chosen = kinds[0]
    for kind in kinds[1:]:
        if mean_interval(values[kind] - values[chosen], bounds=(-1.0, 1.0)).low > 0:
            chosen = kind
    return chosen
