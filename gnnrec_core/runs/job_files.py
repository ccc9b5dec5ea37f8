"""What is on disk of a training in line: the folder `jobs/RUN_ID` with `job.json`, what was asked and who does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from filelock import FileLock
from pydantic import Field

from gnnrec_core.base.checked import STRICT, Count, Form, Moment
from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.files import write_json
from gnnrec_core.runs.record import Line, Setting, Whole
from gnnrec_core.runs.workspace import Workspace


@dataclass(frozen=True)
class TrainRequest:
    """What `train` is asked. `settings` holds only what differs from the model's defaults."""

    __pydantic_config__ = STRICT
    dataset_folder: Annotated[str, Field(max_length=4096)]
    model: Line
    settings: Mapping[str, Setting]
    seed: Whole = 0
    device: Line = "auto"
    max_seconds: Moment | None = None

    @property
    def words(self) -> list[str]:
        """The words after `train` or `estimate` that say what is trained, and on what."""
        words = [self.dataset_folder, "--model", self.model, "--seed", str(self.seed), "--device", self.device]
        for name, value in self.settings.items():
            words += ["--set", f"{name}={value}"]
        return words


@dataclass(frozen=True)
class Job:
    """`job.json`. `number` is the place in line, from 1; `pid` with `started` names one process for good.
    `cancelled_at` is on the clock that nobody sets (`base.clock`).

    Number 0 stands for a `job.json` that cannot be read: its process is unknown, and it can only be dismissed.
    """

    __pydantic_config__ = STRICT
    id: Line
    number: Count
    request: TrainRequest
    pid: Annotated[int, Field(ge=-1, le=2**31 - 1)]
    started: Moment
    resume: bool = False
    cancelled_at: Moment | None = None


FORM = Form(Job, RequestError, "Dismiss it, and start the training anew.", most_bytes=2**20)


def folder_of(place: Workspace, job_id: str) -> Path:
    """Where the job of that run lies."""
    return place.home / "jobs" / job_id


def lock(place: Workspace) -> FileLock:
    """Held while the line changes."""
    return FileLock(place.home / "jobs" / ".lock", timeout=30)


def write(place: Workspace, job: Job) -> None:
    """Write `job.json`."""
    write_json(folder_of(place, job.id) / "job.json", asdict(job))


def read(folder: Path) -> Job:
    """The job in `folder`. RequestError where its note is damaged, or speaks of another job."""
    job = FORM.read(folder / "job.json")
    if job.id != folder.name:
        raise FORM.damaged(str(folder / "job.json"), f"it speaks of the job {job.id!r}")
    return job


def read_all(place: Workspace) -> list[Job]:
    """Every job; number 0 where its note is damaged."""
    jobs = []
    for path in (place.home / "jobs").glob("*/job.json"):
        try:
            jobs.append(read(path.parent))
        except RequestError:
            if path.exists():  # else it was forgotten by somebody else in this moment
                jobs.append(Job(path.parent.name, 0, TrainRequest("", "", {}), pid=-1, started=0.0))
    return jobs
