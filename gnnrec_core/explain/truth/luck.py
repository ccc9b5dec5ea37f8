"""Luck: what another seed would have kept of the lists, and how likely each item is to stay.

The model is trained again with other seeds and nothing removed. An item stays when it is in the top k of the other
training too. How likely that is follows from its lead: with s the item's score less that of the first item outside the
list (for an item outside: of the last one inside),

    P(in the top k) = Phi(shift + s / sigma).

shift and sigma are fitted to half of the seeds and judged on the other half.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from scipy.optimize import minimize
from scipy.special import ndtr

from gnnrec_core.base import progress
from gnnrec_core.base.checked import parse, read_bytes
from gnnrec_core.base.errors import RequestError, RunError, UnsupportedError
from gnnrec_core.base.files import write_json
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.explain.case import excluded_items
from gnnrec_core.explain.scores.scoring import scorer_of
from gnnrec_core.explain.truth.retraining import MAX_SEEDS, check_retrainable, refits, train_without
from gnnrec_core.ranking.intervals import Interval, rate_interval
from gnnrec_core.ranking.topk import check_k
from gnnrec_core.runs.run import Run

Float = NDArray[np.float64]
FILE = "luck.json"
MOST_USERS = 2000
MOST_PLACES = 10_000_000
MOST_REASONS = 200
"""People whose strongest reason is looked up in each training."""


class ByRank(BaseModel):
    """`stays`: share of the items at `rank` that are in the top k of another training."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    rank: int = Field(ge=1, le=MOST_PLACES)
    stays: float = Field(ge=0, le=1)


class Kept(BaseModel):
    """A figure of the run that luck was asked about: `value` in the run, `low` to `high` over the other trainings, and
    the share `same_sign` of them in which it has the run's sign."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str = Field(max_length=1000)
    value: float
    low: float
    high: float
    same_sign: float = Field(ge=0, le=1)


class Luck(BaseModel):
    """What `luck.json` holds; every share is a mean over people and over the trainings with other seeds.

    `overlap`: share of the top k that the two lists have in common; `same_first`: the first item is the same;
    `same_reason`: the strongest interaction behind the run's first item is the same (None: a model without parts);
    `sigma` (in units of the score), `shift`: see above; `brier`, `brier_base`: mean squared error of the
    probability of staying, on seeds that it was not fitted to, and of the base rate by rank there (lower is better);
    `halves`: largest difference of `stays` between two halves of the seeds (None with fewer than two); `figures`: what
    else was asked of every training, such as gaps between groups.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    dataset_fingerprint: str = Field(max_length=100)
    created: str = Field(max_length=100)
    k: int = Field(ge=1, le=MOST_PLACES)
    overlap: float = Field(ge=0, le=1)
    same_first: float = Field(ge=0, le=1)
    same_reason: float | None = Field(None, ge=0, le=1)
    by_rank: tuple[ByRank, ...] = Field(max_length=MOST_PLACES)
    sigma: float = Field(gt=0, le=1e9)
    shift: float = Field(ge=-1e3, le=1e3)
    brier: float | None = Field(None, ge=0, le=1)
    brier_base: float | None = Field(None, ge=0, le=1)
    halves: float | None = Field(None, ge=0, le=1)
    figures: tuple[Kept, ...] = Field((), max_length=10_000)
    n_users: int = Field(ge=1)
    seeds: int = Field(ge=1, le=MAX_SEEDS)
    seconds: float = Field(ge=0)

    def interval(self, share: float) -> Interval:
        """The 95 % interval over people of one of the shares."""
        return rate_interval(share, self.n_users)


@dataclass(frozen=True)
class Lists:
    """Top k of `n` people: items `[n, k]` (-1 none left), scores of all items with left out ones at -inf `[n, m]`."""

    items: IntArray
    scores: Float


def luck(
    run: Run,
    n_seeds: int = 5,
    k: int = 10,
    figures: Callable[[Any], dict[str, float]] | None = None,
    heard: Callable[[Any], None] | None = None,
) -> Luck:
    """Train `n_seeds` times with other seeds, compare the lists, write `luck.json`, and return it.

    `figures` measures each model by name; `heard` is given each model that was trained. RequestError for a k or a
    number of seeds out of range; UnsupportedError where training has no luck.
    """
    if not 1 <= n_seeds <= MAX_SEEDS:
        raise RequestError(f"{n_seeds} seeds cannot be trained.", f"Choose 1 to {MAX_SEEDS}.")
    check_k(k, run.dataset.n_items)
    check_retrainable(run)
    if refits(run):
        raise UnsupportedError(f"A run of {run.record.model!r} has no luck: any seed gives it.", "Ask a trained model.")
    start = time.perf_counter()
    rng = np.random.default_rng((run.record.seed, 31))
    users = np.sort(rng.permutation(run.dataset.n_users)[:MOST_USERS])
    asked = rng.permutation(len(users))[:MOST_REASONS]
    own = _lists(run, run.model, users, k)
    reasons = strongest_reasons(run.model, users[asked], own.items[asked, 0])
    others, same_reason, measured = [], [], []
    for number in range(n_seeds):
        with progress.part(number, n_seeds):
            model = train_without(run, np.zeros(0, np.int64), run.record.seed + 1 + number)
        others.append(_lists(run, model, users, k))
        if figures is not None:
            measured.append(figures(model))
        if heard is not None:
            heard(model)
        if reasons is not None:
            again = strongest_reasons(model, users[asked], own.items[asked, 0])
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
            ByRank(rank=place + 1, stays=float(share))
            for place, share in enumerate(_by_place(stays, listed))
            if listed[:, place].any()
        ),
        figures=() if figures is None else _kept(figures(run.model), measured),
        n_users=len(users),
        seeds=n_seeds,
        seconds=time.perf_counter() - start,
        **_judged(own, others, stays),
    )
    write_json(run.place / FILE, found.model_dump())
    return found


def load_luck(run: Run) -> Luck | None:
    """What `luck` found; None where it was not asked. RunError where the file is damaged."""
    path = None if run.folder is None else run.folder / FILE
    if path is None or not path.is_file():
        return None
    try:
        found = Luck.model_validate(parse(read_bytes(path)))
    except (OSError, ValueError, ValidationError, RecursionError) as error:
        raise RunError(f"{path} is damaged.", "Run `luck` again, or delete the file.", file=str(path)) from error
    same = found.dataset_fingerprint == run.dataset.fingerprint and found.created == run.record.created
    return found if same else None


def staying(scores: Float, items: IntArray, k: int, sigma: float, shift: float = 0.0) -> Float:
    """Probability that each of `items` `[m]` is in the top k of another training `[m]`.

    `scores` `[n_items]` of one person, -inf where an item is left out; `sigma`, `shift` are those of `Luck`.

    >>> staying(np.array([3.0, 2.0, 1.0]), np.array([0, 2]), 2, 1.0).round(3)
    array([0.977, 0.159])
    """
    chance: Float = ndtr(shift + _leads(scores, items, k) / sigma)
    return chance


def _leads(scores: Float, items: IntArray, k: int) -> Float:
    """Score of each item less that of the first outside the list, or of the last inside; infinite where all fit in."""
    ordered = -np.sort(-scores[np.isfinite(scores)])
    if len(ordered) <= k:
        return np.full(len(items), np.inf)
    own = scores[items]
    lead: Float = np.where(own > ordered[k], own - ordered[k], own - ordered[k - 1])
    return lead


def _judged(own: Lists, others: list[Lists], stays: NDArray[np.bool_]) -> dict[str, Any]:
    """sigma and shift, and how well the probabilities do on seeds that they were not fitted to."""
    k, listed, half = own.items.shape[1], own.items >= 0, len(others) // 2
    leads = np.array([_leads(row, np.maximum(items, 0), k) for row, items in zip(own.scores, own.items, strict=True)])
    sigma, shift = _fit(leads[listed], stays[:, listed].mean(axis=0))
    if half == 0:
        return {"sigma": sigma, "shift": shift}
    first, second = stays[:half], stays[half:]
    by_half = [_by_place(part, listed) for part in (first, second)]
    half_sigma, half_shift = _fit(leads[listed], first[:, listed].mean(axis=0))

    def error(told: Float) -> float:
        return float(((second - told) ** 2)[:, listed].mean())

    return {
        "sigma": sigma,
        "shift": shift,
        "brier": error(ndtr(half_shift + leads / half_sigma)),
        "brier_base": error(np.broadcast_to(by_half[0], leads.shape)),
        "halves": float(np.abs(by_half[0] - by_half[1]).max()),
    }


def _fit(leads: Float, stayed: Float) -> tuple[float, float]:
    """sigma and shift of the least mean squared error for shares `stayed` `[n]` at `leads` `[n]`."""
    known = np.isfinite(leads)
    scale = float(np.abs(leads[known]).mean()) if known.any() else 0.0
    if scale == 0:
        return 1.0, 0.0
    x, y = leads[known] / scale, stayed[known]

    def error(values: Float) -> float:
        return float(np.mean((ndtr(values[0] + x * np.exp(values[1])) - y) ** 2))

    found = minimize(error, np.array([0.0, 0.5]), method="Nelder-Mead", bounds=((-5.0, 5.0), (-7.0, 7.0))).x
    return scale / float(np.exp(found[1])), float(found[0])


def _kept(own: dict[str, float], others: list[dict[str, float]]) -> tuple[Kept, ...]:
    """Those figures that every training has."""
    found = []
    for name, value in own.items():
        values = np.array([other[name] for other in others if name in other])
        if len(values) == len(others):
            same = float((np.sign(values) == np.sign(value)).mean())
            found.append(Kept(name=name, value=value, low=values.min(), high=values.max(), same_sign=same))
    return tuple(found)


def _by_place(stays: NDArray[np.bool_], listed: NDArray[np.bool_]) -> Float:
    """Share that stays, by place `[k]`; 0 where no list has an item."""
    total = (stays & listed).sum(axis=(0, 1)) / len(stays)
    share: Float = total / np.maximum(listed.sum(axis=0), 1)
    return share


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


def strongest_reasons(model: Any, users: IntArray, items: IntArray) -> IntArray | None:
    """The node at the other end of the edge that carries most of each person's item `[n]`, -1 where there is none; None
    for a model without parts."""
    try:
        scorer = scorer_of(model)
    except UnsupportedError:
        return None
    found = np.full(len(users), -1, np.int64)
    for place, (user, item) in enumerate(zip(users.tolist(), items.tolist(), strict=True)):
        parts = scorer.parts(user, np.array([item])) if item >= 0 else None
        if parts is not None and len(parts.edges):
            found[place] = scorer.graph.targets(parts.edges[np.argmax(parts.values[:, 0])])
    return found
