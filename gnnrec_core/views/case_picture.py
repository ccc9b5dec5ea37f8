"""The picture of a case: person, own links, who stands between, item; every stream is an exact part of the number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.data.dataset import Dataset, IntArray
from gnnrec_core.explain.explanation import Case
from gnnrec_core.explain.nodes import describe_node
from gnnrec_core.explain.walks.bridges import Bridges
from gnnrec_core.graph import RecGraph
from gnnrec_core.render.blocks import Flow, Stop, Stream
from gnnrec_core.render.theme import signed

Float = NDArray[np.float64]
Shape = Literal["person", "item", "attribute", "rest"]
PERSON, LINKS, BETWEEN, ITEM = range(4)
REST, ALIKE = -1, -2
"""Stand for all nodes of a column that are not drawn one by one, and for no node: what a link does by being alike."""


def case_picture(
    case: Case,
    found: Bridges,
    graph: RecGraph,
    dataset: Dataset,
    name_user: Callable[[str], str] = str,
    n_links: int = 8,
    n_between: int = 6,
) -> Flow:
    """The `n_links` links and `n_between` bridging nodes of `found` that carry most |value|, all others as one stop a
    column. The streams into the item sum to the explained number, and so do those out of the person."""
    few = _condensed(found, n_links, n_between)
    what = "lead" if case.target == "margin" else "score"
    item, title = int(graph.item_node(case.item_index)), dataset.title(case.item_index)
    linked = set(graph.neighbours(item).tolist())
    first, middle = 1, 1 + len(few.links)
    last = middle + len(few.between)

    def stop(node: int, column: int, value: float, n_rest: int, told: str = "") -> Stop:
        rest = f"{n_rest:,} other links" if column == LINKS else f"{n_rest:,} others"
        name, shape, key = _name(node, case, dataset, name_user, rest)
        return Stop(name, column, shape, value, f"{name}: {signed(value)} of the {what}{told}.", key)

    stops = [_end(name_user(dataset.users.ids[case.user_index]), PERSON, "person", case.explained, what)]
    streams = []
    for row, node in enumerate(few.links):
        value = float(few.values[row].sum())
        stops.append(stop(node, LINKS, value, few.n_more_links))
        streams.append(Stream(0, first + row, value, True))
    for column, node in enumerate(few.between):
        value, is_linked = float(few.values[:, column].sum()), node in linked
        told = "" if node < 0 else "; linked to the item" if is_linked else "; on through what is alike"
        stops.append(stop(node, BETWEEN, value, few.n_more_between, told))
        streams.append(Stream(middle + column, last, value, is_linked))
        streams += [
            Stream(first + row, middle + column, float(few.values[row, column]), node != ALIKE)
            for row in range(len(few.links))
        ]
    beside = " and ".join((*(["taste learned in training"] if found.own else []), *found.beside))
    streams.append(Stream(0, last, found.own + sum(found.beside.values()), False, beside))
    stops.append(_end(title, ITEM, "item", case.explained, what))
    heads = ("the person", "what they have", "in between" if few.between else "", "the item")
    return Flow(tuple(stops), tuple(stream for stream in streams if stream.value), _caption(what, title, found), heads)


@dataclass(frozen=True)
class _Few:
    """Nodes of both columns (with `ALIKE` and `REST` where there is something in them) and values `[n, m]`."""

    links: list[int]
    between: list[int]
    values: Float
    n_more_links: int
    n_more_between: int


def _condensed(found: Bridges, n_links: int, n_between: int) -> _Few:
    """The largest rows and columns, in descending order of value, and the sums of the others."""
    row_sums = np.asarray(found.values.sum(axis=1), np.float64).ravel()
    column_sums = np.asarray(found.values.sum(axis=0), np.float64).ravel()
    rows, columns = _largest(found.ends + row_sums, n_links), _largest(column_sums, n_between)
    kept = found.values[rows][:, columns].toarray()
    shown = np.vstack([kept, column_sums[columns] - kept.sum(axis=0)])
    every = np.append(row_sums[rows], row_sums.sum() - row_sums[rows].sum())
    ends = np.append(found.ends[rows], found.ends.sum() - found.ends[rows].sum())
    n_more = len(found.links) - len(rows), len(found.nodes) - len(columns)
    links = [*found.links[rows].tolist(), *([REST] if n_more[0] else [])]
    between = [*([ALIKE] if found.ends.any() else []), *found.nodes[columns].tolist(), *([REST] if n_more[1] else [])]
    table = np.column_stack([ends, shown, every - shown.sum(axis=1)])[: len(links)]
    from_column = 0 if found.ends.any() else 1
    return _Few(links, between, table[:, from_column : from_column + len(between)], *n_more)


def _largest(values: Float, n: int) -> IntArray:
    chosen = np.argsort(-np.abs(values), kind="stable")[:n]
    return chosen[np.argsort(-values[chosen], kind="stable")].astype(np.int64)


def _name(
    node: int, case: Case, dataset: Dataset, name_user: Callable[[str], str], rest: str
) -> tuple[str, Shape, str]:
    """What a node is called, its shape, and its key: people have none, so that an address says nothing of them."""
    if node < 0:
        return ("alike in the model" if node == ALIKE else rest), "rest", ""
    if node == case.user_index:
        return "back through this person", "person", ""
    described = describe_node(dataset, node)
    if described.type == "user":
        return name_user(described.title), "person", ""
    return described.title, described.type, f"{described.type}:{described.id}"


def _end(name: str, column: int, shape: Shape, value: float, what: str) -> Stop:
    return Stop(name, column, shape, value, f"{name}: {signed(value)}, the {what}.")


def _caption(what: str, title: str, found: Bridges) -> str:
    own = "; the grey arc is what no link carries" if found.own or found.beside else ""
    between = ", those between them and the item" if len(found.nodes) else ""
    return (
        f"How the {what} of {title} comes about: the person, their links{between}, and the item. Width is what is "
        f"carried, blue raises, orange lowers; dashed is no link of the graph but likeness in the model{own}."
    )
