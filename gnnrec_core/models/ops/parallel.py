"""Data-parallel training under `torchrun`: who we are, and sums over all processes.

Every process draws the same batches and works on its share; gradients are summed, so the figures are those of a single
process up to rounding. Each holds all tables, or its part of them (`models.ops.shards`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray


@dataclass(frozen=True)
class Processes:
    """This process is `rank` of `n`."""

    rank: int = 0
    n: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process writes the files."""
        return self.rank == 0

    def sum_gradients(self, parameters: Iterable[torch.Tensor]) -> None:
        """Replace each gradient by its sum over the processes."""
        if self.n > 1:
            for parameter in parameters:
                if parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)
                torch.distributed.all_reduce(parameter.grad)

    def sum(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The sum of `values` over the processes."""
        if self.n == 1:
            return values
        total = torch.from_numpy(values.copy())
        if torch.distributed.get_backend() == "nccl":
            total = total.cuda()
        torch.distributed.all_reduce(total)
        summed: NDArray[np.float64] = total.cpu().numpy()
        return summed

    def share_of_memory(self, device: str) -> float:
        """What share of divided tables lies in the memory that this process finds free: on a GPU its own part, on the
        CPU the parts of all processes on this machine."""
        here = 1 if device == "cuda" else int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        return min(1.0, here / self.n)

    def exchange(self, rows: torch.Tensor, send: list[int], receive: list[int]) -> torch.Tensor:
        """The rows that all processes have for this one: of `rows` the first `send[0]` go to process 0, and so on;
        `receive[p]` come from process p."""
        if self.n == 1:
            return rows
        found = rows.new_empty((sum(receive), *rows.shape[1:]))
        torch.distributed.all_to_all_single(found, rows.contiguous(), receive, send)
        return found

    def joined(self, values: NDArray[Any]) -> NDArray[Any]:
        """The rows of `values` of all processes, those of the first in front."""
        if self.n == 1:
            return values
        one, own = [1] * self.n, torch.from_numpy(np.array(values))
        sizes = self.exchange(torch.full((self.n,), len(own)), one, one).tolist()
        everywhere = own.repeat(self.n, *[1] * (own.ndim - 1))
        found: NDArray[Any] = self.exchange(everywhere, [len(own)] * self.n, sizes).numpy()
        return found

    def clip(self, shared: list[torch.Tensor], own: list[torch.Tensor], longest: float) -> None:
        """Shorten all gradients together to the L2 norm `longest`; `own` parameters are parts of divided ones."""
        if not own:
            torch.nn.utils.clip_grad_norm_(shared, longest)
            return
        squares = [sum(float(p.grad.square().sum()) for p in part if p.grad is not None) for part in (shared, own)]
        norm = float(squares[0] + self.sum(np.array([squares[1]]))[0]) ** 0.5
        for parameter in (*shared, *own):
            if parameter.grad is not None:
                parameter.grad.mul_(min(1.0, longest / (norm + 1e-6)))

    def any(self, value: bool) -> bool:
        """Whether `value` holds in any process, so that all decide alike."""
        if self.n == 1:
            return value
        return bool(self.sum(np.array([float(value)]))[0] > 0)


@contextmanager
def processes(device: str) -> Iterator[Processes]:
    """The processes that `torchrun` started, joined for the time of the block; a single one otherwise."""
    n = int(os.environ.get("WORLD_SIZE", "1"))
    if n == 1:
        yield Processes()
        return
    if device == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    torch.distributed.init_process_group("nccl" if device == "cuda" else "gloo")
    try:
        yield Processes(int(os.environ["RANK"]), n)
        torch.distributed.barrier()  # who leaves first takes the connections of the others away
    finally:
        torch.distributed.destroy_process_group()
