"""Popularity along the layers of one model: does each step of propagation lean more towards what is popular?"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gnnrec_core.audit.metrics import find_metric
from gnnrec_core.audit.sources import evidence_of, ranked
from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.data.dataset import IntArray, SplitName
from gnnrec_core.models import able
from gnnrec_core.models.protocol import PropagationRecommender
from gnnrec_core.runs.run import Run

FIGURES = ("arp", "popularity_lift", "long_tail_share", "gini", "coverage", "upd", "ndcg", "recall")


def popularity_by_layer(run: Run, k: int = 20, split: SplitName = "test") -> pl.DataFrame:
    """Figures of the lists that the model would give if it stopped at layer 0, 1, .. n_layers.

    Depth l takes the mean of layers 0 to l of the trained model with its own weights (scaled to sum to 1): the same
    embeddings, nothing trained again. The last row is the model itself. One row a depth: `depth` and `FIGURES`.
    Raises UnsupportedError for a model that does not propagate.
    """
    if not isinstance(run.model, PropagationRecommender):
        raise UnsupportedError(
            f"{run.record.model} has no propagation layers.",
            f"Choose a run of {able(PropagationRecommender)}.",
            model=run.record.model,
        )
    propagation = run.model.propagation()
    table = []
    total: NDArray[Any] = np.zeros_like(propagation.embedding)
    weight = 0.0
    for depth, (layer, own) in enumerate(zip(propagation.layers, propagation.layer_weights, strict=True)):
        total, weight = total + layer * layer.dtype.type(own), weight + float(own)
        if weight > 0:
            table.append({"depth": depth, **_figures(run, total / total.dtype.type(weight), k, split)})
    return pl.DataFrame(table)


def _figures(run: Run, final: NDArray[Any], k: int, split: SplitName) -> dict[str, float]:
    users, items = run.dataset.n_users, run.dataset.n_items
    columns = final[users : users + items]

    def score(chosen: IntArray) -> NDArray[Any]:
        return np.asarray(final[chosen] @ columns.T)

    evidence = evidence_of(run.dataset, ranked(run.dataset, score, k, split), split)
    return {name: find_metric(name).value(evidence) for name in FIGURES}
