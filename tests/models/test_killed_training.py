"""Kill -9 in the middle of trainings: all files stay readable, at most one epoch is lost, the weights are the same."""

import multiprocessing
import random
import time
from pathlib import Path

import pytest

from gnnrec_core.data.store import save_dataset
from gnnrec_core.models.checkpoint import load_tensors
from gnnrec_core.models.history import read_history
from gnnrec_core.models.run import RunRecord
from gnnrec_core.models.training import train
from tests.worlds import two_communities

EPOCHS = 40
SETTINGS = {"embedding_dim": 8, "batch_size": 32, "epochs": EPOCHS, "patience": EPOCHS, "schedule": "cosine"}
KILLS = 5
WARMED = (
    "gnnrec_core.models.training",
    "gnnrec_core.models.lightgcn",
    "gnnrec_core.models.gat",
    "torch._dynamo",
    __name__,
)
"""Imported once, by the process that all trainings are forked from; a fresh Python would take seconds for each kill."""


def work(data: Path, out: Path, model: str) -> None:
    """What is killed: a training with a short rest after each epoch."""
    train(data, model, SETTINGS, out, device="cpu", resume=True, on_epoch=lambda _: time.sleep(0.01))


def kill_one(data: Path, out: Path, model: str, moment: float) -> int:
    """Let the training go two epochs further, kill it after `moment` seconds more; the epochs that it had told of."""
    fork = multiprocessing.get_context("forkserver")
    fork.set_forkserver_preload(list(WARMED))
    goal = len(read_history(out)) + 2
    child = fork.Process(target=work, args=(data, out, model))
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
