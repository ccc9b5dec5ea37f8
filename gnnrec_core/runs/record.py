"""The record of a run: what `run.json` says, and where the run's dataset lies."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, GetPydanticSchema
from typing_extensions import TypedDict

from gnnrec_core import __version__
from gnnrec_core.base.checked import STRICT, Count, Form, Moment, ProcessNumber
from gnnrec_core.base.errors import RequestError, RunError
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


def dataset_folder(run_folder: Path) -> Path:
    """Where the dataset of the run in `run_folder` lies; RequestError where it is gone, RunError for a damaged run."""
    return data_of(run_folder, RunRecord.read(run_folder))


def data_of(folder: Path, record: RunRecord) -> Path:
    """Where the dataset lies that the `record` in `folder` names; RequestError where it is gone."""
    path = (folder.resolve() / record.dataset_path).resolve()
    if not (path / "dataset.json").is_file():
        raise RequestError(
            f"The dataset of the run {folder} is no longer at {path}.",
            "Put it back, or name it with --dataset.",
            file=str(path),
        )
    return path


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
