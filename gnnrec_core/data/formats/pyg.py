"""Datasets of `torch_geometric.datasets` by name, where a network (or a copy on disk) lets PyG fetch them."""

from __future__ import annotations

import tempfile
from typing import Any

import numpy as np
import polars as pl

from gnnrec_core.base import progress
from gnnrec_core.base.errors import DataError
from gnnrec_core.base.registry import did_you_mean
from gnnrec_core.data.dataset import Problem
from gnnrec_core.data.formats.source import Part, Roles, SourceLog, Table
from gnnrec_core.data.options import ImportOptions

NAMES = ("MovieLens100K", "MovieLens1M", "AmazonBook", "LastFM", "Taobao")
_PREFIX = "pyg:"


class PygReader:
    """Reads `pyg:NAME`. Nodes of PyG have no raw ids, so ids are its node numbers."""

    def matches(self, source: str) -> bool:
        return source.startswith(_PREFIX)

    def read(self, source: str, options: ImportOptions) -> SourceLog:
        name = source.removeprefix(_PREFIX)
        if name not in NAMES:
            raise DataError(f"There is no PyG dataset {name!r} that we read.", did_you_mean(name, NAMES), value=name)
        progress.report(0.0, 1, f"fetching {name}")
        data = _fetched(name)
        parts = _parts(name, data)
        message = "PyG numbers its nodes; ids are these numbers, for it keeps no others."
        return SourceLog(name, "pyg", parts, problems=(Problem("node_numbers", "info", 1, "kept", message, name),))


def _fetched(name: str) -> Any:
    """The first graph of the dataset; DataError where it cannot be fetched or made."""
    import torch_geometric.datasets

    try:
        with tempfile.TemporaryDirectory(prefix="gnnrec-") as folder:
            return getattr(torch_geometric.datasets, name)(folder)[0]
    except (OSError, ImportError, RuntimeError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
        raise DataError(
            f"PyG cannot fetch {name}: {reason}",
            "It needs a network; download the files on another machine and import the folder.",
            value=name,
        ) from None


def _parts(name: str, data: Any) -> tuple[Part, ...]:
    """The edges from users to the first other type of node, and the held-out ones where the dataset has them."""
    kinds = [kind for kind in data.edge_types if kind[0] == "user" and kind[2] != "user"]
    if not kinds:
        raise DataError(f"{name} has no edges from users to items.", "Choose another dataset.", value=name)
    store = data[kinds[0]]
    held_out = store.get("edge_label_index")
    train = Part(_table(name, store), _roles(store), "train" if held_out is not None else None)
    if held_out is None:
        return (train,)
    return train, Part(_edges(f"{name} test", held_out), Roles("user", "item"), "test")


def _edges(name: str, edge_index: Any) -> Table:
    ends = edge_index.numpy().astype(np.int64)
    return Table(name, pl.DataFrame({"user": ends[0], "item": ends[1]}), ends.shape[1])


def _roles(store: Any) -> Roles:
    return Roles(
        "user", "item", "rating" if _column(store, "rating") else None, "time" if _column(store, "time") else None
    )


def _column(store: Any, name: str) -> bool:
    value = store.get(name)
    return value is not None and getattr(value, "ndim", 0) == 1 and len(value) == store["edge_index"].shape[1]


def _table(name: str, store: Any) -> Table:
    table = _edges(name, store["edge_index"])
    extra = [pl.Series(key, store[key].numpy()) for key in ("rating", "time") if _column(store, key)]
    return Table(name, table.frame.with_columns(extra), table.n_in)
