"""Propagated: LightGCN and relatives that share its inference, from layer-0 embeddings that were trained elsewhere.

Not trained: `runs.bringing` makes such a run. Ledger, paths and counterfactuals are exact, as for our own LightGCN.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from gnnrec_core.data.dataset import Dataset, FloatArray
from gnnrec_core.graph import RecGraph, build_graph
from gnnrec_core.models.brought.embeddings import BroughtEmbeddings, BroughtSettings
from gnnrec_core.models.ops.propagation import Propagation
from gnnrec_core.models.protocol import Tensors


class PropagatedSettings(BroughtSettings):
    """Where the layer-0 embeddings come from, the weight of each layer, and what the graph holds."""

    layer_weights: tuple[float, ...] = Field(
        (0.5, 0.5), min_length=1, max_length=17, description="a_0 .. a_K: what each layer counts in the embedding"
    )
    side_edges: float = Field(0.0, ge=0, le=100, description="weight of friendships and attributes in the graph")


class Propagated(BroughtEmbeddings):
    """z = sum_l a_l P^l E with P = D^-1/2 A D^-1/2 over the train graph, no self-loops (He et al. 2020)."""

    name: ClassVar[str] = "propagated"
    settings_type: ClassVar[type[BroughtSettings]] = PropagatedSettings

    def __init__(self, dataset: Dataset, settings: Any, tensors: Tensors) -> None:
        super().__init__(dataset, settings, tensors)
        if settings.side_edges > 0:
            self.graph = build_graph(dataset, settings.side_edges)

    def propagation(self, graph: RecGraph | None = None) -> Propagation:
        """The same symmetric operator in each layer, degrees counted on `graph`."""
        operator = (self.graph if graph is None else graph).normalised_adjacency
        weights = np.array(self.settings.layer_weights, np.float64)
        return Propagation(
            self.graph.n_users, self._embedding, weights, ((operator,),) * (len(weights) - 1), symmetric=True
        )

    @cached_property
    def _final(self) -> FloatArray:
        final: FloatArray = np.asarray(self.propagation().final, np.float32)
        final.flags.writeable = False
        return final

    def embeddings(self) -> FloatArray:
        """Final embeddings `[n_nodes, d]` float32; not to be written to."""
        return self._final
