"""EASE (Steck 2019): a linear item-item model with a zero diagonal, solved in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np
import scipy.linalg
import scipy.sparse as sp
from numpy.typing import NDArray
from pydantic import Field

from gnnrec_core.base.settings import Search
from gnnrec_core.data.dataset import Dataset, IntArray
from gnnrec_core.graph import RecGraph
from gnnrec_core.models.ops.checkpoint import expect_shapes
from gnnrec_core.models.ops.closed_form import ItemItemRecommender, degree_scales, weighted_interactions
from gnnrec_core.models.ops.edges.operator_settings import OperatorSettings
from gnnrec_core.models.protocol import Tensors

WEIGHT = "weight"


class EASESettings(OperatorSettings):
    """Settings of EASE."""

    l2: Annotated[float, Search(10.0, 2000.0, log=True)] = Field(
        100.0, gt=0, le=1e7, description="ridge penalty on the item-item weights"
    )


class EASE(ItemItemRecommender):
    """B = argmin |X - X B|^2 + l2 |B|^2 with diag(B) = 0; score = X D_i^-q B D_i^q.

    With P = (X^T X + l2 I)^-1: B[j, i] = -P[j, i] / P[i, i] off the diagonal. Computed in float64, stored in float32.
    q is the degree power (0: as published).
    """

    name: ClassVar[str] = "ease"
    settings_type: ClassVar[type[EASESettings]] = EASESettings

    @classmethod
    def memory_bytes(cls, dataset: Dataset, settings: Any) -> int:
        """The Gram matrix, its factor and its inverse in float64, the weights in float32."""
        return dataset.n_items**2 * (3 * 8 + 2 * 4)

    @classmethod
    def untrained(cls, graph: RecGraph, settings: Any) -> Tensors:
        """`weight` float32 `[n_items, n_items]`, zeros."""
        return {WEIGHT: np.zeros((graph.n_items, graph.n_items), dtype=np.float32)}

    @classmethod
    def check(cls, graph: RecGraph, settings: Any, tensors: Tensors) -> None:
        """RunError unless there is one weight for each pair of items."""
        expect_shapes("model.safetensors", tensors, {WEIGHT: (graph.n_items, graph.n_items)})

    def compute(self) -> Tensors:
        """The closed form."""
        inverse = self._inverse_gram()
        weight = inverse / -np.diag(inverse)
        np.fill_diagonal(weight, 0.0)
        return {WEIGHT: weight.astype(np.float32)}

    def _inverse_gram(self) -> NDArray[np.float64]:
        """P, by a Cholesky factorisation of X^T X + l2 I, which is positive definite."""
        x = self._ageless
        gram = (x.T @ x).toarray()
        gram[np.diag_indices_from(gram)] += self.settings.l2
        factor = scipy.linalg.cho_factor(gram, overwrite_a=True)
        inverse: NDArray[np.float64] = scipy.linalg.cho_solve(factor, np.eye(len(gram)), overwrite_b=True)
        return inverse

    @cached_property
    def _inverse(self) -> NDArray[np.float64]:
        return self._inverse_gram()

    def _set(self, tensors: Tensors) -> None:
        super()._set(tensors)
        self._weight = self._tensors[WEIGHT]
        if self.settings.degree_power:
            down, up = degree_scales(self._ageless, self.settings.degree_power)
            self._weight = (down[:, None] * self._weight * up).astype(np.float32)

    def rows(self, items: IntArray) -> NDArray[np.float64]:
        """B[items, :]."""
        return self._weight[items].astype(np.float64)

    def times(self, weights: sp.csr_array) -> NDArray[np.float64]:
        """weights @ B."""
        return np.asarray(weights @ self._weight, dtype=np.float64)

    def back(self, weights: sp.csr_array) -> NDArray[np.float64]:
        """weights @ B^T."""
        return np.asarray(weights @ self._weight.T, dtype=np.float64)

    def scores_refitted(self, user_index: int, edge_sets: Sequence[IntArray]) -> NDArray[np.float64]:
        """The closed form without each set: `RefittingRecommender`.

        Rows x of X that become x' change X^T X by x'^T x' - x^T x, so P changes by a matrix of twice as many rows as
        there are such people (Woodbury). P is computed at the first question and kept, 8 bytes for each pair of items.
        """
        return np.array([self._refitted(user_index, edges) for edges in edge_sets]).reshape(-1, self.graph.n_items)

    def _refitted(self, user_index: int, edges: IntArray) -> NDArray[np.float64]:
        """Scores `[n_items]`: -(P' x')_i / P'_ii + x'_i, the sum of B'[j, i] over the items j of x' other than i."""
        changed = weighted_interactions(self.whole.without(np.asarray(edges, np.int64)))
        ends = self.graph.edge_index[:, edges]
        people = np.unique(ends[ends < self.graph.n_users])
        rows = sp.vstack([self._ageless[people], changed[people]], format="csr")  # U [2 m, n_items]
        sign = np.repeat([-1.0, 1.0], len(people))
        through = rows @ self._inverse  # U P
        core = np.diag(sign) + rows @ through.T  # 1 / sign + U P U^T
        diagonal = np.diag(self._inverse) - np.einsum("mi,mi->i", through, np.linalg.solve(core, through))
        down, up = degree_scales(changed, self.settings.degree_power)
        own = sp.csr_array(self.row_without(user_index, edges) * down[None])
        product = (own @ self._inverse)[0]
        product -= through.T @ np.linalg.solve(core, rows @ product)
        scores: NDArray[np.float64] = own.toarray()[0] - product / diagonal
        return scores * up
