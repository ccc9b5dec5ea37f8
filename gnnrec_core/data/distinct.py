"""A column as its distinct texts and a code for each row, so that text is looked at once, not once a row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gnnrec_core.data.values import IntArray


@dataclass(frozen=True)
class Distinct:
    """`codes` int32 `[n]`: the position of each row's text in `values` (`[m]`, no two alike, no nulls)."""

    codes: NDArray[np.int32]
    values: pl.Series

    def counts(self) -> IntArray:
        """Rows of each distinct text `[m]`."""
        return np.bincount(self.codes, minlength=len(self.values)).astype(np.int64)

    def rows(self, wanted: NDArray[np.bool_]) -> IntArray:
        """Rows whose text is among `wanted` (bool `[m]`)."""
        return np.flatnonzero(wanted[self.codes])


def distinct(column: pl.Series) -> Distinct:
    """The distinct texts of a text, integer or other scalar column; a null counts as the empty text."""
    if column.dtype.is_integer() and not column.null_count():
        return _distinct_integers(column.to_numpy())
    if column.dtype != pl.Categorical:
        column = column.cast(pl.String).cast(pl.Categorical)
    column = column.fill_null("") if column.null_count() else column
    codes = column.to_physical().to_numpy()
    present = np.flatnonzero(np.bincount(codes, minlength=1)) if len(codes) else np.zeros(0, np.int64)
    lookup = np.zeros(int(codes.max(initial=0)) + 1, np.int32)
    lookup[present] = np.arange(len(present), dtype=np.int32)
    values = column.unique()
    return Distinct(lookup[codes], values.cast(pl.String).gather(np.argsort(values.to_physical().to_numpy())))


def _distinct_integers(values: IntArray) -> Distinct:
    if not len(values):
        return Distinct(np.zeros(0, np.int32), pl.Series([], dtype=pl.String))
    low, high = int(values.min()), int(values.max())
    if high - low > 4 * len(values) + 1_000_000:
        present, codes = np.unique(values, return_inverse=True)
        return Distinct(codes.astype(np.int32), pl.Series(present).cast(pl.String))
    shifted = values - low if low else values
    seen = np.zeros(high - low + 1, bool)
    seen[shifted] = True
    present = np.flatnonzero(seen)
    lookup = np.zeros(len(seen), np.int32)
    lookup[present] = np.arange(len(present), dtype=np.int32)
    return Distinct(lookup[shifted], pl.Series(present + low).cast(pl.String))
