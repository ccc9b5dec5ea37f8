"""A module of PyTorch Geometric as a recommender: (x, edge_index[, edge_attr]) -> node embeddings, trained by our loop.

x are learned embeddings of all nodes, edge_index the train interactions (and side edges) both ways, edge_attr what is
known of each edge where the module's `forward` takes it. The score is the dot product of the embeddings that come out.
"""

from __future__ import annotations

import inspect
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from gnnrec_core.base.errors import RequestError
from gnnrec_core.data.dataset import Dataset, IntArray
from gnnrec_core.graph import RecGraph, build_graph
from gnnrec_core.models.ops.edges.edge_graph import hidden_edges, hides
from gnnrec_core.models.ops.edges.features import edge_feature_names, edge_features
from gnnrec_core.models.ops.gradient import GradientRecommender
from gnnrec_core.models.ops.gradient_settings import GraphSettings
from gnnrec_core.models.ops.sampling import Batch
from gnnrec_core.models.ops.sparse import add_decay
from gnnrec_core.models.ops.spectral import EMBEDDING, initial_embedding, memory_bytes
from gnnrec_core.models.protocol import ModuleInputs, Tensors

PREFIX = "module."
BYTES_AN_EDGE = 4 * 3
"""Of each number that training holds of an edge: value, gradient, room."""


class ModuleSettings(GraphSettings):
    """Settings of a model that is a module."""

    n_layers: int = Field(2, ge=1, le=8, description="layers of messages, one after the other")
    edge_features: bool = Field(True, description="the layers see relation, rating, recency and weight of an edge")
    hide_batch: bool = Field(
        True, description="train on a graph without the interactions that the step is asked to predict"
    )


class ModuleOfLayers(GradientRecommender):
    """z = module(x, edge_index[, edge_attr]) `[n_nodes, d]`; score(u, i) = <z_u, z_i>. A plug-in gives `build_module`.

    Tensors: `embedding.weight` (x) and the module's parameters under `module.`. Removing an edge means that the module
    is asked again on the graph without it, weights kept.
    """

    settings_type: ClassVar[Any] = ModuleSettings
    keeps: ClassVar[str] = "the trained weights"
    no_parts: ClassVar[str] = "its layers bend what passes them, so it is no sum over interactions"

    @classmethod
    @abstractmethod
    def build_module(cls, settings: Any, n_edge_features: int) -> torch.nn.Module:
        """The untrained module, drawn from torch's generator as it stands."""

    @classmethod
    def build_graph(cls, dataset: Dataset, settings: Any) -> RecGraph:
        """Train interactions and side edges."""
        return build_graph(dataset, settings.side_edges)

    @classmethod
    def fresh_module(cls, dataset: Dataset, settings: Any, seed: int) -> torch.nn.Module:
        """The module drawn from `seed`; RequestError where it has state that is not learned."""
        n_features = len(edge_feature_names(cls.build_graph(dataset, settings), settings))
        with drawing(seed, "cpu"):
            module = cls.build_module(settings, n_features)
        kept = [name for name, _ in module.named_buffers()]
        if kept:
            raise RequestError(
                f"The module keeps running state ({', '.join(kept[:3])}), which is not trained by gradients.",
                "Use layers without buffers: LayerNorm in place of BatchNorm.",
            )
        return module

    @classmethod
    def initial(cls, dataset: Dataset, settings: Any, seed: int) -> Tensors:
        """Embeddings as LightGCN's; the module as it draws itself."""
        start = initial_embedding(cls.build_graph(dataset, settings), settings, seed)
        return start | _named(cls.fresh_module(dataset, settings, seed))

    @classmethod
    def shapes(cls, dataset: Dataset, settings: Any) -> dict[str, tuple[int, ...]]:
        """Of x and of the module's parameters."""
        found = {name: value.shape for name, value in _named(cls.fresh_module(dataset, settings, 0)).items()}
        return {EMBEDDING: (dataset.n_nodes, settings.embedding_dim), **found}

    @classmethod
    def memory_bytes(cls, dataset: Dataset, settings: Any) -> int:
        """As LightGCN, and a message on each edge in each layer."""
        n_edges = 2 * (len(dataset.interactions) + sum(len(relation) for relation in dataset.relations))
        messages = n_edges * int(settings.n_layers) * int(settings.embedding_dim) * BYTES_AN_EDGE
        return memory_bytes(dataset, settings) + messages

    @cached_property
    def _module(self) -> torch.nn.Module:
        module = self.build_module(self.settings, len(edge_feature_names(self.graph, self.settings)))
        return module.to(self.device)

    @cached_property
    def _takes_attributes(self) -> bool:
        return "edge_attr" in inspect.signature(self._module.forward).parameters

    @cached_property
    def _inputs(self) -> tuple[Tensor, Tensor | None]:
        return self._inputs_on(self.graph)

    def _inputs_on(self, graph: RecGraph) -> tuple[Tensor, Tensor | None]:
        """edge_index int64 `[2, n_edges]`, and edge_attr float32 `[n_edges, f]` where the module takes it."""
        edge_index = torch.from_numpy(graph.edge_index.copy()).to(self.device)
        names = edge_feature_names(self.graph, self.settings)
        if not names or not self._takes_attributes:
            return edge_index, None
        return edge_index, torch.from_numpy(edge_features(graph, names)).to(self.device)

    def module_inputs(self, graph: RecGraph | None = None) -> ModuleInputs:
        """A copy of the module with the trained weights, and the inputs of `graph` (default: the trained graph)."""
        edge_index, edge_attr = self._inputs if graph is None or graph is self.graph else self._inputs_on(graph)
        module = deepcopy(self._module).eval()
        weights = {name.removeprefix(PREFIX): value for name, value in self.parameters.items() if name != EMBEDDING}
        module.load_state_dict({name: value.detach() for name, value in weights.items()})
        for parameter in module.parameters():
            parameter.requires_grad_(False)
        return ModuleInputs(module, self.parameters[EMBEDDING].detach(), edge_index, edge_attr)

    def embed(self, nodes: Tensor, batch: Batch | None) -> tuple[Tensor, Tensor]:
        """z of all nodes; in training with dropout, and without the edges that the settings hide."""
        if batch is None:
            return checked(self.module_inputs().embeddings(), self.graph.n_nodes), nodes
        edge_index, edge_attr = self._inputs
        if hides(batch, self.settings):
            kept = torch.ones(edge_index.shape[1], dtype=torch.bool, device=self.device)
            gone = hidden_edges(batch, self.settings, self.seed, len(kept) // 2)
            kept[gone] = False
            kept[(gone + len(kept) // 2) % len(kept)] = False
            edge_index, edge_attr = edge_index[:, kept], None if edge_attr is None else edge_attr[kept]
        weights = {name.removeprefix(PREFIX): value for name, value in self.parameters.items() if name != EMBEDDING}
        inputs = (self.parameters[EMBEDDING], edge_index, *(() if edge_attr is None else (edge_attr,)))
        with drawing(self.seed + 31 * int(batch.users.sum()) + int(batch.items.sum()), self.device):
            found = torch.func.functional_call(self._module.train(), weights, inputs)
        return checked(found, self.graph.n_nodes), nodes

    def decay(self, nodes: Tensor, weight: float) -> None:
        """L2 on the embeddings that go in."""
        add_decay(self.parameters[EMBEDDING], nodes, weight)

    def score_on(self, graph: RecGraph, users: IntArray) -> NDArray[np.float64]:
        """Scores `[n, n_items]` of the module on a changed graph, weights kept."""
        with torch.no_grad():
            final = checked(self.module_inputs(graph).embeddings(), graph.n_nodes).cpu().double().numpy()
        scores: NDArray[np.float64] = final[np.asarray(users)] @ final[graph.n_users : graph.n_users + graph.n_items].T
        return scores


def checked(found: Any, n_nodes: int) -> Tensor:
    """Embeddings of all nodes; RequestError where a module gives anything else."""
    if not isinstance(found, Tensor) or found.dim() != 2 or len(found) != n_nodes:
        got = f"shape {tuple(found.shape)}" if isinstance(found, Tensor) else type(found).__name__
        raise RequestError(
            f"The module gave {got} for {n_nodes} nodes.", "Return one embedding a node: a tensor [n_nodes, d]."
        )
    return found


@contextmanager
def drawing(seed: int, device: str) -> Iterator[None]:
    """What torch draws in here comes from `seed`, and nothing outside notices."""
    with torch.random.fork_rng(devices=[torch.device(device)] if device.startswith("cuda") else []):
        torch.manual_seed(seed)
        yield


def _named(module: torch.nn.Module) -> Tensors:
    return {f"{PREFIX}{name}": value.detach().cpu().numpy().copy() for name, value in module.named_parameters()}
