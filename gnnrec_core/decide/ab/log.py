"""The log of an experiment: who was shown which arm, when, and what came of it; one value a person in the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from gnnrec_core.base.errors import DataError, RequestError
from gnnrec_core.base.registry import did_you_mean
from gnnrec_core.base.settings import Settings
from gnnrec_core.data.clean.times import clean_times
from gnnrec_core.data.dataset import NO_TIME, IntArray
from gnnrec_core.data.formats.source import Table
from gnnrec_core.runs.bringing.list_tables import table_of

Values = NDArray[np.float64]
ROWS = "rows"
"""As a denominator: the person's rows in the log."""
DAY = 86_400
CONTROLS = ("control", "a", "0", "off", "incumbent", "baseline", "old")
"""What the arm that others are compared with is often called; else the first by name."""


class LogSettings(Settings):
    """Which columns hold what."""

    user: str = Field(default="user", description="the column of the person")
    arm: str = Field(default="arm", description="the column of the arm that they were shown")
    time: str | None = Field(default=None, description="the column of the time: seconds, or a date")
    outcomes: tuple[str, ...] = Field(
        default=("outcome",), min_length=1, description="columns summed a person, or TOP/BOTTOM for a ratio of sums"
    )
    before: tuple[str, ...] = Field(default=(), description="columns known of a person before the experiment")
    start: str | None = Field(default=None, description="rows before this date are the time before the experiment")
    control: str | None = Field(default=None, description="the arm that the others are compared with")
    crossed: Literal["refuse", "drop"] = Field(default="refuse", description="people who were shown several arms")


@dataclass(frozen=True)
class Measure:
    """One outcome: `top` and `bottom` of each person `[n]`; the figure of an arm is sum(top) / sum(bottom). For an
    outcome that is summed a person, `bottom` is 1."""

    name: str
    top: Values
    bottom: Values


@dataclass(frozen=True)
class ExposureLog:
    """`people` raw ids of `n` persons, `arm` `[n]` a place in `arms`, the control first. `row_person`, `row_day`, and
    the columns in `table` are those of the rows that count, `row_day` days since the first of them (0 without times),
    `entered` `[n]` the day of each person's first. `before` `[n, m]` what is known of each from before, NaN where
    nothing is. `notes` say what was left out."""

    people: tuple[str, ...]
    arms: tuple[str, ...]
    arm: IntArray
    row_person: IntArray
    row_day: IntArray
    entered: IntArray
    table: pl.DataFrame
    outcomes: tuple[str, ...]
    before: Values
    before_names: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """Persons."""
        return len(self.people)

    @property
    def n_days(self) -> int:
        """Days from the first row to the last, 1 without times."""
        return int(self.row_day.max()) + 1

    def measure(self, name: str, rows: NDArray[np.bool_] | None = None) -> Measure:
        """An outcome of each person over their rows, or some of them."""
        top, _, bottom = name.partition("/")
        below: Values = self._sums(bottom, rows) if bottom else np.ones(self.n)
        return Measure(name, self._sums(top, rows), below)

    def column(self, name: str) -> Values:
        """A column of numbers, one a row; DataError where one is missing or no number."""
        return numbers(self.table, name)

    def _sums(self, name: str, rows: NDArray[np.bool_] | None) -> Values:
        values = np.ones(len(self.row_person)) if _is_count(name, self.table) else self.column(name)
        kept = slice(None) if rows is None else rows
        return np.bincount(self.row_person[kept], weights=values[kept], minlength=self.n).astype(np.float64)


def read_log(source: Any, settings: LogSettings, fewest_arms: int = 2) -> ExposureLog:
    """The log in a table (pandas, polars) or file (CSV, Parquet, JSON lines).

    DataError where a column is missing, a value is no number, a person was shown several arms (unless they are to be
    dropped), or fewer than `fewest_arms` are left; with 1, a log without arms is one arm.
    """
    table = table_of(source)
    if fewest_arms == 1 and settings.arm not in table.columns:
        table = table.with_columns(pl.lit("everybody").alias(settings.arm))
    for name in (settings.user, settings.arm, *((settings.time,) if settings.time else ()), *settings.before):
        known_column(table, name)
    for name in (part for outcome in settings.outcomes for part in outcome.split("/")):
        if not _is_count(name, table):
            numbers(table, name)
    notes: list[str] = []
    table = _one_arm_each(_named(table, settings), settings, notes, fewest_arms)
    when = seconds(table, settings.time) if settings.time else np.zeros(len(table), np.int64)
    is_before = np.zeros(len(table), bool) if settings.start is None else when < _start(settings)
    users, person = np.unique(table[settings.user].to_numpy(), return_inverse=True)
    kept = np.unique(person[~is_before])
    if len(kept) < len(users):
        notes.append(f"{len(users) - len(kept):,} people have no row since {settings.start} and are left out.")
    place = np.full(len(users), -1)
    place[kept] = np.arange(len(kept))
    inside, earlier = place[person] >= 0, is_before
    row_person, day = place[person[inside & ~earlier]], _days(when[inside & ~earlier])
    arms = _ordered(np.unique(table[settings.arm].to_numpy()[inside]).tolist(), settings.control)
    arm = np.zeros(len(kept), np.int64)
    arm[place[person[inside]]] = [arms.index(name) for name in table[settings.arm].to_numpy()[inside]]
    entered = np.full(len(kept), np.iinfo(np.int64).max)
    np.minimum.at(entered, row_person, day)
    log = ExposureLog(
        tuple(map(str, users[kept])), arms, arm, row_person, day, entered, table.filter(pl.Series(inside & ~earlier)),
        settings.outcomes, np.zeros((len(kept), 0)), (), tuple(notes),
    )  # fmt: skip
    return _with_before(log, settings, table, place[person], earlier & inside)


def known_column(table: pl.DataFrame, name: str) -> str:
    """`name` where the table has it, else DataError."""
    if name not in table.columns:
        raise DataError(f"The log has no column {name!r}.", did_you_mean(name, tuple(table.columns)), column=name)
    return name


def numbers(table: pl.DataFrame, name: str) -> Values:
    """A column as numbers `[n_rows]`; DataError for the first cell that is none."""
    found = table[known_column(table, name)].cast(pl.Float64, strict=False)
    values = found.fill_null(float("nan")).to_numpy()
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise DataError(
            f"Row {bad[0] + 1} of the log has {table[name][int(bad[0])]!r} as its {name}.",
            "Give a number; 0 where nothing happened.",
            line=int(bad[0]) + 1,
            column=name,
        )
    return values


def seconds(table: pl.DataFrame, name: str) -> IntArray:
    """A column of times as seconds since 1970 `[n_rows]`, read as those of interactions are; DataError where one is
    missing or no time."""
    found = clean_times(Table("the log", table, len(table)), name).values.astype(np.int64)
    missing = np.flatnonzero(found == NO_TIME)
    if len(missing):
        line = int(missing[0]) + 1
        raise DataError(f"Row {line} of the log has no {name}.", "Every row needs one.", line=line, column=name)
    return found


def _is_count(name: str, table: pl.DataFrame) -> bool:
    return name == ROWS and ROWS not in table.columns


def _named(table: pl.DataFrame, settings: LogSettings) -> pl.DataFrame:
    """Persons and arms as text; DataError where one is missing."""
    table = table.with_columns(pl.col(settings.user, settings.arm).cast(pl.Utf8))
    for name in (settings.user, settings.arm):
        missing = table[name].is_null() | (table[name] == "")
        if missing.any():
            line = int(missing.arg_max() or 0) + 1
            raise DataError(f"Row {line} of the log has no {name}.", "Every row needs one.", line=line, column=name)
    return table


def _one_arm_each(table: pl.DataFrame, settings: LogSettings, notes: list[str], fewest: int) -> pl.DataFrame:
    several = table.group_by(settings.user, maintain_order=True).agg(pl.col(settings.arm).n_unique().alias("n"))
    crossed = several.filter(pl.col("n") > 1)[settings.user]
    if len(crossed) and settings.crossed == "refuse":
        raise DataError(
            f"{len(crossed):,} people were shown several arms, the first is {crossed[0]!r}.",
            "Mend the log, or leave them out with --crossed drop; where they are many, the test is broken.",
            value=crossed[0],
        )
    if len(crossed):
        notes.append(f"{len(crossed):,} people were shown several arms and are left out.")
        table = table.filter(~pl.col(settings.user).is_in(crossed.implode()))
    if table[settings.arm].n_unique() < fewest:
        raise DataError("The log has fewer than two arms.", f"Look at the column {settings.arm!r}.")
    return table


def _ordered(arms: Sequence[str], control: str | None) -> tuple[str, ...]:
    """The control first: the one that is named, the one whose name says so, or the first."""
    if control is not None and control not in arms:
        raise RequestError(f"The log has no arm {control!r}.", did_you_mean(control, tuple(arms)), value=control)
    first = control or next((arm for name in CONTROLS for arm in arms if arm.lower() == name), sorted(arms)[0])
    return (first, *sorted(arm for arm in arms if arm != first))


def _start(settings: LogSettings) -> int:
    if settings.time is None:
        raise RequestError("A start splits the log by time, and no column of times is named.", "Add --time-col.")
    return int(seconds(pl.DataFrame({"start": [settings.start]}), "start")[0])


def _days(when: IntArray) -> IntArray:
    """Calendar days (UTC) since the first."""
    days: IntArray = when // DAY
    return days - days.min() if len(days) else days


def _with_before(
    log: ExposureLog, settings: LogSettings, table: pl.DataFrame, person: IntArray, earlier: NDArray[np.bool_]
) -> ExposureLog:
    """What is known from before: the named columns (the person's mean), and outcomes in the rows before the start."""
    found: dict[str, Values] = {}
    mine = person >= 0
    for name in settings.before:
        values = table[name].cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()
        known = mine & np.isfinite(values)
        found[name] = _mean(person[known], values[known], log.n)
    for name in dict.fromkeys(part for o in settings.outcomes for part in o.split("/")) if earlier.any() else ():
        values = np.ones(len(table)) if _is_count(name, table) else numbers(table, name)
        found[f"{name} before"] = np.bincount(person[earlier], values[earlier], log.n).astype(np.float64)
    if not found:
        return log
    return replace(log, before=np.stack(list(found.values()), axis=1), before_names=tuple(found))


def _mean(person: IntArray, values: Values, n: int) -> Values:
    count = np.bincount(person, minlength=n)
    total = np.bincount(person, weights=values, minlength=n)
    return np.asarray(np.divide(total, count, out=np.full(n, np.nan), where=count > 0))
