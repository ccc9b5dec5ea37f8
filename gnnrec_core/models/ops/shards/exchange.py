"""How rows of a divided table get to who needs them, and gradients back to who has them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gnnrec_core.data.dataset import IntArray
from gnnrec_core.models.ops.parallel import Processes
from gnnrec_core.models.ops.shards.parts import Parts
from gnnrec_core.models.ops.sparse import csr, product


class Addresses:
    """`Parts` as tensors on the device of this process."""

    def __init__(self, parts: Parts, processes: Processes, device: str) -> None:
        self.parts, self.processes = parts, processes
        self.owner = torch.from_numpy(parts.owner).to(device)
        self.place = torch.from_numpy(parts.place).to(device)

    def own(self) -> IntArray:
        """The nodes of this process, ascending."""
        return self.parts.nodes(self.processes.rank)


class Route:
    """The way of the rows of some `nodes` `[m]` (any, in any order) from their owners to this process.

    All processes make their routes, and use them, together. `asked` int64 are the own rows that others, and this
    process itself, have asked for, each as often as it was.
    """

    def __init__(self, nodes: Tensor, addresses: Addresses) -> None:
        self.processes = addresses.processes
        owner = addresses.owner[nodes]
        self.order = torch.argsort(owner, stable=True)
        wanted = torch.bincount(owner, minlength=self.processes.n)
        one = [1] * self.processes.n
        self.wanted: list[int] = wanted.tolist()
        self.given: list[int] = self.processes.exchange(wanted, one, one).tolist()
        self.asked = self.processes.exchange(addresses.place[nodes][self.order], self.wanted, self.given)

    def fetch(self, table: Tensor) -> Tensor:
        """Rows of the divided table, of which `table` `[n_own, d]` is held here: those of the nodes `[m, d]`."""
        found = self.processes.exchange(table.index_select(0, self.asked), self.given, self.wanted)
        return torch.empty_like(found).index_copy_(0, self.order, found)

    def give_back(self, rows: Tensor, n_own: int) -> Tensor:
        """Sums `[n_own, d]` of what all processes have for the own rows, of which `rows` `[m, d]` is from here."""
        found = self.processes.exchange(rows.index_select(0, self.order), self.wanted, self.given)
        return found.new_zeros((n_own, *found.shape[1:])).index_add_(0, self.asked, found)


class _Fetched(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, table: Tensor, route: Route) -> Tensor:
        ctx.route, ctx.n_own = route, len(table)
        return route.fetch(table)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Tensor, None]:
        return ctx.route.give_back(gradients[0].contiguous(), ctx.n_own), None


def fetched(table: Tensor, route: Route) -> Tensor:
    """`route.fetch(table)` with gradients for the whole divided table."""
    rows: Tensor = _Fetched.apply(table, route)  # type: ignore[no-untyped-call]
    return rows


class DividedOperator:
    """The own rows of a symmetric operator P, to be multiplied as P is: `operator @ x` with the own rows x `[n_own, d]`
    gives the own rows of P X. Entries of a row keep their order, so a sum has the bits of one process."""

    layout = None
    """It is no torch matrix: `models.ops.sparse.product` hands it x."""

    def __init__(self, pointer: Tensor, column: Tensor, addresses: Addresses) -> None:
        """The pattern of the own rows: row starts `[n_own + 1]`, and nodes as columns `[nnz]`."""
        n_own, owner = len(pointer) - 1, addresses.owner[column]
        is_far = owner != addresses.processes.rank
        far, place = torch.unique(column[is_far], return_inverse=True)
        index = addresses.place[column]
        index[is_far] = n_own + place
        self.route = Route(far, addresses)
        self.pointer, self.index = pointer.to(torch.int32), index.to(torch.int32)
        self.shape = (n_own, n_own + len(far))
        self.values = torch.zeros(0)

    def with_values(self, values: Tensor) -> DividedOperator:
        """The operator with these entries `[nnz]`, on the same routes."""
        made = object.__new__(DividedOperator)
        made.route, made.pointer, made.index, made.shape = self.route, self.pointer, self.index, self.shape
        made.values = values
        return made

    def __matmul__(self, x: Tensor) -> Tensor:
        both = torch.cat([x, self.route.fetch(x)])
        return product(csr(self.pointer, self.index, self.values, self.shape), both)


def rows_of(pointer: NDArray[Any], nodes: IntArray) -> tuple[IntArray, IntArray]:
    """Of the rows `nodes` of a CSR matrix: where they start when they stand alone `[n + 1]`, and the positions of their
    entries in the whole `[nnz]`."""
    lengths = np.diff(pointer)[nodes].astype(np.int64)
    starts = np.r_[0, np.cumsum(lengths)]
    positions: IntArray = np.arange(starts[-1]) + np.repeat(pointer[nodes].astype(np.int64) - starts[:-1], lengths)
    return starts, positions
