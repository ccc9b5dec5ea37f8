"""Long arrays, block by block: each block stays in the processor's cache, and all cores work on different ones."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

Part = TypeVar("Part")
Answer = TypeVar("Answer")
BLOCK = 1 << 17
"""Rows of a block: a megabyte of int64."""
FEW_CODES = 8
"""Up to so many codes comparing with each is quicker than counting them all in one go."""


def blocks(n: int, size: int = BLOCK) -> list[slice]:
    """`n` rows as slices of `size`.

    >>> blocks(5, 2)
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]


def pieces(column: pl.Series) -> list[tuple[slice, NDArray[Any]]]:
    """The numbers of a column without gaps, where they lie in memory: blocks and the values of each."""
    found, start = [], 0
    for chunk in column.get_chunks():
        values = chunk.to_numpy()
        found += [(slice(start + p.start, start + p.stop), values[p]) for p in blocks(len(values))]
        start += len(values)
    return found


def in_blocks(parts: Sequence[Part], work: Callable[[Part], Answer]) -> list[Answer]:
    """`work` of each block, in order; on all cores where there are many. Blocks must not write to the same place.

    numpy lets other threads run while it computes, so threads are enough.
    """
    return at_once(parts, work, len(parts) // 8)


def at_once(parts: Sequence[Part], work: Callable[[Part], Answer], most: int = 8) -> list[Answer]:
    """`work` of each part, in order, in as many threads as there are cores, `most` at the most."""
    n_threads = min(os.cpu_count() or 1, 8, most)
    if n_threads < 2:
        return [work(part) for part in parts]
    with ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(work, parts))


def gathered(values: NDArray[Any], index: NDArray[Any], dtype: Any = None) -> NDArray[Any]:
    """`values[index]`, as another type where one is named."""
    out = np.empty(len(index), dtype or values.dtype)

    def work(part: slice) -> None:
        out[part] = values[index[part]]

    in_blocks(blocks(len(index)), work)
    return out


def gathered_together(
    columns: Mapping[str, NDArray[Any]],
    index: NDArray[Any],
    dtypes: Mapping[str, Any],
    out: Mapping[str, NDArray[Any]] | None = None,
) -> dict[str, NDArray[Any]]:
    """`column[index]` of each column, as another type where one is named. In a random order nearly every look into
    memory has to wait for it, so what belongs to one row is laid side by side first and fetched at once. A column that
    `out` has lies in the first places of that."""
    if not columns:
        return {}
    row = [(name, column.dtype) for name, column in columns.items()]
    size = np.dtype(row).itemsize
    padding = (1 << (size - 1).bit_length()) - size  # numpy is quick with 4, 8, 16, 32 bytes
    rows = np.empty(max(map(len, columns.values())), [*row, ("", f"V{padding}")] if padding else row)
    given = out or {}
    found = {
        name: given[name][: len(index)] if name in given else np.empty(len(index), dtypes.get(name, dtype))
        for name, dtype in row
    }

    def pack(part: slice) -> None:
        for name, column in columns.items():
            rows[name][part] = column[part]

    def unpack(part: slice) -> None:
        fetched = rows.take(index[part])
        for name, column in found.items():
            column[part] = fetched[name]

    in_blocks(blocks(len(rows)), pack)
    in_blocks(blocks(len(index)), unpack)
    return found


def counted(codes: NDArray[Any], n_codes: int) -> NDArray[np.int64]:
    """How often each of the codes 0 to n_codes - 1 stands in `codes`, int64 `[n_codes]`."""
    parts = blocks(len(codes), max(BLOCK, 4 * n_codes))
    total = np.zeros(n_codes, np.int64)

    def count(part: slice) -> NDArray[np.int64]:
        if n_codes > FEW_CODES:
            return np.bincount(codes[part], minlength=n_codes)
        return np.array([np.count_nonzero(codes[part] == code) for code in range(n_codes)])

    for counts in in_blocks(parts, count):
        total += counts
    return total


def chosen(values: NDArray[Any], keep: NDArray[np.bool_]) -> NDArray[Any]:
    """`values[keep]` of a mask."""
    parts = blocks(len(keep))
    ends = np.cumsum([np.count_nonzero(keep[part]) for part in parts], dtype=np.int64)
    out = np.empty(int(ends[-1]) if len(ends) else 0, values.dtype)

    def work(part: slice) -> None:
        end = int(ends[part.start // BLOCK])
        kept = values[part][keep[part]]
        out[end - len(kept) : end] = kept

    in_blocks(parts, work)
    return out


def chosen_in_place(values: NDArray[Any], keep: NDArray[np.bool_]) -> NDArray[Any]:
    """`values[keep]` of a mask, moved to the front of `values`, whose memory it shares."""
    end = 0
    for part in blocks(len(keep)):
        kept = values[part][keep[part]]
        values[end : end + len(kept)] = kept
        end += len(kept)
    return values[:end]
