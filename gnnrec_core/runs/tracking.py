"""MLflow, where `MLFLOW_TRACKING_URI` is set and mlflow is installed: settings, curves and figures of each run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from gnnrec_core.models.protocol import Epoch
from gnnrec_core.runs.record import RunRecord


class Tracker:
    """Hears of epochs and figures; this one does nothing with them."""

    def log(self, epoch: Epoch) -> None:
        """One epoch has ended."""

    def finish(self, figures: dict[str, Any]) -> None:
        """Training has ended."""


class MLflowTracker(Tracker):
    """Sends them to the active MLflow run. MLflow allows no '@' in metric names: `ndcg@20` becomes `ndcg_at_20`."""

    def __init__(self, mlflow: Any) -> None:
        self.mlflow = mlflow

    def log(self, epoch: Epoch) -> None:
        """Loss, validation figures and seconds at this epoch."""
        values = {"loss": epoch.loss, "seconds": epoch.seconds, **epoch.validation}
        self._send({name: value for name, value in values.items() if value is not None}, epoch.epoch)

    def finish(self, figures: dict[str, Any]) -> None:
        """The figures of the run, as `best_...` where they are of the best epoch."""
        plain = {name: value for name, value in figures.items() if isinstance(value, (int, float))}
        self._send(plain | {f"best_{name}": value for name, value in figures["validation"].items()}, None)

    def _send(self, values: dict[str, float], step: int | None) -> None:
        self.mlflow.log_metrics({name.replace("@", "_at_"): float(v) for name, v in values.items()}, step=step)


@contextmanager
def track(record: RunRecord, is_first: bool) -> Iterator[Tracker]:
    """A tracker for one training; one that does nothing where MLflow is not asked for."""
    if not is_first or not os.environ.get("MLFLOW_TRACKING_URI") or find_spec("mlflow") is None:
        yield Tracker()
        return
    import mlflow

    mlflow.set_experiment(record.dataset_name)
    with mlflow.start_run(run_name=f"{record.model} {record.created}"):
        mlflow.log_params({"model": record.model, "seed": record.seed, **record.settings})
        mlflow.set_tags({"dataset_fingerprint": record.dataset_fingerprint, "device": record.device})
        yield MLflowTracker(mlflow)
