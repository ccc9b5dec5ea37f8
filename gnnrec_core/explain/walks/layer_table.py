"""Which layers a score comes from: the table of all pairs of a layer of the user and a layer of the item."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.explain.explanation import Case
from gnnrec_core.models import able
from gnnrec_core.models.ops.propagation import Propagation
from gnnrec_core.models.protocol import PropagationRecommender


def layer_table(model: object, case: Case) -> NDArray[np.float64]:
    """M[l, m] = a_l a_m <x_u^l, x_i^m>, float64 `[K + 1, K + 1]`, in units of the score; for a margin the difference
    of two such tables.

    All entries sum to the explained number: z = sum_l a_l x^l on both sides of the dot product. M[0, 0] is what the two
    own embeddings say, without any message. UnsupportedError where the model passes no messages.
    """
    if not isinstance(model, PropagationRecommender):
        raise UnsupportedError(
            "This model has no layers of messages.", f"Choose a run of {able(PropagationRecommender)}."
        )
    propagation: Propagation = model.propagation()
    user = _scaled(propagation, case.user_index)
    items = sum(sign * _scaled(propagation, propagation.n_users + item) for item, sign in case.signed_items)
    table: NDArray[np.float64] = user @ np.transpose(items)
    return table


def _scaled(propagation: Propagation, node: int) -> NDArray[np.float64]:
    """a_l x^l of one node `[K + 1, d]`."""
    rows = np.stack([layer[node] for layer in propagation.layers]).astype(np.float64)
    scaled: NDArray[np.float64] = rows * propagation.layer_weights[:, None]
    return scaled
