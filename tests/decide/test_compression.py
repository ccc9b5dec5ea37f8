"""Compression: bits by hand, a run that opens as the model it was, and reasons that are counted."""

import json

import numpy as np
import pytest

from gnnrec_core.base.errors import RunError, UnsupportedError
from gnnrec_core.cli import main
from gnnrec_core.decide.compression import compress
from gnnrec_core.models.rounded import SCALE, WHOLE, WIDTH, read_back, rounded
from gnnrec_core.runs.run import load_run
from tests.decide.planted import RUNS, shipped


def test_rounding_by_hand():
    table = np.array([[1.27, -0.64, 0.004], [0.0, 0.0, 0.0]], np.float32)
    kept = rounded({"t": table, "bias": np.ones(3, np.float32)}, 8)
    assert kept["t" + WHOLE].tolist() == [[127, -64, 0], [0, 0, 0]] and kept["t" + SCALE][0] == pytest.approx(0.01)
    back = read_back(kept, 8)
    assert back["t"] == pytest.approx(np.array([[1.27, -0.64, 0.0], [0, 0, 0]]), abs=1e-6)
    assert back["bias"].tolist() == [1, 1, 1]
    four = rounded({"t": table}, 4)
    assert four["t" + WHOLE].shape == (2, 2) and four["t" + WHOLE].dtype == np.uint8  # three numbers in two bytes
    scale = 1.27 / 7
    assert read_back(four, 4)["t"][0] == pytest.approx([7 * scale, -4 * scale, 0])


@pytest.mark.parametrize("bits", [4, 8])
def test_no_number_is_off_by_more_than_half_a_step(bits):
    table = np.random.default_rng(0).normal(size=(50, 33)).astype(np.float32)
    back = read_back(rounded({"t": table}, bits), bits)["t"]
    step = np.abs(table).max(1, keepdims=True) / (2 ** (bits - 1) - 1)
    assert (np.abs(back - table) <= step / 2 + 1e-6).all() and back.shape == table.shape


def test_parts_that_do_not_fit_together_are_refused():
    kept = {bits: rounded({"t": np.ones((3, 4), np.float32)}, bits) for bits in (4, 8)}
    for bits, change in (
        (8, {"t" + SCALE: np.ones(2, np.float32)}),
        (8, {"t" + SCALE: np.ones(3, np.int64)}),
        (8, {"t" + SCALE: np.full(3, 1e12, np.float32)}),  # each is a weight that may be; the product is none
        (8, {"t" + WHOLE: np.ones((3, 9), np.int8)}),
        (8, {"t" + WHOLE: np.ones((3, 4), np.float32)}),
        (8, {"t" + WIDTH: np.array([4.0])}),
        (4, {"t" + WHOLE: np.ones(3, np.uint8)}),
        (4, {"t" + WHOLE: np.ones((3, 2), np.float32)}),
    ):
        with pytest.raises(RunError, match="does not fit together"):
            read_back({**kept[bits], **change}, bits)


def test_eight_bits_are_a_fourth_of_the_size_and_keep_lists_and_reasons():
    _, found = compress(shipped(), 8)
    assert found.times_smaller >= 3.5
    ndcg = next(figure for figure in found.gate.figures if figure.name == "ndcg")
    assert abs(ndcg.found.value) <= 0.01 * ndcg.incumbent
    assert found.gate.changes.overlap.value > 0.95 and found.same_reason.value > 0.95
    assert {group.grouping for group in found.groups} >= {"region", "activity"} and found.groups[0].n >= 10


def test_the_command_keeps_a_run_that_opens_as_the_model_it_was(tmp_path, capsys):
    out = tmp_path / "small"
    assert main(["compress", str(RUNS / "lightgcn"), "--bits", "4", "--out", str(out), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["times_smaller"] > 6 and 0.5 < found["same_reason"]["value"] <= 1 and found["gate"]["figures"]
    run = load_run(out)
    assert run.record.model == "rounded" and type(run.model) is type(shipped().model)
    small, _ = compress(shipped(), 4)
    users = np.arange(5)
    assert np.array_equal(run.model.score(users), small.model.score(users))
    assert (out / "model.safetensors").stat().st_size < (RUNS / "lightgcn" / "model.safetensors").stat().st_size / 6
    assert main(["explain", str(out), "--user", "reader-0001", "--item", "the-hobbit"]) == 0
    assert main(["compress", str(out), "--json"]) == 2
    assert "holds no trained tables" in capsys.readouterr().out


def test_what_has_no_table_is_refused():
    with pytest.raises(UnsupportedError, match="no table to round"):
        compress(shipped("popularity"))
