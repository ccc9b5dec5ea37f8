"""One training step (batch 2,048, 3 layers, d = 64, BPR) against bare sparse products and against peers, in one run;
beside it a step and a batch of the default settings (8,192 interactions, softmax over 1,024 shared negatives).

Peers: PyG's own `LightGCN` class called with `edge_index` as in its example; the authors' PyTorch way, rebuilt here
(COO adjacency, `torch.sparse.mm` a layer, stack and mean); RecBole 1.2.1 where `GNNREC_RECBOLE_PYTHON` names a Python
that has it (measured by a child process on the same data). Once on one thread (CPU time) and once on two (wall clock;
only a machine that does nothing else gives figures then).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import count
from typing import Any

from common import gowalla, movielens, seconds, write

BATCH, DIM, LAYERS = 2048, 64, 3
SETTINGS = {"batch_size": BATCH, "embedding_dim": DIM, "n_layers": LAYERS, "loss": "bpr", "n_negatives": 1, "l2": 1e-4}

RECBOLE = """
import json, sys, time, statistics, torch
data, threads = sys.stdin.readline().rstrip().rsplit(" ", 1)
torch.set_num_threads(int(threads))
clock = time.process_time if threads == "1" else time.perf_counter
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.utils import init_seed
from recbole.model.general_recommender import LightGCN
sys.argv = sys.argv[:1]
config = Config(model="LightGCN", dataset="ml-100k", config_dict={
    "data_path": data, "train_batch_size": 2048, "embedding_size": 64, "n_layers": 3, "use_gpu": False,
    "load_col": {"inter": ["user_id", "item_id"]}, "show_progress": False, "state": "ERROR",
    "eval_args": {"split": {"RS": [0.8, 0.1, 0.1]}, "group_by": "user", "order": "RO", "mode": "full"}})
init_seed(0, True)
dataset = create_dataset(config)
train, _, _ = data_preparation(config, dataset)
model = LightGCN(config, train.dataset)
optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
times = []
for batch in train:
    start = clock()
    optimiser.zero_grad()
    model.calculate_loss(batch).backward()
    optimiser.step()
    times.append(clock() - start)
print(json.dumps({"step": statistics.median(times[2:]), "batch": len(batch), "steps": len(times)}))
"""


def our_step(dataset: Any, model_name: str, settings: dict[str, Any] = SETTINGS) -> tuple[float, float, Any]:
    """Seconds of our step, of drawing one batch, and the model."""
    from gnnrec_core.base.settings import read_settings
    from gnnrec_core.models import MODELS
    from gnnrec_core.models.ops.fitting import GradientFit
    from gnnrec_core.models.protocol import FitOptions

    model_type = MODELS.load(model_name)
    model = model_type.create(dataset, read_settings(model_type.settings_type, settings), 0, "cpu")
    fit = GradientFit(model, FitOptions())
    batches = (batch for epoch in count(1) for batch in fit.batches(epoch))
    batch = next(batches)
    draw = seconds(lambda: next(batches), rounds=9)
    return seconds(lambda: fit.step(batch), rounds=25, warmup=10), draw, (model, batch)


def bare_products(model: Any) -> float:
    """The six sparse products that a step cannot do without: three of the embeddings and three of the gradient, each of
    the result of the one before."""
    import torch

    from gnnrec_core.models.ops.sparse import csr_tensor

    operator = csr_tensor(model.graph.normalised_adjacency)
    starts = [torch.randn(model.graph.n_nodes, DIM) for _ in range(2)]

    def six() -> None:
        for x in starts:
            for _ in range(LAYERS):
                x = operator @ x

    return seconds(six, rounds=25, warmup=10)


def pyg_step(model: Any, batch: Any) -> float:
    """PyG's class as its example uses it: message passing over edge_index, its own BPR loss."""
    import torch
    from torch_geometric.nn.models import LightGCN

    peer = LightGCN(model.graph.n_nodes, DIM, num_layers=LAYERS)
    optimiser = torch.optim.Adam(peer.parameters(), lr=1e-3)
    edge_index = torch.from_numpy(model.graph.edge_index.copy())
    n = model.graph.n_users
    users, good, bad = batch.users, batch.items + n, batch.negatives[:, 0] + n
    pairs = torch.stack([torch.cat([users, users]), torch.cat([good, bad])])

    def step() -> None:
        optimiser.zero_grad()
        positive, negative = peer(edge_index, pairs).chunk(2)
        nodes = torch.cat([users, good, bad]).unique()
        peer.recommendation_loss(positive, negative, node_id=nodes, lambda_reg=1e-4).backward()
        optimiser.step()

    return seconds(step, rounds=9, warmup=3)


def authors_step(model: Any, batch: Any) -> float:
    """The way of the authors' PyTorch code, written anew: COO adjacency, one `torch.sparse.mm` a layer, stack, mean."""
    import numpy as np
    import torch
    from torch.nn import functional

    matrix = model.graph.normalised_adjacency.tocoo()
    index = torch.from_numpy(np.stack([matrix.row, matrix.col]).astype(np.int64))
    values = torch.from_numpy(matrix.data.astype(np.float32))
    adjacency = torch.sparse_coo_tensor(index, values, matrix.shape, check_invariants=False).coalesce()
    users = torch.nn.Embedding(model.graph.n_users, DIM)
    items = torch.nn.Embedding(model.graph.n_items, DIM)
    optimiser = torch.optim.Adam([*users.parameters(), *items.parameters()], lr=1e-3)
    u, i, j = batch.users, batch.items, batch.negatives[:, 0]

    def step() -> None:
        layers = [torch.cat([users.weight, items.weight])]
        for _ in range(LAYERS):
            layers.append(torch.sparse.mm(adjacency, layers[-1]))
        all_users, all_items = torch.stack(layers, dim=1).mean(1).split([model.graph.n_users, model.graph.n_items])
        good, bad = (all_users[u] * all_items[i]).sum(1), (all_users[u] * all_items[j]).sum(1)
        ego = users(u).norm(2).pow(2) + items(i).norm(2).pow(2) + items(j).norm(2).pow(2)
        loss = functional.softplus(bad - good).mean() + 1e-4 * ego / 2 / len(u)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    return seconds(step, rounds=9, warmup=3)


def recbole_step() -> dict[str, Any] | None:
    """RecBole's own LightGCN, loss and batches in a child process; None where it is not at hand."""
    import torch
    from common import DATA

    python = os.environ.get("GNNREC_RECBOLE_PYTHON")
    if not python:
        return None
    asked = f"{DATA} {torch.get_num_threads()}\n"
    done = subprocess.run([python, "-W", "ignore", "-c", RECBOLE], input=asked, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"RecBole failed:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def compare(dataset: Any, with_pyg: bool) -> dict[str, Any]:
    """All steps on one dataset, in milliseconds, and the ratios that matter."""
    ours, draw, (model, batch) = our_step(dataset, "lightgcn")
    bare = bare_products(model)
    gat, _, _ = our_step(dataset, "gat")
    default, default_draw, _ = our_step(dataset, "lightgcn", {})
    authors = authors_step(model, batch)
    found = {
        "lightgcn_step_ms": ours * 1e3,
        "gat_step_ms": gat * 1e3,
        "draw_batch_ms": draw * 1e3,
        "default_settings_step_ms": default * 1e3,
        "default_settings_draw_batch_ms": default_draw * 1e3,
        "six_bare_products_ms": bare * 1e3,
        "authors_way_step_ms": authors * 1e3,
        "step_over_bare": ours / bare,
        "authors_over_ours": authors / ours,
    }
    if with_pyg:
        pyg = pyg_step(model, batch)
        found |= {"pyg_step_ms": pyg * 1e3, "pyg_over_ours": pyg / ours}
    return {name: round(value, 3) for name, value in found.items()}


def on_threads(n_threads: int) -> dict[str, Any]:
    """All comparisons on as many threads."""
    import torch

    torch.set_num_threads(n_threads)
    figures: dict[str, Any] = {"ml-100k": compare(movielens(0), with_pyg=True)}
    recbole = recbole_step()
    if recbole is None:
        figures["recbole"] = "not measured: GNNREC_RECBOLE_PYTHON is not set"
    else:
        ratio = recbole["step"] * 1e3 / figures["ml-100k"]["lightgcn_step_ms"]
        figures["recbole"] = {"step_ms": round(recbole["step"] * 1e3, 3), "recbole_over_ours": round(ratio, 3)}
    figures["gowalla"] = compare(gowalla(), with_pyg=False)
    return figures


def main() -> None:
    """Measure and write `results/training.json`. Each number of threads has a process of its own: what one leaves in
    memory would serve the other."""
    if len(sys.argv) > 1:
        print(json.dumps(on_threads(int(sys.argv[1]))))
        return
    figures = {}
    for n_threads, clock in {1: "CPU time", 2: "wall clock"}.items():
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": str(n_threads)}  # numpy's; torch's are set by the child
        command = [sys.executable, __file__, str(n_threads)]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        figures[f"{n_threads} thread{'s' * (n_threads > 1)}, {clock}"] = json.loads(done.stdout.splitlines()[-1])
    write("training", SETTINGS, figures, "as named beside the threads")


if __name__ == "__main__":
    main()
