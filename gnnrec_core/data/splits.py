"""Train, validation and test: per user at random, by date, the last of each user, or as the source says.

All draws are made over interactions sorted by (user, item), so a split does not depend on the order of rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.base.errors import RequestError
from gnnrec_core.data.clean.blocks import BLOCK, counted, in_blocks
from gnnrec_core.data.clean.columns_read import day
from gnnrec_core.data.clean.filters import no_times_hint
from gnnrec_core.data.dataset import NO_TIME, IntArray, Problem
from gnnrec_core.data.log import Log
from gnnrec_core.data.options import ImportOptions

Split = NDArray[np.int8]
TRAIN, VALIDATION, TEST = 0, 1, 2
LEAST_OF_SHARE = 0.6
"""Of the share that was asked for a part, what a date must reach at least; less is refused."""


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
    return split, name, _doubts(log, split, name, options)


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

    Each date is the one that comes nearest to the wanted share. Interactions without a time are train. RequestError
    where there are fewer different times than parts, and where a part would be far from its share.
    """
    assert log.time is not None
    known = np.sort(log.time[log.time != NO_TIME])
    wanted = [(part, share) for part, share in ((VALIDATION, ratios[1]), (TEST, ratios[2])) if share > 0]
    starts = np.flatnonzero(known[1:] != known[:-1]) + 1  # places at which a new time begins
    if len(starts) < len(wanted):
        raise _too_few_times(known, len(wanted) + 1)
    split = np.zeros(len(log), np.int8)
    ends = np.cumsum([0.0, *(share for _, share in reversed(wanted))])[:0:-1]  # share held out from each cut on
    places = _nearest_cuts(starts, [(1 - end) * len(known) for end in ends])
    for (part, _), place in zip(wanted, places, strict=True):
        split[log.time >= known[place]] = part
    counts = np.diff([0, *places, len(known)])
    _refuse_far_shares(known, counts, np.array(ratios)[np.array(ratios) > 0])
    return split


def _nearest_cuts(starts: IntArray, wanted: list[float]) -> list[int]:
    """One start for each wanted place, the nearest (of two the lower), each after the one before."""
    best = [int(np.argmin(np.abs(starts - place))) for place in wanted]
    if len(best) == 2 and best[0] >= best[1]:
        pairs = [(best[1] - 1, best[1]), (best[0], best[0] + 1)]
        able = [(a, b) for a, b in pairs if a >= 0 and b < len(starts)]
        best = list(min(able, key=lambda pair: float(np.abs(starts[list(pair)] - wanted).sum())))
    return [int(starts[number]) for number in best]


def _refuse_far_shares(known: IntArray, counts: IntArray, asked: NDArray[np.float64]) -> None:
    """RequestError where equal times leave a part less than `LEAST_OF_SHARE` of what was asked, or as much too much."""
    ratio = counts / (asked * len(known))
    far = ((ratio < LEAST_OF_SHARE) | (ratio > 1 / LEAST_OF_SHARE)) & (np.abs(counts - asked * len(known)) >= 2)
    if not far.any():
        return
    times, rows = np.unique(known, return_counts=True)
    common = int(rows.argmax())
    reached = counts / len(known)
    shown = ", ".join(f"{share:.1%} (asked {wish:.0%})" for share, wish in zip(reached, asked, strict=True))
    raise RequestError(
        f"No date parts the log as asked: {rows[common] / len(known):.0%} of it has one time ({day(times[common])}), "
        f"and the nearest parts would hold {shown}.",
        f"Ask for what the dates allow (--ratios {','.join(f'{share:.3f}' for share in reached)} for these parts), or "
        "choose --split random.",
        reached=reached.tolist(),
    )


def _too_few_times(known: IntArray, n_parts: int) -> RequestError:
    days = np.unique(known)
    shown = " and ".join(day(time) for time in days[:2])
    what = f"All {len(known):,} times are equal ({shown})" if len(days) == 1 else f"There are two times only ({shown})"
    return RequestError(
        f"{what}, so a date cannot part them into {n_parts} parts that are not empty.",
        "Choose --split random, or another --time-col; --ratios with a 0 asks for fewer parts.",
        count=len(known),
        value=str(int(days[0])),
    )


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
            f"The log has no times, so --split {name} cannot be used.",
            no_times_hint(log, "Choose --split random, or name --time-col."),
        )
    if n_future and not options.accept_future_times:
        raise RequestError(
            f"{n_future:,} times lie in the future, so a split by time would be wrong.",
            "Repair them, or pass --accept-future-times if they are meant.",
            count=n_future,
        )


def _doubts(log: Log, split: Split, name: str, options: ImportOptions) -> tuple[Problem, ...]:
    """What a person should know: nothing held out, other shares than asked for, ties that decide."""
    problems = list(_other_shares(split, name, options.ratios))
    if name == "leave-last":
        problems += _ties(log, split)
    if not np.any(split == TEST):
        some = np.any(split == VALIDATION)
        message = "No interaction is held out for test, so "
        message += "only --split validation can be evaluated" if some else "evaluation is impossible"
        if name != "given" and options.ratios[2] == 0:
            message += ": the share of the test part is 0"
        elif name in ("random", "leave-last"):
            message += ": no user has enough interactions to be split"
        problems.append(Problem("nothing_held_out", "warning", len(log), "kept", message + "."))
    return tuple(problems)


def _other_shares(split: Split, name: str, asked: tuple[float, float, float]) -> tuple[Problem, ...]:
    """A part that is empty though asked for, and shares that differ by more than a tenth: of all interactions where
    each user's are parted (a history of four cannot give a tenth), of the share asked where a date parts them."""
    if name not in ("random", "temporal") or not len(split):
        return ()
    counts = counted(split, 3)
    reached = counts / len(split)
    off = np.abs(reached - asked)
    most = 0.1 * np.array(asked) if name == "temporal" else np.full(3, 0.1)
    empty = (counts == 0) & (np.array(asked) > 0)
    if not ((off > most + 1e-9) & (off * len(split) >= 1)).any() and not (empty.any() and counts[TEST]):
        return ()
    parts = zip(("train", "validation", "test"), reached, asked, counts.tolist(), strict=True)
    shown = ", ".join(f"{part} {share:.1%} ({n:,}; asked {wish:.0%})" for part, share, wish, n in parts)
    why = "equal times stay together" if name == "temporal" else "short histories cannot be parted so"
    text = f"The parts are not what was asked: {shown}; {why}."
    return (Problem("split_shares", "warning", len(split), "kept", text, details={"reached": reached.tolist()}),)


def _ties(log: Log, split: Split) -> tuple[Problem, ...]:
    """Users whose held-out interaction has the same time as one that is not held out there: chance decided."""
    assert log.time is not None
    held = np.flatnonzero((split != TRAIN) & (log.time != NO_TIME))
    oldest: dict[int, IntArray] = {}
    for part in (VALIDATION, TEST):
        oldest[part] = np.full(len(log.user_ids), np.iinfo(np.int64).max)
        rows = held[split[held] == part]
        oldest[part][log.user[rows]] = log.time[rows]
    lower = split < TEST
    tied = lower & (log.time == oldest[TEST][log.user]) & (log.time != NO_TIME)
    tied |= (split == TRAIN) & (log.time == oldest[VALIDATION][log.user]) & (log.time != NO_TIME)
    n = len(np.unique(log.user[tied]))
    if not n:
        return ()
    n_held = len(np.unique(log.user[held]))
    text = (
        f"For {n:,} of {n_held:,} users several interactions share the last time, so chance (the seed) says which is "
        "held out; figures hang on it."
    )
    return (Problem("ties", "warning", n, "kept", text),)
