"""Days of a log: what was there by the end of one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np

from gnnrec_core.base.errors import RequestError
from gnnrec_core.data.dataset import NO_TIME, SPLITS, Dataset, IntArray, without_rows


def read_day(text: str) -> date:
    """A day written as 2024-05-31; RequestError where it is none."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise RequestError(f"{text!r} is not a day.", "Write it as YYYY-MM-DD.", value=text) from error


def day_of(seconds: int) -> date:
    """The day (UTC) of a time in seconds."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).date()


def end_of(day: date) -> int:
    """The last second of the day, UTC."""
    return int((datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)).timestamp()) - 1


def span(dataset: Dataset) -> tuple[date, date]:
    """The first and the last day of the interactions before the test part; RequestError where none has a time."""
    times = times_of(dataset)
    known = times[(times != NO_TIME) & (dataset.interactions.split != SPLITS.index("test"))]
    if not len(known):
        raise RequestError(*_untimed(dataset))
    return day_of(int(known.min())), day_of(int(known.max()))


def times_of(dataset: Dataset) -> IntArray:
    """The times of all interactions `[n]`; RequestError where the log has none."""
    if dataset.interactions.timestamp is None:
        raise RequestError(*_untimed(dataset))
    return dataset.interactions.timestamp


def _untimed(dataset: Dataset) -> tuple[str, str]:
    return (
        f"The interactions of {dataset.name!r} have no time.",
        "Import the log with --time-col, then train again.",
    )


def rows_after(dataset: Dataset, day: date) -> IntArray:
    """Rows of train and validation later than the day, ascending; those without a time are never later.

    RequestError where no interaction has a time, none of train is as early as `day`, or the log had ended before it.
    """
    first, last = span(dataset)
    log = dataset.interactions
    if day > day_of(int(times_of(dataset).max())):
        raise RequestError(
            f"On {day} the log had ended already.", f"Choose a day from {first} to {last}.", value=str(day)
        )
    held_out = log.split == SPLITS.index("test")
    later: IntArray = np.flatnonzero((times_of(dataset) > end_of(day)) & ~held_out).astype(np.int64)
    if not len(np.setdiff1d(log.rows("train"), later)):
        raise RequestError(
            f"On {day} there was no train interaction yet.", f"Choose a day from {first} to {last}.", value=str(day)
        )
    return later


def as_of_day(dataset: Dataset, day: date) -> Dataset:
    """The dataset without what came later in train and validation; the test part stays, to judge all days by the same
    choices. The very same dataset where nothing came later."""
    later = rows_after(dataset, day)
    return without_rows(dataset, later) if len(later) else dataset
