"""Where training runs, and whether it fits there."""

from __future__ import annotations

import psutil
import torch

from gnnrec_core.base.errors import RequestError, UnsupportedError


def choose_device(name: str) -> str:
    """`auto` takes CUDA where there is one. UnsupportedError where CUDA is asked for and absent."""
    if name not in ("auto", "cpu", "cuda"):
        raise RequestError(f"There is no device {name!r}.", "Use auto, cpu or cuda.", value=name)
    if name == "cuda" and not torch.cuda.is_available():
        raise UnsupportedError("This machine has no CUDA device that torch can use.", "Use --device auto or cpu.")
    return "cuda" if name != "cpu" and torch.cuda.is_available() else "cpu"


def free_bytes(device: str) -> int:
    """Bytes that can be taken on `device` now."""
    if device.startswith("cuda"):
        return int(torch.cuda.mem_get_info()[0])
    return int(psutil.virtual_memory().available)


def check_memory(needed: int, device: str) -> None:
    """RequestError where `needed` bytes are more than `device` has free."""
    free = free_bytes(device)
    if needed > free:
        raise RequestError(
            f"Training needs about {needed / 1e9:.1f} GB on {device}; {free / 1e9:.1f} GB are free.",
            "Lower embedding_dim, batch_size or n_negatives, or use a larger machine.",
            needed_bytes=needed,
            free_bytes=free,
        )
