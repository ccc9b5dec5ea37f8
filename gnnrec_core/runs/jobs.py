"""Trainings in processes of their own: they outlive the browser and the server, wait in line, and can be cancelled.

A job is a folder `jobs/RUN_ID` in the workspace with `job.json` (what was asked, place in line, process id and its
start time) and `log.txt`. Its process, a session leader, waits until fewer than `GNNREC_TRAININGS` (default 1) older
jobs are alive and then becomes `python -m gnnrec_core train`. Nothing else keeps state: any server that reads the
folder sees the same jobs, so a restarted server adopts them by looking.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import psutil

from gnnrec_core.base import clock, threads
from gnnrec_core.base.errors import LensError, RequestError
from gnnrec_core.base.files import tail
from gnnrec_core.base.places import PROJECT
from gnnrec_core.runs.entries import Trashed
from gnnrec_core.runs.heartbeat import is_same, started
from gnnrec_core.runs.job_files import Job, TrainRequest, folder_of, lock, read, read_all, write
from gnnrec_core.runs.record import RunRecord, State
from gnnrec_core.runs.workspace import Workspace

MAX_IN_LINE = 20
GRACE_SECONDS = 20.0
"""How long a cancelled training may take to keep its best epoch before its processes are killed."""
MIN_FREE_BYTES = 256 * 2**20
LOG_TAIL = 4_000


@dataclass(frozen=True)
class JobStatus:
    """A job as it is now. `record` is the run's `run.json` once training has begun; `ahead` counts jobs before it."""

    job: Job
    state: State
    record: RunRecord | None
    ahead: int
    message: str

    @property
    def alive(self) -> bool:
        """Whether a process works or waits for it."""
        return self.state in ("queued", "running")


def start(place: Workspace, request: TrainRequest) -> Job:
    """Put a training in line and return at once. RequestError on a read-only server, a long line, or a full disk."""
    run_folder = place.new_folder_for("runs")
    return _launch(place, run_folder.name, request, resume=False)


def resume(place: Workspace, job_id: str) -> Job:
    """Put an interrupted or cancelled training in line again; it goes on after its last epoch."""
    place.check_writable()
    status = status_of(place, job_id)
    if status.state not in ("interrupted", "cancelled", "failed"):
        raise RequestError(f"The training {job_id} is {status.state}; there is nothing to resume.", "", value=job_id)
    if not status.job.number:
        raise RequestError(status.message, "Dismiss it, and start the training anew.", value=job_id)
    return _launch(place, job_id, status.job.request, resume=status.record is not None)


def cancel(place: Workspace, job_id: str) -> None:
    """Ask a training to stop: it keeps the best epoch so far. One that still waits in line is taken out of it."""
    place.check_writable()
    status = status_of(place, job_id)
    if not status.alive:
        return
    write(place, replace(status.job, cancelled_at=clock.now()))
    _signal(status.job, signal.SIGTERM)
    if status.record is None and _gone_within(status.job, 3.0):
        shutil.rmtree(folder_of(place, job_id))


def statuses(place: Workspace) -> tuple[JobStatus, ...]:
    """All jobs, the newest first."""
    jobs = read_all(place)
    alive = {job.number for job in jobs if is_alive(job)}
    return tuple(_look(place, job, alive) for job in sorted(jobs, key=lambda job: -job.number))


def status_of(place: Workspace, job_id: str) -> JobStatus:
    """The job of that run; RequestError where there is none. The text given is never used as a path."""
    for status in statuses(place):
        if status.job.id == job_id:
            return status
    raise RequestError(f"There is no training {job_id!r}.", "It was removed, or it ran outside the app.", value=job_id)


def forget(place: Workspace, job_id: str) -> None:
    """Remove the note of a job that has ended; its run stays."""
    place.check_writable()
    if status_of(place, job_id).alive:
        raise RequestError(f"The training {job_id} is not over.", "Cancel it first.", value=job_id)
    shutil.rmtree(folder_of(place, job_id))


def delete_dataset(place: Workspace, dataset_id: str) -> Trashed:
    """Move a dataset to the trash. RequestError while runs need it, or a training waits for it or reads it."""
    entry = place.dataset(dataset_id)
    waiting = [s.job.id for s in statuses(place) if s.alive and Path(s.job.request.dataset_folder) == entry.folder]
    if waiting:
        many = len(waiting) > 1
        raise RequestError(
            f"{len(waiting)} training{'s' if many else ''} in line need{'' if many else 's'} {entry.name!r}.",
            "Cancel them first.",
            value=dataset_id,
        )
    return place.delete_dataset(dataset_id)


def delete_run(place: Workspace, run_id: str) -> Trashed:
    """Move a run to the trash. RequestError for one that is being trained, or waits in line to go on."""
    if any(status.alive and status.job.id == run_id for status in statuses(place)):
        raise RequestError(f"The run {run_id} waits in line to be trained.", "Cancel it first.", value=run_id)
    return place.delete_run(run_id)


def log_tail(place: Workspace, job_id: str) -> str:
    """The last characters that the training printed."""
    return tail(folder_of(place, status_of(place, job_id).job.id) / "log.txt", LOG_TAIL)


def is_alive(job: Job) -> bool:
    """Whether the very process that was started for `job` still runs (a reused process id does not count)."""
    return is_same(job.pid, job.started)


def wait_in_line(job_folder: Path, pause: Callable[[float], None] = time.sleep) -> list[str]:
    """Wait for the turn of the job in `job_folder` (in the child); returns the words of the training that is due."""
    place = Workspace(job_folder.parents[1])
    with lock(place):
        own = read(job_folder)
    room = at_once()
    while sum(is_alive(job) for job in read_all(place) if job.number < own.number) >= room:
        pause(0.5)
    return train_words(place, own)


def at_once() -> int:
    """How many trainings may run at the same time: `GNNREC_TRAININGS`, default 1."""
    return max(1, int(os.environ.get("GNNREC_TRAININGS") or 1))


def environment() -> dict[str, str]:
    """What the process of a training is given: ours, with as many threads as leave one core to the app.

    Threads of numerical libraries wait for each other by keeping their cores busy. Where a core is missing, a step
    takes up to twenty times as long, and the app is slow too. `OMP_NUM_THREADS`, where it is set, is kept.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {"OMP_NUM_THREADS": str(max(1, (cores - 1) // at_once())), **threads.outside_environment()}


def launch(words: Sequence[str], out: int | IO[bytes], errors: IO[bytes]) -> int:
    """Begin `python -m gnnrec_core WORDS` in a session of its own, so that it outlives this process; its number."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gnnrec_core", *words],
        cwd=PROJECT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=errors,
        start_new_session=True,
    )
    threading.Thread(target=process.wait, daemon=True).start()  # reaps it, so that it leaves no zombie
    return process.pid


def train_words(place: Workspace, job: Job) -> list[str]:
    """The words after `python -m gnnrec_core` that do what `job` asks."""
    words = ["train", *job.request.words, "--out", str(place.home / "runs" / job.id)]
    if job.request.max_seconds is not None:
        words += ["--max-seconds", str(job.request.max_seconds)]
    return [*words, "--resume"] if job.resume else words


def _launch(place: Workspace, job_id: str, request: TrainRequest, resume: bool) -> Job:
    folder = folder_of(place, job_id)
    folder.mkdir(parents=True, exist_ok=True)
    _check_room(place)
    with lock(place), (folder / "log.txt").open("ab") as log:
        number = max((job.number for job in read_all(place)), default=0) + 1
        pid = launch(["job", str(folder)], log, log)
        job = Job(job_id, number, request, pid, started(pid), resume)
        write(place, job)
    return job


def _check_room(place: Workspace) -> None:
    waiting = sum(is_alive(job) for job in read_all(place))
    if waiting >= MAX_IN_LINE:
        raise RequestError(f"{waiting} trainings wait in line already.", "Cancel one, or wait for one to end.")
    free = shutil.disk_usage(place.home).free
    if free < MIN_FREE_BYTES:
        raise RequestError(
            f"Only {free:,} bytes are free in {place.home}.",
            f"Make room on that disk: a training begins with at least {MIN_FREE_BYTES:,} free.",
        )


def _look(place: Workspace, job: Job, alive: set[int]) -> JobStatus:
    """The state of `job`, from `run.json` and whether its process lives.

    A process that ignores a cancel for `GRACE_SECONDS` is killed with all its descendants.
    """
    record, message = _record(place, job)
    lives = job.number in alive
    if lives and job.cancelled_at is not None and not 0 <= clock.now() - job.cancelled_at <= GRACE_SECONDS:
        _kill_session(job)
        lives = is_alive(job)
    state = _state(job, record, lives)
    ahead = sum(number < job.number for number in alive) if state == "queued" else 0
    return JobStatus(job, state, record, ahead, message)


def _state(job: Job, record: RunRecord | None, lives: bool) -> State:
    cancelled = job.cancelled_at is not None
    if record is None:
        return "queued" if lives else ("cancelled" if cancelled else "failed")
    if lives and job.resume and record.state in ("interrupted", "cancelled", "failed"):
        return "queued"
    if record.state == "interrupted" and cancelled:
        return "running" if lives else "cancelled"
    return record.state


def _record(place: Workspace, job: Job) -> tuple[RunRecord | None, str]:
    folder = place.home / "runs" / job.id
    if not job.number:
        return None, f"{folder_of(place, job.id) / 'job.json'} is damaged: what was asked is not known."
    try:
        record = RunRecord.read(folder) if (folder / "run.json").is_file() else None
    except LensError as error:
        return None, error.message
    return record, record.error if record else _last_words(folder_of(place, job.id) / "log.txt")


def _last_words(log: Path) -> str:
    """What a training that never got to its `run.json` said: its error's sentence and hint, or its last line."""
    text = tail(log, LOG_TAIL)
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return " ".join(lines[-1:] if "Traceback" in text else lines[-2:])


def _process(job: Job) -> psutil.Process | None:
    try:
        return psutil.Process(job.pid) if is_same(job.pid, job.started) else None
    except (psutil.Error, ValueError):
        return None


def _signal(job: Job, number: signal.Signals) -> None:
    process = _process(job)
    if process is not None:
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            return


def _kill_session(job: Job) -> None:
    """Kill the process of `job` and all its descendants, so that a cancel leaves no orphan."""
    process = _process(job)
    if process is None:
        return
    for member in [*process.children(recursive=True), process]:
        try:
            member.kill()
        except psutil.NoSuchProcess:
            continue


def _gone_within(job: Job, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while is_alive(job):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
