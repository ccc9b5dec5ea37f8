"""What a recommender is, and what the rest of the library may ask of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, TypeAlias, runtime_checkable

from gnnrec_core.base.checked import STRICT, Count, Moment
from gnnrec_core.base.settings import Settings

if TYPE_CHECKING:  # names of types alone: a page that shows the epochs of a training needs no arrays
    from numpy.typing import NDArray

    from gnnrec_core.data.dataset import Dataset, FloatArray, IntArray
    from gnnrec_core.graph import RecGraph
    from gnnrec_core.models.ops.propagation import Propagation

Tensors: TypeAlias = "dict[str, NDArray[Any]]"
JUDGED_BY = "ndcg@20"
"""The validation figure that decides which epoch, and which setting, is best."""


@dataclass(frozen=True)
class Epoch:
    """One line of `history.jsonl`. `validation` is empty where nothing was validated in this epoch."""

    __pydantic_config__ = STRICT
    epoch: Count
    loss: float | None
    validation: dict[str, float]
    seconds: Moment
    is_best: bool


@dataclass(frozen=True)
class TrainingState:
    """All that training needs to go on as if it had never stopped: tensors, and a card of plain JSON values."""

    tensors: Tensors
    card: dict[str, Any] = field(default_factory=dict)


def _never() -> bool:
    return False


@dataclass(frozen=True)
class FitOptions:
    """What the training loop gives a model.

    `validate` returns figures of the model as it stands (`{"ndcg@20": ..., "recall@20": ...}`), None where the dataset
    has no validation part; `compare` the same over a few hundred people, to choose among many settings.
    `resume` is what `ResumableRecommender.training_state` gave. A model whose `should_stop()` turns true in the middle
    of an epoch ends its iterator without yielding that epoch.
    """

    validate: Callable[[], dict[str, float]] | None = None
    compare: Callable[[], dict[str, float]] | None = None
    resume: TrainingState | None = None
    should_stop: Callable[[], bool] = _never


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

    def fit(self, options: FitOptions) -> Iterator[Epoch]:
        """Train; yields after each epoch. When the iterator ends the model holds its best epoch's parameters.

        A model that is fitted in one go yields once, with `Epoch(1, None, options.validate() ..., is_best=True)`.
        """
        ...

    def tensors(self) -> Tensors:
        """What `model.safetensors` holds."""
        ...

    def score(self, users: IntArray) -> FloatArray:
        """Scores of all items `[n, n_items]` float32 for user indices `[n]`; a fresh array each time."""
        ...


@runtime_checkable
class ResumableRecommender(Protocol):
    """A recommender whose training can go on after it was killed."""

    def training_state(self) -> TrainingState:
        """The state after the last epoch that `fit` yielded."""
        ...


@runtime_checkable
class RelationRecommender(Protocol):
    """A recommender that reads side edges of the dataset beside its graph, each relation with a weight."""

    def relations_read(self) -> tuple[str, ...]:
        """Relations that have a weight above 0."""
        ...

    def without_relation(self, name: str) -> Any:
        """The same model with a weight of 0 for that relation."""
        ...


@runtime_checkable
class DividableRecommender(Protocol):
    """A recommender whose tables the processes of one training can hold in parts."""

    @classmethod
    def create_divided(cls, dataset: Dataset, settings: Any, seed: int, device: str, processes: Any) -> Any:
        """An untrained model, of which this process holds its part: a `DividedRecommender`."""
        ...


@runtime_checkable
class DividedRecommender(Protocol):
    """A recommender of which this process holds a part; its files and lists are made by all processes together."""

    parts: Any
    """`models.ops.shards.parts.Parts`."""

    def own_users(self, users: IntArray) -> IntArray:
        """Those of `users` whose lists are made here."""
        ...


@runtime_checkable
class SizedRecommender(Protocol):
    """A recommender that knows how much memory its training takes."""

    @classmethod
    def memory_bytes(cls, dataset: Dataset, settings: Any) -> int:
        """An upper estimate of the bytes that training holds at once, on the device that trains."""
        ...


@runtime_checkable
class CautiousRecommender(Protocol):
    """A recommender that knows which data do not suit it."""

    @classmethod
    def caution(cls, dataset: Dataset, settings: Any) -> str:
        """A sentence for before a training on data that do not suit the model; "" where they do."""
        ...


@runtime_checkable
class EmbeddingRecommender(Protocol):
    """A recommender whose score is a dot product of final embeddings."""

    def embeddings(self) -> FloatArray:
        """Final embeddings z `[n_nodes, d]` float32; `score(u, i) = <z_u, z_{n_users + i}>`."""
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


@runtime_checkable
class KeptRecommender(Protocol):
    """A recommender whose answers about one person can be read from tables that are kept beside its run."""

    @classmethod
    def kept_parts(cls, settings: Any) -> float | None:
        """The weight of side edges in its graph, which is kept too; None where nothing is under these settings."""
        ...

    def kept_tables(self) -> Tensors:
        """What to keep."""
        ...

    @classmethod
    def over_tables(cls, dataset: Dataset, settings: Any, graph: RecGraph, tables: Tensors) -> Self:
        """The trained model on a graph in mapped memory, with tables that `kept_tables` made."""
        ...


@runtime_checkable
class FeatureRecommender(Protocol):
    """A recommender that knows nodes by features X `[n_nodes, f]`, and whose score is a dot product of embeddings."""

    def features_of(self, node: int) -> tuple[tuple[str, ...], IntArray]:
        """Names of the features that are not 0 at `node` `[n]`, and their columns in X `[n]`."""
        ...

    def feature_rows(self, nodes: IntArray) -> Any:
        """Rows `nodes` of X `[n, f]` (torch, float64)."""
        ...

    def embeddings_from(self, nodes: IntArray, rows: Any) -> Any:
        """Final embeddings `[n_nodes, d]` (torch, float64) where `nodes` have the features `rows` `[n, f]` instead."""
        ...


@runtime_checkable
class RescoredRecommender(Protocol):
    """A recommender whose scores on a changed graph can be asked for, and perhaps nothing else.

    Enough for what changes the graph and looks again: leave one out, Shapley values of removals, counterfactuals.
    """

    def score_on(self, graph: RecGraph, users: IntArray) -> NDArray[Any]:
        """Scores `[n, n_items]` on a changed graph, parameters held fixed: the recomputation behind every check."""
        ...


@runtime_checkable
class AskedRecommender(Protocol):
    """A recommender whose scores for a changed history cost a question each: it says how often it was asked.

    A scorer outside is asked; where only final embeddings are known, the person is solved for.
    """

    n_asked: int

    def told_calls(self, user_index: int) -> str:
        """How often it was asked, and what its answers about this person rest on, as a sentence."""
        ...


@dataclass(frozen=True)
class ModuleInputs:
    """A module of PyTorch Geometric that nobody else holds, in evaluation mode, and what it is called with.

    `module(x, edge_index, edge_attr)` (without `edge_attr` where that is None) gives final embeddings `[n_nodes, d]`.
    """

    module: Any
    x: Any
    edge_index: Any
    edge_attr: Any = None

    def embeddings(self) -> Any:
        """Final embeddings `[n_nodes, d]` (torch), differentiable in whatever masks are set on the module."""
        attributes = () if self.edge_attr is None else (self.edge_attr,)
        return self.module(self.x, self.edge_index, *attributes)


@runtime_checkable
class ModuleRecommender(Protocol):
    """A recommender that is a module of PyTorch Geometric, so that PyG's edge masks and explainers run on it."""

    def module_inputs(self) -> ModuleInputs:
        """A copy of the module with the trained weights, and the inputs of the trained graph."""
        ...


@runtime_checkable
class PersonalRecommender(Protocol):
    """A recommender in which each user has a row of their own, learned by the loss of its settings.

    `settings` are `gradient_settings.GraphSettings`.
    """

    own_rows: ClassVar[str]
    """The tensor whose first `n_users` rows are the users' own."""
    settings: Any


@runtime_checkable
class RetrainableRecommender(Protocol):
    """A recommender that can be trained again without some interactions by the draws of the first training."""

    @classmethod
    def create_without(cls, dataset: Dataset, settings: Any, seed: int, device: str, rows: IntArray) -> Self:
        """An untrained model of `dataset` without these rows of its interactions, with common random numbers."""
        ...


@runtime_checkable
class RefittingRecommender(Protocol):
    """A recommender that can say exactly what it would score had it been fitted without some interactions of `graph`.

    No estimate and no luck: the answer is that of fitting anew, with the same settings and seed, on the graph without
    them. It is the level "trained again" of a model whose training has one outcome.
    """

    def scores_refitted(self, user_index: int, edge_sets: Sequence[IntArray]) -> NDArray[Any]:
        """The user's scores of all items after fitting without each set in turn, float64 `[len(edge_sets), n_items]`.

        Each set holds columns of the trained graph, of interactions of any users, in either direction; the empty set
        gives the model as it is. The user's own history is without them too. The model is not changed.
        """
        ...


@runtime_checkable
class EdgeRemovingRecommender(Protocol):
    """A propagation recommender that can leave edges out faster than by propagating on a graph made anew."""

    def embeddings_without(self, edges: IntArray) -> FloatArray:
        """Final embeddings `[n_nodes, d]` without `edges` (columns of the trained graph, one direction of each)."""
        ...


@runtime_checkable
class WeightedRecommender(Protocol):
    """A recommender whose final embeddings can be differentiated in the weights of the edges."""

    def embeddings_at(self, weight: Any) -> Any:
        """Final embeddings (torch, `[n_nodes, d]`) where the edges have `weight` (torch, `[n_edges / 2]`, positive).

        Degrees, and attention where there is some, are normalised anew; parameters are held fixed.
        """
        ...


@runtime_checkable
class PartlessRecommender(Protocol):
    """A recommender whose score cannot be taken apart, and which says why."""

    no_parts: ClassVar[str]
    """The reason as the end of a sentence: "everybody gets the same scores"."""
