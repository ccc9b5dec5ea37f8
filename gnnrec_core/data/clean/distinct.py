"""A column as its distinct texts and a code for each row, so that text is looked at once, not once a row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gnnrec_core.data.clean.blocks import counted, gathered, in_blocks, pieces
from gnnrec_core.data.dataset import IntArray


@dataclass(frozen=True)
class Distinct:
    """`codes` int32 or uint8 `[n]`: the position of each row's text in `values` (`[m]`, no two alike, no nulls)."""

    codes: NDArray[Any]
    values: pl.Series

    @cached_property
    def counts(self) -> IntArray:
        """Rows of each distinct text `[m]`."""
        return counted(self.codes, len(self.values))

    def rows(self, wanted: NDArray[np.bool_]) -> IntArray:
        """Rows whose text is among `wanted` (bool `[m]`)."""
        return np.flatnonzero(gathered(wanted, self.codes))


def distinct(column: pl.Series) -> Distinct:
    """The distinct texts of a text, integer or other scalar column; a null counts as the empty text."""
    if column.dtype.is_integer() and not column.null_count():
        return _distinct_integers(column)
    if column.dtype != pl.Categorical:
        column = column.cast(pl.String).cast(pl.Categorical)
    column = column.fill_null("") if column.null_count() else column
    present, texts = categories(column)
    lookup = np.zeros(int(present.max(initial=0)) + 1, np.uint8 if len(present) <= 256 else np.int32)
    lookup[present] = np.arange(len(present), dtype=lookup.dtype)
    return Distinct(_looked_up(lookup, 0, column.to_physical()), texts)


def categories(column: pl.Series) -> tuple[IntArray, pl.Series]:
    """The codes that a Categorical column without gaps uses, ascending, and the text of each."""
    codes = column.to_physical()
    present = _present(codes, 0, int(codes.max() or 0))  # type: ignore[arg-type]
    return present, pl.Series(present, dtype=codes.dtype).cat.to(column.dtype).cast(pl.String)


def _distinct_integers(column: pl.Series) -> Distinct:
    """The texts ascend by their number."""
    if not len(column):
        return Distinct(np.zeros(0, np.int32), pl.Series([], dtype=pl.String))
    low, high = int(column.min()), int(column.max())  # type: ignore[arg-type]
    if high - low > 4 * len(column) + 1_000_000 or high >= 2**63:
        present, places = np.unique(column.to_numpy(), return_inverse=True)
        return Distinct(places.astype(np.int32), pl.Series(present).cast(pl.String))
    present = _present(column, low, high)
    lookup = np.zeros(high - low + 1, np.int32)
    lookup[present] = np.arange(len(present), dtype=np.int32)
    return Distinct(_looked_up(lookup, low, column), pl.Series(present + low).cast(pl.String))


def _present(column: pl.Series, low: int, high: int) -> IntArray:
    """Which of the numbers low ... high stand in the column: ascending, counted from low."""
    seen = np.zeros(high - low + 1, bool)

    def see(piece: tuple[slice, NDArray[Any]]) -> None:
        seen[piece[1].astype(np.int64) - low] = True

    in_blocks(pieces(column), see)
    return np.flatnonzero(seen)


def _looked_up(lookup: NDArray[Any], low: int, column: pl.Series) -> NDArray[Any]:
    """`lookup[column - low]`."""
    codes = np.empty(len(column), lookup.dtype)

    def look_up(piece: tuple[slice, NDArray[Any]]) -> None:
        codes[piece[0]] = lookup[piece[1].astype(np.int64) - low]

    in_blocks(pieces(column), look_up)
    return codes
