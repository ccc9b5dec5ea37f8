"""Attack: how many fake accounts bring an item into the lists of how many people.

A fake account has the item that is pushed and `size` other items (filler). Profiles as in Mobasher et al. (2007):
"random" takes filler evenly, "average" by popularity, "bandwagon" the most popular items, "segment" the most popular of
the pushed item's own labels. Ratings are no part of these graphs, so a profile is a choice of items. The model is
fitted with the accounts, and only real people's lists are looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gnnrec_core.base import progress
from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.change.drift import labels_of
from gnnrec_core.change.moved import moved
from gnnrec_core.change.shaking import with_interactions
from gnnrec_core.data.about.suspicious import find_suspicious
from gnnrec_core.data.dataset import Dataset, IntArray, Relation, Vocabulary, without_rows
from gnnrec_core.explain.truth.retraining import refits
from gnnrec_core.models import able
from gnnrec_core.models.protocol import RefittingRecommender
from gnnrec_core.ranking.topk import check_k, rank_items
from gnnrec_core.runs.recommend import left_out
from gnnrec_core.runs.run import Run

PROFILES = ("random", "average", "bandwagon", "segment")
N_FAKES = (0, 1, 2, 5, 10, 20, 50)
MOST_FAKES = 5000
Chances = NDArray[np.float64]


@dataclass(frozen=True)
class Step:
    """With `n_fakes` accounts: how many real people have the item in their top k, and the share of all real lists that
    is still there (items in both / k, the pushed item aside).

    `n_found` of the accounts, and `n_wrongly` real people whom it does not name anyway, are named by the data's
    suspicion score (`data.about.suspicious`); without all whom it names `n_people_without` real people have the item in
    their top k. None where it was not asked.
    """

    n_fakes: int
    n_people: int
    lists_kept: float
    n_found: int | None = None
    n_wrongly: int | None = None
    n_people_without: int | None = None


@dataclass(frozen=True)
class Attack:
    """`needed` is the first number of accounts that brings the item to at least `n_people` people; None where no number
    that was tried does."""

    item_index: int
    profile: str
    size: int
    k: int
    n_people: int
    steps: tuple[Step, ...]
    needed: int | None


def check_refits(run: Run) -> None:
    """UnsupportedError where the model does not refit at once."""
    if not refits(run):
        raise UnsupportedError(
            f"A run of {run.record.model!r} would have to be trained again for each number of accounts.",
            f"Attack a run of {able(RefittingRecommender)}.",
        )


def attack(
    run: Run,
    item_index: int,
    profile: str = "random",
    n_people: int = 0,
    k: int = 10,
    n_fakes: Sequence[int] = N_FAKES,
    size: int = 0,
    seed: int = 0,
    suspect: bool = True,
) -> Attack:
    """Push an item into the lists of `n_people` people (0: 100, or all where there are fewer) with more and more
    accounts of `size` other items (0: the median of real histories), and look (`suspect`) which of them the suspicion
    score finds.

    RequestError for an unknown profile or numbers out of range, UnsupportedError where the model does not refit.
    """
    n_people = n_people or min(100, run.dataset.n_users)
    if profile not in PROFILES:
        raise RequestError(f"There is no profile {profile!r}.", f"Choose {', '.join(PROFILES)}.", value=profile)
    if not 1 <= n_people <= run.dataset.n_users:
        raise RequestError(
            f"{n_people} people cannot be reached.", f"Choose 1 to {run.dataset.n_users:,}.", value=n_people
        )
    if not 0 <= size < run.dataset.n_items:
        raise RequestError(
            f"An account cannot have {size} other items.",
            f"Choose 1 to {run.dataset.n_items - 1:,}, or 0 for as many as the median person has.",
            value=size,
        )
    if not n_fakes or min(n_fakes) < 0 or max(n_fakes) > MOST_FAKES:
        raise RequestError("So many accounts cannot be tried.", f"Choose 0 to {MOST_FAKES:,}.")
    check_refits(run)
    check_k(k, run.dataset.n_items)
    history = np.diff(run.graph.seen.indptr)
    size = min(size or int(np.median(history[history > 0])), run.dataset.n_items - 1)
    chances, rng = _filler(run, item_index, profile), np.random.default_rng((seed, 53))
    steps: list[Step] = []
    anyway = _named(run.dataset) if suspect else np.zeros(0, np.int64)
    before = _lists(run, run.model, k)
    for place, number in enumerate(sorted(set(n_fakes))):
        progress.report(place, len(n_fakes))
        pushed = _with_accounts(run.dataset, item_index, number, size, chances, rng)
        after = _lists(run, moved(run, pushed, "again").model, k)
        same = ((before[:, :, None] == after[:, None, :]).any(2) & (before != item_index)).sum()
        kept = float(same / max(1, (before != item_index).sum()))
        found = _found(run, pushed, item_index, k, anyway) if suspect else (None, None, None)
        steps.append(Step(number, int((after == item_index).any(1).sum()), kept, *found))
    needed = next((step.n_fakes for step in steps if step.n_people >= n_people), None)
    return Attack(item_index, profile, size, k, n_people, tuple(steps), needed)


def _named(dataset: Dataset) -> IntArray:
    """Whom the suspicion score names, as user indices."""
    return np.array([each.user_index for each in find_suspicious(dataset).suspects], np.int64)


def _found(run: Run, pushed: Dataset, item_index: int, k: int, anyway: IntArray) -> tuple[int, int, int]:
    """Accounts found, real people named because of them, and how many have the item without all who are named."""
    named = _named(pushed)
    real = named[named < run.dataset.n_users]
    rows = np.flatnonzero(np.isin(pushed.interactions.user_index, named))
    cleaned = moved(run, without_rows(pushed, rows) if len(rows) else pushed, "again")
    lists = np.delete(_lists(run, cleaned.model, k), real, axis=0)
    n_people = int((lists == item_index).any(1).sum())
    return len(named) - len(real), len(np.setdiff1d(real, anyway)), n_people


def _lists(run: Run, model: object, k: int) -> NDArray[np.int64]:
    """Lists of the real people `[n_users, k]`."""
    users = np.arange(run.dataset.n_users)
    return rank_items(model.score, users, left_out(run.dataset), k).item_index  # type: ignore[attr-defined]


def _filler(run: Run, item_index: int, profile: str) -> Chances:
    """How likely each item is taken as filler `[n_items]`; the pushed item is not."""
    popularity = run.graph.popularity.astype(np.float64)
    if profile == "random":
        chances = np.ones(len(popularity))
    elif profile == "average":
        chances = popularity.copy()
    else:
        chances = popularity**4 + 1e-9  # nearly only the most popular
        if profile == "segment":
            shares = labels_of(run.dataset).shares
            chances = chances * ((shares @ shares[item_index]) > 0)
    chances[item_index] = 0.0
    chances += 1e-12 * (np.arange(len(chances)) != item_index)
    share: Chances = chances / chances.sum()
    return share


def _with_accounts(
    dataset: Dataset, item_index: int, number: int, size: int, chances: Chances, rng: np.random.Generator
) -> Dataset:
    """The dataset with `number` people more, behind all others."""
    if not number:
        return dataset
    n_users = dataset.n_users
    ids = [f"account-{place}" for place in range(number)]
    fresh = [raw if raw not in dataset.users else f"{raw}'" for raw in ids]
    names = pl.DataFrame({"user_index": range(n_users, n_users + number), "user_id": fresh})
    relations = tuple(
        Relation(
            each.name,
            each.kind,
            each.source + number * (each.source >= n_users),
            each.target + number * (each.target >= n_users),
            each.weight,
        )
        for each in dataset.relations
    )
    larger = replace(
        dataset,
        users=Vocabulary("user", (*dataset.users.ids, *fresh)),
        user_table=pl.concat([dataset.user_table, names.cast({"user_index": pl.Int64})], how="diagonal_relaxed"),
        relations=relations,
    )
    items = [np.append(rng.choice(len(chances), size, replace=False, p=chances), item_index) for _ in range(number)]
    users = np.repeat(np.arange(n_users, n_users + number), size + 1)
    return with_interactions(larger, users, np.concatenate(items).astype(np.int64))
