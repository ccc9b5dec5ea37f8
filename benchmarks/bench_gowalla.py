"""LightGCN with d = 64 on Gowalla's published split, trained from scratch with the shipped preset, judged once on test.

`python bench_gowalla.py choose [setting=value ...]` trains on nine tenths of train with the preset, or other values
in its place, and follows NDCG@20 on the last tenth: this is how settings and the number of epochs are chosen. Without a
word it trains on all of train for the preset's epochs, judges once on test, and writes `results/gowalla.json`.
`GNNREC_BENCH_OUT` keeps the run folder of the latter, so that a stopped benchmark goes on where it was.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from common import gowalla, write

from gnnrec_core.base.settings import split_assignments

PUBLISHED = {"recall@20": 0.1830, "ndcg@20": 0.1554}


def show(epoch: Any) -> None:
    """One line an epoch."""
    figures = {name: round(value, 4) for name, value in epoch.validation.items()}
    print(epoch.epoch, round(epoch.loss, 4), figures, f"{epoch.seconds:.0f} s", flush=True)


def choose(overrides: dict[str, str]) -> None:
    """Follow the figures on a tenth of train; nothing is written and test is not looked at."""
    from gnnrec_core.data.store import save_dataset
    from gnnrec_core.models.presets import preset_settings
    from gnnrec_core.runs.training import train

    settings = {**preset_settings("gowalla", "lightgcn"), **overrides}
    with tempfile.TemporaryDirectory() as temporary:
        data = Path(temporary) / "data"
        save_dataset(gowalla(0.1), data)
        record = train(data, "lightgcn", settings, Path(temporary) / "run", device="cpu", on_epoch=show)
    print(overrides, record.figures)


def judge() -> None:
    """Train on all of train with the preset, and look at test."""
    from bench_accuracy import test_figures

    from gnnrec_core.data.store import save_dataset
    from gnnrec_core.models.presets import preset_settings
    from gnnrec_core.runs.run import load_run
    from gnnrec_core.runs.training import train

    dataset, settings = gowalla(), preset_settings("gowalla", "lightgcn")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(os.environ.get("GNNREC_BENCH_OUT", temporary))
        save_dataset(dataset, folder / "data", overwrite=True)
        start = time.process_time()
        record = train(folder / "data", "lightgcn", settings, folder / "run", device="cpu", resume=True, on_epoch=show)
        if record.state != "finished":
            sys.exit(f"The training is {record.state}; run the same command again to go on.")
        cpu = time.process_time() - start
        figures = test_figures(load_run(folder / "run").model.score, dataset)
    reached = {name: figures[name] >= wanted for name, wanted in PUBLISHED.items()}
    seconds = {"wall_seconds": round(record.figures["seconds"], 1), "cpu_seconds_of_this_process": round(cpu, 1)}
    write("gowalla", settings, {**figures, "published": PUBLISHED, "reached": reached, **seconds})


if __name__ == "__main__":
    if sys.argv[1:2] == ["choose"]:
        choose(split_assignments(sys.argv[2:]))
    else:
        judge()
