"""How rows of a divided table get to who needs them, and gradients back to who has them."""

from __future__ import annotations

from dataclasses import dataclass
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
    """`Parts` as tensors on the device of this process; `nodes` are its own, ascending."""

    def __init__(self, parts: Parts, n_people: int, processes: Processes, device: str) -> None:
        self.parts, self.n_people, self.processes = parts, n_people, processes
        self.owner = torch.from_numpy(parts.owner).to(device)
        self.place = torch.from_numpy(parts.place).to(device)
        self.nodes = torch.from_numpy(parts.nodes(processes.rank)).to(device)


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
    """The own rows of a symmetric P, to be multiplied as P is: `operator @ x` with the own rows x `[n_own, d]` gives
    the own rows of P X.

    Rows of people do not travel to the items that they have: their own process adds them up, and the sums travel. So
    what a layer moves is bounded by the items (and attributes), twice, however many people there are.
    """

    layout = None
    """It is no torch matrix: `models.ops.sparse.product` hands it x."""

    def __init__(self, pointer: Tensor, column: Tensor, addresses: Addresses) -> None:
        """The pattern of the own rows: row starts `[n_own + 1]`, and nodes as columns `[nnz]`."""
        n_own, n_people = len(pointer) - 1, addresses.n_people
        lengths = pointer[1:] - pointer[:-1]
        row = torch.repeat_interleave(torch.arange(n_own, device=pointer.device), lengths)
        is_far = addresses.owner[column] != addresses.processes.rank
        by_person, of_person = addresses.nodes[row] < n_people, column < n_people
        summed = is_far & by_person & ~of_person  # what own people add to the sums of far items
        here = ~(is_far & of_person & ~by_person)  # what far people add to own items comes as sums
        far, place = torch.unique(column[here & is_far], return_inverse=True)
        index = addresses.place[column]
        index[here & is_far] = n_own + place
        self.fetch, self.n_own = Route(far, addresses), n_own
        self.own = _Pattern.of(row[here], index[here], here.nonzero()[:, 0], (n_own, n_own + len(far)))
        items, place = torch.unique(column[summed], return_inverse=True)
        self.push = Route(items, addresses)
        self.sums = _Pattern.of(place, row[summed], summed.nonzero()[:, 0], (len(items), n_own))
        self.values = torch.zeros(0)

    def with_values(self, values: Tensor) -> DividedOperator:
        """The operator with these entries `[nnz]`, on the same routes."""
        made = object.__new__(DividedOperator)
        made.__dict__ |= self.__dict__ | {"values": values}
        return made

    def __matmul__(self, x: Tensor) -> Tensor:
        found = product(self.own.matrix(self.values), torch.cat([x, self.fetch.fetch(x)]))
        return found.add_(self.push.give_back(product(self.sums.matrix(self.values), x), self.n_own))


@dataclass(frozen=True)
class _Pattern:
    """A CSR matrix whose entries are those at `entry` `[m]` of an array."""

    pointer: Tensor
    index: Tensor
    entry: Tensor
    shape: tuple[int, int]

    @classmethod
    def of(cls, row: Tensor, column: Tensor, entry: Tensor, shape: tuple[int, int]) -> _Pattern:
        """Of entries in any order; those of a row keep theirs."""
        order = torch.argsort(row, stable=True)
        starts = torch.zeros(shape[0] + 1, dtype=torch.int32, device=row.device)
        starts[1:] = torch.bincount(row, minlength=shape[0]).cumsum(0)
        return cls(starts, column[order].to(torch.int32), entry[order], shape)

    def matrix(self, values: Tensor) -> Tensor:
        """With the entries out of `values`."""
        return csr(self.pointer, self.index, values.index_select(0, self.entry), self.shape)


def rows_of(pointer: NDArray[Any], nodes: IntArray) -> tuple[IntArray, IntArray]:
    """Of the rows `nodes` of a CSR matrix: where they start when they stand alone `[n + 1]`, and the positions of their
    entries in the whole `[nnz]`."""
    lengths = np.diff(pointer)[nodes].astype(np.int64)
    starts = np.r_[0, np.cumsum(lengths)]
    positions: IntArray = np.arange(starts[-1]) + np.repeat(pointer[nodes].astype(np.int64) - starts[:-1], lengths)
    return starts, positions
