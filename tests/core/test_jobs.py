"""Trainings in processes of their own: their place in line, their state, cancel without orphans, adoption."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import psutil
import pytest

from gnnrec_core.base import clock, files
from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.files import write_json
from gnnrec_core.data.store import save_dataset
from gnnrec_core.runs import heartbeat, jobs
from gnnrec_core.runs.job_files import Job, TrainRequest
from gnnrec_core.runs.record import RunRecord
from gnnrec_core.runs.workspace import Workspace
from tests.worlds import random_dataset, star

REQUEST = TrainRequest("/nowhere", "popularity", {})


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Workspace]:
    """A workspace whose jobs are ended with the test."""
    home = Workspace(tmp_path / "home", sample=tmp_path / "none")
    (home.home / "jobs").mkdir(parents=True)
    (home.home / "runs").mkdir()
    yield home
    for status in jobs.statuses(home):
        jobs._kill_session(status.job)


@pytest.fixture
def dataset_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "dataset"
    save_dataset(random_dataset(n_users=60, n_items=50), folder)
    return folder


@pytest.fixture
def sleeper() -> Iterator[psutil.Process]:
    """A process that lives until the test ends, standing in for a training."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    yield psutil.Process(process.pid)
    process.kill()
    process.wait()


def note(
    place: Workspace, name: str, number: int, process: psutil.Process | None, folder: str = "/nowhere", **changes
) -> Job:
    """A job folder by hand; without a process it is one whose process has died."""
    pid, started = (process.pid, process.create_time()) if process else (os.getpid(), 0.0)
    job = Job(name, number, replace(REQUEST, dataset_folder=folder), pid, started, **changes)
    (place.home / "jobs" / name).mkdir()
    write_json(place.home / "jobs" / name / "job.json", asdict(job))
    return job


def run_record(place: Workspace, name: str, state: str, process: psutil.Process | None) -> None:
    (place.home / "runs" / name).mkdir(exist_ok=True)
    record = RunRecord("popularity", {}, 0, "world", "..", "f", "cpu", state, "2026-11-21T00:00:00+00:00")  # type: ignore[arg-type]
    if process:
        who = {"host": socket.gethostname(), "pid": process.pid, "started": process.create_time()}
        record = replace(record, process=who)
    write_json(place.home / "runs" / name / "run.json", record.to_dict())


def until(place: Workspace, name: str, *states: str, seconds: float = 240) -> jobs.JobStatus:
    end = time.monotonic() + seconds
    while (status := jobs.status_of(place, name)).state not in states:
        over = status.state in ("failed", "finished", "cancelled", "interrupted")
        assert not over and time.monotonic() < end, f"{status.state}: {jobs.log_tail(place, name)}"
        time.sleep(0.1)
    return status


def test_a_reused_process_id_does_not_count_as_alive(place, sleeper):
    job = note(place, "r-1", 1, sleeper)
    assert jobs.is_alive(job)
    assert not jobs.is_alive(replace(job, started=job.started - 10))
    assert not jobs.is_alive(replace(job, pid=2**22 + 5))


def test_a_job_waits_for_every_older_living_job_and_for_no_other(place, sleeper, monkeypatch):
    note(place, "r-dead", 1, None)
    note(place, "r-old", 2, sleeper)
    note(place, "r-own", 3, sleeper)
    note(place, "r-young", 4, sleeper)
    pauses = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            write_json(place.home / "jobs" / "r-old" / "job.json", asdict(Job("r-old", 2, REQUEST, os.getpid(), 0.0)))

    words = jobs.wait_in_line(place.home / "jobs" / "r-own", pause)
    assert len(pauses) == 3
    assert words[:2] == ["train", "/nowhere"] and words[words.index("--out") + 1] == str(place.home / "runs" / "r-own")
    monkeypatch.setenv("GNNREC_TRAININGS", "2")
    note(place, "r-old2", 1, sleeper)
    jobs.wait_in_line(place.home / "jobs" / "r-own", lambda _: pytest.fail("two may train at once"))


def test_a_training_leaves_a_core_to_the_app(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert jobs.environment()["OMP_NUM_THREADS"] == "7"
    monkeypatch.setenv("GNNREC_TRAININGS", "3")
    assert jobs.environment()["OMP_NUM_THREADS"] == "2" and jobs.environment()["PATH"] == os.environ["PATH"]
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0}, raising=False)
    assert jobs.environment()["OMP_NUM_THREADS"] == "1"
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    assert jobs.environment()["OMP_NUM_THREADS"] == "5"


def test_the_words_of_a_training_say_all_that_was_asked(place):
    request = TrainRequest("/d", "lightgcn", {"n_layers": 2, "loss": "bpr"}, seed=7, device="cpu", max_seconds=5)
    words = jobs.train_words(place, Job("r-1", 1, request, 0, 0.0, resume=True))
    asked = "train /d --model lightgcn --seed 7 --device cpu --set n_layers=2 --set loss=bpr --out "
    assert " ".join(words).startswith(asked) and " ".join(words).endswith("r-1 --max-seconds 5 --resume")


@pytest.mark.parametrize(
    ("record", "lives", "cancelled", "resumed", "expected"),
    [
        (None, True, False, False, "queued"),
        (None, False, False, False, "failed"),
        (None, False, True, False, "cancelled"),
        ("running", True, False, False, "running"),
        ("running", True, True, False, "running"),
        ("running", False, False, False, "interrupted"),
        ("running", False, True, False, "cancelled"),
        ("interrupted", True, False, True, "queued"),
        ("cancelled", True, False, True, "queued"),
        ("finished", True, False, True, "finished"),
        ("finished", False, True, False, "finished"),
        ("failed", False, False, False, "failed"),
    ],
)
def test_the_state_follows_from_the_record_and_the_process(place, sleeper, record, lives, cancelled, resumed, expected):
    stamp = clock.now() if cancelled else None
    note(place, "r-1", 1, sleeper if lives else None, cancelled_at=stamp, resume=resumed)
    if record:
        run_record(place, "r-1", record, sleeper if lives else None)
    assert jobs.status_of(place, "r-1").state == expected


def test_a_read_only_server_shows_jobs_but_changes_none(place, sleeper, dataset_folder):
    note(place, "r-1", 1, sleeper)
    note(place, "r-2", 2, None)
    run_record(place, "r-2", "running", None)
    frozen = replace(place, read_only=True)
    assert [s.state for s in jobs.statuses(frozen)] == ["interrupted", "queued"]
    for change in (
        lambda: jobs.start(frozen, replace(REQUEST, dataset_folder=str(dataset_folder))),
        lambda: jobs.cancel(frozen, "r-1"),
        lambda: jobs.resume(frozen, "r-2"),
        lambda: jobs.forget(frozen, "r-2"),
    ):
        with pytest.raises(RequestError, match="read-only"):
            change()
    assert sleeper.is_running()


def test_a_long_line_and_unknown_jobs_are_refused(place, sleeper, dataset_folder):
    for number in range(jobs.MAX_IN_LINE):
        note(place, f"r-{number}", number + 1, sleeper)
    with pytest.raises(RequestError, match="wait in line"):
        jobs.start(place, replace(REQUEST, dataset_folder=str(dataset_folder)))
    for wrong in ("../r-1", "r-99", "", "/"):
        with pytest.raises(RequestError, match="no training"):
            jobs.cancel(place, wrong)
    with pytest.raises(RequestError, match="not over"):
        jobs.forget(place, "r-0")


def test_a_training_that_ignores_a_cancel_is_killed_with_its_children(place):
    script = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        child = psutil.Process(int(process.stdout.readline()))
        job = note(place, "r-1", 1, psutil.Process(process.pid))
        run_record(place, "r-1", "running", psutil.Process(process.pid))
        jobs.cancel(place, "r-1")
        assert jobs.status_of(place, "r-1").state == "running"
        late = replace(job, cancelled_at=clock.now() - jobs.GRACE_SECONDS - 1)
        write_json(place.home / "jobs" / "r-1" / "job.json", asdict(late))
        until(place, "r-1", "cancelled")
        process.wait(240)
    end = time.monotonic() + 240
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_training_runs_by_itself_in_a_session_of_its_own(place, dataset_folder):
    job = jobs.start(place, replace(REQUEST, dataset_folder=str(dataset_folder)))
    assert os.getsid(job.pid) == job.pid != os.getsid(0)
    status = until(place, job.id, "finished", "failed")
    assert status.state == "finished", jobs.log_tail(place, job.id)
    assert [run.id for run in place.runs()] == [job.id]
    jobs.forget(place, job.id)
    assert jobs.statuses(place) == () and [run.id for run in place.runs()] == [job.id]


def test_cancel_takes_a_waiting_job_out_and_stops_a_running_one_which_can_go_on(place, dataset_folder):
    request = TrainRequest(str(dataset_folder), "lightgcn", {"epochs": 1000, "patience": 1000}, device="cpu")
    first, second = jobs.start(place, request), jobs.start(place, request)
    assert jobs.status_of(place, second.id).ahead == 1
    jobs.cancel(place, second.id)
    assert [status.job.id for status in jobs.statuses(place)] == [first.id]
    until(place, first.id, "running")
    history = place.home / "runs" / first.id / "history.jsonl"
    end = time.monotonic() + 240
    while not history.is_file() or history.read_text().count("\n") < 3:
        assert time.monotonic() < end
        time.sleep(0.1)
    jobs.cancel(place, first.id)
    until(place, first.id, "cancelled")
    assert jobs._gone_within(first, 240)
    assert (place.home / "runs" / first.id / "model.safetensors").is_file()
    again = jobs.resume(place, first.id)
    assert again.resume and again.number > first.number
    until(place, first.id, "running", "finished")
    jobs.cancel(place, first.id)
    until(place, first.id, "cancelled", "finished")


def test_a_killed_training_is_interrupted_and_a_new_server_sees_it(place, dataset_folder):
    request = TrainRequest(str(dataset_folder), "lightgcn", {"epochs": 1000, "patience": 1000}, device="cpu")
    job = jobs.start(place, request)
    until(place, job.id, "running")
    script = f"from pathlib import Path; from gnnrec_core.runs import jobs, workspace;\
print(jobs.statuses(workspace.Workspace(Path({str(place.home)!r})))[0].state)"
    seen = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "running"
    os.kill(job.pid, signal.SIGKILL)
    until(place, job.id, "interrupted")
    assert place.run(job.id).record.state == "interrupted"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"id": "r-2"}'])
def test_a_damaged_note_is_shown_and_dismissed_and_hinders_no_other_job(place, sleeper, content):
    note(place, "r-1", 1, sleeper)
    note(place, "r-2", 2, None)
    (place.home / "jobs" / "r-2" / "job.json").write_text(content)
    assert [(status.job.id, status.state) for status in jobs.statuses(place)] == [("r-1", "queued"), ("r-2", "failed")]
    assert "job.json is damaged" in jobs.status_of(place, "r-2").message
    with pytest.raises(RequestError, match="damaged"):
        jobs.resume(place, "r-2")
    jobs.forget(place, "r-2")
    assert [status.job.id for status in jobs.statuses(place)] == ["r-1"]


def test_a_request_that_cannot_be_trained_fails_with_its_sentence(place, tmp_path):
    job = jobs.start(place, replace(REQUEST, dataset_folder=str(tmp_path / "gone")))
    status = until(place, job.id, "failed")
    assert status.message.startswith("There is no dataset at") and status.message in jobs.log_tail(
        place, job.id
    ).replace("\n", " ")


def test_a_dataset_that_a_training_waits_for_is_not_deleted(place, sleeper):
    for name in ("a", "b"):
        save_dataset(star(), place.home / "datasets" / name)
    note(place, "r-1", 1, sleeper, folder=str(place.home / "datasets" / "a"))
    with pytest.raises(RequestError, match="1 training in line needs"):
        jobs.delete_dataset(place, "a")
    jobs.delete_dataset(place, "b")
    assert [entry.id for entry in place.datasets()] == ["a"]


def test_a_run_that_waits_to_go_on_is_not_deleted(place, sleeper):
    run_record(place, "r-1", "interrupted", None)
    note(place, "r-1", 1, sleeper, resume=True)
    with pytest.raises(RequestError, match="waits in line"):
        jobs.delete_run(place, "r-1")
    assert [run.id for run in place.runs()] == ["r-1"]


def test_a_clock_that_is_set_makes_no_process_another_one(sleeper, monkeypatch):
    """psutil adds the time of the start of the machine, which the system works out from the clock of the wall."""
    since, old = heartbeat.started(sleeper.pid), sleeper.create_time()
    assert heartbeat.is_same(sleeper.pid, since) and heartbeat.is_same(sleeper.pid, old)
    real = psutil.Process.create_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: real(self) + 86_400)
    assert heartbeat.is_same(sleeper.pid, since) and not heartbeat.is_same(sleeper.pid, since + 5)


@pytest.mark.parametrize("jump", [-400 * 86_400, -3600, 3600, 400 * 86_400])
def test_a_clock_that_is_set_changes_no_state(place, sleeper, monkeypatch, jump):
    """A cancelled training keeps its time of grace, a draft and a file that is being written stay where they are."""
    note(place, "r-1", 1, sleeper, cancelled_at=clock.now())
    run_record(place, "r-1", "running", sleeper)
    draft, writing = place.new_staging(), place.home / f".x.{files._owner()}.a.tmp"
    writing.write_bytes(b"x")
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + jump)
    assert jobs.status_of(place, "r-1").state == "running" and sleeper.is_running()
    place.tidy()
    assert place.new_staging() != draft and draft.is_dir() and writing.is_file()
    late = clock.now() + 25 * 3600
    monkeypatch.setattr(clock, "now", lambda: late)
    place.tidy()
    assert not draft.exists()
