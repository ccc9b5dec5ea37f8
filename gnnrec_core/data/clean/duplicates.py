"""Pairs that stand in the log more than once become one, by a rule that does not depend on the order of rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.data.clean.blocks import at_once, blocks, chosen_in_place, gathered_together, in_blocks
from gnnrec_core.data.dataset import IntArray, Problem
from gnnrec_core.data.log import Log, Places


def once_in_order(log: Log, rule: str, places: Places) -> tuple[Log, tuple[Problem, ...]]:
    """The log sorted by (user, item), each pair once; user, item and time are int64. `user` and `item` of the given log
    are used up: what comes out lies in their memory, as fresh memory is what costs most in a large log.

    `last` keeps the row with the latest time, of several the one with the highest rating; `mean` and `max` take that
    of all its ratings, with the latest time. A pair in two parts of the source stays in the earlier part (train). Of
    weights of behaviours each pair keeps the highest.
    """
    user, item, row = _in_order(log)
    again = np.zeros(len(log) + 1, bool)  # place p holds the pair of place p - 1

    def compare(part: slice) -> None:
        before, here = slice(max(part.start, 1) - 1, part.stop - 1), slice(max(part.start, 1), part.stop)
        again[here] = (item[here] == item[before]) & (user[here] == user[before])

    in_blocks(blocks(len(log)), compare)
    at = np.flatnonzero(again[:-1] | again[1:])
    if not len(at):
        return _rearranged(log, user, item, row), ()
    few = log.in_order(row[at])  # for ratings, times, parts and rows; who and what stand in `user` and `item`
    starts = np.flatnonzero(~again[at])
    group = np.cumsum(~again[at]) - 1
    best = _best(few, starts, group)
    others = np.delete(np.arange(len(at)), best)
    problems = _account(few, best[group[others]], others, rule, places)
    keep = np.ones(len(log), bool)
    keep[at[others]] = False
    merged = _rearranged(log, *at_once((user, item, row), lambda column: chosen_in_place(column, keep)))
    kept = at[best] - np.searchsorted(at[others], at[best])
    if rule in ("mean", "max") and merged.rating is not None and few.rating is not None:
        merged.rating[kept] = _combined(few.rating, group, rule)
    if merged.strength is not None and few.strength is not None:
        merged.strength[kept] = np.maximum.reduceat(few.strength, starts)
    if rule in ("mean", "max") and merged.time is not None and few.time is not None:
        merged.time[kept] = np.maximum.reduceat(few.time, starts)
    return merged, problems


def _in_order(log: Log) -> tuple[IntArray, IntArray, NDArray[Any]]:
    """User, item and row in the log, sorted; rows of one pair in the order of the log."""
    n_item_bits, n_row_bits = len(log.item_ids).bit_length(), len(log).bit_length()
    if _is_sorted(log):
        return log.user.astype(np.int64), log.item.astype(np.int64), np.arange(len(log), dtype=np.int32)
    if len(log.user_ids).bit_length() + n_item_bits + n_row_bits > 63:
        order = np.lexsort((log.item, log.user))
        return log.user[order].astype(np.int64), log.item[order].astype(np.int64), order
    key = np.empty(len(log), np.int64)  # user, item, row in one number: sorting it is quicker than an argsort

    def pack(part: slice) -> None:
        packed = log.user[part].astype(np.int64)
        packed <<= n_item_bits
        packed |= log.item[part]
        packed <<= n_row_bits
        packed |= np.arange(part.start, part.stop)
        key[part] = packed

    in_blocks(blocks(len(log)), pack)
    key.sort()
    item, row = np.empty(len(log), np.int64), _memory_of(log.user, np.int32)

    def unpack(part: slice) -> None:
        row[part] = key[part] & ((1 << n_row_bits) - 1)
        key[part] >>= n_row_bits
        item[part] = key[part] & ((1 << n_item_bits) - 1)
        key[part] >>= n_item_bits

    in_blocks(blocks(len(log)), unpack)
    return key, item, row


def _is_sorted(log: Log) -> bool:
    def in_order(part: slice) -> bool:
        user, item = log.user[part.start : part.stop + 1], log.item[part.start : part.stop + 1]
        return bool(np.all((user[1:] > user[:-1]) | ((user[1:] == user[:-1]) & (item[1:] >= item[:-1]))))

    return all(in_order(part) for part in blocks(len(log)))


def _rearranged(log: Log, user: NDArray[Any], item: NDArray[Any], row: NDArray[Any]) -> Log:
    columns = {"rating": log.rating, "time": log.time, "part": log.part, "row": log.row}
    columns["strength"] = log.strength
    there = {name: column for name, column in columns.items() if column is not None}
    out = {} if log.rating is None else {"rating": _memory_of(log.item, log.rating.dtype)}
    found: dict[str, Any] = {"row": row, **gathered_together(there, row, {"time": np.int64}, out)}
    return replace(log, user=user, item=item, **found)


def _memory_of(column: NDArray[Any], dtype: Any) -> NDArray[Any]:
    """An array `[n]` to be written, in the memory of a column that nobody reads any more where it fits."""
    fits = column.flags.writeable and column.dtype.itemsize == np.dtype(dtype).itemsize
    return column.view(dtype) if fits else np.empty(len(column), dtype)


def _best(few: Log, starts: IntArray, group: IntArray) -> IntArray:
    """The row of `few` that each group keeps: earliest part, then latest time, highest rating, and first row of the
    source. One criterion after the other narrows down the candidates."""
    criteria: list[Any] = []
    if few.part is not None:
        criteria.append(-few.part)
    if few.time is not None:
        criteria.append(few.time)
    if few.rating is not None:
        criteria.append(np.nan_to_num(few.rating, nan=-np.inf))
    criteria.append(-np.asarray(few.row))
    left = np.arange(len(few))
    for criterion in criteria:
        values = criterion[left]
        first = np.searchsorted(group[left], np.arange(len(starts)))
        left = left[values == np.maximum.reduceat(values, first)[group[left]]]
    return left


def _combined(ratings: Any, group: IntArray, rule: str) -> Any:
    """Mean or highest rating of each pair, over the ratings that are there; added up from the highest down, so that
    the order of rows cannot show."""
    n = int(group[-1]) + 1
    order = np.lexsort((-ratings, group))
    ratings = ratings[order]
    there = np.isfinite(ratings)
    if rule == "max":
        best = np.full(n, -np.inf)
        np.maximum.at(best, group[there], ratings[there])
        return np.where(np.isfinite(best), best, np.nan)
    count = np.bincount(group[there], minlength=n)
    total = np.bincount(group[there], weights=ratings[there], minlength=n)
    return np.divide(total, count, out=np.full(n, np.nan), where=count > 0)


def _account(log: Log, kept: IntArray, others: IntArray, rule: str, places: Places) -> tuple[Problem, ...]:
    """What was merged: pairs in two parts, exact repeats, and repeats that disagree."""
    leak = np.zeros(len(others), bool) if log.part is None else log.part[kept] != log.part[others]
    same = np.ones(len(others), bool)
    for values in (log.rating, log.time):
        if values is not None:
            a, b = values[kept], values[others]
            same &= (a == b) | ((a != a) & (b != b))
    how = {"last": "the latest was kept", "mean": "their mean rating was kept", "max": "the highest rating was kept"}
    found = (
        ("split_leakage", "warning", leak, "rows repeat a pair of an earlier part; they stay in the earlier part only"),
        ("duplicate_pairs", "info", same & ~leak, "rows repeat a user-item pair exactly; each pair was kept once"),
        ("conflicting_duplicates", "warning", ~same & ~leak, f"rows repeat a pair with other values; {how[rule]}"),
    )
    problems = []
    for code, severity, flags, message in found:
        rows = np.sort(others[flags])
        if len(rows):
            text = f"{len(rows):,} {message}."
            problems.append(places.problem(code, severity, log, rows, "merged", text, rows_removed=len(rows)))
    return tuple(problems)
