"""A run updated with newer data: what it knew is kept, what is new is learned, and some of the old is learned again.

Models that refit are fitted on the newer data, which is exact. Of the others every row that the old run had is taken
over, people and items that are new start at nothing (their neighbours speak for them), and training asks for the new
interactions and for a sample of the old ones (`replay`; experience replay, Rolnick et al. 2019), on the whole new
graph. Without replay an update forgets; how much is measured (the same update is made without replay beside it), as
well as what became of lists and reasons. What is new may be another dataset, or the validation part of the run's own.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.audit.sources import ranked
from gnnrec_core.base import progress
from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.base.plain import plain
from gnnrec_core.change.moved import held, refuse_place
from gnnrec_core.data.dataset import SPLITS, Dataset, IntArray
from gnnrec_core.explain.truth.luck import MOST_REASONS, strongest_reasons
from gnnrec_core.explain.truth.retraining import refits
from gnnrec_core.models import able, model_type
from gnnrec_core.models.protocol import PersonalRecommender, RefittingRecommender
from gnnrec_core.ranking.accuracy import ACCURACY, hits, n_relevant
from gnnrec_core.ranking.intervals import UNIT, Interval, mean_interval
from gnnrec_core.ranking.matrix import interaction_matrix
from gnnrec_core.ranking.overlap import rank_biased_overlap
from gnnrec_core.ranking.topk import check_k
from gnnrec_core.runs.run import Run
from gnnrec_core.runs.training import fit_model, save

NOTE = "update.json"
EPOCHS = 10
MOST_MOVED = 10


@dataclass(frozen=True)
class MovedMost:
    """A person whose list an update moved: its overlap with the list before, the first item before and after, and the
    strongest reason for each (nodes of the graph before and after, -1: none). Indices are those before, `first_after`
    and `reason_after` those after."""

    user_index: int
    overlap: float
    first_before: int
    first_after: int
    reason_before: int
    reason_after: int


@dataclass(frozen=True)
class Update:
    """What an update did. Lists are those of the people whom the old run knew, among the items that it knew.

    `overlap_touched`: rank-biased overlap of the lists of people with new interactions, `overlap_others` of the rest;
    `reasons`: share of people whose strongest reason for their first item is the same (None: a model without parts).
    `remembered_before`, `remembered_after`: how high the old interactions of people still score, as the mean share of
    other items below them, 0.5 by chance, 1 at best, and `remembered_without` after the same update without replay
    (None where there is no replay to leave out). `accuracy_before`, `accuracy_after`: NDCG on what the newer data
    hold out, with the old parameters on the new graph (None where the model has none) and with the new ones.
    """

    method: str
    replay: float
    n_new: int
    n_replayed: int
    n_new_people: int
    n_new_items: int
    epochs: int
    k: int
    overlap_touched: Interval
    overlap_others: Interval
    reasons: Interval | None
    remembered_before: Interval
    remembered_after: Interval
    accuracy_before: Interval | None
    accuracy_after: Interval
    remembered_without: Interval | None = None
    moved_most: tuple[MovedMost, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As `update.json` holds it, which names nobody."""
        found: dict[str, Any] = plain(asdict(replace(self, moved_most=())))
        return {name: value for name, value in found.items() if name != "moved_most"}


def update(
    run: Run,
    newer: Dataset,
    out: Path | None = None,
    replay: float = 0.2,
    epochs: int = EPOCHS,
    k: int = 10,
    seed: int = 0,
    overwrite: bool = False,
    compare: bool = True,
) -> tuple[Run, Update]:
    """The run on `newer`, which has all its people and items, stored in `out` with its data beside it. `compare` makes
    the same update without replay too, to show what replay preserves.

    RequestError where somebody is missing from `newer` or numbers are out of range; UnsupportedError where the model
    neither refits nor has rows of its own.
    """
    if not 0 <= replay <= 1:
        raise RequestError(f"A share of {replay} cannot be learned again.", "Choose 0 to 1.", value=replay)
    if not 1 <= epochs <= 10_000:
        raise RequestError(f"{epochs} epochs cannot be learned.", "Choose 1 to 10,000.", value=epochs)
    check_k(k, run.dataset.n_items)
    check_updates(run)
    if out is not None:
        refuse_place(run, out, overwrite)
    places = _places(run.dataset, newer)
    new, old = _pairs(run.dataset, newer, places)
    replayed = np.random.default_rng((seed, 61)).permutation(old)[: round(replay * len(old))]
    kind: Any = model_type(run.record.model)
    kept = without = None
    if refits(run):
        model = kind.create(newer, run.settings, seed, "cpu")
        fit_model(model)
        method, n_epochs = "fitted anew", 1
    else:
        tensors = _taken_over(run, newer, kind, places)
        kept, twice = kind.restore(newer, run.settings, tensors), compare and len(replayed) > 0
        with progress.part(0, 1 + twice):
            model, n_epochs = _learned(run, newer, tensors, np.concatenate([new, replayed]), epochs, seed)
        if twice:
            with progress.part(1, 2):
                without, _ = _learned(run, newer, tensors, new, epochs, seed)
        method = "updated"
    note = f"Derived from the run {run.name} by an update ({method}, replay {replay:g}); see {NOTE}."
    made = held(run, model, newer, seed, note)
    found = Update(
        method=method,
        replay=replay,
        n_new=len(new),
        n_replayed=0 if method == "fitted anew" else len(replayed),
        n_new_people=newer.n_users - run.dataset.n_users,
        n_new_items=newer.n_items - run.dataset.n_items,
        epochs=n_epochs,
        k=k,
        remembered_without=None if without is None else _remembered(without.score, run, places),
        **_compared(run, made, kept, places, new, k),
    )
    if out is not None:
        made = save(made, out, overwrite, beside=lambda _: {NOTE: found.to_dict()})
    return made, found


def check_updates(run: Run) -> None:
    """UnsupportedError where the model neither refits nor has rows of its own that an update could keep."""
    if not refits(run) and not isinstance(run.model, PersonalRecommender):
        raise UnsupportedError(
            f"A {run.record.model} run has no rows of people and items that an update could keep.",
            f"Update a run of {able(PersonalRecommender, RefittingRecommender)}, or train on the newer data.",
        )


def with_validation(dataset: Dataset) -> Dataset:
    """The dataset with its validation part in train: newer data that every run has. RequestError without one."""
    log = dataset.interactions
    held = log.split == SPLITS.index("validation")
    if not held.any():
        raise RequestError(
            f"{dataset.name!r} has no validation part that could be learned.", "Choose a newer dataset instead."
        )
    split = log.split.copy()
    split[held] = SPLITS.index("train")
    return replace(dataset, interactions=replace(log, split=split))


def _learned(
    run: Run, newer: Dataset, tensors: dict[str, NDArray[Any]], asked: IntArray, epochs: int, seed: int
) -> tuple[Any, int]:
    """A model that starts from `tensors` and learns what is asked, and for how many epochs."""
    model = model_type(run.record.model).create(newer, run.settings, seed, "cpu")
    model.set_tensors(tensors)
    model.asked = asked
    return model, len(fit_model(model, most=epochs)) if len(asked) else 0


def _places(old: Dataset, newer: Dataset) -> tuple[IntArray, IntArray]:
    """Where the old people and items stand in the newer data."""
    found = []
    for ours, theirs in ((old.users, newer.users), (old.items, newer.items)):
        gone = next((raw for raw in ours.ids if raw not in theirs), None)
        if gone is not None:
            raise RequestError(
                f"The newer data lack the {ours.kind} {gone!r}.",
                "Update with data that have everybody of before; to take somebody out, use `gnnrec forget`.",
                value=gone,
            )
        found.append(np.array([theirs.index(raw) for raw in ours.ids], np.int64))
    return found[0], found[1]


def _pairs(old: Dataset, newer: Dataset, places: tuple[IntArray, IntArray]) -> tuple[IntArray, IntArray]:
    """Train interactions of the newer data that the old train part had not, and those that it had, as user * n_items +
    item in the newer data."""
    log, rows = newer.interactions, newer.interactions.rows("train")
    keys = log.user_index[rows] * newer.n_items + log.item_index[rows]
    before, own = old.interactions, old.interactions.rows("train")
    had = places[0][before.user_index[own]] * newer.n_items + places[1][before.item_index[own]]
    known = np.isin(keys, had)
    return keys[~known], keys[known]


def _taken_over(run: Run, newer: Dataset, kind: Any, places: tuple[IntArray, IntArray]) -> dict[str, NDArray[Any]]:
    """The old parameters in the shapes of the newer data; what is new starts at 0."""
    model: Any = run.model
    tensors: dict[str, NDArray[Any]] = model.tensors()
    shapes = kind.shapes(newer, run.settings)
    rows = np.zeros(shapes[model.own_rows], np.float32)
    rows[_nodes(run.dataset, newer, places)] = tensors[model.own_rows]
    tensors[model.own_rows] = rows
    for name, value in tensors.items():
        if value.shape != shapes[name]:
            raise UnsupportedError(
                f"The newer data change the shape of {name!r}.", "Train on the newer data: relations have changed."
            )
    return tensors


def _nodes(old: Dataset, newer: Dataset, places: tuple[IntArray, IntArray]) -> IntArray:
    """The node in the newer data of each old node; RequestError for an attribute that is gone."""
    attributes: list[int] = []
    if old.n_attributes:
        named = [each.attribute_table.select("relation", "label").rows() for each in (old, newer)]
        place = {key: newer.n_users + newer.n_items + at for at, key in enumerate(named[1])}
        gone = next((key for key in named[0] if key not in place), None)
        if gone is not None:
            raise RequestError(f"The newer data lack the {gone[0]} {gone[1]!r}.", "Update with data that have it.")
        attributes = [place[key] for key in named[0]]
    return np.concatenate([places[0], newer.n_users + places[1], np.array(attributes, np.int64)])


def _compared(
    run: Run, made: Run, kept: Any, places: tuple[IntArray, IntArray], new: IntArray, k: int
) -> dict[str, Any]:
    people, items = places
    before = ranked(run.dataset, run.model.score, k).item_index
    after = ranked(run.dataset, lambda users: made.model.score(people[users])[:, items], k).item_index
    overlap = np.asarray(rank_biased_overlap(before, after))
    touched = np.isin(people, new // made.dataset.n_items)
    asked = np.random.default_rng(0).permutation(len(people))[:MOST_REASONS]
    firsts = before[asked, 0]
    mine = strongest_reasons(run.model, asked, firsts)
    theirs = strongest_reasons(made.model, people[asked], np.where(firsts >= 0, items[firsts], -1))
    same = None
    if mine is not None and theirs is not None:
        moved = _nodes(run.dataset, made.dataset, places)
        same = mean_interval((np.where(mine >= 0, moved[mine], -1) == theirs).astype(float), bounds=UNIT)
    return {
        "overlap_touched": mean_interval(overlap[touched], bounds=UNIT),
        "overlap_others": mean_interval(overlap[~touched], bounds=UNIT),
        "reasons": same,
        "moved_most": _moved_most(run, made, places, before, after, overlap),
        "remembered_before": _remembered(run.model.score, run, (np.arange(len(people)), np.arange(len(items)))),
        "remembered_after": _remembered(made.model.score, run, places),
        "accuracy_before": None if kept is None else _accuracy(kept, made.dataset),
        "accuracy_after": _accuracy(made.model, made.dataset),
    }


def _moved_most(
    run: Run, made: Run, places: tuple[IntArray, IntArray], before: IntArray, after: IntArray, overlap: Any
) -> tuple[MovedMost, ...]:
    """The people whose lists overlap least with those before, with first items and their strongest reasons."""
    people, items = places
    some = np.argsort(np.nan_to_num(overlap, nan=2.0), kind="stable")[:MOST_MOVED]
    some = some[overlap[some] < 1.0]
    first, then = before[some, 0], after[some, 0]
    now = np.where(then >= 0, items[then], -1)
    mine = strongest_reasons(run.model, some, first)
    theirs = strongest_reasons(made.model, people[some], now)
    nothing = np.full(len(some), -1)
    columns = (some, first, now, nothing if mine is None else mine, nothing if theirs is None else theirs)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return tuple(MovedMost(user, float(overlap[user]), *rest) for user, *rest in rows)


def _remembered(score: Any, run: Run, places: tuple[IntArray, IntArray]) -> Interval:
    """Mean over people of the share of other items that score below their old train items."""
    people, items = places
    history, shares = run.graph.seen, np.full(len(people), np.nan)
    for start in range(0, len(people), 512):
        users = np.arange(start, min(start + 512, len(people)))
        scores = score(people[users])[:, items]
        for row, user in enumerate(users.tolist()):
            own = history.indices[slice(*history.indptr[user : user + 2])]
            if 0 < len(own) < len(items):
                others = np.sort(np.delete(scores[row], own))
                shares[user] = float(np.searchsorted(others, scores[row, own]).mean() / len(others))
    return mean_interval(shares, bounds=UNIT)


def _accuracy(model: Any, dataset: Dataset) -> Interval:
    """NDCG@20 on the test part."""
    relevant = interaction_matrix(dataset, "test")
    lists = ranked(dataset, model.score, min(20, dataset.n_items))
    return mean_interval(ACCURACY["ndcg"](hits(lists, relevant), n_relevant(lists, relevant)), bounds=UNIT)
