"""Quality checks of a finished dataset: construction errors that no single row shows."""

from __future__ import annotations

from typing import Literal

import numpy as np

from gnnrec_core.data.about.describe import component_sizes
from gnnrec_core.data.clean.blocks import blocks, counted, in_blocks
from gnnrec_core.data.dataset import NO_TIME, SPLITS, Dataset, IntArray, Problem

BOT_TIMES_MEDIAN = 50
BOT_PER_DAY = 1000
CHECK_CODES = (
    "bot_like_users",
    "items_unseen_in_train",
    "users_unseen_in_train",
    "test_before_train",
    "disconnected_parts",
    "users_with_one",
)


def check_dataset(dataset: Dataset) -> tuple[Problem, ...]:
    """Everything that a person should know before training on `dataset`; nothing is changed."""
    degrees = counted(dataset.interactions.user_index, dataset.n_users)
    return (
        *_bots(dataset, degrees),
        *_unseen(dataset, "item"),
        *_unseen(dataset, "user"),
        *_time_leakage(dataset),
        *_components(dataset),
        *_alone(degrees),
    )


def _warning(code: str, count: int, message: str, value: str | None = None) -> Problem:
    return Problem(code, "warning", count, "kept", message, value=value)


def _bots(dataset: Dataset, degrees: IntArray) -> list[Problem]:
    """Users with over 1,000 interactions a day, or 50 times the median and 5 % of all items."""
    log = dataset.interactions
    limit = max(BOT_TIMES_MEDIAN * float(np.median(degrees)), 0.05 * dataset.n_items, 100)
    suspects = set(np.flatnonzero(degrees > limit).tolist())
    if log.timestamp is not None:
        heavy = degrees > BOT_PER_DAY
        rows = np.flatnonzero(np.repeat(heavy, degrees)) if heavy.any() else np.zeros(0, np.int64)
        rows = rows[log.timestamp[rows] != NO_TIME]
        day = log.timestamp[rows] // 86_400
        if len(rows) and int(day.max() - day.min()) < 1_000_000:
            n_days = int(day.max() - day.min()) + 1
            days, counts = np.unique(log.user_index[rows] * n_days + (day - day.min()), return_counts=True)
            suspects |= set((days[counts > BOT_PER_DAY] // n_days).tolist())
    if not suspects:
        return []
    worst = max(suspects, key=lambda user: int(degrees[user]))
    message = (
        f"{len(suspects):,} users have so many interactions that they may be programs; user "
        f"{dataset.users.ids[worst]!r} has {int(degrees[worst]):,} (median {float(np.median(degrees)):g})."
    )
    return [_warning("bot_like_users", len(suspects), message, dataset.users.ids[worst])]


def _unseen(dataset: Dataset, kind: Literal["user", "item"]) -> list[Problem]:
    """Without a train interaction nothing can be learned; such items count as misses in every list."""
    log = dataset.interactions
    index, ids = (log.user_index, dataset.users.ids) if kind == "user" else (log.item_index, dataset.items.ids)
    n = len(ids)
    seen = np.zeros(n, bool)
    split, train = log.split, SPLITS.index("train")

    def see(part: slice) -> None:
        here = index[part]
        new = np.flatnonzero(~seen[here])  # few after the first block
        seen[here[new[split[part][new] == train]]] = True

    in_blocks(blocks(len(index)), see)
    unseen = np.flatnonzero(~seen)
    if not len(unseen):
        return []
    message = (
        f"{len(unseen):,} of {n:,} {kind}s have no interaction in train, so nothing is learned of them "
        f"(for example {ids[unseen[0]]!r})."
    )
    return [_warning(f"{kind}s_unseen_in_train", len(unseen), message, ids[unseen[0]])]


def _time_leakage(dataset: Dataset) -> list[Problem]:
    """In a split by time no test interaction is earlier than train (of anybody; of the user for `leave-last`)."""
    log, split = dataset.interactions, dataset.settings.get("split")
    if log.timestamp is None or split not in ("temporal", "leave-last", "given"):
        return []
    timed = log.timestamp != NO_TIME
    train = timed & (log.split == SPLITS.index("train"))
    test = timed & (log.split == SPLITS.index("test"))
    if not train.any() or not test.any():
        return []
    if split == "temporal":
        early = int(np.count_nonzero(log.timestamp[test] < log.timestamp[train].max()))
    else:
        last = np.full(dataset.n_users, NO_TIME)
        np.maximum.at(last, log.user_index[train], log.timestamp[train])
        early = int(np.count_nonzero(log.timestamp[test] < last[log.user_index[test]]))
    if not early:
        return []
    message = f"{early:,} of {int(test.sum()):,} test interactions are earlier than train: the future leaks into train."
    return [_warning("test_before_train", early, message)]


def _components(dataset: Dataset) -> list[Problem]:
    sizes = component_sizes(dataset)
    if len(sizes) < 2:
        return []
    shown = ", ".join(f"{size:,}" for size in sizes[:5]) + (", ..." if len(sizes) > 5 else "")
    message = (
        f"The graph falls into {len(sizes):,} parts (nodes: {shown}); nothing is learned from one part about another."
    )
    return [_warning("disconnected_parts", len(sizes), message)]


def _alone(degrees: IntArray) -> list[Problem]:
    """Users with one interaction cannot be judged: it is in train, and none is left to find."""
    one = int(np.count_nonzero(degrees == 1))
    if one < len(degrees) / 2:
        return []
    message = f"{one:,} of {len(degrees):,} users have one interaction; they cannot be split into train and test."
    return [_warning("users_with_one", one, message)]
