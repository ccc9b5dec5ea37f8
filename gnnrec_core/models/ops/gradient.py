"""What a model trained by gradient steps provides, and what all of them share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from gnnrec_core.data.clean.dislikes import known_negatives
from gnnrec_core.data.dataset import Dataset, FloatArray, IntArray, without_rows
from gnnrec_core.graph import RecGraph
from gnnrec_core.models.ops.checkpoint import expect_shapes
from gnnrec_core.models.ops.fitting import GradientFit
from gnnrec_core.models.ops.layers import Noise
from gnnrec_core.models.ops.parallel import Processes
from gnnrec_core.models.ops.sampling import Batch
from gnnrec_core.models.protocol import Epoch, FitOptions, Tensors, TrainingState


class GradientRecommender(ABC):
    """A recommender whose score is a dot product of embeddings that gradient steps have shaped.

    `parameters` are the leaf tensors by the name that they have in `model.safetensors`. `whole` is the graph of the
    whole data where the model is trained again without some interactions (`create_without`), else None. `asked` are the
    only interactions that training asks for (user * n_items + item), None for all. `disliked` are
    the user and item indices of known negatives (`settings.known_negatives` of the negatives are drawn from them).
    """

    name: ClassVar[str]
    settings_type: ClassVar[Any]
    parameters: dict[str, Tensor]
    kept: Tensors = MappingProxyType({})  # type: ignore[assignment]
    """Tables in mapped memory that answers are read from; empty for a model that holds all it needs."""

    def __init__(
        self, dataset: Dataset, settings: Any, parameters: Tensors, seed: int = 0, device: str = "cpu"
    ) -> None:
        self.hold(dataset, settings, self.build_graph(dataset, settings), seed, device)
        self.parameters = self.trainable(parameters)

    def hold(self, dataset: Dataset, settings: Any, graph: RecGraph, seed: int = 0, device: str = "cpu") -> None:
        """Everything but the parameters."""
        self.settings, self.seed, self.device = settings, seed, device
        self.processes = Processes()
        self.graph: RecGraph = graph
        self.whole: RecGraph | None = None
        self.asked: IntArray | None = None
        self.disliked = known_negatives(dataset)
        self.times: IntArray | None = dataset.interactions.timestamp
        self._fit: GradientFit | None = None
        self._final: FloatArray | None = None

    def trainable(self, parameters: Tensors) -> dict[str, Tensor]:
        """Leaf tensors on the model's device."""
        return {
            name: torch.from_numpy(np.array(value, dtype=np.float32)).to(self.device).requires_grad_()
            for name, value in parameters.items()
        }

    @classmethod
    @abstractmethod
    def build_graph(cls, dataset: Dataset, settings: Any) -> RecGraph:
        """The graph that messages pass over."""

    @classmethod
    @abstractmethod
    def initial(cls, dataset: Dataset, settings: Any, seed: int) -> Tensors:
        """Parameters before training; their names and shapes are those of a trained model."""

    @classmethod
    def shapes(cls, dataset: Dataset, settings: Any) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the parameters. A model whose `initial` is slow says them in another way."""
        return {name: value.shape for name, value in cls.initial(dataset, settings, 0).items()}

    @abstractmethod
    def embed(self, nodes: Tensor, batch: Batch | None) -> tuple[Tensor, Tensor]:
        """A table of final embeddings `[t, d]`, with gradients, and the rows `[n]` of `nodes` `[n]` in it; `batch` None
        outside training."""

    def layers(self, batch: Batch | None, noise: Noise | None) -> list[Tensor]:
        """X_0 ... X_K with noise, and after them the final embeddings, of models whose settings are `GraphSettings`."""
        raise NotImplementedError

    @abstractmethod
    def decay(self, nodes: Tensor, weight: float) -> None:
        """After a backward pass, add `weight` times the gradient of half the squared length of what the model has
        learned about `nodes` (each as often as it is named) to the gradients."""

    @classmethod
    def create(cls, dataset: Dataset, settings: Any, seed: int, device: str) -> Self:
        """An untrained model."""
        return cls(dataset, settings, cls.initial(dataset, settings, seed), seed, device)

    @classmethod
    def restore(cls, dataset: Dataset, settings: Any, tensors: Tensors) -> Self:
        """A trained model; RunError where the tensors do not fit the dataset and the settings."""
        expect_shapes("model.safetensors", tensors, cls.shapes(dataset, settings))
        return cls(dataset, settings, tensors)

    @classmethod
    def create_without(cls, dataset: Dataset, settings: Any, seed: int, device: str, rows: IntArray) -> Self:
        """An untrained model of `dataset` without these rows of its interactions, whose training draws the random
        numbers of a training on all of them: what the two then learn differs by the rows and not by luck."""
        reduced = without_rows(dataset, rows)
        whole = cls.build_graph(dataset, settings)
        model = cls(reduced, settings, cls.initial_near(reduced, settings, seed, whole), seed, device)
        model.whole = whole
        return model

    @classmethod
    def initial_near(cls, dataset: Dataset, settings: Any, seed: int, whole: RecGraph) -> Tensors:
        """Parameters before training, as near as may be to those on the graph `whole`, which has more interactions.

        The same draws do it, unless what is drawn follows the data.
        """
        return cls.initial(dataset, settings, seed)

    def parameter_groups(self) -> list[dict[str, Any]]:
        """What Adam is given: groups of parameters, with a factor `lr_factor` on the learning rate of each."""
        return [{"params": list(self.parameters.values()), "lr_factor": 1.0}]

    def fit(self, options: FitOptions) -> Iterator[Epoch]:
        """Train with Adam; see `GradientFit`."""
        self._fit = GradientFit(self, options)
        yield from self._fit.epochs()

    def training_state(self) -> TrainingState:
        """The state after the last epoch that `fit` yielded."""
        if self._fit is None:
            raise ValueError("training has not started")
        return self._fit.state()

    def tensors(self) -> Tensors:
        """Copies of the parameters, whole."""
        return self.gathered(self.held())

    def held(self) -> Tensors:
        """Copies of the parameters as this process holds them."""
        return {name: value.detach().cpu().numpy().copy() for name, value in self.parameters.items()}

    def shared(self) -> list[Tensor]:
        """The parameters that every process holds whole."""
        return list(self.parameters.values())

    def own_part(self, tensors: Tensors) -> Tensors:
        """What this process holds of whole `tensors`, by the names of parameters."""
        return tensors

    def gathered(self, tensors: Tensors) -> Tensors:
        """Whole tensors of what all processes hold, by the names of parameters."""
        return tensors

    def set_tensors(self, tensors: Tensors) -> None:
        """Replace the parameters by whole `tensors` (same names and shapes)."""
        self.set_held(self.own_part(tensors))

    def set_held(self, tensors: Tensors) -> None:
        """Replace the parameters by `tensors`, as `held` gives them."""
        with torch.no_grad():
            for name, value in self.parameters.items():
                value.copy_(torch.from_numpy(np.array(tensors[name])))
        self.changed()

    def changed(self) -> None:
        """Forget what was computed from the parameters."""
        self._final = None

    def final(self) -> Tensor:
        """Final embeddings `[n_nodes, d]` on the model's device, computed anew."""
        with torch.no_grad():
            table, places = self.embed(torch.arange(self.graph.n_nodes, device=self.device), None)
            return table[places]

    def final_factors(self, users: IntArray) -> tuple[Tensor, Tensor]:
        """Final embeddings of `users` `[n, d]` and of all items `[n_items, d]`, on the model's device."""
        final, first = self.final(), self.graph.n_users
        return final[torch.from_numpy(users).to(final.device)], final[first : first + self.graph.n_items]

    def embeddings(self) -> FloatArray:
        """Final embeddings `[n_nodes, d]` float32; not to be written to."""
        if self._final is None:
            self._final = self.final().cpu().numpy()
            self._final.flags.writeable = False
        return self._final

    def user_factors(self, users: IntArray) -> FloatArray:
        """Final embeddings of `users` `[n, d]`."""
        found: FloatArray = self.embeddings()[np.asarray(users)]
        return found

    def item_factors(self) -> FloatArray:
        """Final embeddings of all items `[n_items, d]`."""
        return self.embeddings()[self.graph.n_users : self.graph.n_users + self.graph.n_items]

    def score(self, users: IntArray) -> FloatArray:
        """Scores of all items `[n, n_items]` float32 for user indices `[n]`."""
        result: FloatArray = self.user_factors(users) @ self.item_factors().T
        return result
