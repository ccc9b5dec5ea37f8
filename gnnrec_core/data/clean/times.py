"""Times as whole seconds since 1970 (UTC): texts, calendar numbers, seconds and finer units, one way for a column."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gnnrec_core.base.errors import DataError, RequestError
from gnnrec_core.data.clean.bad_rows import BadRows
from gnnrec_core.data.clean.ids import MISSING_WORDS
from gnnrec_core.data.clean.time_numbers import Kind, calendar_kind, in_seconds, other_units, unit_of
from gnnrec_core.data.clean.time_texts import (
    has_short_year,
    iso_seconds,
    named_month_seconds,
    slashed_parts,
    slashed_seconds,
)
from gnnrec_core.data.dataset import NO_TIME, IntArray, Problem
from gnnrec_core.data.formats.source import Table

_LEAP_SECOND = r"\d:\d{2}:60(?:\D|$)"
_YEAR_1, _YEAR_9999 = -62_135_596_800, 253_402_300_799
_HINT = "Write seconds since 1970 or dates such as 2024-01-31T12:00:00, or pass --time-col none"


@dataclass(frozen=True)
class Times:
    """`values` seconds `[n]`, int64 (or int32, where a large log's are all there and fit), `NO_TIME` for none; `says`
    what the column holds; `drop` rows whose value is no time, where such rows are to be left out."""

    values: NDArray[Any]
    n_future: int
    problems: tuple[Problem, ...]
    says: str
    drop: IntArray


def clean_times(
    table: Table, column: str, day_first: bool | None = None, now: float | None = None, drop_bad: bool = False
) -> Times:
    """The times of a column. DataError with line, column and value for text that is no time (unless `drop_bad`), and
    where seconds and milliseconds are mixed."""
    series = table.frame[column]
    problems: list[Problem] = []
    bad = BadRows(table, column, drop_bad, _HINT)
    says = "dates"
    if series.dtype.is_temporal() and series.dtype != pl.Duration and series.dtype != pl.Time:
        _note_missing(table, column, series.is_null(), problems)
        seconds = series.cast(pl.Datetime("us")).dt.epoch("s").fill_null(NO_TIME).to_numpy()
    else:
        if series.dtype.is_numeric():
            numbers = series.fill_nan(None) if series.dtype.is_float() else series
            gone = numbers.is_null()
        else:
            text = series.cast(pl.String).fill_null("").str.strip_chars()
            numbers, gone = _numbers_of(text)
        dates = None
        others = np.flatnonzero((numbers.is_null() & ~gone).to_numpy()) if numbers.null_count() else np.zeros(0, int)
        if len(others):
            dates = _from_dates(table, column, text.gather(others), others, day_first, problems, bad)
        _note_missing(table, column, gone, problems)
        seconds, said = _from_numbers(table, column, numbers, bad, problems)
        if dates is not None:
            seconds = seconds.astype(np.int64)
            seconds[others] = dates.fill_null(NO_TIME).to_numpy()
        says = said if len(others) < len(series) else says
    seconds = _of_a_calendar(seconds, bad)
    n_future = _doubts(table, column, seconds, now, problems)
    return Times(seconds, n_future, (*problems, *bad.problems()), says, bad.all_rows())


def _numbers_of(text: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Numbers where the texts are some (Int64, or Float64 where there are fractions), and where nothing stands."""
    whole = text.cast(pl.Int64, strict=False)
    if not whole.null_count():
        return whole, pl.Series([False]).new_from_index(0, len(text))
    gone = text.str.to_lowercase().is_in(sorted(MISSING_WORDS)) | (text == "")
    fraction = text.cast(pl.Float64, strict=False)
    usable = (fraction.abs() < 9e18).fill_null(False)
    if (usable & whole.is_null()).any():
        return fraction.set(~usable, None), gone
    return whole, gone


def _from_numbers(
    table: Table, column: str, numbers: pl.Series, bad: BadRows, problems: list[Problem]
) -> tuple[NDArray[Any], str]:
    """Numbers of a column as seconds, and what they are; `NO_TIME` where nothing stands."""
    there = numbers.drop_nulls() if numbers.null_count() else numbers
    if not len(there):
        return np.full(len(numbers), NO_TIME, np.int64), "no times"
    values = there.to_numpy()
    kind = calendar_kind(values)
    rows = np.flatnonzero(numbers.is_not_null().to_numpy()) if numbers.null_count() else None
    if kind is None:
        seconds, says = _from_count(table, column, values, rows, problems, bad)
    else:
        seconds, says = _from_calendar(table, column, values, rows, kind, problems, bad)
    if rows is None:
        return seconds, says
    found = np.full(len(numbers), NO_TIME, np.int64)
    found[rows] = seconds
    return found, says


def _from_calendar(
    table: Table,
    column: str,
    values: NDArray[Any],
    rows: IntArray | None,
    kind: Kind,
    problems: list[Problem],
    bad: BadRows,
) -> tuple[IntArray, str]:
    seconds, fits = in_seconds(kind, values)
    at = np.arange(len(values)) if rows is None else rows
    bad.met(at[~fits], f"is not one of the {kind.says} that stand in this column")
    seconds[~fits] = NO_TIME
    severity = "info" if kind.certain else "warning"
    problems.append(_problem(table, column, at[fits], kind.code, f"times were read as {kind.says}", severity=severity))
    return seconds, kind.says


def _from_count(
    table: Table, column: str, values: NDArray[Any], rows: IntArray | None, problems: list[Problem], bad: BadRows
) -> tuple[NDArray[Any], str]:
    """Counts since 1970, of the one unit that the column has; fractions are cut off."""
    if values.dtype.kind == "f":
        impossible = ~(np.abs(values) < 9e18)
        bad.met(np.flatnonzero(impossible) if rows is None else rows[impossible], "is not a time")
        values = np.where(impossible, 0, values).astype(np.int64)
    divisor, unit = unit_of(values, column)
    if divisor > 1 or int(values.max()) >= 1e11:
        other, finest = other_units(values, divisor)
        if other.any():
            raise _mixed(table, column, finest, np.flatnonzero(other), np.flatnonzero(~other), rows)
    if divisor == 1:
        return values, "seconds since 1970"
    at = np.arange(len(values)) if rows is None else rows
    problems.append(_problem(table, column, at, "time_unit", f"times are in {unit}; read as seconds"))
    return values // divisor, f"{unit} since 1970"


def _from_dates(
    table: Table,
    column: str,
    text: pl.Series,
    rows: IntArray,
    day_first: bool | None,
    problems: list[Problem],
    bad: BadRows,
) -> pl.Series:
    """Seconds of texts that are no numbers, null where they are no times."""
    found, zoned = iso_seconds(text)
    if found.null_count() < len(found):
        for chosen, kind in ((zoned, "with their own zone"), (~zoned, "without a zone, taken as UTC")):
            known = (found.is_not_null() & chosen).to_numpy()
            if known.any():
                problems.append(_problem(table, column, rows[known], "iso_time", f"times are dates in ISO 8601 {kind}"))
        leap = (found.is_not_null() & text.str.contains(_LEAP_SECOND).fill_null(False)).to_numpy()
        if leap.any():
            said = "times are leap seconds (second 60); each was read as the first second of the next minute"
            problems.append(_problem(table, column, rows[leap], "leap_second", said))
    if found.null_count():
        named = named_month_seconds(text)
        fresh = (found.is_null() & named.is_not_null()).to_numpy()
        if fresh.any():
            problems.append(_problem(table, column, rows[fresh], "named_month", "times are dates with a month's name"))
            found = found.fill_null(named)
    if found.null_count():
        found = found.fill_null(_slashed_dates(table, column, slashed_parts(text), rows, day_first, problems))
    bad.met(rows[found.is_null().to_numpy()], "is not a time")
    return found


def _slashed_dates(
    table: Table, column: str, parts: pl.DataFrame, rows: IntArray, day_first: bool | None, problems: list[Problem]
) -> pl.Series:
    """Seconds of dates such as 03/04/2024, null for others; a warning where day and month cannot be told apart."""
    first, second = (parts[name].cast(pl.Int64, strict=False) for name in ("first", "second"))
    there = first.is_not_null().to_numpy()
    if not there.any():
        return pl.Series([None] * len(parts), dtype=pl.Int64)
    certain = day_first
    if certain is None and parts["dotted"].all():  # 03.04.2024 has the day first wherever it is written
        certain = True
    if certain is None and (first.max() or 0) > 12:  # type: ignore[operator]
        certain = True
    if certain is None and (second.max() or 0) > 12:  # type: ignore[operator]
        certain = False
    if certain is None:
        message = "times could be day/month or month/day; they were read as month/day (--day-first says otherwise)"
        problems.append(_problem(table, column, rows[there], "day_or_month", message, "kept", "warning"))
    else:
        message = f"times are dates with the {'day' if certain else 'month'} first"
        problems.append(_problem(table, column, rows[there], "slashed_date", message))
    short = has_short_year(parts)
    if short.any():
        message = "times have a year of two digits, read as 1970 to 2069"
        problems.append(_problem(table, column, rows[short], "short_year", message, "kept", "warning"))
    return slashed_seconds(parts, bool(certain))


def _note_missing(table: Table, column: str, gone: pl.Series, problems: list[Problem]) -> None:
    if gone.any():
        rows = np.flatnonzero(gone.to_numpy())
        problems.append(_problem(table, column, rows, "missing_time", "interactions have no time", "kept", "warning"))


def _mixed(
    table: Table, column: str, finest: str, other: IntArray, usual: IntArray, rows: IntArray | None
) -> DataError:
    if rows is not None:
        other, usual = rows[other], rows[usual]
    few = other if len(other) < len(usual) else usual
    value = table.text(column, few[0])
    return DataError(
        f"{table.file} mixes units in column {column!r}: {len(usual):,} times are of one unit (line "
        f"{table.line(usual[0]):,}), {len(other):,} can only be of another (line {table.line(other[0]):,}); the finest "
        f"are {finest}.",
        "Bring them to one unit, or leave times unread with --time-col none.",
        file=table.file,
        line=table.line(few[0]),
        column=column,
        value=value,
        lines=list(table.where(few)),
        count=len(few),
    )


def _of_a_calendar(seconds: NDArray[Any], bad: BadRows) -> NDArray[Any]:
    """The times, those left out that lie outside the years 1 to 9999."""
    if int(seconds.max(initial=0)) <= _YEAR_9999 and int(seconds.min(initial=0)) >= _YEAR_1:
        return seconds
    outside = ((seconds < _YEAR_1) & (seconds != NO_TIME)) | (seconds > _YEAR_9999)
    bad.met(np.flatnonzero(outside), "is not a time")
    return np.where(outside, NO_TIME, seconds)


def _doubts(table: Table, column: str, seconds: IntArray, now: float | None, problems: list[Problem]) -> int:
    """Times that a person should know of. How many lie in the future?"""
    limit = int(time.time() if now is None else now) + 86_400
    lowest, highest = int(seconds.min(initial=1)), int(seconds.max(initial=0))
    n_future = 0
    if highest > limit:
        rows = np.flatnonzero(seconds > limit)
        n_future = len(rows)
        problems.append(_problem(table, column, rows, "future_time", "times lie in the future", "kept", "warning"))
    if lowest <= 0:
        rows = np.flatnonzero((seconds <= 0) & (seconds != NO_TIME))
        if len(rows):
            message = "times are 0 or before 1970"
            problems.append(_problem(table, column, rows, "time_not_positive", message, "kept", "warning"))
    return n_future


def _problem(
    table: Table, column: str, rows: IntArray, code: str, message: str, action: str = "repaired", severity: str = "info"
) -> Problem:
    return Problem(
        code,
        severity,  # type: ignore[arg-type]
        len(rows),
        action,
        f"{len(rows):,} {message}.",
        table.file,
        table.line(rows[0]),
        column,
        table.text(column, rows[0]),
        table.where(rows),
    )


def parse_moment(text: str) -> int:
    """Seconds of a date or a number of seconds that a person typed; RequestError where it is neither, or two dates.

    >>> parse_moment("1970-01-02"), parse_moment("60"), parse_moment("20220405") == parse_moment("2022-04-05")
    (86400, 60, True)
    """
    if re.fullmatch(r"-?\d+", text.strip()) and not re.fullmatch(r"(19|20)\d{6}", text.strip()):
        return int(text)
    either = re.fullmatch(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d{2})\b.*", text.strip())
    if either and max(int(either[1]), int(either[2])) <= 12 and int(either[1]) != int(either[2]):
        what = "can be day and month or month and day"
        raise RequestError(f"{text!r} {what}.", "Write it as 2024-01-31.", value=text)
    table = Table("the request", pl.DataFrame({"date": [text.strip()]}), 1)
    try:
        return int(clean_times(table, "date", now=float("1e11")).values[0])
    except DataError:
        said = f"{text!r} is not a date or a number of seconds."
        raise RequestError(said, "Write it as 2024-01-31 or 2024-01-31T12:00:00.", value=text) from None
