"""What one card does: steps in full and mixed precision and compiled, trainings with their figures, lists, large data.

`gpu.sh` runs it, with tables divided among all cards after it. Without a card it runs on the CPU and says so
(`device`): the same code, smaller worlds. A part is left out where less time is left than it may take (`--minutes`).
Writes results/gpu.json, and after every part, so that nothing measured is lost.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from itertools import count, islice
from typing import Any

from common import gowalla, movielens, write
from growth_world import growth_dataset

MODELS = ("lightgcn", "gat", "graphsage")
WARM, ROUNDS = 3, 10
SECONDS = {"steps": 120, "ml-100k": 60, "lists": 60, "gowalla": 150, "large": 150}
"""What a part may take."""


def synchronised(device: str) -> float:
    """The time, once the card has done what it was given."""
    import torch

    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def peak(device: str) -> float | None:
    """GiB that the card held at most since the last call; None on the CPU."""
    import torch

    if device != "cuda":
        return None
    found = torch.cuda.max_memory_allocated() / 2**30
    torch.cuda.reset_peak_memory_stats()
    return round(found, 3)


def step_seconds(model: str, dataset: Any, settings: dict[str, Any], device: str) -> dict[str, Any]:
    """Seconds of a training step, batch included, after a few that warm up."""
    from gnnrec_core.base.settings import read_settings
    from gnnrec_core.models import MODELS as KNOWN
    from gnnrec_core.models.ops.fitting import GradientFit
    from gnnrec_core.models.protocol import FitOptions

    kind = KNOWN.load(model)
    made = kind.create(dataset, read_settings(kind.settings_type, settings), 0, device)
    fit = GradientFit(made, FitOptions())
    batches = (batch for epoch in count(1) for batch in fit.batches(epoch))
    for batch in islice(batches, WARM):
        fit.step(batch)
    start = synchronised(device)
    for batch in islice(batches, ROUNDS):
        fit.step(batch)
    return {"step_ms": round(1e3 * (synchronised(device) - start) / ROUNDS, 3), "peak_gib": peak(device)}


def steps(device: str, size: str) -> dict[str, Any]:
    """Steps of each model on a world of planted tastes."""
    dataset, rows = growth_dataset(size), {}
    ways: dict[str, dict[str, Any]] = {"full": {}, "mixed": {"precision": "mixed"}}
    ways |= {"mixed, compiled": {"precision": "mixed", "compile": True}} if device == "cuda" else {}
    for model in MODELS:
        for way, settings in ways.items():
            rows[f"{model}, {way}"] = step_seconds(model, dataset, settings, device)
    return rows


def trained(dataset: Any, settings: dict[str, Any], device: str) -> dict[str, Any]:
    """LightGCN from nothing to its test figures."""
    from bench_accuracy import test_figures

    from gnnrec_core.runs.training import fit

    start = synchronised(device)
    run = fit(dataset, "lightgcn", settings, device=device)
    seconds = synchronised(device) - start
    figures = {name: round(value, 4) for name, value in test_figures(run.model.score, dataset).items()}
    return figures | {
        "seconds": round(seconds, 1),
        "epochs": run.record.figures["epochs_run"],
        "peak_gib": peak(device),
    }


def lists(device: str, size: str) -> dict[str, Any]:
    """Lists of 20 of everybody, on the device."""
    import numpy as np

    from gnnrec_core.base.settings import read_settings
    from gnnrec_core.models.lightgcn import LightGCN, LightGCNSettings
    from gnnrec_core.runs.validation import rank_on_device

    dataset = growth_dataset(size)
    model = LightGCN.create(dataset, read_settings(LightGCNSettings, {"start": "random"}), 0, device)
    people = np.arange(dataset.n_users)
    start = synchronised(device)
    found, items = model.final_factors(people)
    rank_on_device(found, items, people, model.graph.seen, 20)
    seconds = synchronised(device) - start
    return {"people": len(people), "items": dataset.n_items, "seconds": round(seconds, 3), "peak_gib": peak(device)}


def large(device: str, size: str) -> dict[str, Any]:
    """One default step and what an epoch of them would take."""
    from gnnrec_core.models.lightgcn import LightGCNSettings

    dataset = growth_dataset(size)
    found = step_seconds("lightgcn", dataset, {"start": "random"}, device)
    n_train = len(dataset.interactions.rows("train"))
    n_steps = LightGCNSettings().steps_of(n_train, 2 * n_train)
    return found | {"interactions": n_train, "steps_an_epoch": n_steps, "epoch_s": found["step_ms"] * n_steps / 1e3}


def main() -> None:
    """Measure what there is time for, and write."""
    from gnnrec_core.models.ops.device import choose_device
    from gnnrec_core.models.presets import preset_settings

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--minutes", type=float, default=10.0, help="what all parts may take together")
    parser.add_argument("--parts", nargs="+", choices=SECONDS, default=list(SECONDS))
    asked = parser.parse_args()
    device = choose_device(asked.device)
    small, big = ("L", "XL") if device == "cuda" else ("S", "M")
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "steps": lambda: steps(device, small),
        "ml-100k": lambda: trained(movielens(0), {}, device),
        "lists": lambda: lists(device, small),
        "gowalla": lambda: trained(gowalla(), preset_settings("gowalla", "lightgcn"), device),
        "large": lambda: large(device, big),
    }
    started, figures = time.monotonic(), {}
    for name in asked.parts:
        if asked.minutes * 60 - (time.monotonic() - started) < SECONDS[name]:
            figures[name] = {"left_out": "the time was used up"}
            continue
        start = time.monotonic()
        figures[name] = parts[name]() | {"part_seconds": round(time.monotonic() - start, 1)}
        write("gpu", {"device": device, "small": small, "large": big}, figures, "the clock on the wall")


if __name__ == "__main__":
    main()
