"""What models that were trained elsewhere share: one table of node embeddings, never trained here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import Field

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.base.settings import Settings
from gnnrec_core.data.dataset import Dataset, FloatArray, IntArray
from gnnrec_core.graph import RecGraph, build_graph
from gnnrec_core.models.ops.checkpoint import expect_shapes
from gnnrec_core.models.protocol import Epoch, FitOptions, Tensors

EMBEDDING = "embedding.weight"


class BroughtSettings(Settings):
    """Where the weights come from; how they were trained is not known and not guessed."""

    source: str = Field("", max_length=1000, description="names of the files that were brought in")
    sha256: str = Field("", max_length=64, description="checksum over these files, in this order")
    embedding_dim: int = Field(1, ge=1, le=100_000, description="columns of the embeddings")


class BroughtEmbeddings:
    """`embedding.weight` float32 `[n_nodes, d]`: users, items, attribute nodes (zeros); side edges are not used.

    A plug-in says in `embeddings` what the final embeddings are; score(u, i) = <z_u, z_i>.
    """

    name: ClassVar[str]
    settings_type: ClassVar[type[BroughtSettings]] = BroughtSettings

    def __init__(self, dataset: Dataset, settings: Any, tensors: Tensors) -> None:
        self.settings = settings
        self.graph: RecGraph = build_graph(dataset, side_edges=0.0)
        self._embedding: FloatArray = np.array(tensors[EMBEDDING], np.float32)
        self._embedding.flags.writeable = False

    @classmethod
    def create(cls, dataset: Dataset, settings: Any, seed: int, device: str) -> Self:
        """Refused: there is nothing to train."""
        raise UnsupportedError("A model that was brought in is not trained here.", "Use `gnnrec run import`.")

    @classmethod
    def restore(cls, dataset: Dataset, settings: Any, tensors: Tensors) -> Self:
        """The model; RunError where the table does not fit the dataset."""
        expect_shapes("model.safetensors", tensors, {EMBEDDING: (dataset.n_nodes, settings.embedding_dim)})
        return cls(dataset, settings, tensors)

    def fit(self, options: FitOptions) -> Iterator[Epoch]:
        """Refused like `create`."""
        raise UnsupportedError("A model that was brought in is not trained here.", "Use `gnnrec run import`.")

    def tensors(self) -> Tensors:
        """A copy of the table."""
        return {EMBEDDING: self._embedding.copy()}

    def embeddings(self) -> FloatArray:
        """Final embeddings `[n_nodes, d]` float32; not to be written to."""
        return self._embedding

    def score(self, users: IntArray) -> FloatArray:
        """Scores of all items `[n, n_items]` float32 for user indices `[n]`."""
        final, first = self.embeddings(), self.graph.n_users
        scored: FloatArray = final[np.asarray(users)] @ final[first : first + self.graph.n_items].T
        return scored
