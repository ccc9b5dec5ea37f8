"""What a dataset looks like: sizes, degrees, concentration, time, attributes, connected parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gnnrec_core.data.clean.blocks import blocks, counted, in_blocks
from gnnrec_core.data.dataset import NO_TIME, Dataset, IntArray

QUANTILES = (0.0, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0)


@dataclass(frozen=True)
class Attribute:
    """One attribute column: how many entities have a value, and how many different values there are."""

    name: str
    kind: str
    type: str
    n_known: int
    n_values: int


@dataclass(frozen=True)
class Description:
    """Degrees count all interactions of the dataset (train, validation and test), side edges not included.

    `density` interactions / (users x items), 0..1. `gini` of item popularity, 0 (all alike) to 1 (all on one item).
    `n_components` parts of the user-item graph, `largest_component` share of its nodes in the largest.
    `user_degrees`, `item_degrees` `[n_users]`, `[n_items]`; `per_month` (month, interactions) for a time line.
    """

    name: str
    n_users: int
    n_items: int
    n_interactions: int
    n_by_split: dict[str, int]
    density: float
    user_degree_quantiles: dict[str, float]
    item_degree_quantiles: dict[str, float]
    gini: float
    share_users_with_one: float
    share_items_with_one: float
    first_time: int | None
    last_time: int | None
    n_without_time: int
    rating_counts: dict[str, int]
    attributes: tuple[Attribute, ...]
    relations: tuple[tuple[str, str, int], ...]
    n_components: int
    largest_component: float
    user_degrees: IntArray
    item_degrees: IntArray
    per_month: tuple[tuple[str, int], ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON: everything but the degrees of single users and items."""
        left_out = ("user_degrees", "item_degrees", "attributes", "relations", "per_month")
        plain = {name: value for name, value in self.__dict__.items() if name not in left_out}
        return {
            **plain,
            "attributes": [vars(attribute) for attribute in self.attributes],
            "relations": [{"name": name, "kind": kind, "n_edges": n} for name, kind, n in self.relations],
            "per_month": [{"month": month, "n_interactions": n} for month, n in self.per_month],
        }


def describe(dataset: Dataset) -> Description:
    """Describe `dataset`; reads it only."""
    log = dataset.interactions
    users = counted(log.user_index, dataset.n_users)
    items = counted(log.item_index, dataset.n_items)
    sizes = component_sizes(dataset)
    times = np.zeros(0, np.int64) if log.timestamp is None else log.timestamp[log.timestamp != NO_TIME]
    return Description(
        dataset.name,
        dataset.n_users,
        dataset.n_items,
        len(log),
        {str(name): n for name, n in log.n_by_split.items()},
        len(log) / max(dataset.n_users * dataset.n_items, 1),
        _quantiles(users),
        _quantiles(items),
        gini(items),
        float(np.mean(users == 1)) if len(users) else 0.0,
        float(np.mean(items == 1)) if len(items) else 0.0,
        int(times.min()) if len(times) else None,
        int(times.max()) if len(times) else None,
        len(log) - len(times),
        _rating_counts(log.rating),
        (*_attributes(dataset.user_table, "user"), *_attributes(dataset.item_table, "item")),
        tuple((relation.name, relation.kind, len(relation)) for relation in dataset.relations),
        len(sizes),
        float(sizes[0] / sizes.sum()) if len(sizes) else 0.0,
        users,
        items,
        _per_month(times),
    )


def gini(counts: NDArray[Any]) -> float:
    """Gini coefficient of counts, 0 (all alike) to 1 (one has all): sum((2 i - n - 1) x_i) / (n sum(x)), x ascending.

    Gini 1912.

    >>> gini(np.array([1, 1, 1, 1])), gini(np.array([0, 0, 0, 4]))
    (0.0, 0.75)
    """
    ordered = np.sort(counts).astype(np.float64)
    n, total = len(ordered), ordered.sum()
    if not total:
        return 0.0
    return float(((2 * np.arange(1, n + 1) - n - 1) * ordered).sum() / (n * total))


def component_sizes(dataset: Dataset) -> IntArray:
    """Nodes in each connected part of the user-item graph (all interactions), largest first."""
    users, items = dataset.interactions.user_index, dataset.interactions.item_index
    if not len(users):
        return np.zeros(0, np.int64)
    of_user, of_item = _reached(users, items, dataset)
    first = int(np.count_nonzero(of_user) + np.count_nonzero(of_item))
    n = dataset.n_users + dataset.n_items
    if first == n:
        return np.array([n])
    from scipy import sparse  # only now: it takes a while to import
    from scipy.sparse.csgraph import connected_components

    rest = np.flatnonzero(~of_user[users])
    matrix = sparse.coo_array((np.ones(len(rest), np.int8), (users[rest], items[rest] + dataset.n_users)), shape=(n, n))
    _, labels = connected_components(matrix.tocsr(), directed=False)
    others = np.bincount(labels[~np.concatenate([of_user, of_item])], minlength=1)
    sizes: IntArray = np.sort(np.append(others, first))[::-1].astype(np.int64)
    sizes = sizes[sizes > 0]
    return sizes


def _reached(users: IntArray, items: IntArray, dataset: Dataset) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Users and items connected with the first user, by spreading along edges (few rounds suffice): along one in 64
    first, which reaches most, then along those at whose ends somebody is not reached yet. Nobody where it takes
    long."""
    of_user, of_item = np.zeros(dataset.n_users, bool), np.zeros(dataset.n_items, bool)
    of_user[users[0]] = True
    few = _spread(users[::64], items[::64], of_user, of_item)

    def open_ends(part: slice) -> IntArray:
        rows: IntArray = np.flatnonzero(~(of_user[users[part]] & of_item[items[part]])) + part.start
        return rows

    left: IntArray = np.concatenate(in_blocks(blocks(len(users)), open_ends))
    if few and _spread(users[left], items[left], of_user, of_item):
        return of_user, of_item
    return np.zeros_like(of_user), np.zeros_like(of_item)


def _spread(users: IntArray, items: IntArray, of_user: NDArray[np.bool_], of_item: NDArray[np.bool_]) -> bool:
    """Mark what is connected with what is marked; False where 20 rounds are not enough."""
    n_reached = -1
    for _ in range(20):
        of_item[items[of_user[users]]] = True
        of_user[users[of_item[items]]] = True
        n_now = int(of_user.sum() + of_item.sum())
        if n_now == n_reached:
            return True
        n_reached = n_now
    return False


def _quantiles(degrees: IntArray) -> dict[str, float]:
    if not len(degrees):
        return {}
    values = np.quantile(degrees, QUANTILES)
    return {f"{share:g}": float(value) for share, value in zip(QUANTILES, values)}


def _rating_counts(ratings: NDArray[np.float32] | None) -> dict[str, int]:
    """How often each rating comes; in 20 equal steps where there are more than 50 different ones."""
    if ratings is None:
        return {}
    known = ratings[np.isfinite(ratings)]
    values, counts = np.unique(known, return_counts=True)
    if len(values) > 50:
        counts, edges = np.histogram(known, bins=20)
        values = edges[:-1].astype(np.float32)
    return {f"{value:g}": int(count) for value, count in zip(values, counts)}


def _attributes(table: pl.DataFrame, kind: str) -> list[Attribute]:
    found = []
    for name in table.columns:
        if name in (f"{kind}_index", f"{kind}_id"):
            continue
        column = table[name]
        flat = column.drop_nulls().list.explode() if column.dtype == pl.List else column.drop_nulls()
        type_name = "list" if column.dtype == pl.List else ("number" if column.dtype.is_numeric() else "text")
        found.append(Attribute(name, kind, type_name, len(column) - column.null_count(), flat.n_unique()))
    return found


def _per_month(times: IntArray) -> tuple[tuple[str, int], ...]:
    if not len(times):
        return ()
    month = pl.from_epoch(pl.Series(times), time_unit="s").dt.strftime("%Y-%m").alias("month")
    counts = month.value_counts(name="n").sort("month")
    return tuple(zip(counts["month"].to_list(), counts["n"].to_list()))
