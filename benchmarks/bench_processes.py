"""Tables divided among one, two and four processes: cost of a step, what travels, memory, and how like the figures are.

Every process is a Python of its own on one thread, as `torchrun` would start them on this machine (gloo).
`efficiency` is the CPU time that one process takes for the same steps over what all take together: on a machine with a
core for each, and a network no slower than this memory, the speed-up is that times their number. `wall_seconds` say
what this machine made of it: with fewer cores than processes they wait for each other. Writes results/processes.json.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from common import ROOT, write
from growth_world import SIZES, growth_dataset

COUNTS = (1, 2, 4)
SETTINGS = {"embedding_dim": 64, "steps": 6, "epochs": 2, "validate_every": 2, "batch_size": 8192}
CHILD = """
import json, os, resource, sys, time
from pathlib import Path
import torch
torch.set_num_threads(1)
from gnnrec_core.models.ops.parallel import Processes
from gnnrec_core.models.ops import fitting
from gnnrec_core.runs.training import train
data, out, settings, divide = json.loads(sys.argv[1])
spent, moved = [], [0]
whole_step, exchange = fitting.GradientFit.step, Processes.exchange
def counted(self, rows, send, receive):
    found = exchange(self, rows, send, receive)
    moved[0] += found.numel() * found.element_size() if self.n > 1 else 0
    return found
def step(self, batch):
    before, cpu, wall = moved[0], time.process_time(), time.perf_counter()
    loss = whole_step(self, batch)
    spent.append((time.process_time() - cpu, time.perf_counter() - wall, moved[0] - before))
    return loss
Processes.exchange, fitting.GradientFit.step = counted, step
record = train(Path(data), "lightgcn", settings, Path(out), device="cpu", divide=divide)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
after = spent[2:]  # the first ones make what is kept
print(json.dumps({"cpu": sum(s[0] for s in after) / len(after), "wall": sum(s[1] for s in after) / len(after),
                  "bytes": sum(s[2] for s in after) / len(after), "peak_gib": peak,
                  "validation": record.figures["validation"], "cut": record.figures.get("divided", {}).get("cut")}))
"""


def measured(n: int, data: Path, out: Path) -> list[dict[str, Any]]:
    """What each of `n` processes that train together says of itself."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    given = json.dumps([str(data), str(out), SETTINGS, n > 1])
    shared = {"WORLD_SIZE": str(n), "LOCAL_WORLD_SIZE": str(n), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    shared |= {"OMP_NUM_THREADS": "1"}
    children = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, given],
            cwd=ROOT,
            env=os.environ | shared | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(n)
    ]
    found = [json.loads(child.communicate()[0].splitlines()[-1]) for child in children]
    print(n, found, file=sys.stderr, flush=True)
    return found


def main() -> None:
    """Measure and write."""
    from gnnrec_core.data.store import save_dataset
    from gnnrec_core.graph import build_graph
    from gnnrec_core.models.ops.shards.parts import Parts, divide

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=SIZES, default="M")
    size = parser.parse_args().size
    dataset = growth_dataset(size)
    graph = build_graph(dataset, features=False)
    rows: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        save_dataset(dataset, Path(name) / "data")
        for n in COUNTS:
            found = measured(n, Path(name) / "data", Path(name) / f"run-{n}")
            rows[str(n)] = {
                "cpu_seconds_a_step_all_processes": round(sum(each["cpu"] for each in found), 4),
                "wall_seconds_a_step": round(max(each["wall"] for each in found), 4),
                "megabytes_received_a_step_a_process": round(max(each["bytes"] for each in found) / 1e6, 2),
                "peak_gib_a_process": round(max(each["peak_gib"] for each in found), 3),
                "validation": found[0]["validation"],
            }
    for n in COUNTS[1:]:
        parts = divide(graph, n)
        by_chance = Parts.of(np.random.default_rng(0).permutation(graph.n_nodes) % n, n, graph)
        row, one = rows[str(n)], rows["1"]
        row["efficiency"] = round(one["cpu_seconds_a_step_all_processes"] / row["cpu_seconds_a_step_all_processes"], 3)
        row["figures_differ_by"] = max(
            abs(one["validation"][key] - row["validation"][key]) for key in one["validation"]
        )
        row["cut"], row["cut_by_chance"] = round(parts.cut, 4), round(by_chance.cut, 4)
        row["rows_of_others_a_layer"] = int(parts.moved(graph).max())
        row["rows_of_others_a_layer_by_chance"] = int(by_chance.moved(graph).max())
    sizes = {"people": graph.n_users, "items": graph.n_items, "interactions": graph.n_edges // 2}
    write("processes", {"size": size, **sizes, **SETTINGS}, rows)


if __name__ == "__main__":
    main()
