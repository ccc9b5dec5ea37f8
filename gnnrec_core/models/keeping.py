"""What a run of a large dataset keeps, so that a question about one person costs what their neighbourhood costs.

Beside the run: its graph, all propagated layers and the final table (`models.protocol.KeptRecommender`). The first
question checks the weights, makes them and writes them down; the next ones read the rows that they need.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gnnrec_core import __version__
from gnnrec_core.base.errors import RunError
from gnnrec_core.base.kept import keep, kept, stamps
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.data.kept import KeptDataset
from gnnrec_core.graph import INTERACTION
from gnnrec_core.graph.kept import KeptGraph, graph_arrays
from gnnrec_core.models.protocol import KeptRecommender

STORE = "model"


def over_kept(folder: Path, dataset: Dataset, kind: Any, settings: Any, restored: Callable[[], Any]) -> Any | None:
    """The model of the run in `folder` from what is kept of it, kept now where it was not; None where nothing can be.

    `restored` reads the weights and checks them.
    """
    if not isinstance(dataset, KeptDataset) or not isinstance(kind, KeptRecommender):
        return None
    side_edges = kind.kept_parts(settings)
    if side_edges is None:
        return None
    key = json.dumps(
        [__version__, dataset.fingerprint, str(getattr(kind, "name", kind)), settings.model_dump()], sort_keys=True
    )
    here = stamps(folder, [folder / "model.safetensors"])
    arrays = kept(folder, STORE, key, here)
    if arrays is None:
        model = restored()
        tables = {f"table.{name}": table for name, table in model.kept_tables().items()}
        keep(folder, STORE, key, here, {**graph_arrays(model.graph), **tables})
        arrays = kept(folder, STORE, key, here)
        if arrays is None:
            return model
    tables = {name.removeprefix("table."): table for name, table in arrays.items() if name.startswith("table.")}
    try:
        sizes = (dataset.n_users, dataset.n_items, dataset.n_attributes)
        graph = KeptGraph.over(sizes, _relations(dataset, side_edges), arrays)
        return kind.over_tables(dataset, settings, graph, tables)
    except (KeyError, ValueError, RunError):  # kept by something else: the weights themselves are at hand
        return restored()


def _relations(dataset: Dataset, side_edges: float) -> tuple[str, ...]:
    """The names of the relations of the graph, as `build_graph` gives them."""
    used = [relation.name for relation in dataset.relations if relation.kind != "user-item"] if side_edges > 0 else []
    return (INTERACTION, *used)
