"""Numbers that are times: calendar dates written as one number, days of a spreadsheet, seconds and finer units.

What a column's numbers are is told by the column as a whole (most of a sample), never value by value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.data.clean.blocks import blocks, in_blocks
from gnnrec_core.data.dataset import IntArray

SAMPLE = 10_000
MOST = 0.9
"""Share of the sampled numbers that must fit for the column to be taken as that kind."""
NO_YEAR = 2000
"""The year that stands in for the missing one of dates such as 0829; a leap year, so that 0229 is a date."""
_EXCEL_EPOCH, _EXCEL_FIRST, _EXCEL_LAST = 25_569, 29_221, 55_153
"""1970-01-01, 1980-01-01 and 2050-12-31 as days of a spreadsheet."""
UNITS = ((1e17, 1_000_000_000, "nanoseconds"), (1e14, 1_000_000, "microseconds"), (1e11, 1_000, "milliseconds"))
_UNIT_NAMES = (
    (r"(ns|nanos|nanoseconds)$", 1_000_000_000),
    (r"(us|micros|microseconds)$", 1_000_000),
    (r"(ms|millis|milliseconds|msec)$", 1_000),
)
_PLAUSIBLE = (600_000_000, 4_100_000_000)
"""1989 to 2099, in seconds: what a number of a coarser unit would have to lie in to be one."""


@dataclass(frozen=True)
class Kind:
    """What the numbers of a column are: `seconds(values) -> (seconds [n], is one [n])`, and words for it."""

    code: str
    says: str
    seconds: Callable[[NDArray[Any]], tuple[IntArray, NDArray[np.bool_]]]
    certain: bool = True


def calendar_kind(values: NDArray[Any]) -> Kind | None:
    """The calendar form or spreadsheet days that most of `values` (no gaps) are; None for seconds and finer.

    >>> kind = calendar_kind(np.array([20220401, 20220415]))
    >>> kind.says, kind.seconds(np.array([20220401]))[0].tolist() == [1_648_771_200]
    ('dates as YYYYMMDD', True)
    """
    sample = values[:: max(1, len(values) // SAMPLE)]
    if not len(sample):
        return None
    middle = abs(float(np.median(sample)))
    if middle < 101 or 2.2e9 < middle < 1.8e11 or middle > 2.2e13:
        return None
    for kind, all_of_them in _KINDS:
        share = float(np.mean(kind.seconds(sample)[1]))
        if share == 1 or (share > MOST and not all_of_them):
            return kind
    return None


def in_seconds(kind: Kind, values: NDArray[Any]) -> tuple[IntArray, NDArray[np.bool_]]:
    """All `values` as seconds, and which of them are of that kind; block by block."""
    seconds, fits = np.empty(len(values), np.int64), np.empty(len(values), bool)

    def work(part: slice) -> None:
        seconds[part], fits[part] = kind.seconds(values[part])

    in_blocks(blocks(len(values)), work)
    return seconds, fits


def unit_of(values: NDArray[Any], column: str) -> tuple[int, str]:
    """Divisor and name of the unit of a column of numbers that count from 1970: (1, "seconds") and finer.

    Told by the median, and by the name of the column (`time_ms`) where the numbers allow it.
    """
    sample = np.abs(values[:: max(1, len(values) // SAMPLE)])
    sample = sample[sample > 0]
    middle = float(np.median(sample)) if len(sample) else 0.0
    names = {divisor: name for _, divisor, name in UNITS}
    for pattern, divisor in _UNIT_NAMES:
        if re.search(rf"[_ .-]{pattern}", column.lower()) and middle / divisor > _PLAUSIBLE[0] / 20:
            return divisor, names[divisor]
    return next(((divisor, name) for limit, divisor, name in UNITS if middle >= limit), (1, "seconds"))


def other_units(values: NDArray[Any], divisor: int) -> tuple[NDArray[np.bool_], str]:
    """Which numbers of a column can only be of another unit than `divisor`, and the finest unit met.

    Finer ones are told by their size; a coarser one must be a likely date in its own unit.
    """
    limits = [(limit, d, name) for limit, d, name in reversed(UNITS)]
    size = np.abs(values)
    other, finest = np.zeros(len(values), bool), next((n for _, d, n in limits if d == divisor), "seconds")
    for limit, unit, name in limits:
        if unit > divisor and (finer := size >= limit).any():
            other |= finer
            finest = name
    ranges = [(1, 0.0, 1e11), *((unit, limit, limit * 1000) for limit, unit, _ in limits)]
    for unit, low, high in ranges:
        if unit < divisor:
            likely = (values >= max(low, _PLAUSIBLE[0] * unit)) & (values < min(high, _PLAUSIBLE[1] * unit))
            other |= likely
    return other, finest


def _calendar(digits: str) -> Callable[[NDArray[Any]], tuple[IntArray, NDArray[np.bool_]]]:
    """A function that reads numbers written as `digits` (Y year, M month, D day, h hour, m minute, s second)."""
    fields = {letter: len(found.group(0)) for letter in "YMDhms" if (found := re.search(f"{letter}+", digits))}

    def read(values: NDArray[Any]) -> tuple[IntArray, NDArray[np.bool_]]:
        rest = np.trunc(np.where(np.abs(values) < 9e18, values, 0)).astype(np.int64)
        fits = rest == values
        part: dict[str, Any] = {"Y": NO_YEAR, "M": 1, "D": 1, "h": 0, "m": 0, "s": 0}
        for letter in reversed(fields):
            rest, part[letter] = np.divmod(rest, 10 ** fields[letter])
        fits &= rest == 0
        year = part["Y"] if fields.get("Y") != 2 else part["Y"] + np.where(np.asarray(part["Y"]) < 70, 2000, 1900)
        fits &= (year >= 1900) & (year <= 2100) & (part["M"] >= 1) & (part["M"] <= 12)
        fits &= (part["h"] < 24) & (part["m"] < 60) & (part["s"] < 61)
        months = (np.where(fits, year, 1970) - 1970) * 12 + np.where(fits, part["M"], 1) - 1
        first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
        after = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
        fits &= (part["D"] >= 1) & (part["D"] <= after - first)
        return (first + part["D"] - 1) * 86_400 + part["h"] * 3600 + part["m"] * 60 + part["s"], fits

    return read


def _spreadsheet(values: NDArray[Any]) -> tuple[IntArray, NDArray[np.bool_]]:
    fits = (values >= _EXCEL_FIRST) & (values < _EXCEL_LAST + 1)
    return np.rint((np.where(fits, values, _EXCEL_EPOCH) - _EXCEL_EPOCH) * 86_400).astype(np.int64), fits


def _form(digits: str, says: str, certain: bool = True) -> Kind:
    return Kind("calendar_number", says, _calendar(digits), certain)


_KINDS = (
    (_form("YYYYMMDDhhmmss", "dates as YYYYMMDDhhmmss"), False),
    (_form("YYYYMMDDhhmm", "dates as YYYYMMDDhhmm"), False),
    (_form("YYYYMMDDhh", "dates as YYYYMMDDhh"), True),
    (_form("YYYYMMDD", "dates as YYYYMMDD"), False),
    (_form("YYYYMM", "months as YYYYMM", False), True),
    (_form("MMDD", f"days of a year that is not written (MMDD), set into the year {NO_YEAR}", False), True),
    (_form("YYMMDD", "dates as YYMMDD", False), True),
    (Kind("spreadsheet_days", "days of a spreadsheet (1 is 1900-01-01)", _spreadsheet, False), True),
    (_form("YYYY", "years", False), True),
)
"""Kind, and whether all sampled numbers must fit: where a count of seconds could be mistaken for it."""
