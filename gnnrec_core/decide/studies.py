"""Searches that the app has begun: each is a folder `studies/ID` of the workspace and a process of its own.

The process is `python -m gnnrec_core search ... --resume`, so it outlives browser and server, and a study that was
stopped or killed goes on where it was. What was asked, and which process is at it, stands in `asked.json`.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import psutil
from pydantic import Field

from gnnrec_core.base.checked import STRICT, Count, Form, Moment
from gnnrec_core.base.errors import LensError, RequestError
from gnnrec_core.base.files import tail, write_json
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.decide.study import FILE, look, optuna_of_ours
from gnnrec_core.decide.trials import Found, SearchSettings
from gnnrec_core.models import MODELS
from gnnrec_core.runs.entries import DatasetEntry
from gnnrec_core.runs.heartbeat import is_same, started
from gnnrec_core.runs.jobs import launch
from gnnrec_core.runs.record import Line
from gnnrec_core.runs.workspace import Workspace, new_id

ASKED, LOG, STUDY = "asked.json", "log.txt", "study"
MOST_AT_ONCE = 1
MOST_TRIALS = 1000


@dataclass(frozen=True)
class Asked:
    """`asked.json`: the search, and the process that is at it."""

    __pydantic_config__ = STRICT
    dataset_folder: Annotated[str, Field(max_length=4096)]
    fingerprint: Line
    model: Line
    trials: Annotated[int, Field(ge=1, le=MOST_TRIALS)]
    objectives: Annotated[tuple[Line, ...], Field(min_length=1, max_length=8)]
    group_by: Line
    seed: Count
    pid: Annotated[int, Field(ge=-1, le=2**31 - 1)] = -1
    started: Moment = 0.0


FORM = Form(Asked, RequestError, "Begin the search anew.", most_bytes=2**16)


@dataclass(frozen=True)
class Study:
    """A search as it is now. `found` None: no trial has come to its end yet. `message` is the last that it said."""

    id: str
    folder: Path
    asked: Asked
    state: Literal["running", "stopped", "finished"]
    found: Found | None
    message: str = ""

    @property
    def n_ended(self) -> int:
        """Trials that have ended, early or not."""
        return len(self.found.trials) if self.found else 0


def begin(
    place: Workspace, dataset: DatasetEntry, model: str, trials: int, rules: SearchSettings, seed: int = 0
) -> str:
    """Begin a search in a process of its own; its id. RequestError on a read-only server, while another search runs,
    or for what `search` refuses; UnsupportedError without Optuna."""
    place.check_writable()
    optuna_of_ours()
    if model not in MODELS or not 1 <= trials <= MOST_TRIALS:
        raise RequestError("This search cannot begin.", f"Choose a model, and 1 to {MOST_TRIALS} trials.", value=model)
    if not int(dataset.card.get("n_validation", 0)):
        raise RequestError(
            f"{dataset.name} has no validation part, and a search looks at nothing else.",
            "Import it again with a validation part.",
        )
    folder = place.home / "studies" / new_id("s")
    asked = Asked(str(dataset.folder), dataset.fingerprint, model, trials, rules.objectives, rules.group_by, seed)
    _launch(place, folder, asked)
    return folder.name


def go_on(place: Workspace, study: Study, trials: int | None = None) -> None:
    """Take up a search that was stopped, or give one that has finished more `trials`."""
    place.check_writable()
    _launch(place, study.folder, replace(study.asked, trials=trials or study.asked.trials))


def stop(place: Workspace, study: Study) -> None:
    """End its process; what trials have ended stays, the one under way begins anew when it goes on."""
    place.check_writable()
    if is_same(study.asked.pid, study.asked.started):
        psutil.Process(study.asked.pid).send_signal(signal.SIGTERM)


def studies(place: Workspace, dataset: Dataset) -> tuple[Study, ...]:
    """The searches on this dataset, the newest first; damaged ones are left out."""
    found = []
    for folder, asked in _begun(place):
        try:
            if asked.fingerprint == dataset.fingerprint:
                found.append(_looked(folder, asked, dataset))
        except LensError:  # noted: its study is damaged; its folder says the rest
            continue
    return tuple(found)


def _begun(place: Workspace) -> Iterator[tuple[Path, Asked]]:
    """Every search that was ever begun here, the newest first, and its folder; what is not ours is passed over."""
    for path in sorted((place.home / "studies").glob(f"*/{ASKED}"), reverse=True):
        with suppress(LensError):
            yield path.parent, FORM.read(path)


def _looked(folder: Path, asked: Asked, dataset: Dataset) -> Study:
    study = folder / STUDY
    found = look(study, dataset) if (study / FILE).is_file() else None
    if is_same(asked.pid, asked.started):
        return Study(folder.name, folder, asked, "running", found)
    ended = found is not None and len(found.trials) >= asked.trials
    lines = [line for line in tail(folder / LOG, 2000).splitlines() if line.strip() and not line.startswith("trial ")]
    return Study(folder.name, folder, asked, "finished" if ended else "stopped", found, lines[-1] if lines else "")


def _launch(place: Workspace, folder: Path, asked: Asked) -> None:
    if sum(is_same(other.pid, other.started) for _, other in _begun(place)) >= MOST_AT_ONCE:
        raise RequestError("Another search is at work.", "Wait for it, or stop it.")
    folder.mkdir(parents=True, exist_ok=True)
    words = ["search", asked.dataset_folder, "--model", asked.model, "--trials", str(asked.trials), "--resume"]
    words += ["--out", str(folder / STUDY), "--no-run", "--seed", str(asked.seed), "--group-by", asked.group_by]
    words += ["--objectives", ",".join(asked.objectives)]
    with (folder / LOG).open("ab") as log:
        pid = launch(words, subprocess.DEVNULL, log)
    known = replace(asked, pid=pid, started=started(pid))
    write_json(folder / ASKED, asdict(known))
