import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest

from gnnrec_core.base.errors import RequestError, RunError, UnsupportedError
from gnnrec_core.base.files import write_json
from gnnrec_core.data.store import save_dataset
from gnnrec_core.models.ops import fitting, stopping
from gnnrec_core.models.ops.checkpoint import load_tensors
from gnnrec_core.models.ops.fitting import is_over
from gnnrec_core.models.protocol import Epoch
from gnnrec_core.runs import validation
from gnnrec_core.runs.heartbeat import is_alive, own_process
from gnnrec_core.runs.history import append_epoch, read_history
from gnnrec_core.runs.record import RunRecord
from gnnrec_core.runs.run import load_run
from gnnrec_core.runs.training import train
from gnnrec_core.runs.validation import Validation
from tests.worlds import make_dataset, random_dataset, two_communities

SMALL = {
    "embedding_dim": 8,
    "validate_every": 1,
    "batch_size": 32,
    "epochs": 6,
    "n_negatives": 4,
    "learning_rate": 0.05,
    "l2": 3e-4,
    "similarity": "dot",
    "temperature": 1.0,
}


@pytest.fixture
def data(tmp_path):
    save_dataset(two_communities(), tmp_path / "data")
    return tmp_path / "data"


def weights(run):
    return load_tensors(run / "model.safetensors")[0]


def same(one, other):
    return one.keys() == other.keys() and all(one[name].tobytes() == other[name].tobytes() for name in one)


@pytest.mark.parametrize("model", ["lightgcn", "gat"])
@pytest.mark.parametrize("loss", ["bpr", "softmax"])
def test_two_communities_are_told_apart(model, loss, data, tmp_path):
    train(data, model, {**SMALL, "loss": loss, "epochs": 60, "patience": 60}, tmp_path / "run", device="cpu")
    run = load_run(tmp_path / "run")
    score = run.model.score(np.arange(20))
    own = np.add.outer(np.arange(20) // 10, np.arange(20) // 10) % 2 == 0
    assert score[own].mean() > score[~own].mean() + 0.5
    assert run.record.state == "finished" and run.record.figures["validation"]["ndcg@20"] > 0.3


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(data, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        train(data, "gat", SMALL, tmp_path / name, seed=seed, device="cpu")
    assert same(weights(tmp_path / "a"), weights(tmp_path / "b"))
    assert not same(weights(tmp_path / "a"), weights(tmp_path / "c"))


def test_two_equal_trainings_write_equal_files(data, tmp_path, monkeypatch):
    train(data, "lightgcn", SMALL, tmp_path / "one")
    monkeypatch.setattr("gnnrec_core.runs.training.datetime", SimpleNamespace(now=lambda zone: LATER))
    train(data, "lightgcn", SMALL, tmp_path / "two")
    one, two = (tmp_path / name / "model.safetensors" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


LATER = datetime(2030, 1, 1, tzinfo=UTC)


def test_the_run_holds_the_best_epoch_and_its_record(data, tmp_path):
    seen = []
    record = train(
        data, "lightgcn", {**SMALL, "epochs": 40, "patience": 3}, tmp_path / "run", device="cpu", on_epoch=seen.append
    )
    history = read_history(tmp_path / "run")
    assert list(history) == seen
    best = max(history, key=lambda epoch: (epoch.validation["ndcg@20"], -epoch.epoch))
    figures = record.figures
    assert figures["best_epoch"] == best.epoch and figures["validation"] == best.validation
    assert figures["epochs_run"] == len(history)
    figures_of = [epoch.validation["ndcg@20"] for epoch in history]
    over = [is_over(figures_of[best.epoch : n], 3) for n in range(best.epoch, len(history) + 1)]
    assert not any(over[:-1]) and (over[-1] or len(history) == 40)
    assert RunRecord.read(tmp_path / "run") == record
    assert record.versions["torch"] and record.settings["epochs"] == 40
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == ["history.jsonl", "model.safetensors", "run.json"]


def test_without_a_validation_part_all_epochs_run(tmp_path):
    save_dataset(make_dataset([(u, i, "train") for u in range(6) for i in range(5) if (u + i) % 2]), tmp_path / "data")
    record = train(tmp_path / "data", "lightgcn", SMALL, tmp_path / "run", device="cpu")
    assert record.figures["epochs_run"] == record.figures["best_epoch"] == 6
    assert record.figures["validation"] == {}


CHILD = """
import sys, time
from pathlib import Path
from gnnrec_core.runs.training import train
from gnnrec_core.runs.validation import Validation
data, out, model, pause = sys.argv[1:5]
settings = {settings!r}
def rest(epoch): time.sleep(float(pause))
train(Path(data), model, settings, Path(out), device="cpu", resume=True, on_epoch=rest)
"""


def start(data, out, model, settings, pause=0.05):
    code = CHILD.format(settings=settings)
    return subprocess.Popen([sys.executable, "-c", code, str(data), str(out), model, str(pause)])


def wait_for_epochs(out, n, child):
    while len(read_history(out)) < n:
        assert child.poll() is None, "the training ended before it could be killed"
        time.sleep(0.002)


def test_a_kill_between_history_and_state_loses_one_epoch_only(data, tmp_path):
    settings = {**SMALL, "epochs": 5, "patience": 9}
    whole = train(data, "lightgcn", settings, tmp_path / "whole", device="cpu")

    def crash(epoch):
        if epoch.epoch == 3:
            raise MemoryError

    with pytest.raises(MemoryError):
        train(data, "lightgcn", settings, tmp_path / "run", device="cpu", on_epoch=crash)
    assert RunRecord.read(tmp_path / "run").state == "failed"
    append_epoch(tmp_path / "run", Epoch(4, 0.0, {}, 0.0, False))  # written, but its state was not
    with (tmp_path / "run" / "history.jsonl").open("a") as file:
        file.write('{"epoch": 5, "lo')
    again = train(data, "lightgcn", settings, tmp_path / "run", device="cpu", resume=True)
    assert same(weights(tmp_path / "run"), weights(tmp_path / "whole"))
    assert [e.loss for e in read_history(tmp_path / "run")] == [e.loss for e in read_history(tmp_path / "whole")]
    assert again.figures["best_epoch"] == whole.figures["best_epoch"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_cancels_and_keeps_the_best_so_far(number, data, tmp_path):
    child = start(data, tmp_path / "run", "lightgcn", {**SMALL, "epochs": 5000, "patience": 5000}, pause=0.01)
    wait_for_epochs(tmp_path / "run", 3, child)
    running = RunRecord.read(tmp_path / "run")
    assert running.state == "running" and is_alive(running.process)
    os.kill(child.pid, number)
    assert child.wait(240) == 0
    run = load_run(tmp_path / "run")
    history = read_history(tmp_path / "run")
    assert run.record.state == "cancelled" and run.record.figures["epochs_run"] == len(history)
    assert run.record.figures["validation"] == max((e.validation for e in history), key=lambda v: v["ndcg@20"])
    assert np.isfinite(run.model.score(np.arange(3))).all()


def test_a_time_limit_ends_training_and_resume_goes_on(data, tmp_path, monkeypatch):
    settings = {**SMALL, "epochs": 8, "patience": 8}
    train(data, "lightgcn", settings, tmp_path / "whole", device="cpu")
    clock = [0.0]
    monkeypatch.setattr(stopping, "time", SimpleNamespace(monotonic=lambda: clock[0]))

    def tick(epoch):
        clock[0] += 10.0

    record = train(data, "lightgcn", settings, tmp_path / "run", device="cpu", max_seconds=0)
    assert record.figures["stopped"] == "time limit" and record.figures["epochs_run"] == 0
    assert record.state == "cancelled"  # nothing is not finished
    record = train(data, "lightgcn", None, tmp_path / "run", device="cpu", resume=True, max_seconds=25, on_epoch=tick)
    assert record.figures["epochs_run"] == 3 and (tmp_path / "run" / "state.safetensors").is_file()
    train(data, "lightgcn", settings, tmp_path / "run", device="cpu", resume=True)
    assert same(weights(tmp_path / "run"), weights(tmp_path / "whole"))


def test_a_time_limit_within_the_first_epoch_keeps_what_it_bought(data, tmp_path, monkeypatch):
    settings = {**SMALL, "epochs": 3, "batch_size": 16}
    train(data, "lightgcn", settings, tmp_path / "whole", device="cpu")
    clock, step = [0.0], fitting.GradientFit.step

    def slow(self, batch):
        clock[0] += 10.0
        return step(self, batch)

    monkeypatch.setattr(stopping, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(fitting.GradientFit, "step", slow)
    heard = []
    record = train(data, "lightgcn", settings, tmp_path / "run", device="cpu", max_seconds=25, on_epoch=heard.append)
    assert record.state == "cancelled" and record.figures["stopped"] == "time limit"
    assert [epoch.epoch for epoch in heard] == [0] and heard[0].validation == record.figures["validation"] != {}
    assert record.figures["epochs_run"] == record.figures["best_epoch"] == 0
    run = load_run(tmp_path / "run")
    assert Validation(run.dataset)(run.model) == record.figures["validation"]
    monkeypatch.undo()
    again = train(data, "lightgcn", settings, tmp_path / "run", device="cpu", resume=True)
    assert again.figures["epochs_run"] == 3 and [e.epoch for e in read_history(tmp_path / "run")] == [1, 2, 3]
    assert same(weights(tmp_path / "run"), weights(tmp_path / "whole"))


def test_an_epoch_takes_no_more_steps_than_it_may(data, tmp_path, monkeypatch):
    seen, step = [], fitting.GradientFit.step
    monkeypatch.setattr(fitting.GradientFit, "step", lambda self, batch: seen.append(batch.size) or step(self, batch))
    train(data, "lightgcn", {**SMALL, "epochs": 2, "batch_size": 16, "steps": 3}, tmp_path / "run", device="cpu")
    assert seen == [16] * 6
    assert all(np.isfinite(epoch.loss) for epoch in read_history(tmp_path / "run"))


def test_of_very_many_people_a_sample_is_judged_and_the_record_says_so(data, tmp_path, monkeypatch):
    monkeypatch.setattr(validation, "SAMPLED_FROM", 10)
    monkeypatch.setattr(validation, "SAMPLE", 8)
    record = train(data, "lightgcn", {**SMALL, "epochs": 2}, tmp_path / "run", device="cpu")
    run = load_run(tmp_path / "run")
    judged = Validation(run.dataset)
    said, value = record.figures["validated_on"], record.figures["validation"]["ndcg@20"]
    assert judged.is_sampled and (said["people"], said["of"]) == (8, judged.n_people)
    assert judged(run.model) == record.figures["validation"]
    assert said["ndcg@20_interval"][0] <= value <= said["ndcg@20_interval"][1]


def test_what_cannot_be_resumed_is_refused_with_the_reason(data, tmp_path):
    run = tmp_path / "run"
    done = train(data, "lightgcn", SMALL, run, device="cpu")
    assert train(data, "lightgcn", None, run, device="cpu", resume=True) == done  # finished: nothing to do
    with pytest.raises(RequestError, match="exists already"):
        train(data, "lightgcn", SMALL, run, device="cpu")
    with pytest.raises(RequestError, match="started with epochs = 6"):
        train(data, "lightgcn", {"epochs": 7}, run, device="cpu", resume=True)
    with pytest.raises(RequestError, match="is lightgcn with seed 0"):
        train(data, "gat", None, run, device="cpu", resume=True)
    save_dataset(random_dataset(), tmp_path / "other")
    with pytest.raises(RunError, match="fingerprint"):
        train(tmp_path / "other", "lightgcn", None, run, device="cpu", resume=True)
    write_json(run / "run.json", replace(done, state="running", process=own_process()).to_dict())
    with pytest.raises(RequestError, match="being trained now"):
        train(data, "lightgcn", None, run, device="cpu", resume=True)


def test_overwrite_replaces_runs_and_nothing_else(data, tmp_path):
    train(data, "lightgcn", SMALL, tmp_path / "run", device="cpu")
    train(data, "lightgcn", {**SMALL, "epochs": 2}, tmp_path / "run", device="cpu", overwrite=True)
    assert RunRecord.read(tmp_path / "run").figures["epochs_run"] == 2
    with pytest.raises(RequestError, match="not a run folder"):
        train(data, "lightgcn", SMALL, data, device="cpu", overwrite=True)


def test_a_diverging_loss_is_an_error_and_the_record_says_so(data, tmp_path, monkeypatch):
    from gnnrec_core.models.ops import fitting

    monkeypatch.setattr(fitting, "bpr", lambda users, *rest: users.sum() * float("nan"))
    with pytest.raises(RunError, match="diverged in epoch 1"):
        train(data, "lightgcn", {**SMALL, "loss": "bpr"}, tmp_path / "run", device="cpu")
    record = RunRecord.read(tmp_path / "run")
    assert record.state == "failed" and "diverged" in record.error


def test_nothing_is_written_for_a_wrong_request(data, tmp_path):
    import torch

    with pytest.raises(RequestError, match=r"needs about .* GB on"):
        train(data, "lightgcn", {"batch_size": 1_000_000, "n_negatives": 100_000, "loss": "bpr"}, tmp_path / "run")
    with pytest.raises(RequestError, match="no setting"):
        train(data, "lightgcn", {"epoch": 3}, tmp_path / "run")
    with pytest.raises(RequestError, match="no device"):
        train(data, "lightgcn", SMALL, tmp_path / "run", device="tpu")
    if not torch.cuda.is_available():
        with pytest.raises(UnsupportedError, match="CUDA"):
            train(data, "lightgcn", SMALL, tmp_path / "run", device="cuda")
    assert not (tmp_path / "run").exists()


def test_the_history_is_lines_of_json(data, tmp_path):
    train(data, "lightgcn", SMALL, tmp_path / "run", device="cpu")
    lines = [json.loads(line) for line in (tmp_path / "run" / "history.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == list(range(1, 7))
    assert set(lines[0]) == {"epoch", "loss", "validation", "seconds", "is_best"}


def test_a_dead_process_and_a_reused_number_are_no_heartbeat():
    own = own_process()
    assert is_alive(own)
    assert not is_alive({**own, "started": own["started"] - 100})
    assert not is_alive({**own, "pid": 2**22 + 1}) and not is_alive({})
