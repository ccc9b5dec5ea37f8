"""What checking a dataset folder costs when it is loaded: with all checks, and with none but the fingerprint.

Both in turn, on files that lie in the system's cache; the median of CPU time, so that other work on the machine counts
little. Real data (`GNNREC_BENCH_DATA`): MovieLens 100K and Gowalla.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from common import DATA, write

from gnnrec_core.data import store
from gnnrec_core.data.importing import import_source


def main() -> None:
    """Measure and write `results/loading.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    asked = parser.parse_args()
    figures = {}
    for name in ("ml-100k", "gowalla"):
        with tempfile.TemporaryDirectory() as folder:
            store.save_dataset(import_source(DATA / name), Path(folder) / "data")
            figures[name] = _measured(Path(folder) / "data", asked.rounds)
    write("loading", vars(asked), figures)


def _measured(folder: Path, rounds: int) -> dict[str, float]:
    checks = store.read_table, store.check_bounds
    spent: dict[str, list[float]] = {"checked": [], "unchecked": []}
    for _ in range(rounds + 1):
        for name in spent:
            store.read_table, store.check_bounds = checks if name == "checked" else (_plain, _nothing)
            start = time.process_time()
            store.load_dataset(folder)
            spent[name].append(time.process_time() - start)
    store.read_table, store.check_bounds = checks
    median = {name: float(np.median(values[1:])) for name, values in spent.items()}
    return {
        **{f"{name}_ms": round(1000 * value, 2) for name, value in median.items()},
        "cost": round(median["checked"] / median["unchecked"] - 1, 3),
    }


def _plain(path: Path, *_: Any) -> pl.DataFrame:
    return pl.read_parquet(path)


def _nothing(*_: Any) -> None:
    """In place of the checks."""


if __name__ == "__main__":
    main()
