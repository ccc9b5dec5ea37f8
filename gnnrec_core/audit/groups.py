"""Groups of users: from attributes, from behaviour in the train interactions, and intersections of two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gnnrec_core.audit.segments import fifths, head, prefix_holding
from gnnrec_core.audit.sources import (
    GENRE_COLUMNS,
    column_values,
    first_column,
    item_labels,
)
from gnnrec_core.audit.stats.scales import scale_order
from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.base.registry import did_you_mean
from gnnrec_core.data.dataset import NO_TIME, Dataset
from gnnrec_core.ranking.matrix import interaction_matrix

SECONDS_A_DAY = 86_400
MANY_VALUES = 12
Kind = Literal["attribute", "behaviour", "intersection"]


@dataclass(frozen=True)
class Grouping:
    """Groups of users under one criterion.

    `member` boolean `[n_users, n_groups]`; a user may be in several groups (list columns) or in none. `known` boolean
    `[n_users]`: users whose value is known. `definition` says in words what the groups are. `is_ordered`: the groups
    are steps of one scale and stand in its order.
    """

    name: str
    labels: tuple[str, ...]
    member: NDArray[np.bool_]
    known: NDArray[np.bool_]
    kind: Kind
    definition: str
    is_ordered: bool = False

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Users in each group `[n_groups]`."""
        return np.asarray(self.member.sum(0), dtype=np.int64)

    @property
    def n_unknown(self) -> int:
        """Users whose group is not known."""
        return int((~self.known).sum())


@dataclass(frozen=True)
class GroupingChoice:
    """A grouping that a dataset can be given, for menus."""

    name: str
    title: str
    kind: Kind


def available_groupings(dataset: Dataset) -> tuple[GroupingChoice, ...]:
    """Attributes of users, then the behaviour groups that this dataset has what is needed for."""
    columns = [c for c in dataset.user_table.columns if c not in ("user_index", "user_id")]
    attributes = [GroupingChoice(column, column.replace("_", " "), "attribute") for column in columns]
    behaviour = [
        GroupingChoice(name, title, "behaviour")
        for name, (title, _, possible) in BEHAVIOUR.items()
        if possible(dataset) and name not in columns
    ]
    return (*attributes, *behaviour)


def group_users(dataset: Dataset, name: str) -> Grouping:
    """The grouping of that name: a column of the user table, a behaviour, or two of them joined by '+'.

    Raises RequestError where there is no such column, UnsupportedError where the data lack what a behaviour needs.
    """
    if name in dataset.user_table.columns and name not in ("user_index", "user_id"):
        return by_attribute(dataset, name)
    if name in BEHAVIOUR:
        title, make, possible = BEHAVIOUR[name]
        if not possible(dataset):
            raise UnsupportedError(
                f"Users cannot be grouped by {title.lower()}: the dataset {dataset.name!r} has not what that needs.",
                f"There are: {', '.join(choice.name for choice in available_groupings(dataset))}.",
                value=name,
            )
        return make(dataset)
    first, plus, second = name.partition("+")
    if "+" in second:
        raise RequestError(
            f"Users cannot be grouped by {name!r}: it crosses more than two groupings.",
            "Cross two of them.",
            value=name,
        )
    if plus:
        return intersection(group_users(dataset, first.strip()), group_users(dataset, second.strip()))
    known = tuple(choice.name for choice in available_groupings(dataset))
    raise RequestError(f"Users cannot be grouped by {name!r}.", did_you_mean(name, known), value=name)


def by_attribute(dataset: Dataset, column: str) -> Grouping:
    """Groups by a column of the user table. Numbers and dates with many values are cut in four groups of equal size;
    labels such as "25 to 39" and "60 and over" stand in the order of their scale."""
    values = dataset.user_table[column]
    if values.dtype.is_numeric() and values.n_unique() > MANY_VALUES:
        numbers = values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
        return _binned(column, numbers, 4, "attribute", f"the column {column} of people, in four groups of equal size")
    days = _days(values)
    if days is not None and len(np.unique(days[np.isfinite(days)])) > MANY_VALUES:
        about = f"the column {column} of people, in four groups of equal size by date"
        return _binned(column, days, 4, "attribute", about, written=_date)
    rows, labels, codes = column_values(dataset.user_table, column)
    member = np.zeros((dataset.n_users, len(labels)), dtype=bool)
    member[rows, codes] = True
    known, definition = np.asarray(member.any(1)), f"the column {column} of people"
    order = scale_order(labels) if len(labels) <= MANY_VALUES else None
    if order is not None:
        labels, member = tuple(labels[place] for place in order), member[:, order]
    return Grouping(column, labels, member, known, "attribute", definition, is_ordered=order is not None)


def from_labels(name: str, labels: NDArray[np.str_], definition: str = "labels given by hand") -> Grouping:
    """Groups from one label a user `[n_users]`; an empty label is unknown."""
    known = labels != ""
    found = np.unique(labels[known])
    member = labels[:, None] == found[None, :]
    return Grouping(name, tuple(str(label) for label in found), member, np.asarray(known), "attribute", definition)


def intersection(first: Grouping, second: Grouping) -> Grouping:
    """Every pair of groups that has a user; known where both are."""
    pairs = [(a, b) for a in range(len(first.labels)) for b in range(len(second.labels))]
    columns = [(a, b, first.member[:, a] & second.member[:, b]) for a, b in pairs]
    kept = [(f"{first.labels[a]} × {second.labels[b]}", column) for a, b, column in columns if column.any()]
    if len({label for label, _ in kept}) < len(kept):  # a label with a cross in it: two pairs would share a name
        kept = [(f"“{first.labels[a]}” × “{second.labels[b]}”", column) for a, b, column in columns if column.any()]
    member = np.stack([column for _, column in kept], axis=1) if kept else np.zeros((len(first.known), 0), bool)
    return Grouping(
        f"{first.name}+{second.name}",
        tuple(label for label, _ in kept),
        member,
        first.known & second.known,
        "intersection",
        f"{first.definition}; crossed with {second.definition}",
        first.is_ordered and second.is_ordered,
    )


def by_activity(dataset: Dataset) -> Grouping:
    """Fifths of users by number of train interactions; users with equal numbers stay together."""
    counts = np.diff(interaction_matrix(dataset, "train").indptr).astype(np.float64)
    return _binned("activity", counts, 5, "behaviour", "fifths of people by number of train interactions")


def by_taste(dataset: Dataset) -> Grouping:
    """Niche 20 %, diverse 60 %, blockbuster 20 % by the share of popular items in the history."""
    train = interaction_matrix(dataset, "train")
    popular = head(np.bincount(train.indices, minlength=dataset.n_items)).astype(np.float64)
    n = np.diff(train.indptr)
    known = np.flatnonzero(n > 0)
    share = (train.astype(np.float64) @ popular)[known] / n[known]
    order = known[np.argsort(share, kind="stable")]
    cut = round(0.2 * len(order))
    member = np.zeros((dataset.n_users, 3), dtype=bool)
    for group, rows in enumerate((order[:cut], order[cut : len(order) - cut], order[len(order) - cut :])):
        member[rows, group] = True
    definition = "people by the share of head items (the 20 % most popular) in their history, cut at 20 and 80 %"
    labels = ("niche", "diverse", "blockbuster")
    return Grouping("taste", labels, member, n > 0, "behaviour", definition, is_ordered=True)


def by_tenure(dataset: Dataset) -> Grouping:
    """Thirds of users by days from their first train interaction to the end of the train part."""
    times = dataset.interactions.timestamp
    assert times is not None  # BEHAVIOUR says so
    rows = dataset.interactions.rows("train")
    rows = rows[times[rows] != NO_TIME]
    first = np.full(dataset.n_users, np.inf)
    np.minimum.at(first, dataset.interactions.user_index[rows], times[rows].astype(np.float64))
    days = np.where(np.isfinite(first), (times[rows].max() - first) / SECONDS_A_DAY, np.nan)
    definition = "thirds of people by days from their first train interaction to the last one of anybody"
    return _binned("tenure", np.floor(days), 3, "behaviour", definition, unit="days")


def by_niche_genres(dataset: Dataset) -> Grouping:
    """The fifth of users with the largest share of rare genres in their history, and the others."""
    labels = item_labels(dataset, first_column(dataset, GENRE_COLUMNS))
    assert labels is not None  # BEHAVIOUR says so
    profile = interaction_matrix(dataset, "train").astype(np.float64) @ labels.shares
    total = profile.sum(1)
    rare = ~prefix_holding(profile.sum(0).astype(np.int64), 0.8)
    known = np.flatnonzero(total > 0)
    share = profile[known][:, rare].sum(1) / total[known]
    niche = known[np.argsort(-share, kind="stable")[: round(0.2 * len(known))]]
    member = np.zeros((dataset.n_users, 2), dtype=bool)
    member[known, 1] = True
    member[niche] = (True, False)
    definition = "the fifth of people with the largest share of rare genres (outside those that hold 80 % of train)"
    return Grouping("niche_genres", ("niche genres", "others"), member, total > 0, "behaviour", definition)


def _days(values: pl.Series) -> NDArray[np.float64] | None:
    """Dates (or text of which every known value is one, such as 2024-01-15) as days since 1970 `[n_users]`, NaN where
    unknown; None where these are no dates."""
    if values.dtype == pl.String:
        text = values.str.strip_chars().replace("", None)
        dates = text.str.extract(r"^(\d{4}-\d{2}-\d{2})(?:[T ]\d{2}:\d{2}.*)?$").str.to_date("%Y-%m-%d", strict=False)
        if not len(text.drop_nulls()) or dates.null_count() > text.null_count():
            return None
    elif values.dtype.is_temporal() and values.dtype in (pl.Date, pl.Datetime):
        dates = values.cast(pl.Date)
    else:
        return None
    return dates.cast(pl.Int32).cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _date(day: float) -> str:
    return str(np.datetime64(int(day), "D"))


def _has_times(dataset: Dataset) -> bool:
    times = dataset.interactions.timestamp
    return times is not None and bool((times[dataset.interactions.rows("train")] != NO_TIME).any())


def _has_genres(dataset: Dataset) -> bool:
    return item_labels(dataset, first_column(dataset, GENRE_COLUMNS)) is not None


BEHAVIOUR: dict[str, tuple[str, Callable[[Dataset], Grouping], Callable[[Dataset], bool]]] = {
    "activity": ("Activity", by_activity, lambda dataset: True),
    "taste": ("Popularity taste", by_taste, lambda dataset: True),
    "tenure": ("Tenure", by_tenure, _has_times),
    "niche_genres": ("Niche genres", by_niche_genres, _has_genres),
}


def _digits(values: list[float]) -> Callable[[float], str]:
    """Numbers with six digits, or as many as tell all different ones apart."""
    whole = all(value.is_integer() and abs(value) < 1e15 for value in values)
    for digits in range(6, 17):
        written = (lambda value: f"{value:.0f}") if whole else f"{{:.{digits}g}}".format
        if len({written(value) for value in values}) == len(set(values)):
            return written
    return repr


def _binned(
    name: str,
    values: NDArray[np.float64],
    n_bins: int,
    kind: Kind,
    definition: str,
    unit: str = "",
    written: Callable[[float], str] | None = None,
) -> Grouping:
    """Groups of about equal size between quantiles of `values`; NaN is unknown; the label is the range."""
    known = np.isfinite(values)
    codes = fifths(values, n_bins)
    spans, columns = [], []
    for code in range(int(codes[known].max(initial=-1)) + 1):
        inside = known & (codes == code)
        if inside.any():
            spans.append((float(values[inside].min()), float(values[inside].max())))
            columns.append(inside)
    written = written or _digits([end for span in spans for end in span])
    labels = [
        f"{written(low) if low == high else f'{written(low)} to {written(high)}'} {unit}".strip() for low, high in spans
    ]
    member = np.stack(columns, axis=1) if columns else np.zeros((len(values), 0), dtype=bool)
    return Grouping(name, tuple(labels), member, known, kind, definition, is_ordered=True)
