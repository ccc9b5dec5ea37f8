"""A dataset without one person or one item: their row, id, interactions and side edges are gone, all else stays."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import polars as pl

from gnnrec_core.base.errors import RequestError
from gnnrec_core.data.dataset import Dataset, IntArray, Interactions, Relation, Vocabulary


def rows_of(dataset: Dataset, kind: str, index: int) -> IntArray:
    """Rows of the interactions of a "user" or with an "item"."""
    column = dataset.interactions.user_index if kind == "user" else dataset.interactions.item_index
    rows: IntArray = np.flatnonzero(column == index).astype(np.int64)
    return rows


def node_of(dataset: Dataset, kind: str, index: int) -> int:
    """The node of a "user" or an "item"."""
    return index if kind == "user" else dataset.n_users + index


def without_side_edges(dataset: Dataset, node: int) -> Dataset:
    """The dataset without the side edges of a node, which stays."""
    return replace(dataset, relations=tuple(_relation(relation, node, 0) for relation in dataset.relations))


def without_entity(dataset: Dataset, kind: str, index: int) -> Dataset:
    """The dataset without a "user" or an "item": everybody behind it moves up by one.

    Problems met on import that name its id are left out of the account. RequestError where nothing would be left.
    """
    vocabulary = dataset.users if kind == "user" else dataset.items
    if len(vocabulary) < 2 or len(rows_of(dataset, kind, index)) == len(dataset.interactions):
        raise RequestError(f"Without that {kind} nothing is left of {dataset.name!r}.", "Delete the dataset instead.")
    node, raw_id = node_of(dataset, kind, index), vocabulary.ids[index]
    ids = Vocabulary(vocabulary.kind, vocabulary.ids[:index] + vocabulary.ids[index + 1 :])
    table = dataset.user_table if kind == "user" else dataset.item_table
    table = table.filter(pl.col(f"{kind}_index") != index).with_columns(pl.int_range(pl.len()).alias(f"{kind}_index"))
    named: dict[str, Any] = {f"{kind}s": ids, f"{kind}_table": table}
    return replace(
        dataset,
        interactions=_interactions(dataset.interactions, f"{kind}_index", index),
        relations=tuple(_relation(relation, node, 1) for relation in dataset.relations),
        problems=tuple(p for p in dataset.problems if raw_id != p.value and repr(raw_id) not in p.message + p.action),
        **named,
    )


def _interactions(log: Interactions, column: str, index: int) -> Interactions:
    keep = getattr(log, column) != index
    columns: dict[str, Any] = {
        field.name: None if (value := getattr(log, field.name)) is None else value[keep] for field in fields(log)
    }
    columns[column] = columns[column] - (columns[column] > index)
    return Interactions(**columns)


def _relation(relation: Relation, node: int, shift: int) -> Relation:
    keep = (relation.source != node) & (relation.target != node)
    source, target = relation.source[keep], relation.target[keep]
    moved = (source - shift * (source > node), target - shift * (target > node))
    return Relation(relation.name, relation.kind, *moved, relation.weight[keep])
