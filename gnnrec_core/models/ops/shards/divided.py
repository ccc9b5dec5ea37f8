"""A linear graph model whose tables are divided among processes: what changes beside the model as it is."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.data.dataset import Dataset, FloatArray, IntArray
from gnnrec_core.models.ops.edges.edge_graph import EdgeGraph, hides
from gnnrec_core.models.ops.gradient import GradientRecommender
from gnnrec_core.models.ops.parallel import Processes
from gnnrec_core.models.ops.sampling import Batch
from gnnrec_core.models.ops.shards.exchange import Addresses, DividedOperator, Route, fetched, rows_of
from gnnrec_core.models.ops.shards.parts import Parts, divide
from gnnrec_core.models.ops.sparse import add_decay
from gnnrec_core.models.ops.spectral import EMBEDDING
from gnnrec_core.models.protocol import Tensors


class Divided(GradientRecommender):
    """Mixed into a model with a row of `embedding.weight` for each node and `layers(batch, noise)` over `passing`.

    `parameters` holds the own rows of that table, and everything else whole. What is computed for all nodes together is
    computed by all processes together: each calls in the same order.
    """

    parts: Parts

    @classmethod
    def create_divided(cls, dataset: Dataset, settings: Any, seed: int, device: str, processes: Processes) -> Self:
        """An untrained model, of which this process holds its part; UnsupportedError for settings that need all."""
        if settings.contrast != "none":
            raise UnsupportedError(
                "The contrastive losses compare noise that is drawn for all nodes at once, so no tables are divided.",
                "Train with contrast=none, or leave out --divide: every process then holds all tables.",
            )
        made = cls.__new__(cls)
        made.hold(dataset, settings, cls.build_graph(dataset, settings), seed, device)
        made.processes, made.parts = processes, divide(made.graph, processes.n)
        made.parameters = made.trainable(made.own_part(cls.initial(dataset, settings, seed)))
        return made

    @cached_property
    def _addresses(self) -> Addresses:
        return Addresses(self.parts, self.graph.n_users, self.processes, self.device)

    @cached_property
    def _own(self) -> IntArray:
        return self.parts.nodes(self.processes.rank)

    def own_users(self, users: IntArray) -> IntArray:
        """Those of `users` whose rows are held here."""
        own: IntArray = users[self.parts.owner[users] == self.processes.rank]
        return own

    @property
    def n_parameters(self) -> int:
        """Learned numbers of the whole model."""
        table = self.graph.n_nodes * int(self.settings.embedding_dim)
        return table + sum(value.numel() for name, value in self.parameters.items() if name != EMBEDDING)

    def shared(self) -> list[Tensor]:
        """All parameters but the divided table."""
        return [value for name, value in self.parameters.items() if name != EMBEDDING]

    def own_part(self, tensors: Tensors) -> Tensors:
        """Of whole tensors those, and the rows, that are held here."""
        divided = {name for name, value in tensors.items() if name == EMBEDDING and value.ndim == 2}  # Adam's step not
        return {name: value[self._own] if name in divided else value for name, value in tensors.items()}

    def gathered(self, tensors: Tensors) -> Tensors:
        """Whole tensors, on the first process, of what all hold; on the others the table is empty."""
        if EMBEDDING not in tensors or tensors[EMBEDDING].ndim != 2:
            return tensors
        return tensors | {EMBEDDING: self._gathered_rows(tensors[EMBEDDING])}

    def _gathered_rows(self, held: FloatArray) -> FloatArray:
        n, first = self.processes.n, self.processes.is_first
        sizes = np.bincount(self.parts.owner, minlength=n).tolist()
        send, receive = [len(held)] + [0] * (n - 1), sizes if first else [0] * n
        rows = torch.from_numpy(np.ascontiguousarray(held)).to(self.device)
        found: FloatArray = self.processes.exchange(rows, send, receive).cpu().numpy()
        if not first:
            return found
        whole = np.empty_like(found)
        whole[np.argsort(self.parts.owner, kind="stable")] = found
        return whole

    @cached_property
    def _powers(self) -> Tensor:
        powers: Tensor = super()._powers  # type: ignore[misc]
        return powers[torch.from_numpy(self._own).to(self.device)]

    @cached_property
    def _symmetric(self) -> DividedOperator:
        matrix = self.graph.normalised_adjacency
        pointer, positions = rows_of(matrix.indptr, self._own)
        parts = pointer, matrix.indices[positions].astype(np.int64), matrix.data[positions].astype(np.float32)
        starts, column, values = (torch.from_numpy(part).to(self.device) for part in parts)
        return DividedOperator(starts, column, self._addresses).with_values(values)

    @cached_property
    def _pattern(self) -> tuple[DividedOperator, Tensor]:
        """The own rows of the graph edge by edge, without values, and where their edges stand among all."""
        edges: EdgeGraph = self._edges  # type: ignore[attr-defined]
        counts = np.bincount(edges.row.cpu().numpy(), minlength=self.graph.n_nodes)
        pointer, positions = rows_of(np.r_[0, counts.cumsum()], self._own)
        starts, place = (torch.from_numpy(part).to(self.device) for part in (pointer, positions))
        return DividedOperator(starts, edges.column[place], self._addresses), place

    def passing(self, batch: Batch | None) -> DividedOperator:
        """The own rows of what messages pass over in a step."""
        if batch is None or not hides(batch, self.settings):
            return self._symmetric
        edges: EdgeGraph = self._edges  # type: ignore[attr-defined]
        weight, degree = edges.left(batch, self.settings, self.seed)
        pattern, place = self._pattern
        return pattern.with_values(edges.normalised(weight, degree).values()[place])

    def embed(self, nodes: Tensor, batch: Batch | None) -> tuple[Tensor, Tensor]:
        """Final embeddings of `nodes` from wherever they are, with gradients for all processes."""
        wanted, place = torch.unique(nodes, return_inverse=True)
        return fetched(self.layers(batch, None)[-1], Route(wanted, self._addresses)), place

    def decay(self, nodes: Tensor, weight: float) -> None:
        """L2 on the layer-0 embeddings of the `nodes` of all processes, each on its own rows."""
        add_decay(self.parameters[EMBEDDING], Route(nodes, self._addresses).asked, weight)

    def final_factors(self, users: IntArray) -> tuple[Tensor, Tensor]:
        """Final embeddings of `users`, who are held here `[n, d]`, and of all items `[n_items, d]`, on the device."""
        if self._factors is None:
            with torch.no_grad():
                own = self.layers(None, None)[-1]
                self._factors = own, self._items.fetch(own)
        own, items = self._factors
        return own[torch.from_numpy(self.parts.place[users]).to(own.device)], items

    _factors: tuple[Tensor, Tensor] | None = None

    @cached_property
    def _items(self) -> Route:
        first = self.graph.n_users
        return Route(torch.arange(first, first + self.graph.n_items, device=self.device), self._addresses)

    def changed(self) -> None:
        """Forget what was computed from the parameters."""
        super().changed()
        self._factors = None

    def user_factors(self, users: IntArray) -> FloatArray:
        """Final embeddings of `users`, who are held here `[n, d]`."""
        found: FloatArray = self.final_factors(np.asarray(users))[0].cpu().numpy()
        return found

    def item_factors(self) -> FloatArray:
        """Final embeddings of all items `[n_items, d]`."""
        found: FloatArray = self.final_factors(np.zeros(0, np.int64))[1].cpu().numpy()
        return found
