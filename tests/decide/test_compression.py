"""Compression: bits by hand, a run that opens as the model it was, and reasons that are counted."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file

import gnnrec_core as gr
from gnnrec_core.base.errors import LensError, RunError, UnsupportedError
from gnnrec_core.base.settings import read_settings
from gnnrec_core.cli import main
from gnnrec_core.decide.compression import compress, save
from gnnrec_core.decide.smaller import smaller, thinned
from gnnrec_core.models.pruned import KEPT, Pruned, PrunedSettings
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


def test_each_person_keeps_a_share_of_their_interactions_and_at_least_one():
    graph = shipped().graph
    half = graph.n_edges // 2
    kept = thinned(graph, 0.25, 0)
    people, is_link = graph.edge_index[0, :half], graph.edge_type[:half] == 0
    had = np.bincount(people[is_link], minlength=graph.n_users)
    left = np.bincount(people[is_link & kept], minlength=graph.n_users)
    np.testing.assert_array_equal(left[: graph.n_users], np.maximum(np.rint(0.25 * had), had > 0)[: graph.n_users])
    assert kept[~is_link].all() and not np.array_equal(kept, thinned(graph, 0.25, 1))


def test_a_run_on_fewer_edges_opens_as_the_model_and_its_ledger_holds(tmp_path, capsys):
    out = tmp_path / "thin"
    assert main(["compress", str(RUNS / "lightgcn"), "--edges", "0.5", "--out", str(out), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["of"] == "edges" and 1.7 < found["times_smaller"] < 2.1 and 0 < found["same_reason"]["value"] < 1
    run, base = load_run(out), shipped()
    expected = base.model.propagation(base.graph.without(np.flatnonzero(~thinned(base.graph, 0.5, base.record.seed))))
    np.testing.assert_allclose(run.model.embeddings(), expected.final, atol=1e-6)
    case = gr.recommend(run, "reader-0001").to_frame()["item"][0]
    assert gr.explain(run, "reader-0001", case).value.completeness_error < 1e-9
    assert not set(gr.recommend(run, "reader-0001", k=50).to_frame()["item"]) & {
        base.dataset.items.ids[item] for item in base.graph.history(0)
    }
    tensors = dict(load_file(out / "model.safetensors"))
    with pytest.raises(RunError, match="do not fit"):
        Pruned.restore(
            run.dataset, read_settings(PrunedSettings, run.record.settings), {**tensors, KEPT: tensors[KEPT][1:]}
        )


def test_a_distilled_model_is_the_large_one_seen_from_its_first_directions(tmp_path):
    base = shipped()
    width = base.model.settings.embedding_dim
    small, found = compress(base, width // 2, way="dimensions")
    assert found.times_smaller == pytest.approx(2) and 0.3 < found.reasons_kept.value < 1
    users = np.arange(base.dataset.n_users)
    scores, kept = base.model.score(users), small.model.score(users)
    drawn = np.linalg.qr(np.random.default_rng(0).normal(size=(width, width // 2)))[0]
    final = base.model.propagation().final @ drawn
    n = base.dataset.n_users
    random_error = np.square(scores - final[:n] @ final[n : n + base.dataset.n_items].T).mean()
    assert np.square(scores - kept).mean() < 0.2 * random_error
    nearly = smaller(base, "dimensions", width - 1).model.score(users)
    assert np.abs(nearly - scores).max() < np.abs(kept - scores).max()
    assert save(base, tmp_path / "small", found).model == "lightgcn"
    assert load_run(tmp_path / "small").settings.embedding_dim == width // 2


@pytest.mark.parametrize(
    ("model", "way", "amount", "says"),
    [
        ("lightgcn", "bits", 5, "not offered"),
        ("lightgcn", "edges", 1.0, "cannot be kept"),
        ("lightgcn", "dimensions", 5000, "cannot be taken"),
        ("gat", "dimensions", 4, "not linear in embeddings"),
        ("itemknn", "edges", 0.5, "passes nothing over edges"),
        ("lightgcn", "hope", 1, "no way"),
    ],
)
def test_what_cannot_be_made_smaller_is_a_sentence(model, way, amount, says):
    with pytest.raises(LensError, match=says):
        smaller(shipped(model), way, amount)
