"""Pairs that stand in the log more than once become one, by a rule that does not depend on the order of rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from gnnrec_core.data.log import Log, Places
from gnnrec_core.data.values import IntArray, Problem


def in_order(log: Log) -> Log:
    """The log sorted by (user, item)."""
    key = pair_key(log)
    if len(key) < 2 or np.all(key[1:] >= key[:-1]):
        return log
    n_row_bits = len(key).bit_length()
    if int(key.max()).bit_length() + n_row_bits > 63:
        return log.take(np.argsort(key, kind="stable"))
    # One sort of (key, row) in a single number is several times faster than an argsort and three gathers.
    key <<= n_row_bits
    key |= np.arange(len(key))
    ordered = pl.Series(key).sort().to_numpy()  # on all cores
    order = (ordered & ((1 << n_row_bits) - 1)).astype(np.int32)
    np.right_shift(ordered, n_row_bits, out=key)
    n_items = len(log.item_ids)
    user = np.repeat(np.arange(len(log.user_ids), dtype=np.int32), np.bincount(log.user, minlength=len(log.user_ids)))
    key -= user.astype(np.int64) * n_items
    return replace(
        log,
        user=user,
        item=key.astype(np.int32),
        rating=None if log.rating is None else log.rating[order],
        time=None if log.time is None else log.time[order],
        part=None if log.part is None else log.part[order],
        row=order if log.row is None else log.row[order],
    )


def pair_key(log: Log) -> IntArray:
    """One int64 a pair: user times number of items, plus item."""
    key = log.user.astype(np.int64)
    key *= len(log.item_ids)
    key += log.item
    return key


def merge_duplicates(log: Log, rule: str, places: Places) -> tuple[Log, tuple[Problem, ...]]:
    """The sorted log with each pair once.

    `last` keeps the row with the latest time, of several the one with the highest rating; `mean` and `max` take that
    of all its ratings, with the latest time. A pair in two parts of the source stays in the earlier part (train).
    """
    again = np.zeros(len(log) + 1, bool)
    again[1:-1] = (log.item[1:] == log.item[:-1]) & (log.user[1:] == log.user[:-1])
    if not again.any():
        return log, ()
    rows = np.flatnonzero(again[:-1] | again[1:])
    starts = ~again[rows]
    ordered = _best_first(log, rows, starts)
    group = np.cumsum(starts) - 1
    first = ordered[np.flatnonzero(starts)]
    others = ordered[~starts]
    problems = _account(log, first[group[~starts]], others, rule, places)
    rating, time = log.rating, log.time
    if rule in ("mean", "max") and rating is not None:
        rating = rating.copy()
        rating[first] = _combined(rating[ordered], group, rule)
    if rule in ("mean", "max") and time is not None:
        time = time.copy()
        time[first] = np.maximum.reduceat(time[ordered], np.flatnonzero(starts))
    keep = np.ones(len(log), bool)
    keep[others] = False
    return replace(log, rating=rating, time=time).take(keep), problems


def _best_first(log: Log, rows: IntArray, starts: Any) -> IntArray:
    """The same rows with the one to keep first in each pair."""
    keys: list[Any] = [log.row[rows] if log.row is not None else rows]
    if log.rating is not None:
        keys.append(-np.nan_to_num(log.rating[rows], nan=-np.inf))
    if log.time is not None:
        keys.append(-np.maximum(log.time[rows], -(2**62)))
    if log.part is not None:
        keys.append(log.part[rows])
    ordered: IntArray = rows[np.lexsort((*keys, np.cumsum(starts)))]
    return ordered


def _combined(ratings: Any, group: IntArray, rule: str) -> Any:
    """Mean or highest rating of each pair, over the ratings that are there."""
    n = int(group[-1]) + 1
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
