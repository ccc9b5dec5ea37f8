"""Arrays kept beside what they were made from, mapped into memory: a question touches the pages that it needs.

`FOLDER/.kept/NAME.bin` holds the arrays, `NAME.json` what they are, what they were made from and how all these files
stood on the disk. What is kept can always be made again, so nothing here is believed that does not fit: another key or
version, a source or a file of ours that was written, copied, unpacked or touched since (its number on the disk, size
and times, among them the time of change, which no program can set), a wrong shape, a wrong checksum in a file that is
small enough to be read whole. Then there is nothing kept, and it is made anew.
"""

from __future__ import annotations

import mmap
import os
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import TypedDict

from gnnrec_core.base.checked import STRICT, Form, open_file
from gnnrec_core.base.errors import DataError, LensError
from gnnrec_core.base.files import write_json, write_parts

FOLDER = ".kept"
FORMAT_VERSION = 1
PAGE = 4096
CHECKED_WHOLE = 64 * 2**20
"""Bytes up to which every opening looks at the checksums; above it the stamps speak for the file."""

Arrays = Mapping[str, NDArray[Any]]
Stamp = list[int]
Whole = Annotated[int, Field(ge=0, le=2**63 - 1)]
Text = Annotated[str, Field(max_length=4096)]


class ArrayCard(TypedDict):
    """Where one array lies, and what it is."""

    __pydantic_config__ = STRICT  # type: ignore[misc]
    name: Text
    dtype: Annotated[str, Field(pattern=r"^[<|][bifu][1248]$")]
    shape: Annotated[list[Whole], Field(max_length=4)]
    offset: Whole
    crc32: Whole


class KeptCard(TypedDict):
    """What stands in `NAME.json` beside its version."""

    __pydantic_config__ = STRICT  # type: ignore[misc]
    key: Text
    sources: Annotated[dict[Text, list[int]], Field(max_length=10_000)]
    stamp: list[int]
    arrays: Annotated[list[ArrayCard], Field(max_length=1000)]


CARD = Form(KeptCard, DataError, "Delete the folder .kept: it is made again.", FORMAT_VERSION)


def stamps(folder: Path, files: Iterable[Path]) -> dict[str, Stamp]:
    """How each of `files` (those that are there) stands on the disk, by its path below `folder`."""
    return {str(path.relative_to(folder)): _stamp(path) for path in sorted(files) if path.is_file()}


def keep(folder: Path, name: str, key: str, sources: Mapping[str, Stamp], arrays: Arrays) -> None:
    """Write `arrays` beside what they were made from. Where the disk is full or not ours to write, nothing is kept."""
    place = folder / FOLDER
    try:
        place.mkdir(exist_ok=True)
        cards, parts, offset = [], list[bytes | memoryview](), 0
        for called, value in arrays.items():
            whole = np.ascontiguousarray(value)
            content = whole.reshape(-1).view(np.uint8).data
            card = {"name": called, "dtype": whole.dtype.str, "shape": list(whole.shape), "offset": offset}
            cards.append({**card, "crc32": zlib.crc32(content)})
            padding = -whole.nbytes % PAGE
            parts += [content, b"\0" * padding]
            offset += whole.nbytes + padding
        write_parts(place / f"{name}.bin", parts)
        stamp = _stamp(place / f"{name}.bin")
        card = {"format_version": FORMAT_VERSION, "key": key, "sources": dict(sources), "stamp": stamp, "arrays": cards}
        write_json(place / f"{name}.json", card)
    except (OSError, LensError):
        return


def kept(folder: Path, name: str, key: str, sources: Mapping[str, Stamp]) -> dict[str, NDArray[Any]] | None:
    """The arrays that `keep` wrote, read-only and mapped; None where there are none, or anything does not fit."""
    place = folder / FOLDER
    try:
        card = CARD.read(place / f"{name}.json")
        if card["key"] != key or card["sources"] != sources:
            return None
        with open_file(place / f"{name}.bin") as file:
            if _stamp_of(os.fstat(file.fileno())) != card["stamp"]:
                return None
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        found = {entry["name"]: _array(mapped, entry) for entry in card["arrays"]}
        if len(mapped) <= CHECKED_WHOLE:
            for entry in card["arrays"]:
                if zlib.crc32(found[entry["name"]].reshape(-1).view(np.uint8).data) != entry["crc32"]:
                    return None
    except (OSError, ValueError, LensError):
        return None
    return found


def _array(mapped: mmap.mmap, entry: ArrayCard) -> NDArray[Any]:
    """One array of the file; ValueError where it would reach beyond the end."""
    n = int(np.prod(entry["shape"], dtype=object)) if entry["shape"] else 1
    dtype = np.dtype(entry["dtype"])
    if entry["offset"] + n * dtype.itemsize > len(mapped):
        raise ValueError("an array reaches beyond the file")
    return np.frombuffer(mapped, dtype, n, entry["offset"]).reshape(entry["shape"])


def _stamp(path: Path) -> Stamp:
    return _stamp_of(path.stat())


def _stamp_of(found: os.stat_result) -> Stamp:
    return [found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]
