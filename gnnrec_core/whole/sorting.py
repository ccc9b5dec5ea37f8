"""What an edge counts towards: an item, a label, a relation, an age, a segment of popularity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.audit.segments import BINS, popularity_bins
from gnnrec_core.audit.sources import item_labels
from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.base.registry import did_you_mean
from gnnrec_core.data.dataset import NO_TIME, Dataset, IntArray
from gnnrec_core.graph import RecGraph

DAY = 86_400
AGES = (
    (7, "the last 7 days"),
    (30, "8 to 30 days"),
    (90, "31 to 90 days"),
    (365, "91 days to a year"),
    (3 * 365, "1 to 3 years"),
    (np.inf, "over 3 years"),
)
UNLABELLED, TIMELESS = "(no value)", "(no time known)"


@dataclass(frozen=True)
class Sorting:
    """Drivers by name, and what part of each edge counts towards each of them.

    `weights` CSR float64 `[n_edges, n_drivers]`: a row whose edge starts at a user sums to 1. `ids` are raw item ids
    where drivers are items, else empty. `definition` says in words what a driver is.
    """

    names: tuple[str, ...]
    weights: sp.csr_array
    definition: str
    ids: tuple[str | None, ...] = ()


def sorting_of(dataset: Dataset, graph: RecGraph, by: str) -> Sorting:
    """The sorting of that name: one of `SORTINGS`, or a column of the item table.

    RequestError where there is neither, UnsupportedError where the data lack what it needs.
    """
    if by in SORTINGS:
        return SORTINGS[by](dataset, graph)
    known = sorting_names(dataset)
    if by not in known:
        raise RequestError(f"Drivers cannot be sorted by {by!r}.", did_you_mean(by, known), value=by)
    return by_label(dataset, graph, by)


def sorting_names(dataset: Dataset) -> tuple[str, ...]:
    """All that this dataset's edges can be sorted by."""
    columns = [c for c in dataset.item_table.columns if c not in ("item_index", "item_id", "title", *SORTINGS)]
    has_times = dataset.interactions.timestamp is not None
    return (*(name for name in SORTINGS if name != "age" or has_times), *columns)


def by_item(dataset: Dataset, graph: RecGraph) -> Sorting:
    """The items that people have."""
    codes = graph.edge_index[1] - dataset.n_users
    found = _sorted(graph, codes, dataset.titles, "an item that people have, by its title")
    beside = len(found.names) - dataset.n_items
    return Sorting(found.names, found.weights, found.definition, (*dataset.items.ids, *[None] * beside))


def by_popularity(dataset: Dataset, graph: RecGraph) -> Sorting:
    """Head, middle and tail of the items that people have."""
    bins = popularity_bins(graph.popularity)
    codes = bins[np.clip(graph.edge_index[1] - dataset.n_users, 0, dataset.n_items - 1)]
    meaning = (
        "items that people have, by popularity: the head holds the first 20 % of train interactions, the tail the last"
    )
    return _sorted(graph, codes, BINS, meaning)


def by_relation(dataset: Dataset, graph: RecGraph) -> Sorting:
    """The kind of the person's own link."""
    return _of_codes(graph, graph.edge_type.astype(np.int64), graph.relations, "the kind of a person's own link")


def by_age(dataset: Dataset, graph: RecGraph) -> Sorting:
    """Days between the interaction and the last train interaction of anybody."""
    times = dataset.interactions.timestamp
    if times is None:
        raise UnsupportedError("The log has no times, so interactions have no age.", "Sort by something else.")
    own = graph.edge_interaction
    when = times[np.maximum(own, 0)]
    known = (own >= 0) & (when != NO_TIME)
    days = (when[known].max() - when) / DAY if known.any() else np.zeros(len(when))
    codes = np.searchsorted([edge for edge, _ in AGES], days, side="left")
    codes = np.where(known, codes, len(AGES))
    names = (*(name for _, name in AGES), TIMELESS)
    return _sorted(graph, codes, names, "the age of an interaction on the day of the last train interaction of anybody")


def by_label(dataset: Dataset, graph: RecGraph, column: str) -> Sorting:
    """The labels of the items that people have; an item with several counts towards each in equal parts."""
    labels = item_labels(dataset, column)
    names: tuple[str, ...] = (*(labels.labels if labels else ()), UNLABELLED)
    shares = np.zeros((dataset.n_items, 0)) if labels is None else labels.shares
    parts = sp.csr_array(shares)
    none = sp.csr_array(np.asarray(1.0 - parts.sum(axis=1)).reshape(-1, 1).round(12))
    of_items = sp.hstack([parts, none], format="csr")  # [n_items, n_labels + 1]
    is_own, relations, kinds = _side_edges(graph)
    ends = np.clip(graph.edge_index[1] - dataset.n_users, 0, dataset.n_items - 1)
    weights = sp.hstack([_masked(of_items[ends], is_own), _one_hot(kinds, len(relations))], format="csr")
    definition = f"the {column} of the items that people have; several values share an item equally"
    return Sorting((*names, *relations), weights, definition)


SORTINGS: dict[str, Callable[[Dataset, RecGraph], Sorting]] = {
    "item": by_item,
    "relation": by_relation,
    "age": by_age,
    "popularity": by_popularity,
}


def items_with(dataset: Dataset, column: str, value: str) -> NDArray[np.bool_]:
    """Which items have that label `[n_items]`."""
    labels = item_labels(dataset, column)
    known = () if labels is None else labels.labels
    if labels is None or value not in known:
        raise RequestError(f"No item has {column} = {value!r}.", did_you_mean(value, known), value=value)
    found: NDArray[np.bool_] = labels.member[:, [known.index(value)]].toarray()[:, 0].astype(bool)
    return found


def _sorted(graph: RecGraph, codes: IntArray, names: tuple[str, ...], definition: str) -> Sorting:
    """Interactions by their code, side edges by their relation."""
    is_own, relations, kinds = _side_edges(graph)
    return _of_codes(graph, np.where(is_own, codes, len(names) + kinds), (*names, *relations), definition)


def _of_codes(graph: RecGraph, codes: IntArray, names: tuple[str, ...], definition: str) -> Sorting:
    starts_at_user = graph.edge_index[0] < graph.n_users
    return Sorting(names, _one_hot(np.where(starts_at_user, codes, -1), len(names)), definition)


def _side_edges(graph: RecGraph) -> tuple[NDArray[np.bool_], tuple[str, ...], IntArray]:
    """Which edges are interactions, what the side edges of people are called, and which of these each edge is."""
    starts_at_user = graph.edge_index[0] < graph.n_users
    is_own = graph.edge_type == 0
    types = np.unique(graph.edge_type[starts_at_user & ~is_own])
    place = np.full(len(graph.relations), -1)
    place[types] = np.arange(len(types))
    kinds = np.where(starts_at_user & ~is_own, place[graph.edge_type], -1)
    return is_own, tuple(f"{graph.relations[each]} (side edges)" for each in types), kinds


def _one_hot(codes: IntArray, n: int) -> sp.csr_array:
    """CSR `[len(codes), n]` with a 1 at each code; a negative code gives an empty row."""
    known = codes >= 0
    starts = np.concatenate([[0], np.cumsum(known)])
    return sp.csr_array((np.ones(int(known.sum())), codes[known], starts), shape=(len(codes), n))


def _masked(matrix: sp.csr_array, rows: NDArray[np.bool_]) -> sp.csr_array:
    """The rows that are wanted; the others are empty."""
    return sp.csr_array(sp.diags_array(rows.astype(np.float64)) @ matrix)
