"""Two processes under torchrun (gloo) give the figures of one."""

import json
import subprocess
import sys

import numpy as np
import pytest

from gnnrec_core.data.store import save_dataset
from gnnrec_core.models.ops.checkpoint import load_tensors
from gnnrec_core.runs.training import train
from tests.worlds import random_dataset

SETTINGS = {"embedding_dim": 8, "batch_size": 50, "epochs": 4, "validate_every": 1, "n_negatives": 6}
SETTINGS |= {"learning_rate": 0.01, "l2": 3e-4}


@pytest.mark.parametrize(("model", "loss"), [("lightgcn", "softmax"), ("gat", "bpr")])
def test_two_processes_train_as_one(model, loss, tmp_path):
    save_dataset(random_dataset(n_users=61), tmp_path / "data")
    settings = {**SETTINGS, "loss": loss}
    one = train(tmp_path / "data", model, settings, tmp_path / "one", device="cpu")
    words = [f"--set={name}={value}" for name, value in settings.items()]
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m"]
    command += ["gnnrec_core", "train", str(tmp_path / "data"), "--model", model, "--out", str(tmp_path / "two")]
    done = subprocess.run([*command, *words, "--device", "cpu"], capture_output=True, text=True, timeout=800)
    assert done.returncode == 0, done.stderr
    figures = json.loads((tmp_path / "two" / "run.json").read_text())["figures"]
    assert figures["epochs_run"] == one.figures["epochs_run"]
    assert figures["validation"] == pytest.approx(one.figures["validation"], abs=0.02)
    first, second = (load_tensors(tmp_path / name / "model.safetensors")[0] for name in ("one", "two"))
    for name in first:
        assert np.allclose(first[name], second[name], atol=1e-4), (name, np.abs(first[name] - second[name]).max())
