"""Explanations against planted truth: do they point at the interactions that brought this book to this reader?

Only simulated data know why somebody read something. A held-out interaction that the model found (rank at most
`MAX_RANK`) and whose recorded cause the reader's train history shares with other interactions is a case; a method is
asked to explain it, and its contributions of the history are compared with the recorded ones. A model may be right for
other reasons than the reader's, so even an exact explanation need not reach 1: the figures compare methods, with random
numbers as the floor.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.base.settings import read_settings
from gnnrec_core.data.dataset import Dataset, IntArray
from gnnrec_core.data.truth import Truth
from gnnrec_core.explain import EXPLAINERS
from gnnrec_core.explain.case import excluded_items, make_case
from gnnrec_core.explain.explanation import Explanation
from gnnrec_core.ranking.intervals import UNIT, Interval, mean_interval
from gnnrec_core.ranking.topk import rank_of
from gnnrec_core.runs.run import Run

MAX_RANK = 20
CAUSES = ("genre", "author", "friend", "drift")


@dataclass(frozen=True)
class PlantedCase:
    """A held-out interaction with its recorded reason: `is_cause` boolean, aligned with the reader's history `[n]`."""

    user_index: int
    item_index: int
    reason: str
    is_cause: NDArray[np.bool_]


@dataclass(frozen=True)
class MethodScore:
    """One method over `n_cases`, each figure with a 95 % interval over cases (Student's t).

    `auc`: probability that a recorded interaction has a larger contribution than another one of the history (0..1,
    0.5 is chance, ties count half). `precision`: share of recorded ones among the m largest contributions, m being
    their number. `by_reason`: reason to (cases, mean auc). Seconds are CPU time.
    """

    method: str
    n_cases: int
    auc: Interval
    precision: Interval
    by_reason: dict[str, tuple[int, float]]
    seconds_per_case: float


@dataclass(frozen=True)
class PlantedScores:
    """Every method on the same cases. `expected_precision` is the share of the history that is recorded, on average:
    what random numbers reach. `not_served`: method to the reason why it cannot explain this model."""

    model: str
    n_cases: int
    expected_precision: float
    methods: tuple[MethodScore, ...]
    not_served: dict[str, str]

    def to_rows(self) -> list[dict[str, Any]]:
        """A flat row a method, largest AUC first."""
        return [
            {
                "model": self.model,
                "method": score.method,
                "n_cases": score.n_cases,
                **{f"auc{end}": value for end, value in _ends(score.auc)},
                **{f"precision{end}": value for end, value in _ends(score.precision)},
                "expected_precision": self.expected_precision,
                **{f"auc_{reason}": auc for reason, (_, auc) in score.by_reason.items()},
                "seconds_per_case": score.seconds_per_case,
            }
            for score in sorted(self.methods, key=lambda score: -score.auc.value)
        ]


def score_planted(
    run: Run,
    truth: Truth,
    methods: Sequence[str] = EXPLAINERS.names,
    n_cases: int = 100,
    limits: Mapping[str, int] | None = None,
    seed: int = 0,
) -> PlantedScores:
    """Each of `methods` on the same `n_cases` cases (fewer where there are fewer), drawn with `seed`.

    `limits` gives slow methods only the first so many of them. RequestError where no held-out interaction is a case.
    """
    cases = planted_cases(run, truth, n_cases, seed)
    scores, not_served = [], {}
    for name in methods:
        try:
            EXPLAINERS.load(name)().supports(run.model)
        except UnsupportedError as error:
            not_served[name] = error.message
            continue
        scores.append(score_method(run, cases[: (limits or {}).get(name, n_cases)], name, seed))
    expected = float(np.mean([case.is_cause.mean() for case in cases]))
    return PlantedScores(run.record.model, len(cases), expected, tuple(scores), not_served)


def planted_cases(run: Run, truth: Truth, n_cases: int, seed: int = 0) -> tuple[PlantedCase, ...]:
    """Up to `n_cases` test interactions that the model ranks within `MAX_RANK` and whose cause can be told apart.

    Told apart: at least one train interaction of the reader shares the cause, and at least one does not.
    """
    interactions = run.dataset.interactions
    rows = np.random.default_rng(seed).permutation(interactions.rows("test"))
    found: list[PlantedCase] = []
    for user, item in zip(interactions.user_index[rows].tolist(), interactions.item_index[rows].tolist(), strict=True):
        if len(found) == n_cases:
            break
        cause = truth.cause(user, item)
        is_cause = np.isin(run.graph.history(user), cause.because)
        if cause.reason in CAUSES and is_cause.any() and not is_cause.all() and _is_found(run, user, item):
            found.append(PlantedCase(user, item, cause.reason, is_cause))
    if not found:
        raise RequestError(
            f"No held-out interaction with a planted cause is among the first {MAX_RANK} of this run's lists.",
            "Use a run on the sample data, trained for longer.",
        )
    return tuple(found)


def score_method(run: Run, cases: Sequence[PlantedCase], method: str, seed: int = 0) -> MethodScore:
    """One method on these cases, with its default settings."""
    explainer = EXPLAINERS.load(method)()
    settings = read_settings(explainer.settings_type, {})
    aucs, precisions, started, k = [], [], time.process_time(), min(MAX_RANK, run.dataset.n_items)
    for number, case in enumerate(cases):
        asked = make_case(run.model, run.dataset, case.user_index, case.item_index, "score", k)
        explanation = explainer.explain(run.model, run.dataset, asked, settings, seed + number)
        values = history_values(explanation, run.dataset, run.graph.history(case.user_index))
        aucs.append(auc(values, case.is_cause))
        precisions.append(precision(values, case.is_cause))
    reasons = np.array([case.reason for case in cases])
    by_reason = {
        reason: (int((reasons == reason).sum()), float(np.array(aucs)[reasons == reason].mean()))
        for reason in CAUSES
        if (reasons == reason).any()
    }
    seconds = (time.process_time() - started) / len(cases)
    areas, shares = (mean_interval(np.array(values), bounds=UNIT) for values in (aucs, precisions))
    return MethodScore(method, len(cases), areas, shares, by_reason, seconds)


def history_values(explanation: Explanation, dataset: Dataset, history: IntArray) -> NDArray[np.float64]:
    """Contribution of each item of the history `[n]`; 0 where the explanation does not name it."""
    values = np.zeros(len(history))
    place = {int(item): number for number, item in enumerate(history)}
    for part in explanation.contributions:
        if part.kind == "history" and part.item is not None:
            values[place[dataset.items.index(part.item)]] = part.value
    return values


def auc(values: NDArray[np.float64], is_cause: NDArray[np.bool_]) -> float:
    """Probability that a cause has a larger value than another interaction (Mann-Whitney), ties half.

    >>> auc(np.array([3.0, 1.0, 2.0]), np.array([True, False, False]))
    1.0
    """
    causes, others = values[is_cause][:, None], values[~is_cause][None, :]
    return float(((causes > others) + 0.5 * (causes == others)).mean())


def precision(values: NDArray[np.float64], is_cause: NDArray[np.bool_]) -> float:
    """Share of causes among the m largest values, m being their number; equal values share the places they fall on.

    >>> precision(np.array([3.0, 1.0, 1.0]), np.array([True, True, False]))
    0.75
    """
    m = int(is_cause.sum())
    edge = np.sort(values)[-m]
    above, level = values > edge, values == edge
    places = m - above.sum()
    return float((is_cause[above].sum() + places * is_cause[level].mean()) / m)


def _ends(interval: Interval) -> list[tuple[str, float]]:
    return [("", interval.value), ("_low", interval.low), ("_high", interval.high)]


def _is_found(run: Run, user: int, item: int) -> bool:
    scores = run.model.score(np.array([user]))[0]
    return rank_of(scores, item, excluded_items(run.dataset, user)) <= MAX_RANK
