"""Whatever lies in the workspace in place of a JSON file: it is named, and everything else goes on."""

import ast
import json
import os
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnnrec_core.base.checked import MOST_DEPTH, parse
from gnnrec_core.base.errors import DataError, LensError, RunError
from gnnrec_core.base.files import write_json
from gnnrec_core.data.store import load_dataset, save_dataset
from gnnrec_core.models.protocol import Epoch
from gnnrec_core.runs import jobs
from gnnrec_core.runs.history import append_epoch, read_history
from gnnrec_core.runs.job_files import Job, TrainRequest
from gnnrec_core.runs.record import RunRecord
from gnnrec_core.runs.reviews import add_review, reviews
from gnnrec_core.runs.workspace import Workspace
from gnnrec_ui.train.runs_view import runs_table
from gnnrec_ui.train.training_time import estimate
from tests.security.test_static_rules import ROOT, dotted
from tests.worlds import star

NO_VALUE = ("null", "5", '"x"', "true", "NaN", "[" * 100_000, "", "{}", "[]", "{", "\x00", '{"a": 1e999}', "9" * 5000)
NO_FIELD = (None, 5, -5, "x", True, [], {}, [[]], 10**400, "\ud800", 1.5, "9" * 10_000)
RUN = RunRecord("popularity", {"epochs": 3}, 0, "d", "../d", "0" * 64, "cpu", "finished", "2026-11-21T00:00:00+00:00")


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    """Two datasets, two runs and two jobs: the second of each is spoiled."""
    for name in ("a", "b"):
        save_dataset(star(), tmp_path / "datasets" / name)
        (tmp_path / "runs" / name).mkdir(parents=True)
        record = {
            **RUN.to_dict(),
            "figures": {"validation": {"ndcg@20": 0.5}, "seconds": 3.0, "seconds_per_epoch": 1.0},
        }
        record["process"] = {"host": "h", "pid": 5, "started": 1.0}
        write_json(tmp_path / "runs" / name / "run.json", record)
        append_epoch(tmp_path / "runs" / name, Epoch(1, 0.5, {"ndcg@20": 0.5}, 0.1, True))
        (tmp_path / "jobs" / name).mkdir(parents=True)
        job = Job(name, 1, TrainRequest("d", "popularity", {}), pid=2**31 - 1, started=1.0)
        write_json(tmp_path / "jobs" / name / "job.json", asdict(job))
    return Workspace(tmp_path, sample=tmp_path / "sample")


def everything(place: Workspace) -> None:
    """What the pages list, and what they make of it; nothing but our own errors, and only from the spoiled one."""
    datasets, runs, found = place.datasets(), place.runs(), jobs.statuses(place)
    named = {folder.name for folder, error in place.damaged() if error.message and error.hint}
    assert {entry.id for entry in datasets} | named >= {"a", "b"} and "a" in {entry.id for entry in datasets}
    assert {entry.id for entry in runs} | named >= {"a", "b"} and "a" in {entry.id for entry in runs}
    assert {status.job.id for status in found} == {"a", "b"}
    runs_table(runs)
    for entry in datasets:
        estimate(entry, "popularity", {}, [(run, entry.card["n_train"]) for run in runs])
    assert all(status.message is not None and (status.record is None or status.record.epochs > 0) for status in found)
    assert read_history(place.home / "runs" / "a")
    for read in (lambda: read_history(place.home / "runs" / "b"), lambda: load_dataset(place.home / "datasets" / "b")):
        try:
            read()
        except LensError as error:
            assert error.message and error.hint


FILES = ("datasets/b/dataset.json", "runs/b/run.json", "jobs/b/job.json", "runs/b/history.jsonl")


@pytest.mark.parametrize("file", FILES)
def test_a_file_that_holds_anything_else_is_named_and_the_rest_goes_on(place, file):
    for content in NO_VALUE:
        (place.home / file).write_text(content + "\n" * (content != ""), encoding="utf-8")
        everything(place)
        if file.endswith("run.json"):
            with pytest.raises(RunError, match="damaged"):
                RunRecord.read(place.home / "runs" / "b")
        if file.endswith("job.json"):
            assert "damaged" in jobs.status_of(place, "b").message
    (place.home / file).write_bytes(b"\xff\xfe")
    everything(place)
    (place.home / file).unlink()
    (place.home / file).mkdir()
    everything(place)


@pytest.mark.parametrize("file", FILES)
def test_a_field_that_holds_anything_else(place, file):
    whole = json.loads((place.home / file).read_text(encoding="utf-8"))
    refused = 0
    for name in [*whole, "unknown"]:
        for value in NO_FIELD:
            (place.home / file).write_text(json.dumps({**whole, name: value}) + "\n", encoding="utf-8")
            everything(place)
            refused += bool(place.damaged()) or not jobs.status_of(place, "b").job.number
        (place.home / file).write_text(
            json.dumps({k: v for k, v in whole.items() if k != name}) + "\n", encoding="utf-8"
        )
        everything(place)
    assert refused > 40 or file.endswith("history.jsonl")


@pytest.mark.parametrize("line", [*NO_VALUE[:6], '{"epoch": "1"}', '{"epoch": 1, "loss": NaN}'])
def test_a_history_and_reviews_with_a_line_of_something_else_say_which(place, line):
    add_review(place, "b", "u", "i", "score", "agree", "", "")
    for path in (place.home / "runs" / "b" / "history.jsonl", place.home / "reviews" / "b.jsonl"):
        path.write_text(path.read_text() + line + "\n")
    with pytest.raises(RunError, match=r"Line 2 of .* is damaged"):
        read_history(place.home / "runs" / "b")
    with pytest.raises(DataError, match=r"Line 2 of .* is damaged"):
        reviews(place, "b")


def test_what_is_damaged_can_be_moved_to_the_trash_and_nothing_else_can(place):
    (place.home / "runs" / "b" / "run.json").write_text("null")
    for name in ("a", "../a", "b/..", ""):
        with pytest.raises(LensError, match="nothing damaged"):
            place.discard_damaged("runs", name)
    gone = place.discard_damaged("runs", "b")
    assert place.damaged() == () and [entry.token for entry in place.trash()] == [gone.token]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.text(), s)
    )
)
def test_what_json_can_say_is_read_as_json_reads_it(value):
    assert parse(json.dumps(value)) == value


@given(st.binary(max_size=200))
def test_bytes_are_a_value_or_a_reason(content):
    try:
        parse(content)
    except ValueError as error:
        assert str(error)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are POSIX")
@pytest.mark.parametrize("file", FILES)
def test_a_pipe_in_the_place_of_a_file_keeps_nobody_waiting(place, file):
    (place.home / file).unlink()
    os.mkfifo(place.home / file)
    everything(place)


def test_the_end_of_a_log_is_read_however_long_it_is(place):
    log = place.home / "jobs" / "b" / "log.txt"
    with log.open("wb") as out:
        out.truncate(2**36)
        out.seek(2**36)
        out.write(b"\nthe end\xff")
    assert jobs.log_tail(place, "b").endswith("the end\ufffd")
    assert all(status.message is not None for status in jobs.statuses(place))


def test_depth_is_counted_outside_of_text():
    deep = "[" * MOST_DEPTH + "]" * MOST_DEPTH
    assert parse(deep) and parse(json.dumps({'"[[[' * 50: "[" * 500 + '\\"'}))
    with pytest.raises(ValueError, match="nested"):
        parse(f"[{deep}]")
    for content, why in (('{"a": 1, "a": 2}', "twice"), ("[Infinity]", "Infinity"), ("-1e400", "too large")):
        with pytest.raises(ValueError, match=why):
            parse(content)


def test_json_is_read_in_one_place():
    """`json.load` and `json.loads` stand in `checked.py` only, and where our own text is turned round."""
    turned_round = ROOT / "gnnrec_core" / "views" / "audit_report.py"
    for path in sorted([*(ROOT / "gnnrec_core").rglob("*.py"), *(ROOT / "gnnrec_ui").rglob("*.py")]):
        calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        found = [node.lineno for node in calls if dotted(node.func) in ("json.load", "json.loads")]
        assert path.name == "checked.py" or path == turned_round or not found, (path, found)
