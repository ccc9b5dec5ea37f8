"""A `Run` around a model that was fitted here, without files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gnnrec_core.base.settings import read_settings
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.models import MODELS
from gnnrec_core.runs.record import RunRecord
from gnnrec_core.runs.run import Run
from gnnrec_core.runs.validation import Validation


def fitted(name: str, dataset: Dataset, seed: int = 0, **settings: Any) -> Any:
    """A trained model of that name."""
    model_type = MODELS.load(name)
    model = model_type.create(dataset, read_settings(model_type.settings_type, settings), seed, "cpu")
    for _ in model.fit(Validation(dataset).options(model)):
        pass
    return model


def run_of(model: Any, dataset: Dataset) -> Run:
    """The model as `load_run` would give it."""
    record = RunRecord(
        model.name, model.settings.model_dump(), 0, dataset.name, ".", dataset.fingerprint, "cpu", "finished", ""
    )
    run = Run(Path("nowhere"), record, dataset)
    run.__dict__["model"] = model  # in place of reading it from disk
    return run
