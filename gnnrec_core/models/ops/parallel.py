"""Data-parallel training under `torchrun`: who we are, and sums over all processes.

Every process draws the same batches and works on its share; gradients are summed, so the figures are those of a single
process up to rounding.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

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
