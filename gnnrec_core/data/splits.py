"""Train, validation and test: per user at random, by date, the last of each user, or as the source says.

All draws are made over interactions sorted by (user, item), so a split does not depend on the order of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.base.errors import RequestError
from gnnrec_core.data.clean.blocks import BLOCK, counted, in_blocks
from gnnrec_core.data.dataset import NO_TIME, IntArray, Problem
from gnnrec_core.data.log import Log
from gnnrec_core.data.options import ImportOptions

Split = NDArray[np.int8]
TRAIN, VALIDATION, TEST = 0, 1, 2


def split_log(log: Log, options: ImportOptions, n_future: int = 0) -> tuple[Split, str, tuple[Problem, ...]]:
    """Part of each interaction of the sorted log `[n]`, the name of the split, and what a person should know of it.

    RequestError where the log lacks what the split needs (times, parts).
    """
    name = options.split if options.split != "auto" else ("given" if log.part is not None else "random")
    if name in ("leave-last", "temporal"):
        _need_times(log, name, n_future, options)
    if name == "given":
        split = _given(log, options)
    elif name == "random":
        split = random_split(log.user, options.ratios, options.seed)
    elif name == "leave-last":
        split = leave_last_split(log, options.ratios, options.seed)
    else:
        split = temporal_split(log, options.ratios)
    return split, name, _doubts(log, split, name, options.ratios)


def random_split(user: NDArray[Any], ratios: tuple[float, float, float], seed: int) -> Split:
    """Of each user's n interactions, `ratios` of n (rounded) at random; from n = 3 on every wanted part gets one.

    `user` ascends. Every interaction draws a number; the lowest draws of a user are test, the next validation.
    """
    counts = counted(user, int(user[-1]) + 1 if len(user) else 0)
    n_validation, n_test = held_out_counts(counts, ratios)
    starts = np.cumsum(counts) - counts
    n_place_bits = int(counts.max(initial=1)).bit_length()
    n_draw_bits = 63 - n_place_bits - len(counts).bit_length()
    draw = np.random.default_rng(seed).integers(0, 1 << n_draw_bits, len(user))
    split = np.zeros(len(user), np.int8)

    def work(part: slice) -> None:
        users = user[part]
        place = np.arange(part.start, part.stop) - starts[users]
        key = users.astype(np.int64)  # user, draw, place in one number: sorted by user, then by draw
        key <<= n_draw_bits
        key |= draw[part]
        key <<= n_place_bits
        key |= place
        key.sort()
        key &= (1 << n_place_bits) - 1
        key += starts[users] - part.start
        held = (place < (n_validation + n_test)[users]).astype(np.int8)
        held += place < n_test[users]
        split[part][key] = held

    in_blocks(_whole_users(user, starts), work)
    return split


def _whole_users(user: NDArray[Any], starts: IntArray) -> list[slice]:
    """Blocks that part no user's interactions."""
    cuts = np.unique(starts[user[::BLOCK]]) if len(user) else np.zeros(0, np.int64)
    return [slice(int(start), int(stop)) for start, stop in zip(cuts, [*cuts[1:], len(user)])]


def held_out_counts(counts: IntArray, ratios: tuple[float, float, float]) -> tuple[IntArray, IntArray]:
    """How many of n interactions go to validation and test: rounded (halves to even), at least one from n = 3 on,
    and at least one stays in train.

    >>> [part.tolist() for part in held_out_counts(np.array([1, 2, 3, 20, 737]), (0.8, 0.1, 0.1))]
    [[0, 0, 1, 2, 74], [0, 0, 1, 2, 74]]
    """
    parts = []
    for share in ratios[1:]:
        wanted = np.rint(share * counts).astype(np.int64)
        wanted = np.maximum(wanted, 1) if share > 0 else wanted
        parts.append(np.where(counts >= 3, wanted, 0))
    n_test = np.minimum(parts[1], np.maximum(counts - 1, 0))
    n_validation = np.minimum(parts[0], np.maximum(counts - 1 - n_test, 0))
    return n_validation, n_test


def leave_last_split(log: Log, ratios: tuple[float, float, float], seed: int) -> Split:
    """The last interaction of each user is test, the one before validation; ties in time fall at random.

    A user with two keeps one in train; a user with one is in train only. A part whose ratio is 0 stays empty.
    """
    assert log.time is not None
    time, tie = log.time, np.random.default_rng(seed).random(len(log))
    counts = counted(log.user, len(log.user_ids))
    starts = np.cumsum(counts) - counts
    n_test = np.where(counts >= 2, int(ratios[2] > 0), 0)
    n_validation = np.where(counts >= 2 + (ratios[2] > 0), int(ratios[1] > 0), 0)
    split = np.zeros(len(log), np.int8)

    def work(part: slice) -> None:
        users = log.user[part]
        order = np.lexsort((tie[part], time[part], users))
        from_last = (starts + counts)[users] - 1 - np.arange(part.start, part.stop)
        held = np.where(from_last < (n_test + n_validation)[users], VALIDATION, TRAIN).astype(np.int8)
        held[from_last < n_test[users]] = TEST
        split[part][order] = held

    in_blocks(_whole_users(log.user, starts), work)
    split[time == NO_TIME] = TRAIN
    return split


def temporal_split(log: Log, ratios: tuple[float, float, float]) -> Split:
    """One date parts train from validation, a later one validation from test; equal times stay together.

    Interactions without a time are train.
    """
    assert log.time is not None
    known = np.sort(log.time[log.time != NO_TIME])
    split = np.zeros(len(log), np.int8)
    first_test = _cut(known, 1 - ratios[2]) if ratios[2] > 0 else None
    first_validation = _cut(known, ratios[0])
    split[log.time >= first_validation] = VALIDATION if ratios[1] > 0 else TEST
    if first_test is not None:
        split[log.time >= first_test] = TEST
    return split


def _cut(ordered: IntArray, share: float) -> int:
    """The first time after the first `share` of all; above every time where nothing is left."""
    place = round(share * len(ordered))
    return int(ordered[place]) if place < len(ordered) else int(ordered[-1]) + 1


def _given(log: Log, options: ImportOptions) -> Split:
    if log.part is None:
        raise RequestError("The source brings no parts, so --split given cannot be used.", "Choose --split random.")
    split = log.part.astype(np.int8).copy()
    if options.validation_ratio > 0:
        train = np.flatnonzero(split == TRAIN)
        share = options.validation_ratio
        inner = random_split(log.user[train], (1 - share, share, 0.0), options.seed)
        split[train[inner == VALIDATION]] = VALIDATION
    return split


def _need_times(log: Log, name: str, n_future: int, options: ImportOptions) -> None:
    if log.time is None:
        raise RequestError(
            f"The log has no times, so --split {name} cannot be used.", "Choose --split random, or name --time-col."
        )
    if n_future and not options.accept_future_times:
        raise RequestError(
            f"{n_future:,} times lie in the future, so a split by time would be wrong.",
            "Repair them, or pass --accept-future-times if they are meant.",
            count=n_future,
        )


def _doubts(log: Log, split: Split, name: str, ratios: Sequence[float]) -> tuple[Problem, ...]:
    if np.any(split == TEST):
        return ()
    some = np.any(split == VALIDATION)
    message = "No interaction is held out for test, so "
    message += "only --split validation can be evaluated" if some else "evaluation is impossible"
    if name != "given" and ratios[2] == 0:
        message += ": the share of the test part is 0"
    elif name in ("random", "leave-last"):
        message += ": no user has enough interactions to be split"
    return (Problem("nothing_held_out", "warning", len(log), "kept", message + "."),)
