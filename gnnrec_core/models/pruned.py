"""Pruned: another model on a graph with fewer edges, its parameters as they are.

Not trained: `decide.smaller` makes such a run. What is opened is the other model itself, so it explains and scores as
that does, over the edges that were kept. What a person had stays out of their lists.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from gnnrec_core.base.checked import parse
from gnnrec_core.base.errors import RequestError, RunError, UnsupportedError
from gnnrec_core.base.settings import Settings, read_settings
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.graph import RecGraph
from gnnrec_core.models import MODELS
from gnnrec_core.models.protocol import Tensors

KEPT = "pruned.kept"
"""One bit for each undirected edge of the other model's graph, in its order, packed into bytes."""


class PrunedSettings(Settings):
    """Which model it is, how it was trained, and which share of its edges is kept."""

    base_run: str = Field(default="", max_length=500, description="the folder of the run that was pruned")
    base_model: str = Field(default="", max_length=100, description="the model of that run")
    base_settings: str = Field(default="{}", max_length=10_000, description="its settings, as JSON")
    share: float = Field(default=0.5, gt=0, le=1, description="share of the interactions that is kept in the graph")


class Pruned:
    """Opens the other model on the edges that were kept."""

    name: ClassVar[str] = "pruned"
    settings_type: ClassVar[type[PrunedSettings]] = PrunedSettings

    @classmethod
    def create(cls, dataset: Dataset, settings: Any, seed: int, device: str) -> Any:
        """Refused: there is nothing to train."""
        raise UnsupportedError("A pruned model is not trained.", "Train the other one, and compress it.")

    @classmethod
    def restore(cls, dataset: Dataset, settings: PrunedSettings, tensors: Tensors) -> Any:
        """The other model; RunError where its settings, its parameters or the edges do not fit."""
        if settings.base_model not in MODELS:
            raise RunError(f"There is no model {settings.base_model!r} to open.", "Compress the run again.")
        kind = MODELS.load(settings.base_model)
        try:
            base = read_settings(kind.settings_type, dict(parse(settings.base_settings)))
        except (ValueError, TypeError, RequestError) as error:
            raise RunError(f"The settings of the pruned model are damaged: {error}.", "Compress it again.") from error
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
