"""The workspace: listing, naming, deleting with undo, and what never becomes a path."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from gnnrec_core.base.errors import RequestError, RunError
from gnnrec_core.base.files import write_json
from gnnrec_core.data.store import load_dataset, save_dataset
from gnnrec_core.runs.heartbeat import own_process
from gnnrec_core.runs.record import RunRecord, relative_dataset_path
from gnnrec_core.runs.workspace import Workspace, workspace
from tests.worlds import checkerboard, star

HOSTILE = (
    *("../star", "..", ".", "/etc/passwd", "~", "..\\star", "%2e%2e", "a/b", "\x00", "CON", "x" * 300, "", "a\u202eb"),
    *("runs/../../star", "./d", "d;rm", "d#x", "d?x", "file:///etc", "\\\\host\\share", "…", "‥/", "*", "**/*"),
)


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "home", sample=tmp_path / "sample")


def stage(place: Workspace, dataset=None) -> Path:
    folder = place.new_staging() / "dataset"
    save_dataset(dataset or star(), folder)
    return folder


def add_run(place: Workspace, dataset_id: str, state: str = "finished") -> str:
    folder = place.new_folder_for("runs")
    folder.mkdir()
    entry = place.dataset(dataset_id)
    record = RunRecord(
        model="popularity",
        settings={},
        seed=0,
        dataset_name=entry.name,
        dataset_path=relative_dataset_path(folder, entry.folder),
        dataset_fingerprint=entry.fingerprint,
        device="cpu",
        state=state,  # type: ignore[arg-type]
        created="2026-11-21T00:00:00+00:00",
        process=own_process() if state == "running" else {},
    )
    write_json(folder / "run.json", record.to_dict())
    return folder.name


def test_an_empty_workspace_lists_nothing_and_creates_nothing(place):
    assert place.datasets() == () and place.runs() == () and place.trash() == () and place.damaged() == ()
    assert not place.home.exists()


def test_a_stored_dataset_has_its_name_and_loads_as_it_was(place):
    entry = place.store_dataset(stage(place), "  My <b>log</b>\n2026 ")
    assert entry.name == "My <b>log</b> 2026"
    assert entry.folder.parent == place.home / "datasets" and "log" not in entry.folder.name
    assert load_dataset(entry.folder).fingerprint == star().fingerprint == entry.fingerprint
    place.rename_dataset(entry.id, "Other")
    assert [e.name for e in place.datasets()] == ["Other"]
    assert load_dataset(entry.folder).name == "Other"


@pytest.mark.parametrize("name", ["", "   ", "x" * 121])
def test_a_name_that_nobody_could_read_is_refused(place, name):
    with pytest.raises(RequestError):
        place.store_dataset(stage(place), name)
    assert place.datasets() == ()


def test_runs_belong_to_data_not_to_names(place):
    first = place.store_dataset(stage(place), "A")
    second = place.store_dataset(stage(place, checkerboard()), "A")
    run = add_run(place, first.id)
    assert [r.id for r in place.runs(first.fingerprint)] == [run]
    assert place.runs(second.fingerprint) == ()
    assert place.dataset_of(place.run(run)).id == first.id


def test_delete_is_undone_by_restore(place):
    dataset = place.store_dataset(stage(place), "A")
    run = add_run(place, dataset.id)
    with pytest.raises(RequestError, match="need the dataset"):
        place.delete_dataset(dataset.id)
    gone = place.delete_run(run)
    assert place.runs() == () and [t.token for t in place.trash()] == [gone.token]
    place.delete_dataset(dataset.id)
    assert place.datasets() == ()
    for entry in place.trash():
        place.restore(entry.token)
    assert [r.id for r in place.runs()] == [run] and [d.id for d in place.datasets()] == [dataset.id]
    with pytest.raises(RequestError):
        place.restore(gone.token)
    place.delete_run(run)
    assert place.empty_trash() == 1 and place.trash() == ()


def test_a_run_whose_data_is_gone_says_so(place):
    dataset = place.store_dataset(stage(place), "A")
    run = add_run(place, dataset.id)
    (dataset.folder / "dataset.json").unlink()
    with pytest.raises(RunError, match="no longer"):
        place.dataset_of(place.run(run))


def test_notes_are_kept_and_a_run_in_training_is_left_alone(place):
    dataset = place.store_dataset(stage(place), "A")
    run, busy = add_run(place, dataset.id), add_run(place, dataset.id, "running")
    place.note_run(run, "first try: **bold** <b>")
    assert place.run(run).record.notes == "first try: **bold** <b>"
    for change in (lambda: place.note_run(busy, "x"), lambda: place.delete_run(busy)):
        with pytest.raises(RequestError, match="being trained"):
            change()
    with pytest.raises(RequestError):
        place.note_run(run, "x" * 5000)


def test_the_shipped_sample_is_listed_first_and_cannot_be_changed(place):
    own = place.store_dataset(stage(place, checkerboard()), "Own")
    save_dataset(replace(star(), name="Classics"), place.sample / "classics")
    assert [(e.id, e.shipped) for e in place.datasets()] == [("classics", True), (own.id, False)]
    with pytest.raises(RequestError, match="shipped"):
        place.rename_dataset("classics", "x")
    with pytest.raises(RequestError, match="shipped"):
        place.delete_dataset("classics")


def test_damaged_folders_are_named_not_hidden(place):
    dataset = place.store_dataset(stage(place), "A")
    run = add_run(place, dataset.id)
    (place.home / "runs" / run / "run.json").write_text("{")
    assert place.runs() == ()
    [(folder, error)] = place.damaged()
    assert folder.name == run and "damaged" in error.message


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_from_outside_becomes_a_path(place, text):
    save_dataset(star(), place.home / "star")
    for look in (place.dataset, place.run, place.staging, place.restore, place.delete_run, place.delete_dataset):
        with pytest.raises(RequestError):
            look(text)
    assert (place.home / "star" / "dataset.json").is_file()


def test_read_only_refuses_every_change(place):
    dataset = place.store_dataset(stage(place), "A")
    run = add_run(place, dataset.id)
    gone = place.delete_run(add_run(place, dataset.id))
    staged = stage(place)
    frozen = replace(place, read_only=True)
    before = sorted(str(p) for p in place.home.rglob("*"))
    changes = (
        lambda: frozen.new_staging(),
        lambda: frozen.new_folder_for("runs"),
        lambda: frozen.store_dataset(staged, "x"),
        lambda: frozen.rename_dataset(dataset.id, "x"),
        lambda: frozen.note_run(run, "x"),
        lambda: frozen.delete_run(run),
        lambda: frozen.delete_dataset(dataset.id),
        lambda: frozen.restore(gone.token),
        lambda: frozen.empty_trash(),
    )
    for change in changes:
        with pytest.raises(RequestError, match="read-only"):
            change()
    assert sorted(str(p) for p in place.home.rglob("*")) == before


def test_stale_staging_is_swept_and_fresh_staging_stays(place):
    fresh = place.new_staging()
    old = fresh.with_name("s-of-an-older-start-of-this-machine")
    old.mkdir()
    os.utime(old, (0, 0))
    place.new_staging()
    assert not old.exists() and fresh.exists()


def test_the_environment_names_the_workspace(monkeypatch, tmp_path):
    monkeypatch.setenv("GNNREC_HOME", str(tmp_path / "here"))
    assert workspace() == Workspace(tmp_path / "here")
    monkeypatch.setenv("GNNREC_READ_ONLY", "1")
    assert workspace().read_only
    monkeypatch.setenv("GNNREC_READ_ONLY", "0")
    assert not workspace().read_only
    monkeypatch.delenv("GNNREC_HOME")
    assert workspace().home.name == "workspace"
