"""Tables divided among two and four processes (gloo): parts and routes by hand, figures of one process, kills."""

import contextlib
import json
import multiprocessing
import os
import signal
import socket
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.base.settings import read_settings
from gnnrec_core.cli import main
from gnnrec_core.data.store import save_dataset
from gnnrec_core.graph import build_graph
from gnnrec_core.models.lightgcn import LightGCN, LightGCNSettings
from gnnrec_core.models.ops.checkpoint import load_tensors
from gnnrec_core.models.ops.parallel import Processes
from gnnrec_core.models.ops.shards.exchange import rows_of
from gnnrec_core.models.ops.shards.parts import Parts, divide
from gnnrec_core.models.ops.shards.people import own_share, rank_together
from gnnrec_core.ranking.matrix import interaction_matrix
from gnnrec_core.ranking.topk import rank_items
from gnnrec_core.runs.history import read_history
from gnnrec_core.runs.record import RunRecord
from gnnrec_core.runs.training import train
from tests.worlds import random_dataset, two_communities

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {"embedding_dim": 8, "batch_size": 50, "epochs": 4, "validate_every": 1, "n_negatives": 6}
SETTINGS |= {"learning_rate": 0.01, "l2": 3e-4}


def one_of(rank: int, n: int, port: int, data, out, settings, resume: bool = False, rest: float = 0.0) -> None:
    """What `torchrun` would start."""
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": str(n), "LOCAL_WORLD_SIZE": str(n), "MASTER_ADDR": "127.0.0.1"}
    os.environ["MASTER_PORT"] = str(port)
    torch.set_num_threads(1)
    train(
        data, "lightgcn", settings, out, device="cpu", resume=resume, divide=True, on_epoch=lambda _: time.sleep(rest)
    )


def started(n: int, *given, what=one_of, **named) -> list:
    """`n` processes that do one thing together."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["gnnrec_core.runs.training", "gnnrec_core.models.lightgcn", "torch._dynamo"])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    children = [context.Process(target=what, args=(rank, n, port, *given), kwargs=named) for rank in range(n)]
    for child in children:
        child.start()
    return children


def answers_of(rank: int, n: int, port: int, commands: list[list[str]], out) -> None:
    """What commands that `torchrun` started print, in a file for each process."""
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": str(n), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    with (out / f"{rank}.jsonl").open("w", encoding="utf-8") as file, contextlib.redirect_stdout(file):
        for words in commands:
            assert main([*words, "--json"]) == 0


def joined(children: list) -> None:
    for child in children:
        child.join(120)
        assert child.exitcode == 0


def test_parts_are_equal_and_rows_ascend_with_nodes():
    graph = build_graph(random_dataset(n_users=31))
    parts = divide(graph, 4)
    for kind in (slice(0, 31), slice(31, 31 + graph.n_items)):
        sizes = np.bincount(parts.owner[kind], minlength=4)
        assert sizes.max() - sizes.min() <= 1
    for part in range(4):
        assert np.array_equal(parts.place[parts.nodes(part)], np.arange(len(parts.nodes(part))))


def test_communities_are_found_and_the_cut_is_counted():
    graph = build_graph(two_communities())
    parts = divide(graph, 2)
    assert parts.cut == 0 and parts.moved(graph).tolist() == [0, 0]
    owner = np.arange(graph.n_nodes) % 2
    ends = graph.forward.source, graph.forward.target
    by_chance = Parts.of(owner, 2, graph)
    assert by_chance.cut == pytest.approx(np.mean(ends[0] % 2 != ends[1] % 2))
    # Of each far item that own people have: its row comes, and their sum goes.
    far = {(int(a % 2), int(b)) for a, b in zip(*ends, strict=True) if a % 2 != b % 2}
    assert by_chance.moved(graph).tolist() == [2 * sum(part == p for part, _ in far) for p in range(2)]


def test_rows_of_a_matrix_that_stand_alone():
    starts, positions = rows_of(np.array([0, 2, 2, 5]), np.array([2, 0, 1]))
    assert starts.tolist() == [0, 3, 5, 5] and positions.tolist() == [2, 3, 4, 0, 1]


def test_gradients_are_shortened_together():
    whole = [torch.zeros(4, requires_grad=True), torch.zeros(3, requires_grad=True)]
    parts = [one.detach().clone().requires_grad_() for one in whole]
    for one, other in zip(whole, parts, strict=True):
        one.grad = torch.arange(len(one), dtype=torch.float32) + 1
        other.grad = one.grad.clone()
    torch.nn.utils.clip_grad_norm_(whole, 0.5)
    Processes().clip(parts[:1], parts[1:], 0.5)
    assert all(torch.allclose(one.grad, other.grad) for one, other in zip(whole, parts, strict=True))


@pytest.mark.parametrize(
    ("n", "more"),
    [
        (2, {"hide_batch": True, "degree_power": 0.1, "clip_norm": 0.5}),
        (4, {"layers": "learned", "loss": "bpr", "n_negatives": 2, "side_edges": 0.5}),
        (4, {}),
    ],
)
def test_divided_tables_train_as_whole_ones(n, more, tmp_path):
    save_dataset(random_dataset(n_users=61), tmp_path / "data")
    settings = {**SETTINGS, **more}
    one = train(tmp_path / "data", "lightgcn", settings, tmp_path / "one", device="cpu")
    joined(started(n, tmp_path / "data", tmp_path / "all", settings))
    found = RunRecord.read(tmp_path / "all")
    assert found.figures["divided"]["processes"] == n
    assert found.figures["best_epoch"] == one.figures["best_epoch"]
    assert found.figures["n_parameters"] == one.figures["n_parameters"]
    assert found.figures["validation"] == pytest.approx(one.figures["validation"], abs=1e-4)
    losses = [[epoch.loss for epoch in read_history(tmp_path / name)] for name in ("one", "all")]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    first, second = (load_tensors(tmp_path / name / "model.safetensors")[0] for name in ("one", "all"))
    assert first.keys() == second.keys()
    for name in first:
        assert np.allclose(first[name], second[name], atol=1e-4), name


def test_a_killed_process_is_resumed_to_the_same_weights_by_as_many_and_by_one(tmp_path):
    data, settings = tmp_path / "data", {**SETTINGS, "epochs": 12, "patience": 12}
    save_dataset(random_dataset(n_users=61), data)
    joined(started(2, data, tmp_path / "through", settings))
    for name in ("killed", "taken over"):
        children = started(2, data, tmp_path / name, settings, rest=0.05)
        while len(read_history(tmp_path / name)) < 3:
            assert all(child.is_alive() for child in children)
            time.sleep(0.005)
        for child in children:  # torchrun ends the others where one is gone
            os.kill(child.pid, signal.SIGKILL)
            child.join()
        assert RunRecord.read(tmp_path / name).state == "interrupted"
    joined(started(2, data, tmp_path / "killed", settings, resume=True))
    train(data, "lightgcn", settings, tmp_path / "taken over", device="cpu", resume=True)
    through, killed, over = (
        load_tensors(tmp_path / name / "model.safetensors")[0]["embedding.weight"]
        for name in ("through", "killed", "taken over")
    )
    assert np.array_equal(through, killed)
    assert np.allclose(through, over, atol=1e-4)


def test_people_are_shared_by_the_processes_of_a_question(tmp_path, capsys):
    run = str(ROOT / "sample_data" / "runs" / "lightgcn")
    commands = [["evaluate", run], ["audit", run, "--metrics", "coverage"], ["drivers", run, "--by", "author"]]
    for words in commands:
        assert main([*words, "--json"]) == 0
    alone = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    joined(started(2, commands, tmp_path, what=answers_of))
    together = [json.loads(line) for line in (tmp_path / "0.jsonl").read_text(encoding="utf-8").splitlines()]
    assert (tmp_path / "1.jsonl").read_text(encoding="utf-8") == ""
    for answers in (alone, together):  # sums of batches of other people are rounded in another way
        assert answers[2].pop("difference_from_lists") < 1e-7
    assert together == alone


def test_a_process_without_people_still_has_all_lists(tmp_path):
    dataset, scores = random_dataset(), np.random.default_rng(0).random((40, 40))
    seen = interaction_matrix(dataset, "train")
    users = np.array([3, 1])
    expected = rank_items(lambda u: scores[u][:, : dataset.n_items], users, seen, 5)
    found = rank_together(lambda u: scores[u][:, : dataset.n_items], users, seen, 5)
    assert np.array_equal(found.item_index, expected.item_index)
    assert own_share(np.arange(5)).tolist() == [0, 1, 2, 3, 4]


def test_what_needs_all_tables_is_refused():
    dataset, settings = random_dataset(), read_settings(LightGCNSettings, {"contrast": "simgcl"})
    with pytest.raises(UnsupportedError, match="no tables are divided"):
        LightGCN.create_divided(dataset, settings, 0, "cpu", Processes())
