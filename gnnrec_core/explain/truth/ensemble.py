"""The mean of several trainings as one model: lists that owe less to the luck of a seed, with an exact ledger.

For one symmetric operator P in every layer, the same for all seeds, the mean of S scores is again one such score: the
layer-0 tables side by side, divided by sqrt(S), are propagated as each of them was, and

    <z_u, z_i> = 1/S sum_s <z_u^s, z_i^s>.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.data.dataset import FloatArray
from gnnrec_core.models.brought.embeddings import EMBEDDING
from gnnrec_core.models.brought.propagated import Propagated, PropagatedSettings
from gnnrec_core.models.protocol import PropagationRecommender
from gnnrec_core.runs.run import Run
from gnnrec_core.runs.training import save


class Ensemble:
    """Gathers the models of one run and other seeds; UnsupportedError where their mean is no model with a ledger."""

    def __init__(self, run: Run) -> None:
        model = run.model
        if not (isinstance(model, PropagationRecommender) and model.propagation().symmetric):
            raise UnsupportedError(
                f"The mean of several trainings of {run.record.model!r} has no exact ledger: their messages differ.",
                "Train LightGCN for an ensemble.",
            )
        self.run, self._tables = run, [self._table(model)]

    @staticmethod
    def _table(model: Any) -> FloatArray:
        return np.asarray(model.propagation().embedding, np.float32)

    def hear(self, model: Any) -> None:
        """Take in a training with another seed."""
        self._tables.append(self._table(model))

    def mean(self) -> Run:
        """The mean of all that were heard and of the run itself, in memory."""
        run, n = self.run, len(self._tables)
        table = np.concatenate(self._tables, axis=1) / np.float32(np.sqrt(n))
        settings = PropagatedSettings(
            source=f"mean of {n} seeds of {run.name}",
            embedding_dim=table.shape[1],
            layer_weights=tuple(run.model.propagation().layer_weights.tolist()),
            side_edges=getattr(run.settings, "side_edges", 0.0),
        )
        return Run.of(Propagated(run.dataset, settings, {EMBEDDING: table}), run.dataset, run.record.seed)

    def save(self, out: Path, overwrite: bool = False) -> Run:
        """The mean as a run of its own in the folder `out`. RequestError where that exists and `overwrite` is false."""
        data = (self.run.place.resolve() / self.run.record.dataset_path).resolve()
        return save(self.mean(), out, overwrite, data)
