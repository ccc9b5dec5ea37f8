"""Drivers by the shape of the walk: user-item-user and the like, summed exactly over all walks of all people.

The groups of `explain.walks.meta_paths` are the same for one case; here the matrices that walks of one shape bring are
multiplied out once for everybody.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.base import progress
from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.explain.scores.linear import Prepared, prepare
from gnnrec_core.explain.walks.meta_paths import node_kinds
from gnnrec_core.models import able
from gnnrec_core.models.history_protocol import ReaderPathsRecommender
from gnnrec_core.models.protocol import PropagationRecommender
from gnnrec_core.runs.run import Run
from gnnrec_core.whole.sorting import Sorting
from gnnrec_core.whole.sums.ledgers import layers_by_shape

Float = NDArray[np.float64]
THROUGH_READERS = "user-item-user-item: by way of others who have the item"


def path_sums(run: Run, signs: sp.csr_array) -> tuple[Sorting, sp.csr_array, Float]:
    """Shapes, what walks of each carry of each person's signed sum `[n_users, n_shapes]`, and what is no walk.

    UnsupportedError where the model's score is no sum over walks.
    """
    if isinstance(run.model, PropagationRecommender):
        return _of_propagation(run, prepare(run.model), signs)
    if isinstance(run.model, ReaderPathsRecommender):
        return _through_readers(run.model, signs)
    raise UnsupportedError(
        f"The score of the model {run.record.model!r} is no sum over paths in the graph.",
        f"Sort by item or attribute, or choose a run of {able(PropagationRecommender, ReaderPathsRecommender)}.",
        model=run.record.model,
    )


def _of_propagation(run: Run, prepared: Prepared, signs: sp.csr_array) -> tuple[Sorting, sp.csr_array, Float]:
    spread, n = prepared.propagation, run.dataset.n_users
    kinds, names = node_kinds(run.dataset)
    targets = signs @ spread.final[n : n + run.dataset.n_items]  # [n_users, d]
    own = spread.layer_weights[0] * np.einsum("ud,ud->u", spread.embedding[:n], targets)
    found: dict[str, Float] = {}
    for _, shape, brought in layers_by_shape(spread, kinds, len(names)):
        progress.check()
        name = "-".join(names[kind] for kind in (0, *shape))
        value = np.einsum("ud,ud->u", brought[:n], targets)
        found[name] = found[name] + value if name in found else value
    table = np.stack(list(found.values()), axis=1) if found else np.zeros((n, 0))
    meaning = "walks from the person through nodes of these kinds, ending at what was learned for the last of them"
    return Sorting(tuple(found), sp.csr_array((0, len(found))), meaning), sp.csr_array(table), own


def _through_readers(model: Any, signs: sp.csr_array) -> tuple[Sorting, sp.csr_array, Float]:
    names: dict[str, int] = {}
    rows, columns, values = [], [], []
    users = np.flatnonzero(np.diff(signs.indptr))
    for done, user in enumerate(users.tolist()):
        progress.report(done, len(users))
        entries = slice(*signs.indptr[user : user + 2])
        pairs = list(zip(signs.indices[entries].tolist(), signs.data[entries].tolist(), strict=True))
        paths = model.reader_paths(user, pairs)
        for name, value in {THROUGH_READERS: float(paths.values.sum()), **paths.beside}.items():
            rows.append(user)
            columns.append(names.setdefault(name, len(names)))
            values.append(value)
    table = sp.csr_array((values, (rows, columns)), shape=(signs.shape[0], len(names)))
    meaning = "walks through people who have the same items, and what passes no single person"
    return Sorting(tuple(names), sp.csr_array((0, len(names))), meaning), table, np.zeros(signs.shape[0])
