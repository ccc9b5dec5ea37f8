"""Planted truth: why each simulated interaction happened, so that an explanation can be scored against it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl

from gnnrec_core.base.errors import DataError, RequestError
from gnnrec_core.base.files import write_bytes
from gnnrec_core.data.dataset import IntArray, frozen_array

FILE = "truth.parquet"
REASONS = ("genre", "author", "friend", "popularity", "drift", "noise")
SCHEMA = pl.Schema(
    {
        "user_index": pl.Int64(),
        "item_index": pl.Int64(),
        "reason": pl.Utf8(),
        "cause": pl.Utf8(),
        "because": pl.List(pl.Int64()),
    }
)


@dataclass(frozen=True)
class Cause:
    """Why one interaction happened.

    `reason` is one of `REASONS`; `name` the genre, the author or the friend's user id ("" for popularity and noise);
    `because` int64 `[n]` the earlier items of this reader that share the cause: by the same author, read for the same
    genre, or brought by the same friend.
    """

    reason: str
    name: str
    because: IntArray


@dataclass(frozen=True)
class Truth:
    """One row an interaction, sorted by `(user_index, item_index)` like the interactions of the dataset."""

    table: pl.DataFrame

    def __post_init__(self) -> None:
        if self.table.schema != SCHEMA:
            raise DataError(f"The planted truth has the columns {dict(self.table.schema)}.", "Make the sample again.")
        unknown = set(self.table["reason"].unique()) - set(REASONS)
        if unknown:
            raise DataError(f"The planted truth has unknown reasons: {sorted(unknown)}.", "Make the sample again.")

    def __len__(self) -> int:
        return self.table.height

    @cached_property
    def _row(self) -> dict[tuple[int, int], int]:
        pairs = zip(self.table["user_index"].to_list(), self.table["item_index"].to_list(), strict=True)
        return {pair: row for row, pair in enumerate(pairs)}

    def cause(self, user_index: int, item_index: int) -> Cause:
        """Why this reader read this item. RequestError where they did not."""
        row = self._row.get((user_index, item_index))
        if row is None:
            raise RequestError(
                f"Reader {user_index} has not read item {item_index}; only what was read has a planted cause.",
                "Choose an interaction of the dataset.",
                value=f"{user_index},{item_index}",
            )
        entry = self.table.row(row, named=True)
        return Cause(entry["reason"], entry["cause"], frozen_array(np.array(entry["because"]), np.int64))


def load_truth(folder: Path) -> Truth:
    """The planted truth in dataset folder `folder`. RequestError where it has none, DataError where it is damaged."""
    path = folder / FILE
    if not path.is_file():
        raise RequestError(
            f"The dataset at {folder} has no planted truth.",
            "Only simulated data have one: make some with `sample --out FOLDER`.",
            file=str(path),
        )
    try:
        return Truth(pl.read_parquet(path))
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError(f"{path} is damaged: {error}.", "Make the sample again.", file=str(path)) from error


def save_truth(truth: Truth, folder: Path) -> None:
    """Write `truth` into dataset folder `folder`."""
    buffer = BytesIO()
    truth.table.write_parquet(buffer)
    write_bytes(folder / FILE, buffer.getvalue())
