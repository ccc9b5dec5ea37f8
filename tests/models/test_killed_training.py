"""Kill -9 and a full disk in the middle of trainings: all files stay readable, at most one epoch is lost, the weights
are those of a training that went through.
"""

import multiprocessing
import random
import time
from pathlib import Path
from typing import Any

import pytest

from gnnrec_core.base.errors import RequestError
from gnnrec_core.data.store import save_dataset
from gnnrec_core.models.ops.checkpoint import load_tensors
from gnnrec_core.runs.history import read_history
from gnnrec_core.runs.record import RunRecord
from gnnrec_core.runs.training import train
from tests.worlds import two_communities

EPOCHS = 40
SETTINGS = {"embedding_dim": 8, "batch_size": 32, "epochs": EPOCHS, "patience": EPOCHS, "schedule": "cosine"}
KILLS = 5
WARMED = (
    "gnnrec_core.runs.training",
    "gnnrec_core.models.lightgcn",
    "gnnrec_core.models.gat",
    "torch._dynamo",
    __name__,
)
"""Imported once, by the process that all trainings are forked from; a fresh Python would take seconds for each kill."""


def work(data: Path, out: Path, model: str) -> None:
    """What is killed: a training with a short rest after each epoch."""
    train(data, model, SETTINGS, out, device="cpu", resume=True, on_epoch=lambda _: time.sleep(0.01))


def work_and_tell(data: Path, out: Path, told: Path) -> None:
    """A training that cannot go on, and what it says."""
    try:
        work(data, out, "lightgcn")
    except RequestError as error:
        told.write_text(f"{error.message} {error.hint}")


def forks() -> Any:
    """Where processes come from that have imported all that a training needs."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(WARMED))
    return context


def kill_one(data: Path, out: Path, model: str, moment: float) -> int:
    """Let the training go two epochs further, kill it after `moment` seconds more; the epochs that it had told of."""
    goal = len(read_history(out)) + 2
    child = forks().Process(target=work, args=(data, out, model))
    child.start()
    while len(read_history(out)) < goal:
        assert child.is_alive(), "the training ended before it could be killed"
        time.sleep(0.002)
    time.sleep(moment)
    child.kill()
    child.join()
    child.close()
    return len(read_history(out))


def saved_epoch(out: Path) -> int:
    """The epoch that a resumed training goes on from; every file of the run has been read whole."""
    assert RunRecord.read(out).state == "interrupted"
    numbers = [epoch.epoch for epoch in read_history(out)]
    assert numbers == list(range(1, len(numbers) + 1))
    return int(load_tensors(out / "state.safetensors", finite=False)[1]["training"]["epoch"])


@pytest.mark.parametrize("model", ["lightgcn", "gat"])
@pytest.mark.parametrize("n_runs", [1, pytest.param(10, marks=[pytest.mark.long, pytest.mark.timeout(3600)])])
def test_a_training_that_is_killed_five_times_ends_with_the_same_weights(model, n_runs, tmp_path):
    data, draw = tmp_path / "data", random.Random(n_runs)
    save_dataset(two_communities(), data)
    train(data, model, SETTINGS, tmp_path / "whole", device="cpu")
    expected = (load_tensors(tmp_path / "whole" / "model.safetensors")[0], read_history(tmp_path / "whole"))
    for number in range(n_runs):
        out = tmp_path / f"run-{number}"
        for _ in range(KILLS):
            told = kill_one(data, out, model, draw.uniform(0, 0.08))
            assert told - saved_epoch(out) <= 1
        train(data, model, None, out, device="cpu", resume=True)
        weights = load_tensors(out / "model.safetensors")[0]
        assert {name: value.tobytes() for name, value in weights.items()} == {
            name: value.tobytes() for name, value in expected[0].items()
        }
        assert [epoch.loss for epoch in read_history(out)] == [epoch.loss for epoch in expected[1]]
        assert sorted(path.name for path in out.iterdir()) == ["history.jsonl", "model.safetensors", "run.json"]


def test_a_training_whose_disk_is_full_says_so_and_goes_on_when_there_is_room(small_disk, tmp_path):
    data, out = tmp_path / "data", small_disk / "run"
    save_dataset(two_communities(), data)
    train(data, "lightgcn", SETTINGS, tmp_path / "whole", device="cpu")

    kill_one(data, out, "lightgcn", 0.0)
    with pytest.raises(OSError, match="No space"), (small_disk / "filler").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    epoch = saved_epoch(out)
    for _ in range(10):
        child = forks().Process(target=work_and_tell, args=(data, out, tmp_path / "said"))
        child.start()
        child.join()
        said = (tmp_path / "said").read_text()
        assert f"{out}/" in said and "could not be written: No space left" in said and "bytes" in said
        assert saved_epoch(out) == epoch
    (small_disk / "filler").unlink()
    train(data, "lightgcn", None, out, device="cpu", resume=True)
    ended = [load_tensors(folder / "model.safetensors")[0] for folder in (out, tmp_path / "whole")]
    assert {name: value.tobytes() for name, value in ended[0].items()} == {
        name: value.tobytes() for name, value in ended[1].items()
    }
