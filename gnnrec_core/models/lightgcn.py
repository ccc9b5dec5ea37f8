"""LightGCN (He et al. 2020): linear graph convolution, mean over layers, score = dot product."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch import Tensor

from gnnrec_core.data.dataset import Dataset
from gnnrec_core.graph import RecGraph, build_graph
from gnnrec_core.models.ops.checkpoint import expect_shapes
from gnnrec_core.models.ops.edges.edge_graph import EdgeGraph, hides
from gnnrec_core.models.ops.edges.operator_settings import OperatorSettings
from gnnrec_core.models.ops.gradient import GradientRecommender
from gnnrec_core.models.ops.gradient_settings import GraphSettings
from gnnrec_core.models.ops.layers import Noise, as_numpy, layer_tensors, layer_weights, propagated, weighted
from gnnrec_core.models.ops.node_order import NodeOrder
from gnnrec_core.models.ops.parallel import Processes
from gnnrec_core.models.ops.propagation import KeptPropagation, Propagation, kept_tables
from gnnrec_core.models.ops.sampling import Batch
from gnnrec_core.models.ops.shards.divided import Divided
from gnnrec_core.models.ops.sparse import add_decay, csr_tensor, layer_mean, product, symmetric_product
from gnnrec_core.models.ops.spectral import EMBEDDING, initial_embedding, memory_bytes
from gnnrec_core.models.protocol import Tensors


class LightGCNSettings(OperatorSettings, GraphSettings):
    """Settings of LightGCN."""


class LightGCN(GradientRecommender):
    """z = (E + PE + ... + P^K E) / (K + 1) with P = D^-1/2 A D^-1/2 over the train graph, no self-loops.

    Degrees are weighted degrees; side edges and interaction weights count in A. With a degree power q the operator is
    D^q P D^-q, so what reaches an item counts as its degree to the q. `layers` may weigh the layers in another way, and
    `contrast` add a loss: the score stays linear in what is passed on.
    """

    name: ClassVar[str] = "lightgcn"
    settings_type: ClassVar[type[LightGCNSettings]] = LightGCNSettings
    own_rows: ClassVar[str] = EMBEDDING

    @classmethod
    def build_graph(cls, dataset: Dataset, settings: Any) -> RecGraph:
        """Train interactions and side edges."""
        return build_graph(dataset, settings.side_edges, settings.half_life_days, features=False)

    @classmethod
    def initial(cls, dataset: Dataset, settings: Any, seed: int) -> Tensors:
        """`embedding.weight` `[n_nodes, d]`, and `layer.weight` `[K + 1]` where it is learned."""
        return initial_embedding(cls.build_graph(dataset, settings), settings, seed) | layer_tensors(settings)

    @classmethod
    def initial_near(cls, dataset: Dataset, settings: Any, seed: int, whole: RecGraph) -> Tensors:
        """A spectral start is turned towards that of `whole`."""
        return initial_embedding(cls.build_graph(dataset, settings), settings, seed, whole) | layer_tensors(settings)

    @classmethod
    def shapes(cls, dataset: Dataset, settings: Any) -> dict[str, tuple[int, ...]]:
        """Those of `initial`."""
        learned = {name: value.shape for name, value in layer_tensors(settings).items()}
        return {EMBEDDING: (dataset.n_nodes, settings.embedding_dim), **learned}

    @classmethod
    def memory_bytes(cls, dataset: Dataset, settings: Any) -> int:
        """Parameters with moments, gradient and best copy; layers; the graph; one batch of scores."""
        return memory_bytes(dataset, settings)

    @cached_property
    def _order(self) -> NodeOrder:
        return NodeOrder.of(np.diff(self.graph.normalised_adjacency.indptr), self.device)

    @cached_property
    def _operator(self) -> Tensor:
        return csr_tensor(self._order.matrix(self.graph.normalised_adjacency), self.device)

    @cached_property
    def _edges(self) -> EdgeGraph:
        return EdgeGraph(self.graph, self.device)

    @cached_property
    def _powers(self) -> Tensor:
        """Degrees to the degree power `[n_nodes, 1]`."""
        powers = degree_powers(self.graph, self.settings.degree_power)
        return torch.from_numpy(powers.astype(np.float32)[:, None]).to(self.device)

    def embed(self, nodes: Tensor, batch: Batch | None) -> tuple[Tensor, Tensor]:
        """The layer mean of all nodes; in training without the edges that the settings hide."""
        embedding, n_layers = self.parameters[EMBEDDING], self.settings.n_layers
        if self.settings.layers != "mean":
            return self.layers(batch, None)[-1], nodes
        power = self.settings.degree_power
        if power:  # of D^q P^l D^-q E the inner factors cancel
            embedding = embedding / self._powers
        if batch is not None and hides(batch, self.settings):
            table = layer_mean(embedding, self.passing(batch), n_layers)
            return (table * self._powers if power else table), nodes
        table = layer_mean(self._order.rows(embedding), self._operator, n_layers)
        return (table * self._powers[self._order.nodes] if power else table), self._order.places.index_select(0, nodes)

    def layers(self, batch: Batch | None, noise: Noise | None) -> list[Tensor]:
        """X_0 ... X_K, each but the first with noise, and after them the final embeddings, each `[n_nodes, d]`."""
        operator, start, power = self.passing(batch), self.parameters[EMBEDDING], self.settings.degree_power
        found = propagated(
            start / self._powers if power else start,
            lambda x, _: symmetric_product(operator, x),
            self.settings.n_layers,
            noise,
        )
        if power:
            found = [layer * self._powers for layer in found]
        return [*found, weighted(found, layer_weights(self.settings, self.parameters))]

    def passing(self, batch: Batch | None) -> Any:
        """What messages pass over, `[n_nodes, n_nodes]`; in training without the edges that the settings hide."""
        if batch is None or not hides(batch, self.settings):
            return self._symmetric
        return self._edges.normalised(*self._edges.left(batch, self.settings, self.seed))

    @cached_property
    def _symmetric(self) -> Any:
        return csr_tensor(self.graph.normalised_adjacency, self.device)

    def decay(self, nodes: Tensor, weight: float) -> None:
        """L2 on the layer-0 embeddings of `nodes`."""
        add_decay(self.parameters[EMBEDDING], nodes, weight)

    @classmethod
    def create_divided(cls, dataset: Dataset, settings: Any, seed: int, device: str, processes: Processes) -> Any:
        """An untrained model, of which this process holds its part."""
        return DividedLightGCN.create_divided(dataset, settings, seed, device, processes)

    @classmethod
    def kept_parts(cls, settings: Any) -> float | None:
        """The graph has the side edges with their weight; with a degree power the operator is not symmetric, and other
        weights of layers are no mean."""
        return None if settings.degree_power or settings.layers != "mean" else float(settings.side_edges)

    def kept_tables(self) -> Tensors:
        """All layers, their weighted mean, and the mean row of a user."""
        matrix = csr_tensor(self.graph.normalised_adjacency)

        def layers() -> Iterator[Any]:
            layer = self.parameters[EMBEDDING].detach().cpu()
            yield layer.numpy()
            for _ in range(self.settings.n_layers):
                layer = product(matrix, layer)
                yield layer.numpy()

        return kept_tables(layers(), self.propagation().layer_weights, self.graph.n_users)

    @classmethod
    def over_tables(cls, dataset: Dataset, settings: Any, graph: RecGraph, tables: Tensors) -> Self:
        """RunError where the tables do not fit."""
        n_layers, shape = settings.n_layers, (dataset.n_nodes, settings.embedding_dim)
        names = [f"layer{layer}" for layer in range(n_layers + 1)] + ["final"]
        expect_shapes("the kept tables", tables, dict.fromkeys(names, shape) | {"mean_user": shape[1:]})
        made = cls.__new__(cls)
        made.kept = tables
        made.hold(dataset, settings, graph)
        made._final = tables["final"]
        return made

    @cached_property
    def parameters(self) -> dict[str, Tensor]:  # type: ignore[override]
        """`embedding.weight`, read from where it is kept when somebody asks."""
        return self.trainable({EMBEDDING: self.kept["layer0"]})

    def propagation(self, graph: RecGraph | None = None) -> Propagation:
        """The same operator in each layer, degrees counted on `graph`; symmetric unless there is a degree power."""
        if graph is None and self.kept:
            weights = np.full(self.settings.n_layers + 1, 1 / (self.settings.n_layers + 1))
            return KeptPropagation.over(self.graph.n_users, weights, lambda: self.graph.normalised_adjacency, self.kept)
        graph, power = self.graph if graph is None else graph, self.settings.degree_power
        operator = graph.normalised_adjacency
        if power:
            powers = degree_powers(graph, power)
            operator = sp.csr_array(sp.diags_array(powers) @ operator @ sp.diags_array(1.0 / powers))
        n_layers = self.settings.n_layers
        with torch.no_grad():
            embedding = self.parameters[EMBEDDING].cpu().numpy()
        weights = as_numpy(self.settings, self.parameters)
        return Propagation(self.graph.n_users, embedding, weights, ((operator,),) * n_layers, symmetric=not power)


class DividedLightGCN(Divided, LightGCN):
    """LightGCN while it is trained by several processes, each of which holds its part of the table."""


def degree_powers(graph: RecGraph, power: float) -> NDArray[np.float64]:
    """Weighted degrees to `power` `[n_nodes]`; 1 for isolated nodes."""
    found: NDArray[np.float64] = np.power(graph.degree, power, out=np.ones(graph.n_nodes), where=graph.degree > 0)
    return found
