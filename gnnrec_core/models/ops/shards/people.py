"""Lists and ledgers of everybody, made by the processes of `torchrun` together: each for its share of the people.

Every process then has all lists, so what follows (figures, intervals, tests) is computed as by one process.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
import scipy.sparse as sp

from gnnrec_core.data.dataset import IntArray
from gnnrec_core.models.ops.parallel import Processes, processes
from gnnrec_core.ranking.factored import Factored
from gnnrec_core.ranking.recommendations import Recommendations
from gnnrec_core.ranking.topk import Listing, ScoreBlock, rank_items

_TOGETHER: ContextVar[Processes] = ContextVar("processes", default=Processes())  # noqa: B039  # it is frozen


@contextmanager
def sharing() -> Iterator[Processes]:
    """The processes that `torchrun` started share the people of all questions in this block."""
    with processes("cpu") as own:
        token = _TOGETHER.set(own)
        try:
            yield own
        finally:
            _TOGETHER.reset(token)


def own_share(users: IntArray) -> IntArray:
    """Those of `users` that this process works for: a run of them, after the runs of the processes before it."""
    own = _TOGETHER.get()
    ends = np.linspace(0, len(users), own.n + 1).astype(np.int64)
    share: IntArray = users[ends[own.rank] : ends[own.rank + 1]]
    return share


def rank_together(
    source: ScoreBlock | Listing | Factored, users: IntArray, seen: sp.csr_array, k: int
) -> Recommendations:
    """As `rank_items`."""
    own = _TOGETHER.get()
    if own.n == 1:
        return rank_items(source, users, seen, k)
    found = rank_items(source, own_share(np.asarray(users, np.int64)), seen, k)
    return Recommendations(users, own.joined(found.item_index), own.joined(found.score))


def stacked(rows: sp.csr_array) -> sp.csr_array:
    """The rows of all processes, those of the first on top."""
    own = _TOGETHER.get()
    if own.n == 1:
        return rows
    lengths = own.joined(np.diff(rows.indptr).astype(np.int64))
    entries = own.joined(rows.data), own.joined(rows.indices.astype(np.int64)), np.r_[0, lengths.cumsum()]
    return sp.csr_array(entries, shape=(len(lengths), rows.shape[1]))


def joined(values: IntArray) -> IntArray:
    """The numbers `[m]` of all processes, those of the first in front."""
    return _TOGETHER.get().joined(values)
