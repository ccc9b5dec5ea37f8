"""Whether a group can be read off the user embeddings, although the model was never told of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import rankdata

from gnnrec_core.audit.gate import gate_of
from gnnrec_core.audit.groups import Grouping
from gnnrec_core.base import progress
from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.models import able
from gnnrec_core.models.protocol import EmbeddingRecommender
from gnnrec_core.ranking.intervals import auc_interval
from gnnrec_core.runs.run import Run

Values = NDArray[np.float64]
N_FOLDS = 5


@dataclass(frozen=True)
class Leakage:
    """How well each group is told from the others by a linear reader of user embeddings.

    `auc` of each group over held-out folds (0.5: not at all, 1: always) with its 95 % interval `auc_low`, `auc_high`;
    `low`, `high`: what shuffled labels reach at most in any of the groups, in the units of this one. An auc inside them
    is no evidence of leakage.
    """

    group: str
    n_users: int
    auc: float
    low: float
    high: float
    auc_low: float = float("nan")
    auc_high: float = float("nan")

    @property
    def leaks(self) -> bool:
        """Above what shuffled labels reach in all groups together (with the 19 shuffles of the default: p of 0.05)."""
        return self.auc > self.high


def leakage(
    run: Run, grouping: Grouping, min_group_size: int = 10, n_shuffles: int = 19, seed: int = 0
) -> tuple[Leakage, ...]:
    """Five-fold cross-validated logistic regression from user embeddings to each group, with ridge penalty 1.

    Groups that the gate does not let through, or of fewer than `min_group_size` (on either side), are left out. Raises
    UnsupportedError for a model without embeddings.
    """
    if not isinstance(run.model, EmbeddingRecommender):
        raise UnsupportedError(
            f"{run.record.model} has no user embeddings to read groups from.",
            f"Choose a run of {able(EmbeddingRecommender)}.",
        )
    known = np.flatnonzero(grouping.known)
    shown = gate_of(run.dataset, min_group_size).shown(grouping, grouping.known, min_group_size)
    features = run.model.embeddings()[: run.dataset.n_users][known].astype(np.float64)
    features = (features - features.mean(0)) / np.maximum(features.std(0), 1e-12)
    rng = np.random.default_rng(seed)
    fold = rng.permutation(len(known)) % N_FOLDS
    found, reach = [], np.zeros(n_shuffles)
    for column, label in enumerate(grouping.labels):
        inside = grouping.member[known, column]
        if not shown[column] or min(inside.sum(), (~inside).sum()) < max(min_group_size, 2 * N_FOLDS):
            continue
        shuffled = [cross_validated_auc(features, rng.permutation(inside), fold) for _ in range(n_shuffles)]
        n, other = int(inside.sum()), int((~inside).sum())
        unit = np.sqrt((n + other + 1) / (12.0 * n * other))  # the error of an area of 0.5
        reach = np.maximum(reach, np.abs(np.array(shuffled) - 0.5) / unit)
        found.append((label, n, other, cross_validated_auc(features, inside, fold), unit))
    most = float(reach.max(initial=0.0))
    return tuple(_leakage(*entry, most) for entry in found)


def _leakage(label: str, n: int, other: int, auc: float, unit: float, most: float) -> Leakage:
    span, chance = auc_interval(auc, n, other), min(0.5, most * unit)
    return Leakage(label, n, auc, 0.5 - chance, 0.5 + chance, span.low, span.high)


def cross_validated_auc(features: Values, inside: NDArray[np.bool_], fold: NDArray[np.int64]) -> float:
    """AUC of predictions for users that the regression has not seen; each fold is ranked by itself, then averaged."""
    areas = []
    for number in range(int(fold.max()) + 1):
        held = fold == number
        if inside[held].any() and not inside[held].all():
            weights = logistic(features[~held], inside[~held])
            areas.append(auc_of(features[held] @ weights[1:], inside[held]))
    return float(np.mean(areas)) if areas else float("nan")


def logistic(features: Values, inside: NDArray[np.bool_], ridge: float = 1.0) -> Values:
    """Weights `[1 + d]` (intercept first) that minimise log loss + ridge / 2 |w|^2, by L-BFGS."""
    sign = np.where(inside, 1.0, -1.0)

    def loss(weights: Values) -> tuple[float, Values]:
        progress.check()
        margin = sign * (weights[0] + features @ weights[1:])
        slope = -sign * expit(-margin)
        value = np.logaddexp(0, -margin).sum() + ridge / 2 * np.square(weights[1:]).sum()
        return float(value), np.concatenate([[slope.sum()], features.T @ slope + ridge * weights[1:]])

    start = np.zeros(features.shape[1] + 1)
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 60}).x, dtype=np.float64)


def auc_of(score: Values, inside: NDArray[np.bool_]) -> float:
    """The chance that a random member scores above a random other; ties count half.

    >>> auc_of(np.array([0.1, 0.9, 0.5]), np.array([False, True, False]))
    1.0
    """
    n = int(inside.sum())
    total = rankdata(score)[inside].sum() - n * (n + 1) / 2
    return float(total / (n * (len(score) - n)))
