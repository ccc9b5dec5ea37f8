"""LightGCN with d = 64 on Gowalla's published split, trained from scratch with the shipped preset, judged once on test.

`python bench_gowalla.py choose` trains with the preset on nine tenths of train and follows NDCG@20 on the last tenth:
this is how the settings and the number of epochs of the preset were chosen. Without a word it trains on all of train
for the preset's epochs, checks the time, and writes `results/gowalla.json`. `GNNREC_BENCH_OUT` keeps the run folder, so
that a stopped benchmark goes on where it was.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from common import gowalla, write

PUBLISHED = {"recall@20": 0.1830, "ndcg@20": 0.1554}


def show(epoch: Any) -> None:
    """One line an epoch."""
    figures = {name: round(value, 4) for name, value in epoch.validation.items()}
    print(epoch.epoch, round(epoch.loss, 4), figures, f"{epoch.seconds:.0f} s", flush=True)


def main(choose: bool) -> None:
    """Train and judge."""
    from bench_accuracy import test_figures

    from gnnrec_core.data.store import save_dataset
    from gnnrec_core.models.presets import preset_settings
    from gnnrec_core.models.run import load_run
    from gnnrec_core.models.training import train

    dataset = gowalla(0.1 if choose else 0.0)
    settings = preset_settings("gowalla", "lightgcn")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(os.environ.get("GNNREC_BENCH_OUT", temporary))
        data, out = folder / ("data-choose" if choose else "data"), folder / ("choose" if choose else "run")
        save_dataset(dataset, data, overwrite=True)
        start = time.process_time()
        record = train(data, "lightgcn", settings, out, device="cpu", resume=True, on_epoch=show)
        cpu = time.process_time() - start
        if choose:
            print(record.figures)
            return
        figures = test_figures(load_run(out).model.score, dataset)
    reached = {name: figures[name] >= wanted for name, wanted in PUBLISHED.items()}
    seconds = {"wall_seconds": round(record.figures["seconds"], 1), "cpu_seconds_here": round(cpu, 1)}
    write("gowalla", settings, {**figures, "published": PUBLISHED, "reached": reached, **seconds})


if __name__ == "__main__":
    main(sys.argv[1:] == ["choose"])
