"""Small worlds in which a metric can be worked out by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.audit.evidence import Categories, Evidence
from gnnrec_core.ranking.recommendations import Recommendations


def small_world(
    lists: Sequence[Sequence[int]],
    train: Sequence[Iterable[int]] = (),
    relevant: Sequence[Iterable[int]] = (),
    n_items: int = 8,
    n_train_users: int | None = None,
    popularity: Sequence[int] | None = None,
    labels: NDArray[np.bool_] | None = None,
    vectors: NDArray[np.float32] | None = None,
) -> Evidence:
    """The evidence of a few users: the items of each list, history and held-out part, by index.

    Lists are of one length. Popularity is counted in the histories unless it is given; `labels` `[n_items, n_labels]`
    are both genres and providers.
    """
    n, index = len(lists), np.array(lists)
    history = _matrix(train, n, n_items)
    known = np.bincount(history.indices, minlength=n_items) if popularity is None else np.array(popularity)
    groups = None if labels is None else Categories("g", tuple("abcdefgh"[: labels.shape[1]]), sp.csr_array(labels))
    shown = Recommendations(np.arange(n), index, np.zeros(index.shape, np.float32))
    return Evidence(shown, history, _matrix(relevant, n, n_items), known, n_train_users or n, groups, groups, vectors)


def _matrix(sets: Sequence[Iterable[int]], n: int, n_items: int) -> sp.csr_array:
    dense = np.zeros((n, n_items), dtype=bool)
    for row, chosen in enumerate(sets):
        dense[row, list(chosen)] = True
    return sp.csr_array(dense)
