"""Tensors on disk: one safetensors file whose header carries a card with the sha256 of the tensors and the card.

Nothing is ever unpickled. A flipped bit, a cut file, a wrong shape or a non-finite weight is a RunError.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from gnnrec_core import __version__
from gnnrec_core.base.checked import open_file, parse
from gnnrec_core.base.errors import RunError
from gnnrec_core.base.files import write_bytes
from gnnrec_core.models.protocol import Tensors

FORMAT_VERSION = 1
MAX_HEADER = 1 << 20
MAX_TENSORS = 1000
LARGEST = 1e12
"""No weight of a trained model is larger; two of them still make a finite product in 32 bits."""


def save_tensors(path: Path, tensors: Tensors, card: dict[str, Any]) -> None:
    """Write `tensors` atomically; `card` is text for people and checks (model, settings, fingerprint ...)."""
    tensors = {name: np.ascontiguousarray(value) for name, value in tensors.items()}
    full = {**card, "format_version": FORMAT_VERSION, "written_by": __version__}
    write_bytes(path, save(tensors, metadata={"card": json.dumps({**full, "sha256": _digest(tensors, full)})}))


def load_tensors(path: Path, finite: bool = True) -> tuple[Tensors, dict[str, Any]]:
    """The tensors and the card of `path`. RunError where the file is missing, damaged, or not one of ours."""
    try:
        with open_file(path) as file:
            content = file.read()
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error.strerror}.", "Train the run again.", file=str(path)) from error
    card = _card(path, content)
    try:
        tensors: Tensors = load(content)
    except (SafetensorError, ValueError, TypeError, KeyError) as error:
        raise _damaged(path, str(error)) from error
    if _digest(tensors, {name: value for name, value in card.items() if name != "sha256"}) != card.get("sha256"):
        raise _damaged(path, "its checksum differs from the one written in it")
    if finite and not all(is_bounded(t) for t in tensors.values() if t.dtype.kind == "f"):
        raise _damaged(path, f"it holds values that are not finite, or beyond {LARGEST:g}")
    return tensors, card


def expect_shapes(
    path: Path | str, tensors: Tensors, shapes: dict[str, tuple[int, ...]], whole: Collection[str] = ()
) -> None:
    """RunError unless `tensors` has exactly these names and shapes, and all but those named in `whole` hold floats."""
    found = {name: tuple(value.shape) for name, value in tensors.items()}
    if found != shapes or any(value.dtype.kind != "f" for name, value in tensors.items() if name not in whole):
        raise RunError(
            f"The weights in {path} do not fit: expected floats of {shapes}, found {found}.",
            "Use the dataset and the settings that the run was trained with.",
            file=str(path),
        )


def _card(path: Path, content: bytes) -> dict[str, Any]:
    length = int.from_bytes(content[:8], "little") if len(content) >= 8 else -1
    if not 0 < length <= min(MAX_HEADER, len(content) - 8):
        raise _damaged(path, "its header is cut off or too long")
    try:
        header = parse(content[8 : 8 + length], MAX_HEADER)
        card = parse(header["__metadata__"]["card"], MAX_HEADER)
        version = card["format_version"]
        if type(version) is not int:
            raise TypeError("format_version")
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(path, "it has no card of ours") from error
    if version > FORMAT_VERSION:
        raise RunError(
            f"{path} has format {version} (written by {card.get('written_by')}); we read up to {FORMAT_VERSION}.",
            "Update GNNRec Lens.",
            file=str(path),
        )
    if len(header) - 1 > MAX_TENSORS:
        raise _damaged(path, f"it holds more than {MAX_TENSORS} tensors")
    return dict(card)


def is_bounded(tensor: NDArray[Any]) -> bool:
    """Whether all values are finite, and none is larger than a weight may be."""
    return not tensor.size or -LARGEST <= float(tensor.min()) <= float(tensor.max()) <= LARGEST  # false for NaN


def _damaged(path: Path, why: str) -> RunError:
    return RunError(f"{path} is damaged: {why}.", "Restore it from a copy, or train the run again.", file=str(path))


def _digest(tensors: Tensors, card: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(card, sort_keys=True).encode())
    for name in sorted(tensors):
        value = np.ascontiguousarray(tensors[name])
        digest.update(f"{name}|{value.dtype.str}|{value.shape}|".encode())
        digest.update(value.tobytes())
    return digest.hexdigest()
