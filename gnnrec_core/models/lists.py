"""Lists: ranked lists of any recommender, brought in as they are.

Not trained: `runs.bringing.lists.run_of_lists` makes such a run. Nothing is known of items that are in no list.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import scipy.sparse as sp
from pydantic import Field

from gnnrec_core.base import progress
from gnnrec_core.base.settings import Settings
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.models.ops.stored_lists import StoredLists
from gnnrec_core.ranking.recommendations import NONE_LEFT, Recommendations

BLOCK = 1 << 16


class ListsSettings(Settings):
    """Where the lists come from; what is not known stays unknown."""

    source: str = Field(default="", max_length=500, description="the file that the lists were read from")
    sha256: str = Field(default="", max_length=64, description="its checksum")
    longest: int = Field(default=0, ge=0, description="length of the longest list")


class Lists(StoredLists):
    """Lists that end where they end: an item that is in none has no score (-infinity), so no list is filled up."""

    name: ClassVar[str] = "lists"
    settings_type: ClassVar[type[ListsSettings]] = ListsSettings
    no_parts: ClassVar[str] = "only its lists are known, not how it made them"
    not_trained: ClassVar[str] = "Bring in a table of lists instead."

    def listed(self, users: IntArray, seen: sp.csr_array, k: int) -> Recommendations:
        """The first `k` unseen items of each user's list, without a number for each pair."""
        users = np.asarray(users, np.int64)
        items = np.full((len(users), k), NONE_LEFT, np.int64)
        scores = np.full((len(users), k), -np.inf, np.float32)
        for start in range(0, len(users), BLOCK):
            progress.check()
            some = users[start : start + BLOCK]
            own = self.items[some]  # [b, longest]
            had = _pairs(seen, some)
            key = own + np.arange(len(some))[:, None] * seen.shape[1]
            place = np.minimum(np.searchsorted(had, key), max(0, len(had) - 1))
            kept = (own >= 0) & ~(had[place] == key if len(had) else np.zeros(own.shape, bool))
            order = np.argsort(~kept, axis=1, kind="stable")[:, :k]
            left = np.take_along_axis(kept, order, axis=1)
            rows = slice(start, start + len(some))
            items[rows, : order.shape[1]] = np.where(left, np.take_along_axis(own, order, axis=1), NONE_LEFT)
            scores[rows, : order.shape[1]] = np.where(left, -(order + 1.0), -np.inf)
        return Recommendations(users, items, scores)

    def unlisted(self, length: int) -> float:
        """No score: such an item is never put on a list."""
        return -np.inf


def _pairs(seen: sp.csr_array, users: IntArray) -> IntArray:
    """Place of the user * n_items + item of all that `users` have, ascending."""
    rows = seen[users]
    rows.sort_indices()
    found: IntArray = np.repeat(np.arange(len(users)), np.diff(rows.indptr)) * seen.shape[1] + rows.indices
    return found
