"""Trained again: what a list becomes when the model really is trained without some interactions.

A training has luck, and the luck of two trainings differs by more than one interaction changes. So models that learn by
gradient steps are trained with common random numbers (`GradientRecommender.create_without`) and held against a control:
the same seed with nothing removed. Models that refit exactly have no luck; theirs is one answer, and it is exact.

Scores are kept in the run folder, by what was removed and the seed, so that nobody computes them twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gnnrec_core.base import progress
from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.data.dataset import FloatArray, IntArray, without_rows
from gnnrec_core.explain.case import excluded_items, make_case
from gnnrec_core.explain.explanation import Case, Retrained
from gnnrec_core.explain.truth.kept_scores import epochs_of, keep_scores, kept_scores
from gnnrec_core.models import model_type
from gnnrec_core.models.protocol import RefittingRecommender, RetrainableRecommender
from gnnrec_core.ranking.topk import rank_of
from gnnrec_core.runs.run import Run
from gnnrec_core.runs.training import fit_model

MAX_SEEDS = 50


@dataclass(frozen=True)
class Outcome:
    """Score and rank of the item after one training. `removed` items stay out of the ranking, as before."""

    seed: int
    score: float
    rank: int


@dataclass(frozen=True)
class Trained:
    """The user's scores of all items `[n_items]` after a training without some interactions, and after one with
    everything and the same seed."""

    seed: int
    after: FloatArray
    control: FloatArray


@dataclass(frozen=True)
class Retraining:
    """What training without `removed` (item indices of the user's history) does to the item of `case`.

    `after` and `control` (nothing removed) have one outcome a seed, the run's own seed first; `exact` says that there
    is no luck in them: then there is one of each. Ranks are 1-based among the items that the user has not had.
    """

    case: Case
    removed: tuple[int, ...]
    after: tuple[Outcome, ...]
    control: tuple[Outcome, ...]
    exact: bool
    seconds: float

    @property
    def rank_mean(self) -> float:
        return float(np.mean([outcome.rank for outcome in self.after]))

    @property
    def rank_low(self) -> int:
        """The best (lowest) rank over the seeds."""
        return min(outcome.rank for outcome in self.after)

    @property
    def rank_high(self) -> int:
        """The worst (highest) rank over the seeds."""
        return max(outcome.rank for outcome in self.after)


def retrain(
    run: Run,
    user_index: int,
    item_index: int,
    without: Sequence[int],
    n_seeds: int = 1,
    k: int = 10,
    on_outcome: Callable[[Outcome], None] | None = None,
) -> Retraining:
    """Train without the user's interactions with `without` (item indices), `n_seeds` times with other seeds.

    `on_outcome` hears each outcome as it arrives. RequestError where the user has no such interaction or `n_seeds` is
    not 1 to 50; UnsupportedError where the model was not trained (lists made out of another run).
    """
    case = make_case(run.model, run.dataset, user_index, item_index, "score", k)
    start, exact = time.perf_counter(), refits(run)
    excluded = excluded_items(run.dataset, user_index)
    after: list[Outcome] = []
    control: list[Outcome] = []
    for pair in trainings(run, user_index, without, n_seeds):
        for outcomes, scores in ((after, pair.after), (control, pair.control)):
            rank = rank_of(scores, item_index, excluded)
            outcomes.append(Outcome(pair.seed, float(scores[item_index]), rank))
        if on_outcome is not None:
            on_outcome(after[-1])
    removed = tuple(sorted({int(item) for item in without}))
    return Retraining(case, removed, tuple(after), tuple(control), exact, time.perf_counter() - start)


def trainings(run: Run, user_index: int, without: Sequence[int], n_seeds: int) -> Iterator[Trained]:
    """Train without the user's interactions with `without` (item indices) and with everything, for each seed in turn;
    what was trained before is taken from the run folder. One seed where the model refits exactly.

    Errors as of `retrain`.
    """
    if not 1 <= n_seeds <= MAX_SEEDS:
        raise RequestError(f"{n_seeds} seeds cannot be trained.", f"Choose 1 to {MAX_SEEDS}.")
    check_retrainable(run)
    edges = edges_with(run, user_index, without)
    seeds = range(run.record.seed, run.record.seed + (1 if refits(run) else n_seeds))
    for number, seed in enumerate(seeds):
        with progress.part(number, len(seeds)):
            scores = []
            for half, gone in enumerate((edges[:0], edges)):
                with progress.part(half, 2):
                    scores.append(scores_without(run, user_index, gone, seed))
        yield Trained(seed, scores[1], scores[0])


def trained_so_far(run: Run, user_index: int, without: Sequence[int]) -> tuple[Trained, ...]:
    """What `trainings` has in the run folder already, first seed first; trains nothing."""
    edges, found = edges_with(run, user_index, without), []
    for seed in range(run.record.seed, run.record.seed + MAX_SEEDS):
        control, after = (kept_scores(run, user_index, gone, seed) for gone in (edges[:0], edges))
        if control is None or after is None:
            break
        found.append(Trained(seed, after, control))
    return tuple(found)


def stored_retraining(run: Run, case: Case, edges: IntArray) -> Retrained | None:
    """The level "trained again" of one part, from what is stored in the run folder; None where nothing is.

    Starts nothing. The mean over the seeds that were trained; the rank is that of the mean score of each item.
    """
    found: list[FloatArray] = []
    for seed in range(run.record.seed, run.record.seed + MAX_SEEDS):
        scores = kept_scores(run, case.user_index, edges, seed)
        if scores is None:
            break
        found.append(scores)
    if not found:
        return None
    mean = np.mean(found, axis=0)
    excluded = excluded_items(run.dataset, case.user_index)
    score = float(sum(sign * mean[item] for item, sign in case.signed_items))
    return Retrained(score, rank_of(mean, case.item_index, excluded), len(found), exact=False)


def refits(run: Run) -> bool:
    """Whether training again has one outcome, which the model can say at once."""
    return isinstance(run.model, RefittingRecommender)


def check_retrainable(run: Run) -> None:
    """UnsupportedError where no training made this run."""
    kind = model_type(run.record.model)
    if not (refits(run) or isinstance(kind, RetrainableRecommender)):
        raise UnsupportedError(
            f"A run of {run.record.model!r} cannot be trained again: no training made it.",
            "Ask about the run that it was made from.",
        )


def edges_with(run: Run, user_index: int, without: Sequence[int]) -> IntArray:
    """Columns of the graph of the user's interactions with these items. RequestError where there is none."""
    history = run.graph.history(user_index)
    wanted = np.unique(np.asarray(list(without), np.int64))
    for item in wanted:
        if item not in history:
            known = 0 <= item < run.dataset.n_items
            title = run.dataset.title(int(item)) if known else f"item {item}"
            raise RequestError(
                f"The user has no train interaction with {title}.", "Name items of the history, separated by commas."
            )
    if not len(wanted):
        raise RequestError("Nothing to train without was named.", "Name items of the history, separated by commas.")
    found: IntArray = run.graph.history_edges(user_index)[np.isin(history, wanted)]
    return found


def scores_without(run: Run, user_index: int, edges: IntArray, seed: int) -> FloatArray:
    """The user's scores `[n_items]` after training with `seed` without `edges`, from the run folder where they are."""
    if refits(run):
        exact: FloatArray = run.model.scores_refitted(user_index, [edges])[0]
        return exact
    found = kept_scores(run, user_index, edges, seed)
    if found is None:
        found = train_without(run, edges, seed).score(np.array([user_index]))[0]
        keep_scores(run, user_index, edges, seed, found)
    return found


def train_without(run: Run, edges: IntArray, seed: int) -> Any:
    """The run's model trained anew without `edges` (columns of its graph), with common random numbers.

    As many epochs as made the run (its best epoch), with its settings and schedule; nothing is validated.
    """
    rows = np.unique(run.graph.forward.row[np.asarray(edges, np.int64) % max(1, run.graph.n_edges // 2)])
    kind = model_type(run.record.model)
    if refits(run):
        model = kind.create(without_rows(run.dataset, rows[rows >= 0]), run.settings, seed, "cpu")
    else:
        model = kind.create_without(run.dataset, run.settings, seed, "cpu", rows[rows >= 0])
    fit_model(model, most=epochs_of(run))
    return model
