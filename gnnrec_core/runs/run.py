"""A run: a trained model on disk with the record that makes it repeatable."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np

from gnnrec_core.base.errors import RequestError, RunError
from gnnrec_core.base.settings import Settings, read_settings
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.data.store import load_dataset
from gnnrec_core.graph import RecGraph
from gnnrec_core.models import model_type
from gnnrec_core.models.keeping import over_kept
from gnnrec_core.models.ops.checkpoint import load_tensors
from gnnrec_core.runs.record import FORM, RunRecord, data_of, library_versions


@dataclass(frozen=True, repr=False)
class Run:
    """A trained model with its dataset: from disk (`load_run`; weights are read on first use), or held in memory.

    `folder` is None for a run in memory (`Run.of`, `training.fit`), until `training.save` stores it.
    """

    folder: Path | None
    record: RunRecord
    dataset: Dataset

    @classmethod
    def of(cls, model: Any, dataset: Dataset, seed: int = 0, device: str = "cpu", **figures: Any) -> Self:
        """A run that holds this trained `Recommender`, on no disk; `figures` go into its record."""
        record = RunRecord(
            model=getattr(model, "name", type(model).__name__),
            settings=model.settings.model_dump() if hasattr(model, "settings") else {},
            seed=seed,
            dataset_name=dataset.name,
            dataset_path="",
            dataset_fingerprint=dataset.fingerprint,
            device=device,
            state="finished",
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            versions=library_versions(),
            figures=figures,
        )
        return cls.holding(model, dataset, record)

    @classmethod
    def holding(cls, model: Any, dataset: Dataset, record: RunRecord) -> Self:
        """A run in memory that holds `model`, with this record."""
        run = cls(None, record, dataset)
        run.__dict__["model"] = model  # where `cached_property` keeps what it has read
        return run

    def __repr__(self) -> str:
        figures = self.record.figures.get("validation") or {}
        said = "".join(f", validation {name} {value:.4f}" for name, value in figures.items())
        return f"Run {self.name!r}: {self.record.model} on {self.dataset.name!r}, seed {self.record.seed}{said}"

    @property
    def name(self) -> str:
        """What reports call it: its folder's name, or the model's for a run in memory."""
        return self.folder.resolve().name if self.folder is not None else self.record.model

    def called(self, name: str) -> Self:
        """A run in memory under this name."""
        other = type(self)(None, replace(self.record, model=name), self.dataset)
        other.__dict__["model"] = self.model
        return other

    @property
    def place(self) -> Path:
        """The run folder; RequestError for a run that is only in memory."""
        if self.folder is None:
            raise RequestError(f"The {self.record.model} run is in memory only.", "Save it into a folder first.")
        return self.folder

    @cached_property
    def settings(self) -> Settings:
        """The settings of the model, checked."""
        try:
            settings: Settings = read_settings(model_type(self.record.model).settings_type, self.record.settings)
        except RequestError as error:
            raise FORM.damaged(str(self.place / "run.json"), error.message.rstrip(".")) from error
        for name, value in settings.model_dump().items():
            if isinstance(self.record.settings.get(name, value), str) != isinstance(value, str):
                raise FORM.damaged(str(self.place / "run.json"), f"its setting {name} is text, not a number")
        return settings

    @cached_property
    def model(self) -> Any:
        """The trained `Recommender`; on a large dataset over what is kept beside the run (`models.keeping`)."""
        kind = model_type(self.record.model)
        found = None
        if self.folder is not None:
            found = over_kept(self.folder, self.dataset, kind, self.settings, self._restored)
        return self._restored() if found is None else found

    def _restored(self) -> Any:
        tensors, card = load_tensors(self.place / "model.safetensors")
        if card.get("dataset_fingerprint") != self.dataset.fingerprint:
            raise RunError(
                f"The weights in {self.folder} were trained on other data.",
                "Train the run again.",
                file=str(self.folder),
            )
        model = model_type(self.record.model).restore(self.dataset, self.settings, tensors)
        scores = model.score(np.array([0, self.dataset.n_users - 1]))
        if np.isnan(scores).any() or np.isposinf(scores).any():  # -infinity: an item that is in no stored list
            raise FORM.damaged(str(self.folder), "its weights give scores that are not finite")
        return model

    @property
    def graph(self) -> RecGraph:
        """The graph that the model was trained on."""
        graph: RecGraph = self.model.graph
        return graph


def load_run(folder: Path, dataset_folder: Path | None = None) -> Run:
    """The run in `folder` with the dataset that it was trained on (or the one given, whose fingerprint must agree).

    Raises RequestError where the run or its dataset is not there, RunError where the data differ.
    """
    record = RunRecord.read(folder)
    dataset = load_dataset(dataset_folder or data_of(folder, record))
    if dataset.fingerprint != record.dataset_fingerprint:
        raise RunError(
            f"The run {folder} was trained on data with fingerprint {record.dataset_fingerprint[:12]}; "
            f"the dataset {dataset.name!r} has {dataset.fingerprint[:12]}.",
            "Use the dataset that the run was trained on, or train again on this one.",
            run_fingerprint=record.dataset_fingerprint,
            dataset_fingerprint=dataset.fingerprint,
        )
    return Run(folder, record, dataset)
