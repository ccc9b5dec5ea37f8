"""Item-item: a matrix S of SLIM, EASE, item neighbours or a linear autoencoder, brought in as it is.

Not trained: `runs.bringing` makes such a run. score(u, i) = b_i + sum over the train items j of u of weight * S[j, i].
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.base.settings import Settings
from gnnrec_core.graph import RecGraph
from gnnrec_core.models.ops.closed_form import SparseItemItem, misfit
from gnnrec_core.models.protocol import Tensors

BIAS = "item.bias"


class ItemItemSettings(Settings):
    """Where the matrix comes from."""

    source: str = Field("", max_length=1000, description="name of the file that was brought in")
    sha256: str = Field("", max_length=64, description="its checksum")


class ItemItem(SparseItemItem):
    """S and b as they were given, S stored sparse; exact parts are read off the sum."""

    name: ClassVar[str] = "item_item"
    settings_type: ClassVar[type[Settings]] = ItemItemSettings

    def compute(self) -> Tensors:
        """Refused: there is nothing to train."""
        raise UnsupportedError("A matrix that was brought in is not trained here.", "Use `gnnrec run import`.")

    @classmethod
    def check(cls, graph: RecGraph, settings: Any, tensors: Tensors) -> None:
        """RunError unless there are a sparse matrix and, perhaps, a bias of each item."""
        bias = tensors.get(BIAS)
        if bias is not None and (bias.shape != (graph.n_items,) or bias.dtype.kind != "f"):
            raise misfit(f"{BIAS} has no number for each of {graph.n_items} items")
        super().check(graph, settings, {name: value for name, value in tensors.items() if name != BIAS})

    def biases(self) -> NDArray[np.float64]:
        """b `[n_items]`."""
        bias = self._tensors.get(BIAS)
        return super().biases() if bias is None else bias.astype(np.float64)
