"""A run: a trained model on disk with the record that makes it repeatable."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import ConfigDict, Field, GetPydanticSchema
from typing_extensions import TypedDict

from gnnrec_core import __version__
from gnnrec_core.base.checked import STRICT, Count, Form, Moment, ProcessNumber
from gnnrec_core.base.errors import RequestError, RunError
from gnnrec_core.base.settings import Settings, read_settings
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.data.store import load_dataset
from gnnrec_core.graph import RecGraph
from gnnrec_core.models import model_type
from gnnrec_core.models.ops.checkpoint import load_tensors
from gnnrec_core.runs.heartbeat import is_alive

State = Literal["queued", "running", "finished", "cancelled", "failed", "interrupted"]
FORMAT_VERSION = 1
LIBRARIES = ("torch", "numpy", "scipy", "polars", "torch-geometric")

Line = Annotated[str, Field(max_length=1000)]
Whole = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
Setting = bool | Whole | float | Line | None | list[bool | Whole | float | Line | None]
"""A setting as it stands in a file; whether the model can use it, `Run.settings` says."""


class Stood(TypedDict):
    """Where a training stood beside baselines (`standing`); of its numbers, what pages read is checked."""

    __pydantic_config__ = ConfigDict(**{**STRICT, "extra": "allow"})  # type: ignore[misc]
    use: Line
    sentence: Annotated[str, Field(max_length=2000)]


class Figures(TypedDict, total=False):
    """What a training measured; a saved re-ranking adds one number for each metric."""

    __pydantic_config__ = ConfigDict(**{**STRICT, "extra": "allow"})  # type: ignore[misc]
    n_parameters: Count
    epochs_run: Count
    best_epoch: Count
    seconds: Moment
    seconds_per_epoch: Moment | None
    validation: dict[Line, float]
    stopped: Line | None
    standing: Stood | None


class Trainer(TypedDict, total=False):
    """Who trains a run: see `heartbeat`."""

    __pydantic_config__ = STRICT  # type: ignore[misc]
    host: Line
    pid: ProcessNumber
    started: Moment


@dataclass(frozen=True)
class RunRecord:
    """`run.json`. `dataset_path` is relative to the run folder, so that both can move together.

    `process` says who trains the run now (see `heartbeat`); a record whose process has died reads as "interrupted".
    """

    __pydantic_config__ = STRICT
    model: Line
    settings: dict[Line, Setting]
    seed: Whole
    dataset_name: Line
    dataset_path: Annotated[str, Field(max_length=4096)]
    dataset_fingerprint: Line
    device: Line
    state: State
    created: Line
    versions: dict[Line, Line] = field(default_factory=dict)
    figures: Annotated[dict[str, Any], GetPydanticSchema(lambda _, check: check(Figures))] = field(default_factory=dict)
    notes: Annotated[str, Field(max_length=100_000)] = ""
    error: Annotated[str, Field(max_length=100_000)] = ""
    process: Annotated[dict[str, Any], GetPydanticSchema(lambda _, check: check(Trainer))] = field(default_factory=dict)

    @property
    def epochs(self) -> int:
        """How many epochs were asked for at most; 1 where the model has none."""
        asked = self.settings.get("epochs")
        return asked if type(asked) is int and asked > 0 else 1

    def to_dict(self) -> dict[str, Any]:
        """As it stands in `run.json`."""
        return {"format_version": FORMAT_VERSION, **asdict(self)}

    @classmethod
    def read(cls, folder: Path) -> RunRecord:
        """The record in `folder`; RequestError where there is none, RunError where it is damaged or too new."""
        path = folder / "run.json"
        if not path.is_file():
            raise RequestError(f"There is no run at {folder}.", "Name a folder made by `train`.", file=str(folder))
        record = FORM.read(path)
        gone = record.state == "running" and not is_alive(record.process)
        return replace(record, state="interrupted", process={}) if gone else record


FORM = Form(RunRecord, RunError, "Train the run again, or delete its folder.", FORMAT_VERSION, most_bytes=2**20)


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
        """The trained `Recommender`."""
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
    dataset = load_dataset(dataset_folder or _dataset_folder(folder, record))
    if dataset.fingerprint != record.dataset_fingerprint:
        raise RunError(
            f"The run {folder} was trained on data with fingerprint {record.dataset_fingerprint[:12]}; "
            f"the dataset {dataset.name!r} has {dataset.fingerprint[:12]}.",
            "Use the dataset that the run was trained on, or train again on this one.",
            run_fingerprint=record.dataset_fingerprint,
            dataset_fingerprint=dataset.fingerprint,
        )
    return Run(folder, record, dataset)


def relative_dataset_path(run_folder: Path, dataset_folder: Path) -> str:
    """How `run.json` names its dataset: relative to the run folder."""
    return os.path.relpath(dataset_folder.resolve(), run_folder.resolve())


def library_versions() -> dict[str, str]:
    """Our own version and those of the libraries that figures depend on."""
    found = {"gnnrec_lens": __version__, "python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def dataset_folder(run_folder: Path) -> Path:
    """Where the dataset of the run in `run_folder` lies; RequestError where it is gone, RunError for a damaged run."""
    return _dataset_folder(run_folder, RunRecord.read(run_folder))


def _dataset_folder(folder: Path, record: RunRecord) -> Path:
    path = (folder.resolve() / record.dataset_path).resolve()
    if not (path / "dataset.json").is_file():
        raise RequestError(
            f"The dataset of the run {folder} is no longer at {path}.",
            "Put it back, or name it with --dataset.",
            file=str(path),
        )
    return path
