"""Trained again: what a list becomes when the model really is trained without some interactions.

A training has luck, and the luck of two trainings differs by more than one interaction changes. So models that learn by
gradient steps are trained with common random numbers (`GradientRecommender.create_without`) and held against a control:
the same seed with nothing removed. Models that refit exactly have no luck; theirs is one answer, and it is exact.

Scores are kept in the run folder, by what was removed and the seed, so that nobody computes them twice.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gnnrec_core.base import progress
from gnnrec_core.base.errors import LensError, RequestError, UnsupportedError
from gnnrec_core.data.dataset import FloatArray, IntArray, without_rows
from gnnrec_core.explain.case import excluded_items, make_case
from gnnrec_core.explain.explanation import Case, Retrained
from gnnrec_core.models import model_type
from gnnrec_core.models.ops.checkpoint import load_tensors, save_tensors
from gnnrec_core.models.protocol import RefittingRecommender, RetrainableRecommender
from gnnrec_core.ranking.topk import rank_of
from gnnrec_core.runs.run import Run
from gnnrec_core.runs.training import fit_model

FOLDER = "retrained"
SCORES = "scores"
MAX_SEEDS = 50
MAX_KEPT = 2000
"""Score files in one run folder; the oldest go first."""


@dataclass(frozen=True)
class Outcome:
    """Score and rank of the item after one training. `removed` items stay out of the ranking, as before."""

    seed: int
    score: float
    rank: int


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
    if not 1 <= n_seeds <= MAX_SEEDS:
        raise RequestError(f"{n_seeds} seeds cannot be trained.", f"Choose 1 to {MAX_SEEDS}.")
    check_retrainable(run)
    case = make_case(run.model, run.dataset, user_index, item_index, "score", k)
    edges = edges_with(run, user_index, without)
    start, exact = time.perf_counter(), refits(run)
    excluded = excluded_items(run.dataset, user_index)
    after, control = [], []
    seeds = range(run.record.seed, run.record.seed + (1 if exact else n_seeds))
    for number, seed in enumerate(seeds):
        with progress.part(number, len(seeds)):
            pair = []
            for half, gone in enumerate((edges[:0], edges)):
                with progress.part(half, 2):
                    scores = scores_without(run, user_index, gone, seed)
                pair.append(Outcome(seed, float(scores[item_index]), rank_of(scores, item_index, excluded)))
        control.append(pair[0])
        after.append(pair[1])
        if on_outcome is not None:
            on_outcome(pair[1])
    removed = tuple(sorted({int(item) for item in without}))
    return Retraining(case, removed, tuple(after), tuple(control), exact, time.perf_counter() - start)


def stored_retraining(run: Run, case: Case, edges: IntArray) -> Retrained | None:
    """The level "trained again" of one part, from what is stored in the run folder; None where nothing is.

    Starts nothing. The mean over the seeds that were trained; the rank is that of the mean score of each item.
    """
    found: list[FloatArray] = []
    if run.folder is None or not (run.folder / FOLDER).is_dir():
        return None
    for seed in range(run.record.seed, run.record.seed + MAX_SEEDS):
        scores = _stored(run, case.user_index, edges, seed)
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
    found = _stored(run, user_index, edges, seed)
    if found is None:
        found = train_without(run, edges, seed).score(np.array([user_index]))[0]
        _store(run, user_index, edges, seed, found)
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


def epochs_of(run: Run) -> int:
    """Epochs whose parameters the run holds."""
    return int(run.record.figures.get("best_epoch") or run.record.figures.get("epochs_run") or 1)


def _path(run: Run, user_index: int, edges: IntArray, seed: int) -> Path:
    pairs = run.graph.ends(np.unique(np.asarray(edges, np.int64) % max(1, run.graph.n_edges // 2)))
    mark = hashlib.sha256(np.ascontiguousarray(pairs, np.int64).tobytes())
    mark.update(f"|{user_index}|{seed}|{epochs_of(run)}|{run.record.created}".encode())
    return run.place / FOLDER / f"{mark.hexdigest()[:32]}.safetensors"


def _stored(run: Run, user_index: int, edges: IntArray, seed: int) -> FloatArray | None:
    """Scores `[n_items]` from disk; None where there are none, or they are damaged: then they are computed again."""
    path = _path(run, user_index, edges, seed)
    if not path.is_file():
        return None
    try:
        tensors, card = load_tensors(path)
    except LensError:
        return None
    scores = tensors.get(SCORES)
    same = card.get("dataset_fingerprint") == run.dataset.fingerprint and card.get("seed") == seed
    if scores is None or not same or scores.shape != (run.dataset.n_items,):
        return None
    return np.asarray(scores, np.float32)


def _store(run: Run, user_index: int, edges: IntArray, seed: int, scores: FloatArray) -> None:
    """Keep the scores beside the run; where the run lies on a disk that cannot be written to they are not kept."""
    path = _path(run, user_index, edges, seed)
    try:
        path.parent.mkdir(exist_ok=True)
        kept = sorted(path.parent.glob("*.safetensors"), key=lambda file: file.stat().st_mtime)
        for old in kept[: max(0, len(kept) + 1 - MAX_KEPT)]:
            old.unlink(missing_ok=True)
        card = {"dataset_fingerprint": run.dataset.fingerprint, "model": run.record.model, "seed": seed}
        save_tensors(path, {SCORES: np.asarray(scores, np.float32)}, card)
    except (OSError, RequestError):
        return
