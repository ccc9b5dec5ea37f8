"""What a recommender is, and what the rest of the library may ask of one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

from numpy.typing import NDArray

from gnnrec_core.data.values import Dataset, FloatArray, IntArray
from gnnrec_core.graph import RecGraph
from gnnrec_core.models.propagation import Propagation
from gnnrec_core.settings import Settings

Tensors = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Epoch:
    """One line of `history.jsonl`. `validation` is empty where nothing was validated in this epoch."""

    epoch: int
    loss: float | None
    validation: dict[str, float]
    seconds: float
    is_best: bool


class Recommender(Protocol):
    """A model of one dataset's graph.

    A model is made untrained by `create`, trained by iterating `fit`, and stored as its `tensors`. `score` is finite,
    and on the CPU the same seed gives the same scores. A model is never changed by being asked.
    """

    name: ClassVar[str]
    settings_type: ClassVar[type[Settings]]
    settings: Any
    graph: RecGraph

    @classmethod
    def create(cls, dataset: Dataset, settings: Any, seed: int, device: str) -> Self:
        """An untrained model; every random draw, now and in `fit`, comes from `seed`."""
        ...

    @classmethod
    def restore(cls, dataset: Dataset, settings: Any, tensors: Tensors) -> Self:
        """A trained model from its `tensors`; RunError where shapes or names do not fit."""
        ...

    def fit(self, **options: Any) -> Iterator[Epoch]:
        """Train; yields after each epoch. When the iterator ends the model holds its best epoch's parameters."""
        ...

    def tensors(self) -> Tensors:
        """What `model.safetensors` holds."""
        ...

    def score(self, users: IntArray) -> FloatArray:
        """Scores of all items `[n, n_items]` float32 for user indices `[n]`; a fresh array each time."""
        ...


@runtime_checkable
class EmbeddingRecommender(Protocol):
    """A recommender whose score is a dot product of final embeddings."""

    def embeddings(self) -> FloatArray:
        """Final embeddings z `[n_nodes, d]` float32; score(u, i) = <z_u, z_{n_users + i}>."""
        ...


@runtime_checkable
class PropagationRecommender(Protocol):
    """A recommender that is linear in messages (perhaps with attention frozen), hence exactly explainable."""

    def propagation(self, graph: RecGraph | None = None) -> Propagation:
        """The propagation on `graph` (default: the trained graph), parameters held fixed.

        On another graph (edges removed or added, same nodes) degrees, and attention where there is some, are computed
        anew on that graph: this is the "recomputed on the changed graph" of every check.
        """
        ...
