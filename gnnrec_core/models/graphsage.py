"""GraphSAGE (Hamilton et al. 2017): embeddings from attributes and sampled neighbours, none of them tied to an id."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from gnnrec_core.base.settings import Search
from gnnrec_core.data.dataset import Dataset, IntArray
from gnnrec_core.graph import INTERACTION, RecGraph, build_graph
from gnnrec_core.models.history_protocol import HistoryParts, HistorySums, NewUserParts
from gnnrec_core.models.ops.features import DEGREES, TYPES, NodeFeatures, node_features
from gnnrec_core.models.ops.gradient import GradientRecommender
from gnnrec_core.models.ops.gradient_settings import GradientSettings
from gnnrec_core.models.ops.neighbours import Neighbours, mean_operator
from gnnrec_core.models.ops.sampling import Batch
from gnnrec_core.models.ops.sparse import add_decay, csr_tensor
from gnnrec_core.models.ops.spectral import INITIAL_STD, spectral_embedding
from gnnrec_core.models.protocol import Tensors

Array = NDArray[Any]
MOST_HIDDEN = 0.25
"""Largest share of the edges that carries no messages in one step."""


IDS, OWN = "ids", "known as itself (id)"
STRANGERS = 0.25
"""Share of the nodes without an id in a step that have no neighbours either, where attributes say something."""
SMALL = 0.1
"""Scale of the first weights where nodes have ids, so that training starts near the ids and their means."""


def known_nodes(graph: RecGraph) -> NDArray[np.bool_]:
    """Whether somebody has chosen the item, or the person chosen one; attribute nodes are known by their edges."""
    is_interaction = graph.edge_type == graph.relations.index(INTERACTION)
    known = np.bincount(graph.edge_index[0, is_interaction], minlength=graph.n_nodes) > 0
    known[graph.n_users + graph.n_items :] = graph.degree[graph.n_users + graph.n_items :] > 0
    return known


def says_something(features: NodeFeatures) -> bool:
    """Whether nodes are told apart by more than their type and degree."""
    return features.names != tuple(f"type={kind}" for kind in TYPES)


class GraphSAGESettings(GradientSettings):
    """Settings of GraphSAGE."""

    learning_rate: Annotated[float, Search(0.001, 0.05, log=True)] = Field(
        0.002, gt=0, le=1, description="step size of Adam at its highest"
    )
    id_dropout: float = Field(
        0.1,
        ge=0,
        le=1,
        description="share of nodes that a step knows without an embedding of their own; 1: nobody ever has one",
    )
    l2: Annotated[float, Search(1e-6, 1e-3, log=True)] = Field(
        1e-5, ge=0, le=10, description="weight of the squared parameters in the loss of an interaction"
    )
    n_layers: Annotated[Literal[1, 2, 3], Search(choices=(1, 2, 3))] = Field(2, description="rounds of messages")
    n_neighbours: int = Field(10, ge=1, le=1000, description="neighbours drawn for each node and layer in training")
    side_edges: float = Field(
        1.0, ge=0, le=100, description="weight of friendships and attributes in the graph; 0 leaves them out"
    )


class GraphSAGE(GradientRecommender):
    """h_0 = X W, h_l = relu(h_{l-1} A_l + mean over neighbours(h_{l-1}) B_l + c_l), the last without relu; <z_u, z_i>.

    X holds attribute columns, node type and degrees, so a user or an item without any train interaction has an
    embedding too. Means are weighted by edge weight; in training over `n_neighbours` draws, afterwards over all
    neighbours. With `id_dropout` below 1, nodes that the training part knows have a row of `ids` in h_0, and h_0 is
    added to z; each step leaves the ids of a drawn share out, and for some of these the neighbours too, so that those
    who have none are placed as well.
    Interactions of a batch (up to a quarter of all edges) carry no messages while they are predicted.
    """

    name: ClassVar[str] = "graphsage"
    settings_type: ClassVar[type[GraphSAGESettings]] = GraphSAGESettings
    parts_frozen: ClassVar[tuple[str, ...]] = ("gates",)
    keeps: ClassVar[str] = "the trained weights"

    def __init__(
        self, dataset: Dataset, settings: Any, parameters: Tensors, seed: int = 0, device: str = "cpu"
    ) -> None:
        super().__init__(dataset, settings, parameters, seed, device)
        self.features = node_features(dataset)

    @classmethod
    def build_graph(cls, dataset: Dataset, settings: Any) -> RecGraph:
        """Train interactions and side edges."""
        return build_graph(dataset, settings.side_edges)

    @classmethod
    def initial(cls, dataset: Dataset, settings: Any, seed: int) -> Tensors:
        """`input` `[f, d]`; for each layer `own.l`, `near.l` `[d, d]`, `bias.l` `[d]`; `ids` `[n_nodes, d]` unless left
        out: normals of even variance, ids as LightGCN starts."""
        return cls._start(dataset, settings, seed, None)

    @classmethod
    def initial_near(cls, dataset: Dataset, settings: Any, seed: int, whole: RecGraph) -> Tensors:
        """The same with ids turned towards those of `whole`."""
        return cls._start(dataset, settings, seed, whole)

    @classmethod
    def restore(cls, dataset: Dataset, settings: Any, tensors: Tensors) -> Self:
        """A trained model; runs of the time before nodes had ids do not say that theirs have none."""
        if IDS not in tensors and "id_dropout" not in settings.model_fields_set:
            settings = settings.model_copy(update={"id_dropout": 1.0})
        return super().restore(dataset, settings, tensors)

    @classmethod
    def _start(cls, dataset: Dataset, settings: Any, seed: int, near: RecGraph | None) -> Tensors:
        graph = cls.build_graph(dataset, settings)
        rng = np.random.default_rng((seed, 0))
        d = settings.embedding_dim

        def normal(n_in: int, scale: float) -> Array:
            draws = rng.standard_normal((n_in, d), dtype=np.float32)
            return draws * np.float32(scale / np.sqrt(n_in))

        has_ids = settings.id_dropout < 1
        scale, passed_on = (SMALL, 0.5 * np.eye(d, dtype=np.float32)) if has_ids else (1.0, np.float32(0))
        tensors: Tensors = {"input": normal(node_features(dataset).n, SMALL if has_ids else 2.0)}
        for layer in range(1, settings.n_layers + 1):
            tensors[f"own.{layer}"], tensors[f"near.{layer}"] = normal(d, scale), normal(d, scale) + passed_on
            tensors[f"bias.{layer}"] = np.zeros(d, np.float32)
        if has_ids:
            tensors[IDS] = spectral_embedding(graph, d, seed, INITIAL_STD, near) * known_nodes(graph)[:, None]
        return tensors

    @classmethod
    def memory_bytes(cls, dataset: Dataset, settings: Any) -> int:
        """Features, graph, the sampled neighbourhood of a batch with its gradient, one batch of scores."""
        n_edges = 2 * (len(dataset.interactions) + sum(len(relation) for relation in dataset.relations))
        seeds = settings.batch_size * 2 + settings.negatives * (settings.batch_size if settings.loss == "bpr" else 1)
        reached = min(dataset.n_nodes, seeds * (settings.n_neighbours + 1) ** (settings.n_layers - 1))
        rows = dataset.n_nodes * settings.n_layers + reached * (settings.n_neighbours + 4) * 2
        scores = settings.batch_size * min(settings.negatives, dataset.n_items) * 16
        ids = 0 if settings.id_dropout == 1 else dataset.n_nodes * settings.embedding_dim * 4 * 5
        features = node_features(dataset).static.nbytes * 3
        return int(ids + features + n_edges * 60 + rows * settings.embedding_dim * 4 + scores)

    @classmethod
    def caution(cls, dataset: Dataset, settings: Any) -> str:
        """What to know before a training on data that say nothing of nodes but type and degree."""
        if settings.id_dropout < 1 or says_something(node_features(dataset)):
            return ""
        return (
            "This model tells people and items apart by their attributes, and the data have none that two of them "
            "share: expect poor lists. LightGCN knows each by itself."
        )

    @cached_property
    def _x(self) -> Tensor:
        return torch.from_numpy(self.features.on(self.graph)).to(self.device)

    @cached_property
    def _mean(self) -> Tensor:
        return csr_tensor(mean_operator(self.graph), self.device)

    @cached_property
    def _neighbours(self) -> Neighbours:
        return Neighbours(self.graph, self.device)

    def embed(self, nodes: Tensor, batch: Batch | None) -> tuple[Tensor, Tensor]:
        """z of all nodes; in training of `nodes`, from sampled neighbours without the interactions of the batch."""
        if batch is not None:
            return self._sampled(nodes, batch)
        h = self._x @ self.parameters["input"]
        first = h = h + self.parameters[IDS] if self.has_ids else h
        for layer in range(1, self.settings.n_layers + 1):
            h = self._layer(layer, h, self._mean @ h)
        return (h + first if self.has_ids else h), nodes

    def _layer(self, layer: int, own: Tensor, near: Tensor) -> Tensor:
        p = self.parameters
        h = own @ p[f"own.{layer}"] + near @ p[f"near.{layer}"] + p[f"bias.{layer}"]
        return functional.relu(h) if layer < self.settings.n_layers else h

    def _sampled(self, nodes: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """From the outermost neighbours inwards: needed[l] are the nodes whose h_l is needed."""
        generator = self._generator(batch)
        no_id, stranger = self._strangers(generator)
        hidden = self._neighbours.hidden(self._to_hide(batch, generator))
        seeds, place = torch.unique(nodes, return_inverse=True)
        needed: list[Tensor] = [seeds]
        drawn: list[tuple[Tensor, Tensor, Tensor]] = []
        for _ in range(self.settings.n_layers):
            near, weight = self._neighbours.draw(
                needed[0], self.settings.n_neighbours, hidden, generator, by_node=self.whole is not None
            )
            weight = weight * ~stranger[needed[0], None]
            wider, position = torch.unique(torch.cat([needed[0], near.flatten()]), return_inverse=True)
            n = len(needed[0])
            drawn.insert(0, (position[:n], position[n:].view_as(near), weight))
            needed.insert(0, wider)
        h = first = self._first(needed[0], no_id, stranger)
        for layer, (own, near, weight) in enumerate(drawn, start=1):
            means = functional.embedding_bag(near, h, per_sample_weights=weight, mode="sum")
            h, first = self._layer(layer, h[own], means), first[own]
        return (h + first if self.has_ids else h), place

    def _strangers(self, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Which nodes a step knows without an id, and which of these by their attributes alone `[n_nodes]`."""
        n = self.graph.n_nodes
        if not self.has_ids:
            return (torch.zeros(n, dtype=torch.bool, device=self.device),) * 2
        chance = torch.rand(n, generator=generator, device=self.device)
        strange = STRANGERS * self.settings.id_dropout if says_something(self.features) else 0.0
        return (chance < self.settings.id_dropout) | ~self._known, chance < strange

    def _first(self, nodes: Tensor, no_id: Tensor, stranger: Tensor) -> Tensor:
        """h_0 `[n, d]` of `nodes` in training; strangers have no degrees either."""
        x = self._x[nodes]
        x[:, -len(DEGREES) :] *= ~stranger[nodes, None]
        h = x @ self.parameters["input"]
        return h + self.parameters[IDS][nodes] * ~no_id[nodes, None] if self.has_ids else h

    @cached_property
    def _known(self) -> Tensor:
        return torch.from_numpy(known_nodes(self.graph)).to(self.device)

    @property
    def has_ids(self) -> bool:
        """Whether known nodes have an embedding of their own."""
        return IDS in self.parameters

    def _to_hide(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """The interactions of the batch, or as many of them (drawn) as leave most of the graph in place."""
        most = int(MOST_HIDDEN * self._neighbours.half)
        n_drawn = len(batch.all_edges) if batch.drawn is None else len(batch.drawn)
        if n_drawn <= most:
            return batch.all_edges
        order = torch.randperm(n_drawn, generator=generator, device=self.device)
        if batch.kept is not None:  # by their places among those that are still there
            order = (batch.kept.cumsum(0) - 1)[order[batch.kept[order]]]
        return batch.all_edges[order[:most]]

    def _generator(self, batch: Batch) -> torch.Generator:
        """Draws that follow from the seed and the batch, so that they are the same after a resumption."""
        drawn = batch.all_edges if batch.drawn is None else batch.drawn
        mark = int((drawn * torch.arange(1, len(drawn) + 1, device=self.device)).sum())
        state = np.random.SeedSequence((self.seed, mark & (2**63 - 1))).generate_state(1, np.uint64)[0]
        return torch.Generator(device=self.device).manual_seed(int(state >> np.uint64(1)))

    def decay(self, nodes: Tensor, weight: float) -> None:
        """L2 on all shared parameters, once for each of `nodes`, and on the ids of `nodes`."""
        for name, value in self.parameters.items():
            if name == IDS:
                add_decay(value, nodes, weight)
                continue
            pull = value.detach() * (weight * len(nodes))
            value.grad = pull if value.grad is None else value.grad.add_(pull)

    def score_on(self, graph: RecGraph, users: IntArray) -> Array:
        """Scores `[n, n_items]` float64 on a changed graph, degrees and means taken there."""
        final = self._layers(graph)[-1]
        items = final[graph.n_users : graph.n_users + graph.n_items]
        scores: Array = final[np.asarray(users)] @ items.T
        return scores

    def features_of(self, node: int) -> tuple[tuple[str, ...], Array]:
        """Names of the features that are not 0 at `node`, and their columns in X."""
        names = (*self.features.names, *DEGREES)
        columns = np.flatnonzero(self._x[node].cpu().numpy())
        if self.has_ids and bool(self._known[node]):
            names, columns = (*names, OWN), np.r_[columns, self.features.n]
        return tuple(names[column] for column in columns), columns

    def feature_rows(self, nodes: IntArray) -> Tensor:
        """Rows `nodes` of X `[n, f]` float64."""
        return self._rows[torch.from_numpy(nodes).to(self.device)]

    @property
    def _rows(self) -> Tensor:
        """X float64, with ids a last column that is 1 at nodes that have one."""
        x = self._x.double()
        return torch.cat([x, self._known.double()[:, None]], dim=1) if self.has_ids else x

    def embeddings_from(self, nodes: IntArray, rows: Tensor) -> Tensor:
        """z `[n_nodes, d]` float64 where `nodes` have the features `rows` `[n, f]`; differentiable in `rows` only."""
        weights = {name: value.detach().double() for name, value in self.parameters.items()}
        x = self._rows.index_copy(0, torch.from_numpy(nodes).to(self.device), rows)
        mean = csr_tensor(mean_operator(self.graph), self.device, np.float64)
        first = h = x[:, : self.features.n] @ weights["input"]
        if self.has_ids:
            first = h = h + x[:, -1:] * weights[IDS]
        for layer in range(1, self.settings.n_layers + 1):
            h = h @ weights[f"own.{layer}"] + (mean @ h) @ weights[f"near.{layer}"] + weights[f"bias.{layer}"]
            h = functional.relu(h) if layer < self.settings.n_layers else h
        return h + first if self.has_ids else h

    def history_parts(self, user_index: int, item_indices: IntArray, graph: RecGraph | None = None) -> HistoryParts:
        """What each edge of the user brings to z_u, times z_i, with gates and all other nodes as they are."""
        graph = self.graph if graph is None else graph
        layers = self._layers(graph)
        edges = np.flatnonzero(graph.edge_index[0] == user_index).astype(np.int64)
        weight = graph.edge_weight[edges].astype(np.float64)
        share = weight / weight.sum() if len(edges) else weight
        own, sent = self._unfold(layers, layers[0][user_index], graph.edge_index[1, edges], share)
        items = layers[-1][graph.n_users + np.asarray(item_indices)]
        return HistoryParts(items @ own, edges, sent @ items.T, averaged=True)

    def history_sums(self, users: IntArray, signs: Any) -> HistorySums:
        """The same for signed sums of many users, the layers of the network computed once."""
        graph, layers = self.graph, self._layers(self.graph)
        targets = signs @ layers[-1][graph.n_users : graph.n_users + graph.n_items]  # [b, d]
        order = np.argsort(graph.edge_index[0], kind="stable")
        starts = np.searchsorted(graph.edge_index[0, order], np.stack([users, users + 1]))
        owns, edges, values = np.zeros(len(users)), [], []
        for row, (user, start, end) in enumerate(zip(users.tolist(), *starts.tolist(), strict=True)):
            mine = order[start:end]
            weight = graph.edge_weight[mine].astype(np.float64)
            share = weight / weight.sum() if len(mine) else weight
            own, sent = self._unfold(layers, layers[0][user], graph.edge_index[1, mine], share)
            owns[row] = own @ targets[row]
            edges.append(mine)
            values.append(sent @ targets[row])
        owner = np.repeat(np.arange(len(users)), [len(each) for each in edges])
        return HistorySums(owns, owner, np.concatenate(edges), np.concatenate(values))

    def new_user_parts(self, item_indices: IntArray) -> NewUserParts:
        """A user of whom nothing but the items is known; all else stays as trained."""
        layers = self._layers(self.graph)
        n = len(item_indices)
        first = self.features.unknown_user(n).astype(np.float64) @ self._weight("input")
        nodes = self.graph.n_users + np.asarray(item_indices)
        own, sent = self._unfold(layers, first, nodes, np.full(n, 1.0 / n))
        items = layers[-1][self.graph.n_users : self.graph.n_users + self.graph.n_items]
        return NewUserParts(items @ own, sent @ items.T, self.parts_frozen)

    def _unfold(self, layers: list[Array], first: Array, near: IntArray, share: Array) -> tuple[Array, Array]:
        """z of one node as own `[d]` + sum over neighbours of sent `[m, d]`, each relu as the 0 or 1 that it was."""
        own, sent = first, np.zeros((len(near), first.shape[0]))
        for layer in range(1, self.settings.n_layers + 1):
            own = own @ self._weight(f"own.{layer}") + self._weight(f"bias.{layer}")
            messages = share[:, None] * (layers[layer - 1][near] @ self._weight(f"near.{layer}"))
            sent = sent @ self._weight(f"own.{layer}") + messages
            if layer < self.settings.n_layers:
                gate = own + sent.sum(axis=0) > 0
                own, sent = own * gate, sent * gate
        return (own + first if self.has_ids else own), sent

    def _layers(self, graph: RecGraph) -> list[Array]:
        """h_0 ... h_K of all nodes on `graph` in float64, each `[n_nodes, d]`."""
        mean = mean_operator(graph)
        layers = [self.features.on(graph).astype(np.float64) @ self._weight("input")]
        if self.has_ids:
            layers[0] += self._weight(IDS)
        for layer in range(1, self.settings.n_layers + 1):
            h = layers[-1] @ self._weight(f"own.{layer}") + (mean @ layers[-1]) @ self._weight(f"near.{layer}")
            h += self._weight(f"bias.{layer}")
            layers.append(np.maximum(h, 0.0) if layer < self.settings.n_layers else h)
        if self.has_ids:
            layers[-1] = layers[-1] + layers[0]
        return layers

    def _weight(self, name: str) -> Array:
        return self.parameters[name].detach().cpu().numpy().astype(np.float64)
