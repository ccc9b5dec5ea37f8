"""`Recommendations`: ranked lists of several users."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gnnrec_core.data.dataset import FloatArray, IntArray, frozen_array

NONE_LEFT = -1
"""Stands in `item_index` where a user has fewer than k items left to recommend; its score is -inf."""


@dataclass(frozen=True)
class Recommendations:
    """Lists of `k` items for `n` users, best first; nothing seen is in them.

    `user_index` int64 `[n]`; `item_index` int64 `[n, k]` (`NONE_LEFT` where no item is left); `score` float32 `[n, k]`
    (-inf there), descending; equal scores stand in the order of item index.
    """

    user_index: IntArray
    item_index: IntArray
    score: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "user_index", frozen_array(self.user_index, np.int64))
        object.__setattr__(self, "item_index", frozen_array(self.item_index, np.int64))
        object.__setattr__(self, "score", frozen_array(self.score, np.float32))

    @property
    def k(self) -> int:
        """List length."""
        return int(self.item_index.shape[1])

    def __len__(self) -> int:
        return len(self.user_index)
