"""The search on MovieLens 100K (per-user random 8:1:1): 30 trials of LightGCN against the shipped defaults, which are
trial 0, and against as many epochs spent on trials that are never ended early. Bound: 20 minutes, one thread.

The study lies in `GNNREC_BENCH_STUDY` (default: a temporary folder), where a run of this file that was killed is taken
up. Beside it a short search is killed after two trials, taken up, and compared with one that ran
through.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from common import ROOT, movielens, write

N_TRIALS = 30
BOUND_SECONDS = 20 * 60
SHORT = {"epochs": 6, "validate_every": 2}
N_SHORT = 4


@contextmanager
def place() -> Iterator[Path]:
    """Where the study lies."""
    if given := os.environ.get("GNNREC_BENCH_STUDY"):
        Path(given).mkdir(parents=True, exist_ok=True)
        yield Path(given)
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)


def searched(data: Path, folder: Path) -> tuple[Any, list[dict[str, float]]]:
    """The whole search, and what each trial has cost; a trial that was killed begins anew and counts once."""
    from gnnrec_core.decide.searching import search

    ledger = folder / "spent.json"
    spent: list[dict[str, float]] = json.loads(ledger.read_text()) if ledger.is_file() else []
    last = [time.perf_counter(), time.process_time()]

    def note(_: Any) -> None:
        now = [time.perf_counter(), time.process_time()]
        spent.append({"wall": now[0] - last[0], "cpu": now[1] - last[1]})
        last[:] = now
        ledger.write_text(json.dumps(spent))

    found = search(data, "lightgcn", N_TRIALS, folder / "search", device="cpu", resume=True, on_trial=note)
    return found, spent


def killed_is_the_same(data: Path, folder: Path) -> bool:
    """Whether a search that is killed in its third trial and taken up ends in the study of one that ran through."""
    from gnnrec_core.decide.searching import search

    def told(found: Any) -> list[Any]:
        return [replace(trial, figures={k: v for k, v in trial.figures.items() if k != "seconds"})
                for trial in found.trials]  # fmt: skip

    whole = search(data, "lightgcn", N_SHORT, folder / "whole", fixed=SHORT, device="cpu", overwrite=True)
    words = [sys.executable, "-m", "gnnrec_core", "search", str(data), "--model", "lightgcn", "--device", "cpu"]
    words += ["--trials", str(N_SHORT), "--out", str(folder / "killed"), "--no-run", "--overwrite"]
    words += [f"--set={name}={value}" for name, value in SHORT.items()]
    process = subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("trial 1"):
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()
    return told(search(data, "lightgcn", N_SHORT, folder / "killed", fixed=SHORT, device="cpu", resume=True)) == told(
        whole
    )


def main() -> None:
    """Search once, and say what it cost."""
    from gnnrec_core.data.store import save_dataset

    with place() as folder:
        data = folder / "ml-100k"
        if not data.is_dir():
            save_dataset(movielens(0), data)
        found, spent = searched(data, folder)
        same = killed_is_the_same(data, folder)
    cpu, wall = (sum(trial[clock] for trial in spent) for clock in ("cpu", "wall"))
    shipped = found.trials[0].figures["accuracy"]
    whole = [trial for trial in found.trials if not trial.ended_early]
    epochs = sum(trial.epochs for trial in found.trials)
    full = sum(trial.epochs for trial in whole) / len(whole)
    alike = found.trials[: max(1, round(epochs / full))]  # what the same epochs buy where none is ended early
    write(
        "search",
        {"dataset": "MovieLens 100K", "model": "lightgcn", "trials": N_TRIALS, "bound_seconds": BOUND_SECONDS},
        {
            "cpu_seconds": round(cpu, 1),
            "wall_seconds": round(wall, 1),
            "load": os.getloadavg()[0],
            "within_bound_by_cpu": cpu <= BOUND_SECONDS,
            "shipped_validation_ndcg@20": round(shipped, 4),
            "best_validation_ndcg@20": round(found.best.figures["accuracy"], 4),
            "at_least_shipped": found.best.figures["accuracy"] >= shipped,
            "best_settings": found.best.settings,
            "ended_early": sum(trial.ended_early for trial in found.trials),
            "epochs": epochs,
            "epochs_of_a_whole_trial": round(full, 1),
            "best_of_as_many_epochs_without_ending_early": round(max(t.figures["accuracy"] for t in alike), 4),
            "front": len(found.front),
            "importance": {name: round(share, 3) for name, share in (found.importance or {}).items()},
            "killed_and_taken_up_is_the_same_study": same,
        },
        "CPU time, one thread, of all trials; by the wall clock beside what else the machine did",
    )


if __name__ == "__main__":
    main()
