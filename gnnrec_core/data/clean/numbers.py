"""Ratings as numbers: what is written another way is understood and counted, what is no number is refused."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gnnrec_core.data.clean.bad_rows import BadRows
from gnnrec_core.data.clean.blocks import gathered
from gnnrec_core.data.clean.distinct import Distinct, distinct
from gnnrec_core.data.clean.ids import MISSING_WORDS
from gnnrec_core.data.dataset import FloatArray, IntArray, Problem
from gnnrec_core.data.formats.source import Table

_THOUSANDS = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d*)?$")
_COMMA = re.compile(r"[-+]?(\d*|\d{1,3}(\.\d{3})+),\d+$")
_NO_RATING = "interactions have no rating; they were kept without one"
_TRUTH = {"true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0}


@dataclass(frozen=True)
class Numbers:
    """`values` float32 `[n]`, NaN where there is none; `drop` rows that hold no usable number, with the problem that
    counts them: one entry a reason."""

    values: FloatArray
    drop: tuple[tuple[str, IntArray], ...]
    problems: tuple[Problem, ...]


def clean_numbers(
    table: Table, column: str, scale: tuple[float, float] | None = None, drop_bad: bool = False
) -> Numbers:
    """The ratings of a column. DataError with line, column and value for text that is no number, and for a number
    outside the declared `scale`, unless `drop_bad`. Each distinct text is looked at once."""
    series = table.frame[column]
    hint = f"Repair the line, name another column with --rating-col ('none' leaves {column!r} unread)"
    bad = BadRows(table, column, drop_bad, hint)
    if series.dtype.is_float():
        values = series.cast(pl.Float64).fill_null(math.nan).to_numpy()
        found = Distinct(np.arange(len(values), dtype=np.int32), series)
        met = _Found(table, column, found, values, np.ones(len(values), np.int64))
        gone = np.isnan(values)
        return _checked(met, scale, [met.problem(gone, "missing_rating", _NO_RATING)] if gone.any() else [], bad)
    found = distinct(series)
    numbers, how = _parse(found.values)
    met = _Found(table, column, found, numbers, found.counts)
    problems = []
    for code, (flags, message) in how.items():
        if code == "not_a_number" and flags.any():
            bad.met(found.rows(flags), message)
        elif flags.any():
            problems.append(met.problem(flags, code, message))
    return _checked(met, scale, problems, bad)


@dataclass(frozen=True)
class _Found:
    """Distinct numbers `[m]` with their counts, and the way back to the rows that hold them."""

    table: Table
    column: str
    found: Distinct
    values: NDArray[np.float64]
    counts: IntArray

    def problem(self, flags: NDArray[np.bool_], code: str, message: str, action: str = "repaired") -> Problem:
        rows = self.found.rows(flags)
        missing = code == "missing_rating"
        return Problem(
            code,
            "info" if action == "repaired" and not missing else "warning",
            len(rows),
            "kept" if missing else action,
            f"{len(rows):,} {message}.",
            self.table.file,
            self.table.line(rows[0]),
            self.column,
            self.table.text(self.column, rows[0]),
            self.table.where(rows),
            rows_removed=len(rows) if action == "dropped" else 0,
        )


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
            code, numbers[place] = "decimal_comma", float(word.replace(".", "").replace(",", "."))
        elif _THOUSANDS.match(word):
            code, numbers[place] = "thousands", float(word.replace(",", ""))
        else:
            code = "not_a_number"
        flags[code][place] = True
    flags["missing_rating"] |= np.array([t.lower() in ("nan", "+nan", "-nan") for t in text.to_list()], dtype=bool)
    messages = {
        "missing_rating": _NO_RATING,
        "decimal_comma": "ratings have a decimal comma; it was read as a point",
        "thousands": "ratings part thousands with a comma; it was removed",
        "true_false": "ratings are true or false; they were read as 1 and 0",
        "not_a_number": "is not a number",
    }
    return numbers, {code: (flags[code], messages[code]) for code in codes}


def _checked(met: _Found, scale: tuple[float, float] | None, problems: list[Problem], bad: BadRows) -> Numbers:
    with np.errstate(over="ignore"):
        narrow = met.values.astype(np.float32)
    infinite = np.isinf(narrow)
    if infinite.any():
        message = "ratings are infinite or too large for a number and were left out"
        problems.append(met.problem(infinite, "infinite_rating", message, "dropped"))
    if scale:
        outside = (met.values < scale[0]) | (met.values > scale[1])
        if outside.any():
            bad.met(met.found.rows(outside), f"is outside the declared scale {scale[0]:g} to {scale[1]:g}")
    _doubts(met, problems)
    drop = (("infinite_rating", met.found.rows(infinite)),) if infinite.any() else ()
    return Numbers(
        gathered(narrow, met.found.codes), (*drop, ("bad_rows", bad.all_rows())), (*problems, *bad.problems())
    )


def _doubts(met: _Found, problems: list[Problem]) -> None:
    """Ratings that are kept and that a person should know of."""
    there = np.isfinite(met.values)
    if not there.any():
        return
    low, high = float(met.values[there].min()), float(met.values[there].max())
    if low < 0:
        message = 'ratings are below 0; they count as interactions (--keep "COLUMN > 0" leaves them out)'
        message = message.replace("COLUMN", met.column)
        problems.append(met.problem(there & (met.values < 0), "negative_rating", message, "kept"))
    if low == high and met.counts[there].sum() > 1:
        message = f"ratings are all {low:g}: they say nothing but that there was an interaction"
        problems.append(met.problem(there, "constant_rating", message, "kept"))
    if high > 0 and low < high and (met.values == 0).any():
        message = (
            "ratings are 0 and count as interactions: does 0 mean no rating, or a dislike? "
            f'(--keep "{met.column} > 0" leaves them out; --min-rating 1 --negatives keep: known negatives)'
        )
        problems.append(met.problem(met.values == 0, "zero_rating", message, "kept"))
    if high >= 20 and low >= 0:
        _two_scales(met, there, high, problems)


def _two_scales(met: _Found, there: NDArray[np.bool_], high: float, problems: list[Problem]) -> None:
    """Many ratings up to 5, many near a much higher end, and next to none between."""
    small, between = there & (met.values <= 5), (met.values > 5) & (met.values < high * 0.2)
    n, n_small, n_between = (int(met.counts[flags].sum()) for flags in (there, small, between))
    if not (0.05 * n < n_small < 0.95 * n and n_between < 0.01 * n):
        return
    message = f"ratings seem to mix two scales ({n_small:,} up to 5, {n - n_small:,} up to {high:g})"
    rarer = small if n_small < n / 2 else there & ~small
    problems.append(met.problem(rarer, "two_scales", message, "kept"))
