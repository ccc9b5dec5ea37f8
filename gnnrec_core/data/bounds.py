"""Tables of a dataset folder, read with their columns, sizes and values checked: what lies on disk is input.

Everything here raises ValueError with a short reason; `store.load_dataset` says whose folder it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gnnrec_core.data.card import DatasetCard
from gnnrec_core.data.clean.blocks import blocks, in_blocks
from gnnrec_core.data.dataset import NO_TIME, SPLITS, Dataset, Relation

MOST_COLUMNS = 10_000
MAX_RATIO = 1000
"""Our own tables are sorted and full of repetition; a bomb is smaller than a thousandth of what it unpacks to."""
FREE_BYTES = 256 * 2**20
SMALL = 2**20
FIRST_TIME, LAST_TIME = -62_135_596_800, 253_402_300_799
"""Seconds of the years 1 to 9999: what an import lets in."""

Fits = Callable[[pl.DataType], bool]


def integer(kind: pl.DataType) -> bool:
    """Whole numbers of any width."""
    return kind.is_integer()


def number(kind: pl.DataType) -> bool:
    """Numbers."""
    return kind.is_numeric()


def text(kind: pl.DataType) -> bool:
    """Text, or one of a few words."""
    return kind == pl.String or isinstance(kind, (pl.Enum, pl.Categorical))


def value(kind: pl.DataType) -> bool:
    """One value a row, or a list of them: what an attribute may be."""
    inner = kind.inner if isinstance(kind, pl.List) else kind
    return not (inner.is_nested() or inner in (pl.Object, pl.Binary))


def read_table(path: Path, columns: Mapping[str, Fits], n_rows: int | None = None) -> pl.DataFrame:
    """The Parquet table in `path`, which has these columns without gaps and (if given) so many rows."""
    if not path.is_file():
        raise ValueError(f"{path.name} is missing")
    schema = pl.read_parquet_schema(path)
    for name, fits in columns.items():
        if name not in schema or not fits(schema[name]):
            found = f"holds {schema[name]}" if name in schema else "is missing"
            raise ValueError(f"column {name} of {path.name} {found}")
    for name, kind in schema.items():
        if name not in columns and not value(kind):
            raise ValueError(f"column {name} of {path.name} holds {kind}")
    if len(schema) > MOST_COLUMNS:
        raise ValueError(f"{path.name} has {len(schema):,} columns")
    size = path.stat().st_size
    most_cells = max(FREE_BYTES, MAX_RATIO * size) // 8
    if any(isinstance(kind, pl.List) for kind in schema.values()) and _cells(path) > most_cells:
        raise ValueError(f"the lists of {path.name} would unpack to more than {8 * most_cells:,} bytes")
    most_rows = most_cells // max(1, len(schema))
    if n_rows is not None and n_rows > most_rows:
        raise ValueError(f"{path.name} would unpack to more than {8 * most_cells:,} bytes")
    if size < SMALL:  # reading one row too many is quicker than asking first
        table = pl.read_parquet(path, n_rows=(most_rows if n_rows is None else n_rows) + 1)
        height = table.height
    else:
        height = int(pl.scan_parquet(path).select(pl.len()).collect().item())
    if height > most_rows or n_rows not in (None, height):
        raise ValueError(f"{path.name} has another number of rows than the card says, or too many for its size")
    if size >= SMALL:
        table = pl.read_parquet(path)
    for name in columns:
        if table[name].null_count():
            raise ValueError(f"column {name} of {path.name} has gaps")
    return table


def _cells(path: Path) -> int:
    """Values in all columns, those inside of lists too."""
    import pyarrow.parquet as pq  # only for tables with lists: Polars does not tell

    meta = pq.read_metadata(path)
    groups = (meta.row_group(number) for number in range(meta.num_row_groups))
    return sum(group.column(place).num_values for group in groups for place in range(group.num_columns))


def check_bounds(dataset: Dataset, card: DatasetCard) -> None:
    """Sizes are those of the card, indices point at somebody, times and weights are ones that an import lets in."""
    log = dataset.interactions
    for code, split in enumerate(SPLITS):
        n = int(np.count_nonzero(log.split == code))
        if card[f"n_{split}"] != n:  # type: ignore[literal-required]
            raise ValueError(f"the {split} part has {n:,} interactions, the card says another number")
    _in_order(dataset.user_table["user_index"], "user_index")
    _in_order(dataset.item_table["item_index"], "item_index")
    _inside("a user index", log.user_index, 0, dataset.n_users - 1)
    _inside("an item index", log.item_index, 0, dataset.n_items - 1)
    if log.timestamp is not None:
        known = log.timestamp
        if len(known) and known.min() == NO_TIME:
            known = known[known != NO_TIME]
        _inside("a time", known, FIRST_TIME, LAST_TIME)
    if log.rating is not None and bool(np.isinf(log.rating).any()):
        raise ValueError("a rating is infinite")
    for relation in dataset.relations:
        _check_relation(dataset, relation)


def _check_relation(dataset: Dataset, relation: Relation) -> None:
    """Both ends lie in the blocks of nodes that the kind of the relation names."""
    users, items = dataset.n_users, dataset.n_users + dataset.n_items
    block = {"user": (0, users - 1), "item": (users, items - 1), "attribute": (items, dataset.n_nodes - 1)}
    source, target = relation.kind.split("-")
    _inside(f"a source of the relation {relation.name!r}", relation.source, *block[source])
    _inside(f"a target of the relation {relation.name!r}", relation.target, *block[target])
    weight = relation.weight
    if len(weight) and not (weight.min() > 0 and weight.max() < np.inf):
        raise ValueError(f"a weight of the relation {relation.name!r} is not a positive number")


def _inside(what: str, values: NDArray[Any], low: int, high: int) -> None:
    def ends(part: slice) -> tuple[int, int]:
        return int(values[part].min()), int(values[part].max())

    parts = blocks(len(values))
    found = in_blocks(parts, ends) if len(parts) > 1 else [ends(part) for part in parts]
    if found and (min(first for first, _ in found) < low or max(last for _, last in found) > high):
        raise ValueError(f"{what} lies outside {low:,} to {high:,}")


def _in_order(column: pl.Series, name: str) -> None:
    if not bool((column == pl.int_range(len(column), eager=True)).all()):
        raise ValueError(f"column {name} does not count 0, 1, 2, ...")
