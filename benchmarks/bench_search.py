"""The search on MovieLens 100K (per-user random 8:1:1): 30 trials of LightGCN against the shipped defaults, which are
trial 0, and against as many epochs spent on trials that are never ended early. Bound: 20 minutes, one thread."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from common import movielens, write

N_TRIALS = 30
BOUND_SECONDS = 20 * 60


def main() -> None:
    """Search once, and say what it cost."""
    from gnnrec_core.data.store import save_dataset
    from gnnrec_core.decide.searching import search

    with tempfile.TemporaryDirectory() as place:
        data = Path(place) / "ml-100k"
        save_dataset(movielens(0), data)
        begun, used = time.perf_counter(), time.process_time()
        found = search(data, "lightgcn", N_TRIALS, Path(place) / "search", device="cpu")
        wall, cpu = time.perf_counter() - begun, time.process_time() - used
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
        },
    )


if __name__ == "__main__":
    main()
