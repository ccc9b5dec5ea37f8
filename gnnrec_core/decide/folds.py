"""Cross-validation: the same training on several splits, with the spread of what comes out.

"folds": each person's interactions are dealt at random to k folds; each fold is the test part once, the next one the
validation part, the others train. "cuts": k cuts in time over the later half of the log; train lies before a cut (its
last tenth is validation), test between it and the next cut. Trainings share most of their data, so the error of the
mean is that of Nadeau and Bengio (2003): sd^2 (1 / k + test / train) instead of sd^2 / k.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from gnnrec_core.base import progress
from gnnrec_core.base.errors import RequestError
from gnnrec_core.data.dataset import NO_TIME, SPLITS, Dataset, without_rows
from gnnrec_core.runs.recommend import evaluate
from gnnrec_core.runs.training import fit

Codes = NDArray[np.int8]
Kind = Literal["folds", "cuts"]
TRAIN, VALIDATION, TEST = range(len(SPLITS))


@dataclass(frozen=True)
class Fold:
    """One training: sizes of its parts, people judged, and figures."""

    n_train: int
    n_test: int
    n_users: int
    figures: dict[str, float]


@dataclass(frozen=True)
class Spread:
    """A figure over the folds: its mean, standard deviation, and the 95 % interval of the mean."""

    mean: float
    sd: float
    low: float
    high: float


@dataclass(frozen=True)
class CrossValidation:
    """All folds and the spread of each figure."""

    model: str
    dataset: str
    kind: Kind
    k: int
    folds: tuple[Fold, ...]
    metrics: dict[str, Spread]

    def to_dict(self) -> dict[str, Any]:
        """As the command prints it."""
        return asdict(self)


def cross_validate(
    dataset: Dataset,
    model: str,
    settings: Mapping[str, Any] | None = None,
    n_folds: int = 5,
    kind: Kind = "folds",
    k: int = 20,
    seed: int = 0,
    device: str = "auto",
) -> CrossValidation:
    """Train and judge `model` on each split. RequestError for fewer than 2 folds, for more than anybody has
    interactions, or for cuts of a log without times."""
    if not 2 <= n_folds <= 50:
        raise RequestError(f"{n_folds} folds cannot be made.", "Choose 2 to 50.", value=n_folds)
    folds = []
    for number, codes in enumerate(splits(dataset, n_folds, kind, seed)):
        progress.report(number, n_folds)
        part = parted(dataset, codes)
        found = evaluate(fit(part, model, settings, seed, device), k)
        figures = {name: interval.value for name, interval in (found.accuracy | found.all_lists).items()}
        n_train, _, n_test = part.interactions.n_by_split.values()
        folds.append(Fold(n_train, n_test, found.n_users, figures))
    return CrossValidation(
        model, dataset.name, kind, k, tuple(folds), {name: spread(folds, name) for name in folds[0].figures}
    )


def parted(dataset: Dataset, codes: Codes) -> Dataset:
    """The dataset with these parts; interactions of part -1 are left out."""
    kept = without_rows(dataset, np.flatnonzero(codes < 0))
    return replace(kept, interactions=replace(kept.interactions, split=codes[codes >= 0]))


def spread(folds: list[Fold], name: str) -> Spread:
    """Mean, deviation and interval of a figure over folds."""
    values = np.array([fold.figures[name] for fold in folds])
    share = float(np.mean([fold.n_test / fold.n_train for fold in folds]))
    sd = float(values.std(ddof=1))
    reach = float(stats.t.ppf(0.975, len(values) - 1)) * sd * float(np.sqrt(1 / len(values) + share))
    mean = float(values.mean())
    return Spread(mean, sd, mean - reach, mean + reach)


def splits(dataset: Dataset, n_folds: int, kind: Kind, seed: int = 0) -> Iterator[Codes]:
    """The part of each interaction `[n]`, for each fold or cut; -1 for what lies after it."""
    return _folds(dataset, n_folds, seed) if kind == "folds" else _cuts(dataset, n_folds)


def _folds(dataset: Dataset, n_folds: int, seed: int) -> Iterator[Codes]:
    users = dataset.interactions.user_index
    rng = np.random.default_rng(seed)
    order = np.lexsort((rng.random(len(users)), users))
    sizes = np.bincount(users, minlength=dataset.n_users)
    place = np.arange(len(users)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    fold = np.empty(len(users), np.int64)
    fold[order] = (place + np.repeat(rng.integers(0, n_folds, dataset.n_users), sizes)) % n_folds
    alone = sizes[users] < 2  # whoever has one interaction would have no history
    if alone.all():
        raise RequestError("Nobody has two interactions to part.", "Cross-validate a larger dataset.")
    for number in range(n_folds):
        codes = np.full(len(users), TRAIN, np.int8)
        if n_folds > 2:
            codes[~alone & (fold == (number + 1) % n_folds)] = VALIDATION
        codes[~alone & (fold == number)] = TEST
        yield codes


def _cuts(dataset: Dataset, n_folds: int) -> Iterator[Codes]:
    times = dataset.interactions.timestamp
    if times is None or (times == NO_TIME).any():
        raise RequestError(
            f"The dataset {dataset.name!r} has interactions without a time, so it cannot be cut in time.",
            "Cross-validate with folds.",
        )
    edges = np.quantile(times, np.linspace(0.5, 1.0, n_folds + 1))
    for start, end in itertools.pairwise(edges):
        before = times < start
        inside = (times >= start) & ((times < end) | (end == edges[-1]))
        if not before.any() or not inside.any():
            raise RequestError("Too many interactions have the same time to be cut here.", "Ask for fewer cuts.")
        codes = np.full(len(times), -1, np.int8)
        codes[before] = TRAIN
        codes[before & (times >= np.quantile(times[before], 0.9))] = VALIDATION
        codes[inside] = TEST
        yield codes
