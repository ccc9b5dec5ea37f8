"""What is known of a node without its id: attribute columns of the tables, its type, how connected it is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import polars as pl

from gnnrec_core.data.dataset import Dataset, FloatArray
from gnnrec_core.graph import INTERACTION, RecGraph

NOT_FEATURES = ("user_index", "user_id", "item_index", "item_id", "title")
MAX_LABELS = 512
TYPES = ("user", "item", "attribute")
DEGREES = ("log interactions of a user", "log interactions of an item", "log side edges")


@dataclass(frozen=True)
class NodeFeatures:
    """`static` float32 `[n_nodes, f]` from the tables, with `names`; degrees follow from a graph."""

    static: FloatArray
    names: tuple[str, ...]

    @property
    def n(self) -> int:
        """Features of a node, degrees included."""
        return len(self.names) + len(DEGREES)

    def on(self, graph: RecGraph) -> FloatArray:
        """All features `[n_nodes, n]` on `graph`."""
        return np.concatenate([self.static, degree_features(graph)], axis=1)

    def unknown_user(self, n_interactions: int) -> FloatArray:
        """Features `[n]` of a user of whom nothing is known but the number of interactions."""
        row = np.zeros(self.n, np.float32)
        row[self.names.index("type=user")] = 1.0
        row[len(self.names)] = np.log1p(n_interactions)
        return row


def degree_features(graph: RecGraph) -> FloatArray:
    """log(1 + count) of the interactions of users, of those of items, and of side edges `[n_nodes, 3]`."""
    is_interaction = graph.edge_type == graph.relations.index(INTERACTION)
    source = graph.edge_index[0]
    own = np.log1p(np.bincount(source[is_interaction], minlength=graph.n_nodes))
    side = np.log1p(np.bincount(source[~is_interaction], minlength=graph.n_nodes))
    is_user = np.arange(graph.n_nodes) < graph.n_users
    return np.stack([own * is_user, own * ~is_user, side], axis=1).astype(np.float32)


def node_features(dataset: Dataset) -> NodeFeatures:
    """Type and attribute columns of every node.

    Text and lists become a column a label (labels of at least two entities, the `MAX_LABELS` most frequent); numbers
    are standardised; what is missing is 0. Attribute nodes have their relation.
    """
    blocks = [(name, column, 0) for name, column in _table(dataset.user_table)]
    blocks += [(name, column, dataset.n_users) for name, column in _table(dataset.item_table)]
    first = dataset.n_users + dataset.n_items
    for relation in dataset.attribute_table["relation"].unique().sort().to_list():
        is_of = (dataset.attribute_table["relation"] == relation).to_numpy()
        blocks.append((f"relation={relation}", is_of.astype(np.float32), first))
    columns, names = [], []
    for kind, start, size in zip(TYPES, (0, dataset.n_users, first), _sizes(dataset), strict=True):
        blocks.append((f"type={kind}", np.ones(size, np.float32), start))
    for name, values, start in blocks:
        column = np.zeros(dataset.n_nodes, np.float32)
        column[start : start + len(values)] = values
        columns.append(column)
        names.append(name)
    return NodeFeatures(np.stack(columns, axis=1), tuple(names))


def _sizes(dataset: Dataset) -> tuple[int, int, int]:
    return dataset.n_users, dataset.n_items, dataset.n_attributes


def _table(table: pl.DataFrame) -> list[tuple[str, FloatArray]]:
    """(name, value of each row) of every feature in a table."""
    found: list[tuple[str, FloatArray]] = []
    for column in table.iter_columns():
        if column.name in NOT_FEATURES:
            continue
        if column.dtype.is_numeric() or column.dtype == pl.Boolean:
            found += _number(column)
        elif isinstance(column.dtype, pl.List):
            found += _labels(column.name, [[str(v) for v in row or []] for row in column.to_list()])
        else:
            found += _labels(column.name, [[] if v is None else [str(v)] for v in column.to_list()])
    return found


def _number(column: pl.Series) -> list[tuple[str, FloatArray]]:
    values = column.cast(pl.Float64).fill_nan(None).to_numpy()
    known = np.isfinite(values)
    spread = values[known].std() if known.any() else 0.0
    if spread == 0:
        return []
    scaled = np.where(known, (values - values[known].mean()) / spread, 0.0)
    return [(column.name, scaled.astype(np.float32))]


def _labels(name: str, rows: list[list[str]]) -> list[tuple[str, FloatArray]]:
    count = Counter(label for row in rows for label in set(row))
    frequent = sorted((-n, label) for label, n in count.items() if n >= 2)[:MAX_LABELS]
    place = {label: number for number, (_, label) in enumerate(frequent)}
    values = np.zeros((len(frequent), len(rows)), np.float32)
    for index, row in enumerate(rows):
        for label in row:
            if label in place:
                values[place[label], index] = 1.0
    return [(f"{name}={label}", values[number]) for label, number in place.items()]
