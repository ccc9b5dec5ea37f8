"""How likely each choice of a history was: by a label that the person likes, and anyway.

Anyway, an item comes by its popularity or evenly, and with chance `FOLLOWED` because the person follows a provider
(author, artist, seller) of whom they had something before: one of these providers, as often as they were chosen, and of
the provider's items that the person has not had yet one by popularity. Without that share every series of books by one
author would look like a new taste.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.audit.sources import PROVIDER_COLUMNS, first_column, item_labels
from gnnrec_core.data.dataset import Dataset, IntArray

Float = NDArray[np.float64]
EVENLY = 0.3
"""Share of what people take beside their taste that any item has an equal chance of."""
FOLLOWED = 0.3
"""Share of what people take beside their taste that comes from providers whom they follow."""


@dataclass(frozen=True)
class Chances:
    """`of_label` `[n_items, n_labels]` is P(item | label), as popularity among the label's items; `anyway` `[n_items]`
    P(item) for somebody of whom nothing is known; `popularity` counts train interactions and a half; `provided`
    `[n_items, n_providers]` are shares of the providers of an item (no column where they are unknown)."""

    of_label: Float
    anyway: Float
    popularity: Float
    provided: sp.csr_array

    @classmethod
    def of(cls, dataset: Dataset, column: str, shares: Float) -> Self:
        """For labels in `column`, `shares` `[n_items, n_labels]`; providers whom that column names are not followed."""
        popularity: Float = popularity_of(dataset).astype(np.float64) + 0.5
        own = (shares > 0) * popularity[:, None]
        total = own.sum(0)
        providers = item_labels(dataset, first_column(dataset, PROVIDER_COLUMNS))
        known = providers is not None and providers.name != column
        return cls(
            np.divide(own, total, out=np.zeros_like(own), where=total > 0),
            np.asarray(EVENLY / len(popularity) + (1 - EVENLY) * popularity / popularity.sum(), np.float64),
            popularity,
            sp.csr_array(providers.shares) if providers is not None and known else sp.csr_array((len(popularity), 0)),
        )

    def along(self, items: IntArray) -> tuple[Float, Float]:
        """P(item | label) `[n, n_labels]` and P(item) anyway `[n]` of the choices of a history in the order of time."""
        left = np.asarray(self.provided.T @ self.popularity)  # of each provider: what the person has not had yet
        count, anyway = np.zeros(len(left)), self.anyway[items].copy()
        for place, item in enumerate(items.tolist()):
            row = slice(*self.provided.indptr[item : item + 2])
            who, part = self.provided.indices[row], self.provided.data[row]
            is_open = (count > 0) & (left > 1e-9)
            if is_open.any():
                by = who[is_open[who]]
                chance = count[by] / count[is_open].sum() * part[is_open[who]] * self.popularity[item] / left[by]
                anyway[place] = FOLLOWED * chance.sum() + (1 - FOLLOWED) * anyway[place]
            count[who] += part
            left[who] -= part * self.popularity[item]
        return self.of_label[items], anyway


def popularity_of(dataset: Dataset) -> IntArray:
    """Train interactions of each item `[n_items]`."""
    rows = dataset.interactions.rows("train")
    return np.bincount(dataset.interactions.item_index[rows], minlength=dataset.n_items).astype(np.int64)
