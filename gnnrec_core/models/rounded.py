"""Rounded: another model with its tables in 8 or 4 bits, read back when it is opened.

Not trained: `decide.compression.save` writes such a run. What is opened is the other model itself, so it explains and
scores as that does. Each row of a table has a scale and whole numbers: with b bits and L = 2^(b - 1) - 1, a row x is
kept as q = round(x / s) with s = max |x| / L, and read back as s q, so no number is off by more than s / 2. Two numbers
of 4 bits share a byte.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from gnnrec_core.base.errors import RunError
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.models.compressed import Compressed, CompressedSettings
from gnnrec_core.models.ops.checkpoint import is_bounded
from gnnrec_core.models.protocol import Tensors

WHOLE, SCALE, WIDTH = ".whole", ".scale", ".width"


class RoundedSettings(CompressedSettings):
    """Which model it is, how it was trained, and in how many bits its tables are."""

    bits: Literal[4, 8] = Field(default=8, description="bits of each number")


class Rounded(Compressed):
    """Opens the other model with the tables that were kept."""

    name: ClassVar[str] = "rounded"
    settings_type: ClassVar[type[RoundedSettings]] = RoundedSettings

    @classmethod
    def restore(cls, dataset: Dataset, settings: RoundedSettings, tensors: Tensors) -> Any:
        """The other model; RunError where its settings or tables do not fit."""
        kind, base = cls.other(settings)
        return kind.restore(dataset, base, read_back(tensors, settings.bits))


def rounded(tensors: Tensors, bits: int) -> Tensors:
    """`tensors` with every table of floats (two or more rows and columns) in `bits` (4 or 8); others as they are."""
    found: Tensors = {}
    for name, value in tensors.items():
        if value.ndim != 2 or min(value.shape) < 2 or value.dtype.kind != "f":
            found[name] = value
            continue
        most = 2 ** (bits - 1) - 1
        scale = np.abs(value).max(1, keepdims=True).astype(np.float32) / most
        whole = np.rint(np.divide(value, scale, out=np.zeros_like(value, np.float32), where=scale > 0)).astype(np.int8)
        found[name + WHOLE] = whole if bits == 8 else _packed(whole)
        found[name + SCALE] = scale.ravel()
        found[name + WIDTH] = np.array([value.shape[1]], np.int64)
    return found


def read_back(tensors: Tensors, bits: int) -> Tensors:
    """The tables that `rounded` has kept, float32. RunError where parts of one do not fit together."""
    found: Tensors = {n: v for n, v in tensors.items() if not n.endswith((WHOLE, SCALE, WIDTH))}
    for name in [n.removesuffix(WHOLE) for n in tensors if n.endswith(WHOLE)]:
        whole, scale, width = (tensors.get(name + part) for part in (WHOLE, SCALE, WIDTH))
        if whole is None or scale is None or width is None:
            raise _misfit(name)
        if whole.ndim != 2 or whole.dtype != (np.int8 if bits == 8 else np.uint8):
            raise _misfit(name)
        kept = whole if bits == 8 else _unpacked(whole)
        if scale.shape != kept.shape[:1] or scale.dtype.kind != "f" or width.shape != (1,) or width.dtype.kind != "i":
            raise _misfit(name)
        if not 2 <= int(width[0]) <= kept.shape[1] < int(width[0]) + 2:
            raise _misfit(name)
        found[name] = kept[:, : int(width[0])].astype(np.float32) * scale.astype(np.float32)[:, None]
        if not is_bounded(found[name]):
            raise _misfit(name)
    return found


def _misfit(name: str) -> RunError:
    return RunError(f"The rounded table {name!r} does not fit together.", "Compress the run again.")


def _packed(whole: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Two numbers of -7 to 7 in a byte `[n, ceil(d / 2)]`."""
    even = np.pad(whole, ((0, 0), (0, whole.shape[1] % 2)))
    up = (even + 8).astype(np.uint8)
    return np.asarray(up[:, ::2] | (up[:, 1::2] << 4), np.uint8)


def _unpacked(packed: NDArray[np.uint8]) -> NDArray[np.int8]:
    pairs = np.stack([packed & 15, packed >> 4], axis=2)
    return pairs.reshape(len(packed), -1).astype(np.int8) - 8
