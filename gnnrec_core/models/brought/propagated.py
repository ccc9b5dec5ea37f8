"""Propagated: LightGCN and relatives that share its inference, from layer-0 embeddings that were trained elsewhere.

    z = sum_l a_l X_l,   X_0 = E,   X_l = P_l X_{l-1},   P[v, j] = A[v, j] times the `normalisation`

With attention (`attention.source` s, `attention.target` t `[K, H, d / H]`) the share A[v, j] / d_v of a neighbour is,
in each layer and head, softmax_j leaky(s . x_j + t . x_v) (Velickovic et al. 2018; weighted by A). Not trained:
`runs.bringing` makes such a run. Ledger and paths are exact (attention frozen), counterfactuals recompute all of it.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar, Literal, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from pydantic import Field

from gnnrec_core.data.dataset import Dataset, FloatArray
from gnnrec_core.graph import RecGraph, build_graph
from gnnrec_core.models.brought.embeddings import EMBEDDING, BroughtEmbeddings, BroughtSettings
from gnnrec_core.models.ops.checkpoint import expect_shapes
from gnnrec_core.models.ops.propagation import Propagation
from gnnrec_core.models.protocol import Tensors

SOURCE, TARGET = "attention.source", "attention.target"
SLOPE = 0.2
"""Of the leaky rectifier, as in Velickovic et al. 2018."""
Normalisation = Literal["symmetric", "rows", "columns", "none"]
Float = NDArray[np.float64]


class PropagatedSettings(BroughtSettings):
    """Where the layer-0 embeddings come from, how they are propagated, and what the graph holds."""

    layer_weights: tuple[float, ...] = Field(
        (0.5, 0.5), min_length=1, max_length=17, description="a_0 .. a_K: what each layer counts in the embedding"
    )
    normalisation: Normalisation = Field(
        "symmetric", description="A[v, j] over sqrt(d_v d_j), d_v (rows: a mean), d_j (columns), or as it is (none)"
    )
    self_loops: bool = Field(False, description="each node also hears itself, with weight 1")
    n_heads: int = Field(0, ge=0, le=64, description="attention heads; 0: no attention")
    side_edges: float = Field(0.0, ge=0, le=100, description="weight of friendships and attributes in the graph")


class Propagated(BroughtEmbeddings):
    """The embeddings, and the operators that the graph gives; side edges are not used."""

    name: ClassVar[str] = "propagated"
    settings_type: ClassVar[type[BroughtSettings]] = PropagatedSettings

    def __init__(self, dataset: Dataset, settings: Any, tensors: Tensors) -> None:
        super().__init__(dataset, settings, tensors)
        self._attention = tuple(np.array(tensors[name], np.float32) for name in (SOURCE, TARGET) if name in tensors)
        if settings.side_edges > 0:
            self.graph = build_graph(dataset, settings.side_edges)

    @classmethod
    def restore(cls, dataset: Dataset, settings: Any, tensors: Tensors) -> Self:
        """The model; RunError where the tensors do not fit the dataset and the settings."""
        shapes: dict[str, tuple[int, ...]] = {EMBEDDING: (dataset.n_nodes, settings.embedding_dim)}
        if heads := settings.n_heads:
            width = (len(settings.layer_weights) - 1, heads, settings.embedding_dim // heads)
            shapes |= {SOURCE: width, TARGET: width}
        expect_shapes("model.safetensors", tensors, shapes)
        return cls(dataset, settings, tensors)

    def tensors(self) -> Tensors:
        """Copies of the table and of the attention."""
        return super().tensors() | {
            name: value.copy() for name, value in zip((SOURCE, TARGET), self._attention, strict=False)
        }

    def propagation(self, graph: RecGraph | None = None) -> Propagation:
        """Operators, degrees and attention of `graph` (default: the trained one)."""
        graph, s = self.graph if graph is None else graph, self.settings
        weights = np.array(s.layer_weights, np.float64)
        n_layers = len(weights) - 1
        if s.normalisation == "symmetric" and not s.self_loops and not self._attention:
            same = ((graph.normalised_adjacency,),) * n_layers
            return Propagation(graph.n_users, self._embedding, weights, same, symmetric=True)
        links = _Links.of(graph, s.self_loops, s.normalisation)
        if not self._attention:
            operator = links.operator(links.uniform)
            return Propagation(graph.n_users, self._embedding, weights, ((operator,),) * n_layers, symmetric=False)
        operators = tuple(self._attending(links))
        frozen = ("attention",)
        return Propagation(graph.n_users, self._embedding, weights, operators, symmetric=False, frozen=frozen)

    def _attending(self, links: _Links) -> Any:
        """The operators of each layer, one a head."""
        x, (sources, targets) = self._embedding.astype(np.float64), self._attention
        for source, target in zip(sources.astype(np.float64), targets.astype(np.float64), strict=True):
            blocks = np.split(x, len(source), axis=1)
            heads = tuple(
                links.operator(links.attended(block @ source[head], block @ target[head]))
                for head, block in enumerate(blocks)
            )
            yield heads
            x = np.concatenate([head @ block for head, block in zip(heads, blocks, strict=True)], axis=1)

    @cached_property
    def _final(self) -> FloatArray:
        final: FloatArray = np.asarray(self.propagation().final, np.float32)
        final.flags.writeable = False
        return final

    def embeddings(self) -> FloatArray:
        """Final embeddings `[n_nodes, d]` float32; not to be written to."""
        return self._final


class _Links:
    """Who hears whom: `target`, `source`, `weight` of each link `[n]`; `scale` is what its share is multiplied by."""

    def __init__(self, n_nodes: int, source: Any, target: Any, weight: Float, normalisation: str) -> None:
        self.n_nodes, self.source, self.target, self.weight = n_nodes, source, target, weight
        degree = np.bincount(target, weights=weight, minlength=n_nodes)
        self.uniform: Float = weight / degree[target]
        own, other = degree[target], degree[source]
        scales = {"rows": np.ones(len(own)), "symmetric": np.sqrt(own / other), "columns": own / other, "none": own}
        self.scale: Float = scales[normalisation]

    @classmethod
    def of(cls, graph: RecGraph, self_loops: bool, normalisation: str) -> _Links:
        """The edges of a graph, with each node's own where it hears itself."""
        source, target = graph.edge_index
        weight, loops = graph.edge_weight.astype(np.float64), np.arange(graph.n_nodes if self_loops else 0)
        source, target = (np.concatenate([ends, loops]) for ends in (source, target))
        return cls(graph.n_nodes, source, target, np.concatenate([weight, np.ones(len(loops))]), normalisation)

    def operator(self, share: Float) -> sp.csr_array:
        """P `[n_nodes, n_nodes]` of the share that each link has at its target `[n]`."""
        entries = (share * self.scale, (self.target, self.source))
        return sp.coo_array(entries, shape=(self.n_nodes, self.n_nodes)).tocsr()

    def attended(self, source: Float, target: Float) -> Float:
        """Shares `[n]` by attention: its parts at the two ends `[n_nodes]`."""
        raw = source[self.source] + target[self.target]
        logit = np.where(raw > 0, raw, SLOPE * raw)
        top = np.full(self.n_nodes, -np.inf)
        np.maximum.at(top, self.target, logit)
        mass = self.weight * np.exp(logit - top[self.target])
        found: Float = mass / np.bincount(self.target, weights=mass, minlength=self.n_nodes)[self.target]
        return found
