"""Item-based nearest neighbours (Deshpande and Karypis 2004): shrunk cosine between items."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
from pydantic import Field

from gnnrec_core.base.settings import Settings
from gnnrec_core.models.ops.closed_form import SparseItemItem, similarity_tensors, weighted_interactions
from gnnrec_core.models.protocol import Tensors

BLOCK = 512


class ItemKNNSettings(Settings):
    """Settings of the item neighbours."""

    n_neighbours: int = Field(100, ge=1, le=10_000, description="most similar items kept for each item")
    shrinkage: float = Field(10.0, ge=0, le=1e6, description="added to the denominator: pairs seen rarely count less")


class ItemKNN(SparseItemItem):
    """S[j, i] = <x_j, x_i> / (|x_j| |x_i| + shrinkage), kept where j is one of the `n_neighbours` nearest to i.

    x_i is the column of item i in the weighted train interactions; S has no diagonal. Equal similarities are settled
    by item index.
    """

    name: ClassVar[str] = "itemknn"
    settings_type: ClassVar[type[ItemKNNSettings]] = ItemKNNSettings

    def compute(self) -> Tensors:
        """The similarities, a block of columns at a time."""
        x = weighted_interactions(self.graph).tocsc()
        norm = np.sqrt(np.asarray(x.multiply(x).sum(axis=0)).ravel())
        blocks = [self._columns(x, norm, start) for start in range(0, self.graph.n_items, BLOCK)]
        return similarity_tensors(sp.hstack(blocks, format="csr", dtype=np.float32))

    def _columns(self, x: sp.csc_array, norm: Any, start: int) -> sp.csr_array:
        """Columns `start` to `start + BLOCK` of S `[n_items, b]`, nearest neighbours only."""
        common = (x.T @ x[:, start : start + BLOCK]).toarray()  # [n_items, b]
        width = common.shape[1]
        common[np.arange(start, start + width), np.arange(width)] = 0.0
        bottom = norm[:, None] * norm[None, start : start + width] + self.settings.shrinkage
        similarity = np.divide(common, bottom, out=np.zeros_like(common), where=bottom > 0)
        order = np.argsort(-similarity, axis=0, kind="stable")[: self.settings.n_neighbours]
        kept = np.zeros_like(similarity)
        np.put_along_axis(kept, order, np.take_along_axis(similarity, order, axis=0), axis=0)
        return sp.csr_array(kept)
