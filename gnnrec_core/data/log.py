"""The log while it is being made: clean columns, and the way back from each row to its line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gnnrec_core.base.errors import DataError
from gnnrec_core.data.clean.behaviours import STRENGTH
from gnnrec_core.data.clean.blocks import chosen, counted, gathered
from gnnrec_core.data.clean.columns_read import columns_read, time_doubts
from gnnrec_core.data.clean.ids import Ids, clean_ids, need_several, sorted_vocabulary
from gnnrec_core.data.clean.numbers import clean_numbers
from gnnrec_core.data.clean.times import clean_times
from gnnrec_core.data.dataset import NO_TIME, SPLITS, FloatArray, IntArray, Problem
from gnnrec_core.data.formats.source import Part, SourceLog, Table
from gnnrec_core.data.options import ImportOptions

Dropped = tuple[str, str, str, IntArray]
"""Code, file and column of the problem that counts rows, and the rows."""


@dataclass(frozen=True)
class Log:
    """Interactions as arrays `[n]`; after `once_in_order` sorted by (user, item). `row` counts through all parts of
    the source; `part` is a position in `SPLITS` where the source brings parts."""

    user_ids: tuple[str, ...]
    item_ids: tuple[str, ...]
    user: NDArray[Any]
    item: NDArray[Any]
    rating: FloatArray | None = None
    time: NDArray[Any] | None = None
    part: NDArray[np.int8] | None = None
    row: NDArray[Any] | None = None
    strength: FloatArray | None = None
    """Weight of each row's behaviour, where a person has weighed them."""
    time_like: tuple[str, ...] = ()
    """Columns of the source that hold times and were not read."""

    def __len__(self) -> int:
        return len(self.user)

    def take(self, keep: NDArray[np.bool_]) -> Log:
        """The rows that a mask keeps."""
        row = np.arange(len(self), dtype=np.int32) if self.row is None else self.row
        return replace(self._each(lambda column: chosen(column, keep)), row=chosen(row, keep))

    def in_order(self, order: NDArray[Any]) -> Log:
        """The rows at the positions `order`."""
        return replace(
            self._each(lambda column: gathered(column, order)),
            row=order if self.row is None else gathered(self.row, order),
        )

    def _each(self, change: Callable[[NDArray[Any]], NDArray[Any]]) -> Log:
        return replace(
            self,
            user=change(self.user),
            item=change(self.item),
            rating=None if self.rating is None else change(self.rating),
            time=None if self.time is None else change(self.time),
            part=None if self.part is None else change(self.part),
            strength=None if self.strength is None else change(self.strength),
        )

    def compact(self) -> Log:
        """Without the users and items that have no interaction left."""
        users, user_ids = _renumbered(self.user, self.user_ids)
        items, item_ids = _renumbered(self.item, self.item_ids)
        return replace(self, user=users, item=items, user_ids=user_ids, item_ids=item_ids)


@dataclass(frozen=True)
class Places:
    """From a row of the joined log to file and line. `tables` are those of the source, without their columns."""

    tables: tuple[tuple[int, Table], ...]

    @classmethod
    def of(cls, source: SourceLog) -> Places:
        """The places of a source, which need not stay in memory for them."""
        return cls(tuple((p.table.frame.height, replace(p.table, frame=pl.DataFrame())) for p in source.parts))

    def problem(self, code: str, severity: str, log: Log, rows: Any, action: str, message: str, **more: Any) -> Problem:
        """A Problem about the positions `rows` of `log`."""
        rows = np.asarray(rows)
        at = (rows if log.row is None else log.row[rows])[:10] if len(rows) else rows
        where = [self._place(int(row)) for row in at]
        same_file = [line for file, line in where if file == where[0][0]] if where else []
        return Problem(
            code,
            severity,  # type: ignore[arg-type]
            more.pop("count", len(rows)),
            action,
            message,
            where[0][0] if where else None,
            where[0][1] if where else None,
            lines=tuple(same_file),
            **more,
        )

    def _place(self, row: int) -> tuple[str, int]:
        for height, table in self.tables:
            if row < height:
                return table.file, table.line(row)
            row -= height
        raise IndexError(row)


def _renumbered(index: NDArray[Any], ids: tuple[str, ...]) -> tuple[NDArray[Any], tuple[str, ...]]:
    used = counted(index, len(ids)) > 0
    if used.all():
        return index, ids
    new = (np.cumsum(used) - 1).astype(index.dtype)
    return gathered(new, index), tuple(ids[place] for place in np.flatnonzero(used))


def clean_log(source: SourceLog, options: ImportOptions) -> tuple[Log, int, tuple[Problem, ...]]:
    """All parts of the source as one clean log, how many times lie in the future, and what was met."""
    problems: list[Problem] = []
    users = _joined_ids(source.parts, "user", problems)
    items = _joined_ids(source.parts, "item", problems)
    keep = None
    if len(users.codes) and min(users.codes.min(), items.codes.min()) < 0:
        keep = (users.codes >= 0) & (items.codes >= 0)
        problems = _once(problems, users.codes, items.codes, source)
    ratings, drop = _ratings(source.parts, options, problems)
    times, n_future, says, no_times = _times(source.parts, options, problems)
    for code, file, column, rows in (*drop, *no_times):
        if len(rows):
            keep = np.ones(len(users.codes), bool) if keep is None else keep
            problems = _counted_once(problems, (code, file, column), int(np.count_nonzero(~keep[rows])))
            keep[rows] = False
    part = _parts(source.parts, len(users.codes))
    user_ids, user = _ranked(users)
    item_ids, item = _ranked(items)
    log = Log(
        *(user_ids, item_ids, user, item, ratings, times, part),
        strength=_strength(source.parts),
        time_like=source.parts[0].roles.other_times,
    )
    if keep is not None:
        log = log.take(keep).compact()
    file = source.parts[0].table.file
    if not len(log):
        raise DataError(f"{file} has no usable interaction.", "See which column is which.", file=file)
    need_several(len(log.user_ids), "user", file)
    need_several(len(log.item_ids), "item", file)
    return log, n_future, (*columns_read(source.parts, log.time, says), *problems, *time_doubts(log.time, source.parts))


def _ranked(ids: Ids) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """Ids in canonical order and the new indices; a missing id (-1) takes any index, for its row is left out next."""
    if ids.sorted:
        return tuple(ids.values), ids.codes
    values, rank = sorted_vocabulary(ids.values)
    return values, gathered(rank.astype(np.int32), ids.codes) if len(rank) else np.zeros(len(ids.codes), np.int32)


def _joined_ids(parts: tuple[Part, ...], kind: str, problems: list[Problem]) -> Ids:
    found: list[Ids] = [clean_ids(part.table, getattr(part.roles, kind), kind) for part in parts]
    for ids in found:
        problems.extend(ids.problems)
    if len(found) == 1:
        return found[0]
    places: dict[str, int] = {}
    codes = []
    for ids in found:
        lookup = np.array([places.setdefault(text, len(places)) for text in ids.values] + [-1], np.int32)
        codes.append(gathered(lookup, ids.codes))
    return Ids(np.concatenate(codes), list(places), ())


def _once(
    problems: list[Problem], users: NDArray[np.int32], items: NDArray[np.int32], source: SourceLog
) -> list[Problem]:
    """A row without user and without item was counted by both columns, but can leave the log only once."""
    both = int(np.count_nonzero((users < 0) & (items < 0)))
    if not both:
        return problems
    corrected, left = [], both
    for problem in reversed(problems):
        if left and problem.rows_removed:
            less = min(left, problem.rows_removed)
            problem, left = _less(problem, less), left - less
        corrected.append(problem)
    return corrected[::-1]


def _less(problem: Problem, n: int) -> Problem:
    return replace(problem, rows_removed=problem.rows_removed - n)


def _counted_once(problems: list[Problem], of: tuple[str, str, str], n_gone: int) -> list[Problem]:
    """`n_gone` of the rows of one problem had left the log before."""
    return [_less(p, n_gone) if n_gone and (p.code, p.file, p.column) == of else p for p in problems]


def _strength(parts: tuple[Part, ...]) -> FloatArray | None:
    if STRENGTH not in parts[0].table.frame.columns:
        return None
    return np.concatenate([part.table.frame[STRENGTH].to_numpy().astype(np.float32) for part in parts])


def _ratings(
    parts: tuple[Part, ...], options: ImportOptions, problems: list[Problem]
) -> tuple[FloatArray | None, list[Dropped]]:
    if not any(part.roles.rating for part in parts):
        return None, []
    columns: list[FloatArray] = []
    drop: list[Dropped] = []
    offset = 0
    for part in parts:
        if part.roles.rating is None:
            columns.append(np.full(part.table.frame.height, np.nan, np.float32))
        else:
            numbers = clean_numbers(part.table, part.roles.rating, options.rating_scale, options.bad_rows == "drop")
            problems.extend(numbers.problems)
            columns.append(numbers.values)
            drop += [(code, part.table.file, part.roles.rating, rows + offset) for code, rows in numbers.drop]
        offset += part.table.frame.height
    return (columns[0] if len(columns) == 1 else np.concatenate(columns)), drop


def _times(
    parts: tuple[Part, ...], options: ImportOptions, problems: list[Problem]
) -> tuple[IntArray | None, int, str, list[Dropped]]:
    """The times of all parts, how many lie in the future, what they are written as, and rows without a usable one."""
    columns, n_future, offset, says = [], 0, 0, ""
    drop: list[Dropped] = []
    for part in parts:
        if part.roles.time is None:
            columns.append(np.full(part.table.frame.height, NO_TIME, np.int64))
        else:
            times = clean_times(part.table, part.roles.time, options.day_first, drop_bad=options.bad_rows == "drop")
            problems.extend(times.problems)
            columns.append(times.values)
            drop.append(("bad_rows", part.table.file, part.roles.time, times.drop + offset))
            n_future += times.n_future
            says = says or times.says
        offset += part.table.frame.height
    if not any(part.roles.time for part in parts):
        return None, 0, says, drop
    joined = columns[0] if len(columns) == 1 else np.concatenate(columns)
    return (None if not len(joined) or joined.max() == NO_TIME else joined), n_future, says, drop


def _parts(parts: tuple[Part, ...], n_rows: int) -> NDArray[np.int8] | None:
    if all(part.split is None for part in parts):
        return None
    codes = [np.full(part.table.frame.height, SPLITS.index(part.split or "train"), np.int8) for part in parts]
    return np.concatenate(codes) if n_rows else np.zeros(0, np.int8)
