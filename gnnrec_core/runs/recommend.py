"""Lists of a run, and how accurate they are on held-out interactions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from gnnrec_core.base.errors import RequestError
from gnnrec_core.data.clean.dislikes import HELD_OUT, known_negatives
from gnnrec_core.data.dataset import SPLITS, Dataset, IntArray, SplitName
from gnnrec_core.models.ops.shards.people import rank_together
from gnnrec_core.ranking.accuracy import ACCURACY, hits, n_relevant
from gnnrec_core.ranking.intervals import UNIT, Interval, jackknife_interval, mean_interval
from gnnrec_core.ranking.matrix import interaction_matrix, pairs_matrix
from gnnrec_core.ranking.recommendations import NONE_LEFT, Recommendations
from gnnrec_core.ranking.topk import check_k, rank_items, rank_of, source_of
from gnnrec_core.runs.run import Run
from gnnrec_core.runs.validation import drawn


@dataclass(frozen=True)
class Evaluation:
    """Figures of a run on one part of the data.

    `n_users` have at least one held-out item, and accuracy is the mean over them; `n_without` have none and count only
    in the figures of all lists. `accuracy` has 95 % intervals over users (`ranking.intervals`).
    `all_lists`: `coverage` (items shown to anybody / items, 0..1) and `arp` (mean over users of the mean popularity of
    their list, in train interactions); coverage has a `jackknife_interval`, the same as in an audit. `disliked` is the
    mean, over the `n_disliking` people with held-out known negatives (`data.clean.dislikes`), of the share of these
    that stands in their list: 0 (none) to 1, lower is better; None where nothing is known. `sampled_from`: how many
    people have held-out items where the `n_users` are a sample of them, else None.
    """

    k: int
    split: SplitName
    n_users: int
    n_without: int
    accuracy: dict[str, Interval]
    all_lists: dict[str, Interval]
    disliked: Interval | None = None
    n_disliking: int = 0
    sampled_from: int | None = None


def left_out(dataset: Dataset, split: SplitName = "test", users: IntArray | None = None) -> sp.csr_array:
    """Boolean `[n_users, n_items]`: what a list that is judged on `split` leaves out; with `users` their rows.

    The parts before it: train and validation for test (the lists that people are shown), train for validation.
    """
    return interaction_matrix(dataset, *_before(split), users=users)


def recommend(run: Run, users: IntArray, k: int) -> Recommendations:
    """The `k` best items of each user that are in neither train nor validation.

    `users` int64 `[n]`. RequestError where `k` or a user is out of range.
    """
    check_k(k, run.dataset.n_items)
    users = np.asarray(users, dtype=np.int64)
    if len(users) and not (users.min() >= 0 and users.max() < run.dataset.n_users):
        raise RequestError(
            f"There is no user with index {int(users.max() if users.min() >= 0 else users.min())}.",
            f"Choose 0 to {run.dataset.n_users - 1}.",
        )
    return rank_items(source_of(run.model), users, left_out(run.dataset, users=users), k)


@dataclass(frozen=True)
class Chosen:
    """A held-out item of one user, and the place that the model gives it: 1 is the first of the list."""

    item_index: int
    rank: int
    timestamp: int | None


def chosen_later(model: Any, dataset: Dataset, user_index: int) -> tuple[Chosen, ...]:
    """The user's test items with their ranks among all items that the list may hold, best first.

    What the list is judged by: those up to rank k are hits of a list of k, the others misses.
    """
    log = dataset.interactions
    own = log.of_user(user_index)
    is_test = log.split[own] == SPLITS.index("test")
    rows, before = np.arange(own.start, own.stop)[is_test], log.item_index[own][~is_test]
    if not len(rows):
        return ()
    scores = model.score(np.array([user_index]))[0]
    found = [
        Chosen(item, rank_of(scores, item, before), None if log.timestamp is None else int(log.timestamp[row]))
        for row, item in zip(rows.tolist(), log.item_index[rows].tolist(), strict=True)
    ]
    return tuple(sorted(found, key=lambda chosen: (chosen.rank, chosen.item_index)))


def evaluate(
    run: Run, k: int = 20, split: SplitName = "test", sample_users: int | None = None, seed: int = 0
) -> Evaluation:
    """Accuracy of the run's lists of length `k` on the held-out interactions of `split`, ranked over all items.

    With `sample_users` on so many of the people who have any, drawn evenly by `seed`: the intervals say how far the
    whole may be from that. Figures of all lists (coverage, arp) are left out then, for all lists are not there.
    RequestError where `split` is train, or has no interactions, or the sample is below 2.
    """
    model, dataset = run.model, run.dataset
    check_k(k, dataset.n_items)
    relevant = interaction_matrix(dataset, split)
    if relevant.nnz == 0:
        raise RequestError(*empty_part(dataset, split), value=split)
    people = np.flatnonzero(np.diff(relevant.indptr))
    if sample_users is not None and sample_users < 2:
        raise RequestError(
            f"A sample of {sample_users} people has no interval.", "Choose 2 or more.", value=sample_users
        )
    if sample_users is not None and sample_users < len(people):
        return _of_sample(run, k, split, relevant, drawn(people, sample_users, seed), len(people))
    before = left_out(dataset, split)
    lists = rank_together(source_of(model), np.arange(dataset.n_users), before, k)
    hit, n = hits(lists, relevant), n_relevant(lists, relevant)
    values = {name: metric(hit, n) for name, metric in ACCURACY.items()}
    measurable = int(np.count_nonzero(n))
    disliked = pairs_matrix(dataset, *known_negatives(dataset, HELD_OUT))
    n_no = n_relevant(lists, disliked)
    in_list = hits(lists, disliked).sum(1)[n_no > 0] / n_no[n_no > 0]
    popularity = np.bincount(interaction_matrix(dataset, "train").indices, minlength=dataset.n_items)
    return Evaluation(
        k=k,
        split=split,
        n_users=measurable,
        n_without=dataset.n_users - measurable,
        accuracy={name: mean_interval(value, bounds=UNIT) for name, value in values.items()},
        all_lists={
            "coverage": _coverage(lists.item_index, dataset.n_items),
            "arp": _mean_popularity(lists, popularity),
        },
        disliked=mean_interval(in_list, bounds=UNIT) if len(in_list) else None,
        n_disliking=len(in_list),
    )


def _of_sample(
    run: Run, k: int, split: SplitName, relevant: sp.csr_array, people: IntArray, n_measurable: int
) -> Evaluation:
    """Accuracy over `people`, all of whom have held-out items."""
    dataset = run.dataset
    lists = rank_together(source_of(run.model), people, left_out(dataset, split, users=people), k)
    hit, n = hits(lists, relevant), n_relevant(lists, relevant)
    accuracy = {name: mean_interval(metric(hit, n), bounds=UNIT) for name, metric in ACCURACY.items()}
    without = dataset.n_users - n_measurable
    return Evaluation(k, split, len(people), without, accuracy, {}, sampled_from=n_measurable)


def empty_part(dataset: Dataset, split: SplitName) -> tuple[str, str]:
    """What is wrong where nobody can be judged on `split`, and what to do."""
    sizes = {name: len(dataset.interactions.rows(name)) for name in SPLITS[1:]}
    others = [f"--split {name} can be evaluated: it has {n:,}" for name, n in sizes.items() if n]
    return (
        f"The dataset {dataset.name!r} has no {split} part{_share_of(dataset, split)}, so nobody can be judged on it.",
        (*others, "Import it with --split and --ratios that keep some.")[0].rstrip(".") + ".",
    )


def _share_of(dataset: Dataset, split: SplitName) -> str:
    """Where the import gave that part a share of 0: that."""
    shares: Any = dataset.settings.get("ratios")
    if not isinstance(shares, list | tuple) or len(shares) != len(SPLITS) or dataset.settings.get("split") == "given":
        return ""
    return ": its share is 0" if shares[SPLITS.index(split)] == 0 else ""


def _coverage(shown: IntArray, n_items: int) -> Interval:
    def of(lists: IntArray) -> float:
        return len(np.unique(lists[lists != NONE_LEFT])) / n_items

    return jackknife_interval(of(shown), lambda rows: of(shown[rows]), len(shown))


def _mean_popularity(lists: Recommendations, popularity: IntArray) -> Interval:
    shown = lists.item_index != NONE_LEFT
    total = (popularity[np.where(shown, lists.item_index, 0)] * shown).sum(1)
    some = shown.any(1)
    return mean_interval(total[some] / shown.sum(1)[some])


def _before(split: SplitName) -> tuple[SplitName, ...]:
    if split not in SPLITS or split == "train":
        raise RequestError(
            f"Lists cannot be judged on the part {split!r}.", "Choose validation or test.", value=str(split)
        )
    return SPLITS[: SPLITS.index(split)]
