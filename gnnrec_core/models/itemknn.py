"""Item-based nearest neighbours (Deshpande and Karypis 2004): shrunk cosine between items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from pydantic import Field

from gnnrec_core.base.settings import Search
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.models.ops.closed_form import SparseItemItem, degree_scales, similarity_tensors, weighted_interactions
from gnnrec_core.models.ops.edges.operator_settings import OperatorSettings
from gnnrec_core.models.protocol import Tensors

BLOCK = 512


class ItemKNNSettings(OperatorSettings):
    """Settings of the item neighbours."""

    n_neighbours: Annotated[int, Search(10, 400, log=True)] = Field(
        100, ge=1, le=10_000, description="most similar items kept for each item"
    )
    shrinkage: Annotated[float, Search(0.0, 200.0)] = Field(
        10.0, ge=0, le=1e6, description="added to the denominator: pairs seen rarely count less"
    )


class ItemKNN(SparseItemItem):
    """S[j, i] = <x_j, x_i> / (|x_j| |x_i| + shrinkage), kept where j is one of the `n_neighbours` nearest to i.

    x_i is the column of item i in the weighted train interactions; S has no diagonal. Equal similarities are settled
    by item index.
    """

    name: ClassVar[str] = "itemknn"
    settings_type: ClassVar[type[ItemKNNSettings]] = ItemKNNSettings

    def compute(self) -> Tensors:
        """The similarities, a block of columns at a time."""
        return similarity_tensors(self._columns(self._ageless, np.arange(self.graph.n_items)))

    def _columns(self, interactions: sp.csr_array, items: IntArray) -> sp.csr_array:
        """Columns `items` of S `[n_items, n]` by these interactions, float32."""
        x = interactions.tocsc()
        norm = np.sqrt(np.asarray(x.multiply(x).sum(axis=0)).ravel())
        blocks = [self._block(x, norm, items[start : start + BLOCK]) for start in range(0, len(items), BLOCK)]
        columns: sp.csr_array = sp.hstack(blocks, format="csr", dtype=np.float32)
        return columns

    def _block(self, x: sp.csc_array, norm: Any, items: IntArray) -> sp.csr_array:
        """Columns `items` of S `[n_items, b]`, nearest neighbours only."""
        common = (x.T @ x[:, items]).toarray()  # [n_items, b]
        common[items, np.arange(len(items))] = 0.0
        bottom = norm[:, None] * norm[None, items] + self.settings.shrinkage
        similarity = np.divide(common, bottom, out=np.zeros_like(common), where=bottom > 0)
        order = np.argsort(-similarity, axis=0, kind="stable")[: self.settings.n_neighbours]
        kept = np.zeros_like(similarity)
        np.put_along_axis(kept, order, np.take_along_axis(similarity, order, axis=0), axis=0)
        return sp.csr_array(kept)

    def scores_refitted(self, user_index: int, edge_sets: Sequence[IntArray]) -> NDArray[np.float64]:
        """Scores with the neighbours found anew without each set: `RefittingRecommender`."""
        return np.array([self._refitted(user_index, edges) for edges in edge_sets]).reshape(-1, self.graph.n_items)

    def _refitted(self, user_index: int, edges: IntArray) -> NDArray[np.float64]:
        """Scores `[n_items]`: only items that somebody has together with a removed one can get other neighbours."""
        changed = weighted_interactions(self.whole.without(np.asarray(edges, np.int64)))
        down, up = degree_scales(changed, self.settings.degree_power)
        own = sp.csr_array(self.row_without(user_index, edges) * down[None])
        scores: NDArray[np.float64] = (own @ self._stored).toarray()[0]
        ends = self.graph.edge_index[:, edges]
        removed = np.unique(ends[ends >= self.graph.n_users]) - self.graph.n_users
        readers = np.unique(self._ageless[:, removed].nonzero()[0])
        touched = np.union1d(removed, self._ageless[readers].indices).astype(np.int64)
        if len(touched):
            scores[touched] = (own @ self._columns(changed, touched).astype(np.float64)).toarray()[0]
        return scores * up
