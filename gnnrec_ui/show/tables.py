"""Small tables for the pages, as pandas frames with the column names that people read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from gnnrec_core.base.text import clean, csv_file, csv_text
from gnnrec_core.data.dataset import NO_TIME, Dataset
from gnnrec_core.graph import RecGraph
from gnnrec_core.render.neighbourhood import Neighbourhood
from gnnrec_core.render.network import node_title, relation_label

HISTORY_WIDTHS = {"Title": 206, "When": 90, "Rating": 60}
MOVED_WIDTHS = {"Rank": 50, "Moved": 75, "Title": 245, "Before": 60}
"""Pixels, so that these columns stand whole beside another table, and the history on a phone."""
HIDDEN = ("user_index", "item_index", "user_id", "item_id", "title")


def history_table(dataset: Dataset, user_index: int) -> pd.DataFrame:
    """What the model knows of a person: train interactions, the latest first; the frame's index is the item index."""
    log = dataset.interactions
    first, last = np.searchsorted(log.user_index, [user_index, user_index + 1])
    rows = np.arange(first, last)[log.split[first:last] == 0]
    if log.timestamp is not None:
        rows = rows[np.argsort(-log.timestamp[rows].astype(np.float64), kind="stable")]
    frame: dict[str, Any] = {"Title": [clean(dataset.title(int(item))) for item in log.item_index[rows]]}
    if log.timestamp is not None:
        frame["When"] = [_day(int(time)) for time in log.timestamp[rows]]
    if log.rating is not None:
        frame["Rating"] = log.rating[rows]
    frame.update({_heading(name): values for name, values in _attributes(dataset, log.item_index[rows]).items()})
    return pd.DataFrame(frame, index=log.item_index[rows])


def shown_first(history: pd.DataFrame) -> list[str]:
    """The columns that stand beside each other without scrolling; the table's own menu brings in the others."""
    told = [name for name in history.columns if name in HISTORY_WIDTHS]
    return told + [name for name in history.columns if name not in told][: len(HISTORY_WIDTHS) - len(told)]


def person_line(dataset: Dataset, graph: RecGraph, user_index: int) -> str:
    """One line about a person: how much the model knows, and their attributes."""
    n_train = len(graph.history(user_index))
    facts = [f"{n_train:,} interaction{'' if n_train == 1 else 's'} in the graph"]
    row = dataset.user_table.row(user_index, named=True)
    facts += [f"{_heading(name).lower()} {clean(value)}" for name, value in row.items() if name not in HIDDEN and value]
    return " · ".join(facts)


def as_csv(table: pd.DataFrame) -> bytes:
    """A table for download, which a spreadsheet opens as it is; no cell is a formula."""
    return csv_file(csv_text(table.columns, table.itertuples(index=False)))


def list_table(dataset: Dataset, graph: RecGraph, items: list[int], scores: list[float]) -> pd.DataFrame:
    """A recommendation list with every figure, for the CSV download."""
    return pd.DataFrame(
        {
            "rank": range(1, len(items) + 1),
            "item_id": [dataset.items.ids[item] for item in items],
            "title": [dataset.title(item) for item in items],
            "score": scores,
            "popularity": [int(graph.popularity[item]) for item in items],
        }
    )


def moved_table(dataset: Dataset, result: Any) -> pd.DataFrame:
    """The list after a change, with where each item stood before."""
    ranks = range(1, len(result.after) + 1)
    return pd.DataFrame(
        {
            "Rank": ranks,
            "Moved": [_moved(int(old), new) for old, new in zip(result.rank_before, ranks, strict=True)],
            "Title": [clean(dataset.title(int(item))) for item in result.after],
            "Before": [int(rank) if rank else None for rank in result.rank_before],
            "Score": [float(score) for score in result.score_after],
        }
    )


def network_table(
    graph: RecGraph, dataset: Dataset, near: Neighbourhood, name_user: Callable[[str], str] = str
) -> pd.DataFrame:
    """What the picture shows, for keyboards, screen readers and spreadsheets."""
    half = graph.n_edges // 2
    names: dict[int, set[str]] = {}
    for edge in near.edges.tolist():
        for end in graph.edge_index[:, edge % half].tolist():
            names.setdefault(end, set()).add(relation_label(graph.relations[int(graph.edge_type[edge])]))
    total = {hop: near.weight[near.hop == hop].sum() for hop in set(near.hop.tolist())}
    return pd.DataFrame(
        {
            "Name": [clean(node_title(graph, dataset, int(node), name_user)) for node in near.nodes],
            "Kind": [graph.node_type(int(node)).replace("user", "person") for node in near.nodes],
            "Hops away": near.hop,
            "Part of its ring": [
                float(weight / total[hop]) if total[hop] else 0.0
                for weight, hop in zip(near.weight, near.hop.tolist(), strict=True)
            ],
            "Linked by": [", ".join(sorted(names.get(int(node), ()))) for node in near.nodes],
        }
    )


def item_line(dataset: Dataset, item_index: int, n: int = 3) -> str:
    """A few attributes of an item in one line: author, year, genres."""
    row = dataset.item_table.row(item_index, named=True)
    facts = []
    for name, value in row.items():
        if name in HIDDEN or value is None or value == "":
            continue
        facts.append(_words(name, value[:2] if isinstance(value, list) else value))
    return clean(" · ".join(fact for fact in facts[:n] if fact))


def _moved(old: int, new: int) -> str:
    """Arrow and distance; an item without an old rank was not in the ranking before."""
    if old == 0:
        return "came back"
    if old == new:
        return "–"
    return f"▲ {old - new}" if new < old else f"▼ {new - old}"


def _attributes(dataset: Dataset, items: Any) -> dict[str, list[str]]:
    """Up to three attribute columns of the items as text."""
    columns = [name for name in dataset.item_table.columns if name not in HIDDEN][:3]
    rows = [dataset.item_table.row(item, named=True) for item in items.tolist()]
    return {name: [clean("" if row[name] is None else _words(name, row[name])) for row in rows] for name in columns}


def _words(name: str, value: Any) -> str:
    """A value of the attribute `name`; years before our era as people write them.

    >>> _words("year", -430), _words("year", 1949), _words("genres", ["war", "youth"])
    ('430 BC', '1949', 'war, youth')
    """
    if isinstance(value, list):
        return ", ".join(map(str, value))
    is_before = name.lower().endswith("year") and isinstance(value, int | float) and value < 0
    return f"{-value:g} BC" if is_before else str(value)


def _heading(name: str) -> str:
    return clean(name).replace("_", " ").capitalize()


def _day(seconds: int) -> str:
    return "" if seconds == NO_TIME else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
