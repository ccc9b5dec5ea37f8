"""Ratings as numbers: what is written another way is understood and counted, what is no number is refused."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
import polars as pl

from gnnrec_core.data.clean_ids import MISSING_WORDS
from gnnrec_core.data.distinct import Distinct, distinct
from gnnrec_core.data.readers.values import Table
from gnnrec_core.data.values import FloatArray, IntArray, Problem
from gnnrec_core.errors import DataError

_THOUSANDS = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d*)?$")
_COMMA = re.compile(r"[-+]?\d*,\d+$")
_TRUTH = {"true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0}


@dataclass(frozen=True)
class Numbers:
    """`values` float32 `[n]`, NaN where there is none; `drop` rows that hold no usable number (infinity)."""

    values: FloatArray
    drop: IntArray
    problems: tuple[Problem, ...]


def clean_numbers(table: Table, column: str, scale: tuple[float, float] | None = None) -> Numbers:
    """The ratings of a column. DataError with line, column and value for text that is no number, and for a number
    outside the declared `scale`."""
    series = table.frame[column]
    if series.dtype.is_float():
        return _checked(table, column, Distinct(np.zeros(0, np.int32), pl.Series([], dtype=pl.String)), series, scale)
    found = distinct(series)
    numbers, how = _parse(found.values)
    problems = []
    for code, (flags, message) in how.items():
        rows = found.rows(flags)
        if code == "not_a_number" and len(rows):
            raise _refused(table, column, rows, message)
        if len(rows):
            problems.append(_problem(table, column, rows, code, message))
    checked = _checked(table, column, found, pl.Series(numbers[found.codes] if len(numbers) else []), scale)
    return Numbers(checked.values, checked.drop, (*problems, *checked.problems))


def _parse(values: pl.Series) -> tuple[np.ndarray, dict[str, tuple[np.ndarray, str]]]:
    """A number for each distinct text, and which texts were understood how."""
    text = values.str.strip_chars()
    numbers = text.cast(pl.Float64, strict=False).to_numpy().copy()
    known = text.cast(pl.Float64, strict=False).is_not_null().to_numpy()
    numbers[~known] = np.nan
    codes = ("missing_rating", "decimal_comma", "thousands", "true_false", "not_a_number")
    flags = {code: np.zeros(len(values), bool) for code in codes}
    rest = [(place, text[int(place)]) for place in np.flatnonzero(~known)]
    comma = any(_COMMA.match(t) and not _THOUSANDS.match(t) for _, t in rest)
    for place, word in rest:
        low = word.lower()
        if not word or low in MISSING_WORDS or low in ("-", "?"):
            code = "missing_rating"
        elif low in _TRUTH:
            code, numbers[place] = "true_false", _TRUTH[low]
        elif comma and _COMMA.match(word):
            code, numbers[place] = "decimal_comma", float(word.replace(",", "."))
        elif _THOUSANDS.match(word):
            code, numbers[place] = "thousands", float(word.replace(",", ""))
        else:
            code = "not_a_number"
        flags[code][place] = True
    flags["missing_rating"] |= np.array([t.lower() in ("nan", "+nan", "-nan") for t in text.to_list()], dtype=bool)
    messages = {
        "missing_rating": "interactions have no rating; they were kept without one",
        "decimal_comma": "ratings have a decimal comma; it was read as a point",
        "thousands": "ratings part thousands with a comma; it was removed",
        "true_false": "ratings are true or false; they were read as 1 and 0",
        "not_a_number": "",
    }
    return numbers, {code: (flags[code], messages[code]) for code in codes}


def _checked(
    table: Table, column: str, found: Distinct, series: pl.Series, scale: tuple[float, float] | None
) -> Numbers:
    values = series.cast(pl.Float64).fill_null(math.nan).to_numpy()
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32)
    problems = []
    infinite = np.flatnonzero(np.isinf(narrow))
    if len(infinite):
        message = "ratings are infinite or too large for a number and were left out"
        problems.append(_problem(table, column, infinite, "infinite_rating", message, "dropped"))
    if scale:
        outside = np.flatnonzero((values < scale[0]) | (values > scale[1]))
        if len(outside):
            raise _refused(table, column, outside, f"is outside the declared scale {scale[0]:g} to {scale[1]:g}")
    problems += _doubts(table, column, values)
    return Numbers(narrow, infinite, tuple(problems))


def _doubts(table: Table, column: str, values: np.ndarray) -> list[Problem]:
    """Ratings that are kept and that a person should know of."""
    problems: list[Problem] = []
    finite = values[np.isfinite(values)]
    if not len(finite):
        return problems
    low, high = float(finite.min()), float(finite.max())
    if low < 0:
        rows = np.flatnonzero(values < 0)
        problems.append(_problem(table, column, rows, "negative_rating", "ratings are below 0", "kept"))
    if low == high and len(finite) > 1:
        message = f"ratings are all {low:g}: they say nothing but that there was an interaction"
        problems.append(
            _problem(table, column, np.flatnonzero(np.isfinite(values)), "constant_rating", message, "kept")
        )
    zeros = np.flatnonzero(values == 0)
    if len(zeros) and high > 1:
        message = "ratings are 0: does 0 mean 'no interaction'? (--min-rating leaves them out)"
        problems.append(_problem(table, column, zeros, "zero_rating", message, "kept"))
    if high >= 20 and low >= 0:
        small = finite <= 5
        between = (finite > 5) & (finite < high * 0.2)
        if 0.05 < small.mean() < 0.95 and between.mean() < 0.01:
            counts = f"{int(small.sum()):,} up to 5, {int((~small).sum()):,} up to {high:g}"
            message = f"ratings seem to mix two scales ({counts})"
            rows = np.flatnonzero(values <= 5) if small.mean() < 0.5 else np.flatnonzero(values > 5)
            problems.append(_problem(table, column, rows, "two_scales", message, "kept"))
    return problems


def _problem(table: Table, column: str, rows: IntArray, code: str, message: str, action: str = "repaired") -> Problem:
    dropped = action == "dropped"
    missing = code == "missing_rating"
    return Problem(
        code,
        "info" if action == "repaired" and not missing else "warning",
        len(rows),
        "kept" if missing else action,
        f"{len(rows):,} {message}.",
        table.file,
        table.line(rows[0]),
        column,
        table.text(column, rows[0]),
        table.where(rows),
        rows_removed=len(rows) if dropped else 0,
    )


def _refused(table: Table, column: str, rows: IntArray, what: str) -> DataError:
    value, line = table.text(column, rows[0]), table.line(rows[0])
    more = f" (and {len(rows) - 1:,} more like it)" if len(rows) > 1 else ""
    reason = what or "is not a number"
    return DataError(
        f"{table.file} line {line:,}, column {column!r}: {value!r} {reason}{more}.",
        f"Repair the line, or name another column with --rating-col ('none' leaves {column!r} unread).",
        file=table.file,
        line=line,
        column=column,
        value=value,
        lines=list(table.where(rows)),
        count=len(rows),
    )

