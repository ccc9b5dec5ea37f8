"""Pruned: another model on a graph with fewer edges, its parameters as they are.

Not trained: `decide.smaller` makes such a run. What is opened is the other model itself, so it explains and scores as
that does, over the edges that were kept. What a person had stays out of their lists.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from gnnrec_core.base.errors import RunError
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.graph import RecGraph
from gnnrec_core.models.compressed import Compressed, CompressedSettings
from gnnrec_core.models.protocol import Tensors

KEPT = "pruned.kept"
"""One bit for each undirected edge of the other model's graph, in its order, packed into bytes."""


class PrunedSettings(CompressedSettings):
    """Which model it is, how it was trained, and which share of its edges is kept."""

    share: float = Field(default=0.5, gt=0, le=1, description="share of the interactions that is kept in the graph")


class Pruned(Compressed):
    """Opens the other model on the edges that were kept."""

    name: ClassVar[str] = "pruned"
    settings_type: ClassVar[type[PrunedSettings]] = PrunedSettings

    @classmethod
    def restore(cls, dataset: Dataset, settings: PrunedSettings, tensors: Tensors) -> Any:
        """The other model; RunError where its settings, its parameters or the edges do not fit."""
        kind, base = cls.other(settings)
        model = kind.restore(dataset, base, {name: value for name, value in tensors.items() if name != KEPT})
        return on_edges(model, read_kept(tensors.get(KEPT), model.graph))


def on_edges(model: Any, kept: NDArray[np.bool_]) -> Any:
    """A model that was just opened, on the graph with the undirected edges `kept` `[n_edges / 2]` alone."""
    model.graph = model.graph.without(np.flatnonzero(~kept))
    return model


def read_kept(packed: Any, graph: RecGraph) -> NDArray[np.bool_]:
    """Which undirected edges are kept `[n_edges / 2]`; RunError where the bits are not for this graph."""
    n = graph.n_edges // 2
    if packed is None or packed.dtype != np.uint8 or packed.shape != ((n + 7) // 8,):
        raise RunError("The edges that were kept do not fit the dataset.", "Compress the run again.", name=KEPT)
    kept: NDArray[np.bool_] = np.unpackbits(packed, count=n).astype(bool)
    return kept
