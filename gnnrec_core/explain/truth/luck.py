"""Luck: what another seed would have kept of the lists, and how likely each item is to stay.

The model is trained again with other seeds and nothing removed. An item stays when it is in the top k of the other
training too. How likely that is follows from its lead: with s the item's score less that of the first item outside the
list (for an item outside: of the last one inside), and sigma the spread of such leads over seeds,

    P(in the top k) = Phi(s / sigma).

sigma is found on half of the seeds and judged on the other half.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from scipy.special import ndtr

from gnnrec_core import progress
from gnnrec_core.data.values import IntArray
from gnnrec_core.errors import RequestError, RunError, UnsupportedError
from gnnrec_core.explain.case import excluded_items
from gnnrec_core.explain.scoring import scorer_of
from gnnrec_core.explain.truth.retraining import MAX_SEEDS, check_retrainable, refits, train_without
from gnnrec_core.files import write_json
from gnnrec_core.models.run import Run

Float = NDArray[np.float64]
FILE = "luck.json"
MOST_USERS = 2000
MOST_REASONS = 200
"""People whose strongest reason is looked up in each training."""


class ByRank(BaseModel):
    """`stays`: share of the items at `rank` that are in the top k of another training."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    rank: int = Field(ge=1, le=1000)
    stays: float = Field(ge=0, le=1)


class Luck(BaseModel):
    """What `luck.json` holds; every share is a mean over people and over the trainings with other seeds.

    `overlap`: share of the top k that the two lists have in common; `same_first`: the first item is the same;
    `same_reason`: the strongest interaction behind the run's first item is the same (None: a model without parts);
    `sigma`: spread of leads over seeds, in units of the score; `brier`, `brier_base`: mean squared error of the
    probability of staying, on seeds that sigma was not found on, and of the base rate by rank there (lower is better);
    `halves`: largest difference of `stays` between two halves of the seeds (None with fewer than two).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    dataset_fingerprint: str = Field(max_length=100)
    created: str = Field(max_length=100)
    k: int = Field(ge=1, le=1000)
    overlap: float = Field(ge=0, le=1)
    same_first: float = Field(ge=0, le=1)
    same_reason: float | None = Field(None, ge=0, le=1)
    by_rank: tuple[ByRank, ...] = Field(max_length=1000)
    sigma: float = Field(ge=0, le=1e9)
    brier: float | None = Field(None, ge=0, le=1)
    brier_base: float | None = Field(None, ge=0, le=1)
    halves: float | None = Field(None, ge=0, le=1)
    n_users: int = Field(ge=1)
    seeds: int = Field(ge=1, le=MAX_SEEDS)
    seconds: float = Field(ge=0)


@dataclass(frozen=True)
class Lists:
    """Top k of `n` people: items `[n, k]` (-1 none left), scores of all items with left out ones at -inf `[n, m]`."""

    items: IntArray
    scores: Float


def luck(run: Run, n_seeds: int = 5, k: int = 10) -> Luck:
    """Train `n_seeds` times with other seeds, compare the lists, write `luck.json`, and return it.

    RequestError for a k or a number of seeds out of range; UnsupportedError where training has no luck.
    """
    if not 1 <= n_seeds <= MAX_SEEDS:
        raise RequestError(f"{n_seeds} seeds cannot be trained.", f"Choose 1 to {MAX_SEEDS}.")
    if not 1 <= k <= min(1000, run.dataset.n_items):
        raise RequestError(f"k = {k} cannot be used.", f"Choose 1 to {min(1000, run.dataset.n_items)}.")
    check_retrainable(run)
    if refits(run):
        raise UnsupportedError(f"A run of {run.record.model!r} has no luck: any seed gives it.", "Ask a trained model.")
    start = time.perf_counter()
    rng = np.random.default_rng((run.record.seed, 31))
    users = np.sort(rng.permutation(run.dataset.n_users)[:MOST_USERS])
    asked = rng.permutation(len(users))[:MOST_REASONS]
    own = _lists(run, run.model, users, k)
    reasons = _reasons(run.model, users[asked], own.items[asked, 0])
    others, same_reason = [], []
    for number in range(n_seeds):
        with progress.part(number, n_seeds):
            model = train_without(run, np.zeros(0, np.int64), run.record.seed + 1 + number)
        others.append(_lists(run, model, users, k))
        if reasons is not None:
            again = _reasons(model, users[asked], own.items[asked, 0])
            same_reason.append(float(np.mean(reasons == again)))
    stays = np.array([_stays(own.items, other.items) for other in others])  # [seeds, n, k]
    listed = own.items >= 0
    found = Luck(
        dataset_fingerprint=run.dataset.fingerprint,
        created=run.record.created,
        k=k,
        overlap=float(stays[:, listed].mean()),
        same_first=float(np.mean([own.items[:, 0] == other.items[:, 0] for other in others])),
        same_reason=float(np.mean(same_reason)) if same_reason else None,
        by_rank=tuple(
            ByRank(rank=place + 1, stays=float(stays[:, listed[:, place], place].mean()))
            for place in range(k)
            if listed[:, place].any()
        ),
        n_users=len(users),
        seeds=n_seeds,
        seconds=time.perf_counter() - start,
        **_judged(own, others, stays),
    )
    write_json(run.folder / FILE, found.model_dump())
    return found


def load_luck(run: Run) -> Luck | None:
    """What `luck` found; None where it was not asked. RunError where the file is damaged."""
    path = run.folder / FILE
    if not path.is_file():
        return None
    try:
        found = Luck.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError, RecursionError) as error:
        raise RunError(f"{path} is damaged.", "Run `luck` again, or delete the file.", file=str(path)) from error
    same = found.dataset_fingerprint == run.dataset.fingerprint and found.created == run.record.created
    return found if same else None


def staying(scores: Float, items: IntArray, k: int, sigma: float) -> Float:
    """Probability that each of `items` `[m]` is in the top k of another training `[m]`.

    `scores` `[n_items]` of one person, -inf where an item is left out; `sigma` is that of `Luck`.

    >>> staying(np.array([3.0, 2.0, 1.0]), np.array([0, 2]), 2, 1.0).round(3)
    array([0.977, 0.159])
    """
    ordered = -np.sort(-scores[np.isfinite(scores)])
    if len(ordered) <= k:
        return np.ones(len(items))
    own = scores[items]
    lead = np.where(own > ordered[k], own - ordered[k], own - ordered[k - 1])
    chance: Float = ndtr(lead / sigma) if sigma > 0 else (lead > 0).astype(np.float64)
    return chance


def _judged(own: Lists, others: list[Lists], stays: NDArray[np.bool_]) -> dict[str, Any]:
    """sigma, and how well the probabilities do on seeds that it was not found on."""
    n, k = own.items.shape
    half = len(others) // 2
    if half == 0:
        return {"sigma": _sigma(own, others)}
    leads_by, sigma = stays[half:], _sigma(own, others[:half])
    chance = np.array([staying(own.scores[row], np.maximum(own.items[row], 0), k, sigma) for row in range(n)])
    listed = own.items >= 0
    base = np.array(
        [stays[:half, listed[:, place], place].mean() if listed[:, place].any() else 0 for place in range(k)]
    )
    error = lambda told: float(((leads_by - told) ** 2)[:, listed].mean())  # noqa: E731
    first, second = (part[:, listed].mean(axis=0) for part in (stays[:half], stays[half : 2 * half]))
    by_place = np.broadcast_to(np.arange(k), (n, k))[listed]
    apart = [
        abs(float(first[by_place == place].mean() - second[by_place == place].mean())) for place in np.unique(by_place)
    ]
    return {
        "sigma": _sigma(own, others),
        "brier": error(chance),
        "brier_base": error(np.broadcast_to(base, (n, k))),
        "halves": max(apart),
    }


def _sigma(own: Lists, others: list[Lists]) -> float:
    """Root mean square change, over seeds, of the lead of listed items over the first one outside the list."""
    k = own.items.shape[1]
    squares = []
    for row, items in enumerate(own.items):
        order = np.argsort(-own.scores[row], kind="stable")[: k + 1]
        if len(order) <= k or not np.isfinite(own.scores[row, order[k]]):
            continue
        lead = own.scores[row, items] - own.scores[row, order[k]]
        for other in others:
            squares.append((other.scores[row, items] - other.scores[row, order[k]] - lead) ** 2)
    return float(np.sqrt(np.mean(squares))) if squares else 0.0


def _lists(run: Run, model: Any, users: IntArray, k: int) -> Lists:
    scores = np.array(model.score(users), np.float64)
    for row, user in enumerate(users):
        scores[row, excluded_items(run.dataset, int(user))] = -np.inf
    items = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return Lists(np.where(np.isfinite(np.take_along_axis(scores, items, axis=1)), items, -1), scores)


def _stays(own: IntArray, other: IntArray) -> NDArray[np.bool_]:
    """Whether each of the items `[n, k]` is in the other list of the same person."""
    found: NDArray[np.bool_] = (own[:, :, None] == other[:, None, :]).any(axis=2)
    return found


def _reasons(model: Any, users: IntArray, items: IntArray) -> IntArray | None:
    """The edge that carries most of each person's first item `[n]`, -1 where there is none; None without parts."""
    try:
        scorer = scorer_of(model)
    except UnsupportedError:
        return None
    found = []
    for user, item in zip(users.tolist(), items.tolist(), strict=True):
        parts = scorer.parts(user, np.array([item])) if item >= 0 else None
        found.append(int(parts.edges[np.argmax(parts.values[:, 0])]) if parts is not None and len(parts.edges) else -1)
    return np.array(found, np.int64)
