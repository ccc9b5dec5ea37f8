"""Times as whole seconds since 1970 (UTC): seconds, milliseconds and finer, ISO 8601, day and month in either order."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gnnrec_core.base.errors import DataError
from gnnrec_core.data.clean.ids import MISSING_WORDS
from gnnrec_core.data.dataset import NO_TIME, IntArray, Problem
from gnnrec_core.data.formats.source import Table

_SLASHED = r"^(\d{1,2})[/.](\d{1,2})[/.](\d{4}|\d{2})(?:,?[ T](\d{1,2}:\d{2}(?::\d{2})?)(?: ?([AaPp][Mm]))?)?$"
_UNITS = ((1e17, 1_000_000_000, "nanoseconds"), (1e14, 1_000_000, "microseconds"), (1e11, 1_000, "milliseconds"))
_YEAR_1, _YEAR_9999 = -62_135_596_800, 253_402_300_799
_ISO = ("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%.f", "%Y%m%dT%H%M%S")


@dataclass(frozen=True)
class Times:
    """`values` seconds `[n]`, int64 (or int32, where a large log's are all there and fit), `NO_TIME` for none."""

    values: NDArray[Any]
    n_future: int
    problems: tuple[Problem, ...]


def clean_times(table: Table, column: str, day_first: bool | None = None, now: float | None = None) -> Times:
    """The times of a column. DataError with line, column and value for text that is no time, and where seconds and
    milliseconds are mixed."""
    series = table.frame[column]
    problems: list[Problem] = []
    if series.dtype.is_temporal() and series.dtype != pl.Duration and series.dtype != pl.Time:
        _note_missing(table, column, series.is_null(), problems)
        seconds = series.cast(pl.Datetime("us")).dt.epoch("s").fill_null(NO_TIME).to_numpy()
        return Times(seconds, *_doubts(table, column, seconds, now, problems))
    if series.dtype.is_numeric():
        whole = _from_numbers(table, column, series)
        _note_missing(table, column, whole.is_null(), problems)
    else:
        text = series.cast(pl.String).fill_null("").str.strip_chars()
        whole = text.cast(pl.Int64, strict=False)
        if whole.null_count():
            whole = _from_text(table, column, text, whole, day_first, problems)
    missing = whole.is_null().to_numpy() if whole.null_count() else None
    seconds = _in_seconds(
        table, column, (whole.fill_null(0) if missing is not None else whole).to_numpy(), missing, problems
    )
    return Times(seconds, *_doubts(table, column, seconds, now, problems))


def _from_numbers(table: Table, column: str, series: pl.Series) -> pl.Series:
    """Numbers of a typed column as Int64 (or Int32), fractions cut off; null where nothing stands."""
    if series.dtype == pl.Int32 and not series.null_count():
        return series
    series = series.fill_nan(None) if series.dtype.is_float() else series
    whole = series.cast(pl.Int64, strict=False)
    if whole.null_count() > series.null_count():
        raise _no_time(table, column, np.flatnonzero((whole.is_null() & series.is_not_null()).to_numpy()))
    return whole


def _from_text(
    table: Table, column: str, text: pl.Series, whole: pl.Series, day_first: bool | None, problems: list[Problem]
) -> pl.Series:
    """Seconds for texts that are not whole numbers: fractions, ISO 8601, slashed dates; null where nothing stands."""
    gone = (text.str.to_lowercase().is_in(sorted(MISSING_WORDS)) | (text == "")).to_numpy()
    rest = whole.is_null().to_numpy() & ~gone
    fraction = text.cast(pl.Float64, strict=False)
    usable = rest & (fraction.abs() < 9e18).fill_null(False).to_numpy()
    whole = whole.zip_with(pl.Series(~usable), fraction.set(~pl.Series(usable), 0.0).cast(pl.Int64, strict=False))
    rest &= ~usable
    if rest.any():
        rows = np.flatnonzero(rest)
        parsed = _from_dates(table, column, text.gather(rows), rows, day_first, problems)
        whole = whole.scatter(rows, parsed)
    _note_missing(table, column, pl.Series(gone), problems)
    return whole


def _from_dates(
    table: Table, column: str, text: pl.Series, rows: IntArray, day_first: bool | None, problems: list[Problem]
) -> pl.Series:
    iso = text.str.replace(r"^(\d{4})[/.](\d{1,2})[/.](\d{1,2})", "$1-$2-$3")
    iso = iso.str.replace(r" ?(UTC|GMT)$", "Z").str.replace(" ", "T", literal=True)
    zoned = iso.str.contains(r"(?:[Zz]|[+-]\d{2}:?\d{2})$") & iso.str.contains("T")
    seconds = iso.str.replace(r"[zZ]$", "+00:00").str.to_datetime(
        "%Y-%m-%dT%H:%M:%S%.f%:z", strict=False, time_zone="UTC"
    )
    found = seconds.dt.epoch("s")
    plain = iso.set(zoned | ~iso.str.contains(r"^\d{4}"), None)
    for form in _ISO:
        found = found.fill_null(plain.str.to_datetime(form, strict=False, time_unit="us").dt.epoch("s"))
    if found.null_count() < len(found):
        known = found.is_not_null().to_numpy()
        kind = "with their own zone" if zoned.any() else "without a zone, taken as UTC"
        problems.append(_problem(table, column, rows[known], "iso_time", f"times are dates in ISO 8601 {kind}"))
    slashed = text.str.replace(r"^(\d{1,2})-(\d{1,2})-(\d{4})", "$1/$2/$3").str.extract_groups(_SLASHED)
    if found.null_count():
        found = found.fill_null(_slashed_dates(table, column, slashed, rows, day_first, problems))
    bad = np.flatnonzero(found.is_null().to_numpy())
    if len(bad):
        raise _no_time(table, column, rows[bad])
    return found


def _note_missing(table: Table, column: str, gone: pl.Series, problems: list[Problem]) -> None:
    if gone.any():
        rows = np.flatnonzero(gone.to_numpy())
        problems.append(_problem(table, column, rows, "missing_time", "interactions have no time", "kept", "warning"))


def _no_time(table: Table, column: str, rows: IntArray) -> DataError:
    value, line = table.text(column, rows[0]), table.line(rows[0])
    return DataError(
        f"{table.file} line {line:,}, column {column!r}: {value!r} is not a time"
        + (f" (and {len(rows) - 1:,} more like it)." if len(rows) > 1 else "."),
        "Write seconds since 1970 or dates such as 2024-01-31T12:00:00, or pass --time-col none.",
        file=table.file,
        line=line,
        column=column,
        value=value,
        count=len(rows),
        lines=list(table.where(rows)),
    )


def _slashed_dates(
    table: Table, column: str, groups: pl.Series, rows: IntArray, day_first: bool | None, problems: list[Problem]
) -> pl.Series:
    """Seconds of dates such as 03/04/2024, null for others; a warning where day and month cannot be told apart."""
    parts = groups.struct.unnest()
    first, second = (parts[name].cast(pl.Int64, strict=False) for name in parts.columns[:2])
    there = first.is_not_null().to_numpy()
    if not there.any():
        return pl.Series([None] * len(groups), dtype=pl.Int64)
    certain = day_first
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
    years = pl.col(parts.columns[2])
    short = (parts[parts.columns[2]].str.len_bytes() == 2).fill_null(False).to_numpy()
    if short.any():
        message = "times have a year of two digits, read as 1970 to 2069"
        problems.append(_problem(table, column, rows[short], "short_year", message, "kept", "warning"))
    century = pl.when(years.str.len_bytes() == 4).then(pl.lit("")).when(years < "70").then(pl.lit("20"))
    day, month = (parts.columns[0], parts.columns[1]) if certain else (parts.columns[1], parts.columns[0])
    clock = pl.col(parts.columns[3]).fill_null("0:00")
    full_clock = pl.when(clock.str.count_matches(":") == 1).then(clock + ":00").otherwise(clock)
    date = pl.concat_str(century.otherwise(pl.lit("19")), years, pl.lit("-"), pl.col(month), pl.lit("-"), pl.col(day))
    half = pl.col(parts.columns[4]).str.to_uppercase()
    texts = parts.select(pl.concat_str(date, pl.lit(" "), full_clock, half.fill_null("")).alias("text")).to_series()
    by_24 = texts.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us")
    by_12 = texts.str.to_datetime("%Y-%m-%d %I:%M:%S%p", strict=False, time_unit="us")
    return by_24.fill_null(by_12).dt.epoch("s")


def _in_seconds(
    table: Table, column: str, numbers: IntArray, missing: np.ndarray | None, problems: list[Problem]
) -> IntArray:
    """Numbers of any unit as seconds. Units are told by size: 1e11 seconds is the year 5138."""
    high = int(numbers.max(initial=0))  # a missing one is 0
    seconds = numbers
    for limit, divisor, unit in _UNITS:
        if high < limit:
            continue
        fine = numbers >= limit
        coarse = ~fine & (numbers > 0)
        if coarse.any():
            raise _mixed(table, column, unit, np.flatnonzero(fine), np.flatnonzero(coarse))
        seconds = seconds // divisor
        problems.append(
            _problem(table, column, np.flatnonzero(fine), "time_unit", f"times are in {unit}; read as seconds")
        )
        break
    return seconds if missing is None else np.where(missing, NO_TIME, seconds)


def _mixed(table: Table, column: str, unit: str, fine: IntArray, coarse: IntArray) -> DataError:
    few = fine if len(fine) < len(coarse) else coarse
    value = table.text(column, few[0])
    return DataError(
        f"{table.file} mixes units in column {column!r}: {len(fine):,} times look like {unit} (line "
        f"{table.line(fine[0]):,}), {len(coarse):,} like coarser ones (line {table.line(coarse[0]):,}).",
        "Bring them to one unit, or leave times unread with --time-col none.",
        file=table.file,
        line=table.line(few[0]),
        column=column,
        value=value,
        lines=list(table.where(few)),
        count=len(few),
    )


def _doubts(
    table: Table, column: str, seconds: IntArray, now: float | None, problems: list[Problem]
) -> tuple[int, tuple[Problem, ...]]:
    """Times that are kept and that a person should know of."""
    limit = int(time.time() if now is None else now) + 86_400
    lowest, highest = int(seconds.min(initial=1)), int(seconds.max(initial=0))
    if lowest < _YEAR_1 or highest > _YEAR_9999:
        rows = np.flatnonzero(((seconds < _YEAR_1) & (seconds != NO_TIME)) | (seconds > _YEAR_9999))
        if len(rows):
            raise _no_time(table, column, rows)
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
    return n_future, tuple(problems)


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
    """Seconds of a date or a number of seconds that a person typed.

    >>> parse_moment("1970-01-02"), parse_moment("60")
    (86400, 60)
    """
    if re.fullmatch(r"-?\d+", text.strip()):
        return int(text)
    table = Table("the request", pl.DataFrame({"date": [text.strip()]}), 1)
    return int(clean_times(table, "date", now=float("1e11")).values[0])
