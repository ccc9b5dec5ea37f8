"""Files of another version or of none: refused with what to do, never read half."""

import json

import numpy as np
import pytest

from gnnrec_core.base.errors import LensError, RunError
from gnnrec_core.data import card
from gnnrec_core.data.store import load_dataset, save_dataset
from gnnrec_core.models.ops import checkpoint
from gnnrec_core.models.ops.checkpoint import load_tensors, save_tensors
from gnnrec_core.runs.record import RunRecord
from gnnrec_core.runs.training import train
from tests.worlds import make_dataset

PAIRS = [(0, 0, "train"), (0, 1, "train"), (1, 1, "train"), (1, 0, "test")]


@pytest.fixture
def home(tmp_path):
    """A dataset `d`, and a run `r` on it."""
    save_dataset(make_dataset(PAIRS), tmp_path / "d")
    train(tmp_path / "d", "popularity", {}, tmp_path / "r", device="cpu")
    return tmp_path


def change(path, **values):
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_what_a_newer_version_wrote_is_refused_with_what_to_do(home, monkeypatch):
    monkeypatch.setattr(checkpoint, "FORMAT_VERSION", 2)
    save_tensors(home / "r" / "model.safetensors", {"w": np.zeros(1, np.float32)}, {})
    monkeypatch.undo()
    change(home / "d" / "dataset.json", format_version=card.FORMAT_VERSION + 1)
    change(home / "r" / "run.json", format_version=2, a_field_of_tomorrow=1)
    for read, what in (
        (load_tensors, home / "r" / "model.safetensors"),
        (load_dataset, home / "d"),
        (RunRecord.read, home / "r"),
    ):
        with pytest.raises(LensError, match=r"has format 2.* we read up to 1") as error:
            read(what)
        assert str(what) in error.value.message and error.value.hint == "Update GNNRec Lens."


@pytest.mark.parametrize(
    "values",
    [
        {"format_version": "one"},
        {"format_version": None},
        {"settings": [1]},
        {"figures": None},
        {"process": "me"},
        {"state": "happy", "process": {}},
        {"seed": "x"},
        {"model": ["lightgcn"]},
        {"unknown": 1},
    ],
    ids=str,
)
def test_a_record_that_holds_anything_else_is_damaged(home, values):
    change(home / "r" / "run.json", **values)
    with pytest.raises(RunError, match="is damaged"):
        RunRecord.read(home / "r")
