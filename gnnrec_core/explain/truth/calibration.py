"""Calibration: how well what is foretold agrees with training again, measured on people of the run itself.

One training leaves out some interactions of a few dozen people; the run is its control. Another training, with another
seed and nothing left out, says how much ranks differ by luck. The result stands in `retraining.json` beside the run.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from scipy.optimize import nnls
from scipy.stats import spearmanr

from gnnrec_core.base import progress
from gnnrec_core.base.checked import parse, read_bytes
from gnnrec_core.base.errors import RequestError, RunError, UnsupportedError
from gnnrec_core.base.files import write_json
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.explain.case import excluded_items
from gnnrec_core.explain.truth.foretelling import Foreteller, Spread, foreteller_of, lead_changes
from gnnrec_core.explain.truth.retraining import refits, train_without
from gnnrec_core.ranking.intervals import Interval, correlation_interval, rate_interval
from gnnrec_core.ranking.topk import rank_of
from gnnrec_core.runs.recommend import left_out
from gnnrec_core.runs.run import Run

Float = NDArray[np.float64]
FILE = "retraining.json"
FORMAT = 2
"""1 was measured on other predictions (rows that nothing held): such a file counts as not there."""
N_PLACES = 10
FEWEST_PEOPLE, MOST_PEOPLE = 25, 60
ONE_IN = 700
"""One person for so many train interactions, within the two bounds: what others lose disturbs each a little."""
SHORTEST_HISTORY = 5
COVERED = 0.8
SURELY = 0.95
"""Share of effects that are no smaller than the margin allows for."""
N_FOLDS = 5
N_REWEIGHTED = 5
NOT_REPEATED = 0.8
"""People of whom nothing was removed move by this share of what another seed does: then another training is the
control, as the machine that trained the run did not round as this one does."""


class Calibration(BaseModel):
    """What `retraining.json` holds. Lead: the item's score less the mean of the 20 best other items of the list.

    `slope`: real over foretold changes of leads, through 0; `spearman`: their rank correlation over all pairs, -1..1;
    `sign_rate`: share of pairs in which both have one sign; `coverage`: share of real ranks within the 80 % interval,
    measured on people who were left out of the fit; `rank_noise`: sd of the rank over seeds with nothing removed, by
    rank 1 to 10; `disturbance`: sd of leads of people of whom nothing was removed, in units of the score (not part of
    `floor`, as a person asks alone). `floor`, `share`, `reach`, `caution`: see `foretelling.Spread` (`caution` 0: of
    a first format, which had none). A pair is a person with an item at rank 1 to 10.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    format_version: int = Field(FORMAT, ge=1, le=FORMAT)
    dataset_fingerprint: str = Field(max_length=100)
    created: str = Field(max_length=100)
    slope: float = Field(gt=0, le=1000)
    spearman: float = Field(ge=-1, le=1)
    sign_rate: float = Field(ge=0, le=1)
    coverage: float = Field(ge=0, le=1)
    floor: float = Field(ge=0, le=1e9)
    share: float = Field(ge=0, le=1e9)
    reach: float = Field(ge=0, le=1e9)
    caution: float = Field(0.0, ge=0, le=1e9)
    disturbance: float = Field(ge=0, le=1e9)
    rank_noise: dict[str, float] = Field(max_length=N_PLACES)
    n_pairs: int = Field(ge=1)
    n_people: int = Field(ge=1)
    trainings: int = Field(ge=1, le=10)
    seconds: float = Field(ge=0)

    def intervals(self) -> dict[str, Interval]:
        """95 % intervals of what is measured over people: each counts once, as the items of one person go together."""
        n = self.n_people
        shares = {name: rate_interval(getattr(self, name), n) for name in ("sign_rate", "coverage")}
        return {"spearman": correlation_interval(self.spearman, n), **shares}

    def told(self) -> dict[str, Any]:
        """What an explanation says of it."""
        return {name: getattr(self, name) for name in ("slope", "spearman", "n_pairs", "trainings")}


@dataclass(frozen=True)
class Pairs:
    """Items at rank 1 to 10 of one person: foretold (before the slope) and real changes.

    `told`, `real` are changes of leads `[n]`; `rank` `[n]` the real ranks after; `items` `[n]`; `now` scores of all
    items with those that are left out at -inf `[n_items]`, `change` the foretold change of each `[n_items]`.
    """

    told: Float
    real: Float
    rank: IntArray
    items: IntArray
    now: Float
    change: Float


def load_calibration(run: Run) -> Calibration | None:
    """The calibration of the run; None where there is none. RunError where the file is damaged."""
    path = None if run.folder is None else run.folder / FILE
    if path is None or not path.is_file():
        return None
    try:
        found = Calibration.model_validate(parse(read_bytes(path)))
    except (OSError, ValueError, ValidationError, RecursionError) as error:
        raise RunError(f"{path} is damaged.", "Run `calibrate` again, or delete the file.", file=str(path)) from error
    same = found.dataset_fingerprint == run.dataset.fingerprint and found.created == run.record.created
    same = same and found.format_version == FORMAT
    return found if same else None


def calibrate(run: Run, seed: int = 0) -> Calibration:
    """Measure on the run, write `retraining.json`, and return it. At most three trainings, as a rule two.

    RequestError where too few people have a history of five interactions; UnsupportedError where there is nothing to
    calibrate (a model that refits exactly, or one that no training made).
    """
    foreteller = _foreteller(run)
    start = time.perf_counter()
    users, sets = _removals(run, foreteller, np.random.default_rng((seed, 25)))
    is_control = run.record.device == "cpu"
    with progress.part(0, 2):
        after = _scores(run, np.concatenate(sets), run.record.seed)
    with progress.part(1, 2):
        other = _scores(run, sets[0][:0], run.record.seed + (1 if is_control else 0))
    before = np.asarray(run.model.score(np.arange(run.dataset.n_users)), np.float64)
    control, trainings = (before if is_control else other), 2
    disturbed = _disturbance(run, users, control, after)
    pairs = [_pairs(run, foreteller, user, edges, control, after) for user, edges in zip(users, sets, strict=True)]
    luck = _disturbance(run, users, before, other)
    if is_control and disturbed > NOT_REPEATED * luck:  # this machine does not repeat the run: a control of its own
        control, trainings = _scores(run, sets[0][:0], run.record.seed), 3
        disturbed = _disturbance(run, users, control, after)
        pairs = [_pairs(run, foreteller, user, edges, control, after) for user, edges in zip(users, sets, strict=True)]
    slope, spread = fit(pairs)
    clean = math.sqrt(max(spread.floor**2 - disturbed**2, (spread.floor / 4) ** 2))  # of one person alone
    told, real = (np.concatenate([getattr(pair, name) for pair in pairs]) for name in ("told", "real"))
    agreement = float(spearmanr(told, real).statistic)
    found = Calibration(
        dataset_fingerprint=run.dataset.fingerprint,
        created=run.record.created,
        slope=slope,
        spearman=agreement if math.isfinite(agreement) else 0.0,
        sign_rate=float((np.sign(told) == np.sign(real)).mean()),
        coverage=coverage(pairs),
        floor=clean,
        share=spread.share,
        reach=spread.reach,
        caution=spread.caution,
        disturbance=disturbed,
        rank_noise=rank_noise(run, before, other),
        n_pairs=len(told),
        n_people=len(users),
        trainings=trainings,
        seconds=time.perf_counter() - start,
    )
    write_json(run.place / FILE, found.model_dump())
    return found


def fit(pairs: Sequence[Pairs]) -> tuple[float, Spread]:
    """Slope through 0 of real on foretold changes, and how far the slope misses."""
    told, real = (np.concatenate([getattr(pair, name) for pair in pairs]) for name in ("told", "real"))
    size = float(told @ told)
    slope = float(told @ real) / size if size > 0 else 1.0
    slope = min(max(slope, 1e-3), 1e3)
    unit = _unit_spread(slope * told, real - slope * told)
    needed = np.concatenate([_needed(pair, slope, unit) for pair in pairs])
    reach = float(np.quantile(np.abs(needed), COVERED, method="inverted_cdf"))
    falls = slope * told < -unit.floor
    caution = float(np.quantile(needed[falls], SURELY, method="inverted_cdf")) if falls.any() else reach
    return slope, Spread(unit.floor, unit.share, reach, max(caution, reach))


def _unit_spread(foretold: Float, missed: Float) -> Spread:
    """Least squares of missed^2 on 1 and foretold^2, weighted by 1 / sd^4, as squares of larger spread vary more."""
    columns = np.stack([np.ones(len(foretold)), foretold**2], axis=1)
    weight, smallest = np.ones(len(foretold)), 1e-3 * math.sqrt(float(np.mean(missed**2)))
    for _ in range(N_REWEIGHTED):
        squares, _ = nnls(columns * weight[:, None], missed**2 * weight)
        squares[0] = max(squares[0], smallest**2)
        weight = 1.0 / np.maximum(columns @ squares, 1e-300)
        weight /= weight.max()
    return Spread(max(math.sqrt(squares[0]), 1e-12), math.sqrt(squares[1]), 1.0)


def coverage(pairs: Sequence[Pairs]) -> float:
    """Share of real ranks within the interval, each person judged by a fit to the people of the other folds."""
    inside: list[NDArray[np.bool_]] = []
    n_folds = min(N_FOLDS, len(pairs))
    for fold in range(n_folds):
        slope, spread = fit([pair for place, pair in enumerate(pairs) if place % n_folds != fold])
        for pair in pairs[fold::n_folds]:
            inside.append(np.abs(_needed(pair, slope, spread)) <= spread.reach + 1e-12)
    return float(np.concatenate(inside).mean())


def _needed(pair: Pairs, slope: float, spread: Spread) -> Float:
    """How many sd each item would have to stand higher (or, negative, lower) than foretold to have its real rank `[n]`.

    With the others' foretold scores in descending order, an item of rank r stands between the (r - 1)-th and the r-th.
    """
    after = pair.now + slope * pair.change
    needed = []
    for item, rank, told in zip(pair.items, pair.rank, pair.told, strict=True):
        others = np.delete(after, item)
        others = -np.sort(-others[np.isfinite(others)])
        below = others[rank - 1] if rank <= len(others) else -np.inf
        above = others[rank - 2] if rank >= 2 else np.inf
        distance = max(below - after[item], 0.0) - max(after[item] - above, 0.0)
        needed.append(distance / float(spread.sd(slope * told)))
    return np.array(needed)


def rank_noise(run: Run, before: Float, other: Float) -> dict[str, float]:
    """sd of the rank over seeds for items at rank 1 to 10: root mean square difference of two seeds over sqrt 2."""
    differences: list[list[float]] = [[] for _ in range(N_PLACES)]
    for user in range(run.dataset.n_users):
        excluded = excluded_items(run.dataset, user)
        items = _best(before[user], excluded)
        places = _ranks(other[user], items, excluded)
        for place, rank in enumerate(places):
            differences[place].append(float(rank - place - 1))
    spread = {place: float(np.sqrt(np.mean(np.square(found)) / 2)) for place, found in enumerate(differences) if found}
    return {str(place + 1): sd for place, sd in spread.items()}


def _foreteller(run: Run) -> Foreteller:
    found = None if refits(run) else foreteller_of(run.model)
    if found is None:
        why = (
            "it refits exactly, so nothing is foretold"
            if refits(run)
            else "no training made it, or its score has no parts"
        )
        raise UnsupportedError(
            f"A run of {run.record.model!r} has nothing to calibrate: {why}.", "Calibrate a run of a trained model."
        )
    return found


def _removals(run: Run, foreteller: Foreteller, rng: np.random.Generator) -> tuple[IntArray, list[IntArray]]:
    """People, and what is removed of each: the strongest three reasons of an item (a quarter of the people), its
    strongest one (a quarter), or any one."""
    graph = run.graph
    left = np.diff(left_out(run.dataset).indptr) < run.dataset.n_items - 1  # somebody to lead in what is left
    long = np.flatnonzero((np.diff(graph.seen.indptr) >= SHORTEST_HISTORY) & left)
    n = int(np.clip(len(graph.seen.indices) / ONE_IN, FEWEST_PEOPLE, MOST_PEOPLE))
    if len(long) < FEWEST_PEOPLE:
        raise RequestError(
            f"Only {len(long)} people have {SHORTEST_HISTORY} interactions or more; calibration needs {FEWEST_PEOPLE}.",
            "What is foretold is shown without it, and says so.",
        )
    users = np.sort(rng.permutation(long)[:n])
    sets = []
    for place, user in enumerate(rng.permutation(n)):
        person = int(users[user])
        best = _best(run.model.score(np.array([person]))[0], excluded_items(run.dataset, person))
        parts = foreteller.scorer.parts(person, best[rng.integers(len(best), size=1)])
        own = graph.kinds(parts.edges) == 0
        edges = parts.edges[own][np.argsort(-parts.values[own, 0], kind="stable")]
        chosen = (edges[:3], edges[:1], rng.permutation(edges)[:1])[min(place % 4, 2)]
        sets.append((user, chosen))
    return users, [edges for _, edges in sorted(sets, key=lambda entry: entry[0])]


def _scores(run: Run, edges: IntArray, seed: int) -> Float:
    """Scores of everybody after a training without `edges`."""
    return np.asarray(train_without(run, edges, seed).score(np.arange(run.dataset.n_users)), np.float64)


def _pairs(run: Run, foreteller: Foreteller, user: int, edges: IntArray, control: Float, after: Float) -> Pairs:
    excluded = excluded_items(run.dataset, int(user))
    now = foreteller.scorer.scores(int(user))
    items = _best(now, excluded)
    change = foreteller.changes(int(user), [edges])[0]
    real = after[user] - control[user]
    masked = now.copy()
    masked[excluded] = -np.inf
    return Pairs(
        told=lead_changes(now, change, excluded, items),
        real=lead_changes(now, real, excluded, items),
        rank=_ranks(now + real, items, excluded),
        items=items,
        now=masked,
        change=change,
    )


def _disturbance(run: Run, users: IntArray, control: Float, after: Float) -> float:
    """Root mean square change of leads of people of whom nothing was removed."""
    rest = np.setdiff1d(np.arange(run.dataset.n_users), users)
    rest = rest[:: max(1, len(rest) // 200)]
    found = []
    for user in rest:
        excluded = excluded_items(run.dataset, int(user))
        items = _best(control[user], excluded)
        found.append(lead_changes(control[user], after[user] - control[user], excluded, items))
    return float(np.sqrt(np.mean(np.square(np.concatenate(found))))) if found else 0.0


def _best(scores: Any, excluded: IntArray) -> IntArray:
    """The items at rank 1 to 10."""
    masked = np.array(scores, np.float64)
    masked[excluded] = -np.inf
    order = np.argsort(-masked, kind="stable")[:N_PLACES]
    found: IntArray = order[np.isfinite(masked[order])]
    return found


def _ranks(scores: Float, items: IntArray, excluded: IntArray) -> IntArray:
    return np.array([rank_of(scores, int(item), excluded) for item in items], np.int64)
