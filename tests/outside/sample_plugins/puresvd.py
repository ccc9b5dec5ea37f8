"""PureSVD (Cremonesi et al. 2010): the train matrix projected on its leading right singular vectors."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from gnnrec_core.base.settings import Settings
from gnnrec_core.data.dataset import Dataset, FloatArray, IntArray
from gnnrec_core.models.ops.checkpoint import expect_shapes
from gnnrec_core.models.ops.closed_form import ClosedFormRecommender
from gnnrec_core.models.protocol import Tensors


class PureSVDSettings(Settings):
    """Settings of PureSVD."""

    rank: int = Field(2, ge=1, le=500, description="how many singular vectors are kept")


class PureSVD(ClosedFormRecommender):
    """score(u, i) = (R V V')[u, i], V the leading right singular vectors of the binary train matrix R."""

    name: ClassVar[str] = "puresvd"
    settings_type: ClassVar[type[PureSVDSettings]] = PureSVDSettings
    no_parts: ClassVar[str] = "this sample keeps the finished embeddings only"

    @classmethod
    def untrained(cls, graph: Any, settings: Any) -> Tensors:
        """`final` float32 `[n_users + n_items, rank]`, zeros."""
        return {"final": np.zeros((graph.n_users + graph.n_items, settings.rank), np.float32)}

    @classmethod
    def check(cls, graph: Any, settings: Any, tensors: Tensors) -> None:
        """RunError unless the embeddings fit."""
        expect_shapes("model.safetensors", tensors, {"final": (graph.n_users + graph.n_items, settings.rank)})

    def compute(self) -> Tensors:
        """R V and V, filled up with zeros where the matrix has fewer singular vectors."""
        seen = self.graph.seen.toarray().astype(np.float64)
        right = np.linalg.svd(seen, full_matrices=False)[2][: self.settings.rank].T
        final = np.zeros((sum(seen.shape), self.settings.rank), np.float32)
        final[:, : right.shape[1]] = np.concatenate([seen @ right, right])
        return {"final": final}

    def score(self, users: IntArray) -> FloatArray:
        """Scores of all items `[n, n_items]`."""
        final = self._tensors["final"]
        return final[np.asarray(users)] @ final[self.graph.n_users :].T

    @classmethod
    def memory_bytes(cls, dataset: Dataset, settings: Any) -> int:
        """The dense matrix and its decomposition."""
        return 8 * 3 * dataset.n_users * dataset.n_items
