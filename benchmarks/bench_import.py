"""How long and how much memory `data import` of a large CSV takes, beside polars and DuckDB on the same file.

Usage: python benchmarks/bench_import.py [ROWS]   (25,000,000 is the promise; 2,000,000 by default)

Each of the two libraries scans the file with ids as text, as an importer must, and aggregates: interactions and mean
rating of each item, interactions of each user, first and last time. Every job is a process of its own; all run in turn,
three times, and the best of each counts (memory that a virtual machine touches for the first time is ten times slower
than memory that was used before, so first rounds tell of the machine). The faster library is the yardstick. Writes
`results/import.json` and prints it.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 3
POLARS = """
import sys, polars as pl
scan = pl.scan_csv(sys.argv[1], schema={"userId": pl.String, "movieId": pl.String, "rating": pl.Float64,
                                        "timestamp": pl.Int64})
pl.collect_all([scan.group_by("userId").len(), scan.group_by("movieId").agg(pl.len(), pl.col("rating").mean()),
                scan.select(pl.col("timestamp").min(), pl.col("timestamp").max().alias("last"))], engine="streaming")
"""
DUCKDB = """
import sys, duckdb
columns = "{'userId': 'VARCHAR', 'movieId': 'VARCHAR', 'rating': 'DOUBLE', 'timestamp': 'BIGINT'}"
duckdb.sql(f"create view log as from read_csv('{sys.argv[1]}', columns={columns})")
duckdb.sql("select grouping_id(userId, movieId), count(*), avg(rating), min(timestamp), max(timestamp) from log "
           "group by grouping sets ((userId), (movieId))").fetchall()
"""


def generate(path: Path, n_rows: int, seed: int = 0) -> None:
    """A log of MovieLens 25M's proportions in random order: skewed users and items, half-star ratings, seconds."""
    rng = np.random.default_rng(seed)
    n_users, n_items = max(n_rows // 154, 10), max(n_rows // 423, 10)
    with path.open("wb") as file:
        for start in range(0, n_rows, 1_000_000):
            n = min(1_000_000, n_rows - start)
            frame = pl.DataFrame(
                {
                    "userId": (rng.beta(0.8, 3, n) * n_users).astype(np.int64) + 1,
                    "movieId": (rng.beta(0.6, 3, n) * n_items).astype(np.int64) + 1,
                    "rating": rng.integers(1, 11, n) / 2,
                    "timestamp": rng.integers(789_652_009, 1_574_327_703, n),
                }
            )
            frame.write_csv(file, include_header=start == 0)


def measure(words: list[str]) -> dict[str, float]:
    """Wall clock, CPU seconds and peak memory of a process; RuntimeError where it fails."""
    os.sync()  # what was written before is not this job's to wait for
    started = time.perf_counter()
    process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{words[:3]} ended with {process.returncode}")
    return {
        "seconds": round(time.perf_counter() - started, 2),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 2),
        "peak_gib": round(usage.ru_maxrss / 2**20, 2),
    }


def main() -> None:
    n_rows = int(sys.argv[1].replace(",", "").replace("_", "")) if len(sys.argv) > 1 else 2_000_000
    with tempfile.TemporaryDirectory(prefix="gnnrec-bench-") as folder:
        path = Path(folder) / "ratings.csv"
        generate(path, n_rows)
        scans = {
            "polars": [sys.executable, "-c", POLARS, str(path)],
            "duckdb": [sys.executable, "-c", DUCKDB, str(path)],
        }
        command = [sys.executable, "-m", "gnnrec_core", "data", "import", str(path), "--out", f"{folder}/d", "--json"]
        rounds: dict[str, list[dict[str, float]]] = {name: [] for name in (*scans, "import")}
        for _ in range(ROUNDS):
            for name, words in scans.items():
                rounds[name].append(measure(words))
            shutil.rmtree(f"{folder}/d", ignore_errors=True)
            rounds["import"].append(measure(command))
        best = {name: min(found, key=lambda entry: entry["seconds"]) for name, found in rounds.items()}
        own = best.pop("import")
        faster = min(best, key=lambda name: best[name]["seconds"])
        result: dict[str, Any] = {
            "benchmark": "import",
            "rows": n_rows,
            "file_mb": round(path.stat().st_size / 1e6, 1),
            "import": own,
            **best,
            "seconds_of_all_rounds": {name: [entry["seconds"] for entry in found] for name, found in rounds.items()},
            "yardstick": faster,
            "ratio": round(own["seconds"] / best[faster]["seconds"], 2),
            "cpu_ratio": round(own["cpu_seconds"] / best[faster]["cpu_seconds"], 2),
            "cores": os.cpu_count(),
            "load": round(os.getloadavg()[0], 1),
            "machine": f"{platform.system()} {platform.machine()}",
            "versions": {name: version(name) for name in ("polars", "duckdb", "numpy", "pyarrow")},
            "python": platform.python_version(),
        }
    text = json.dumps(result, indent=1)
    (ROOT / "benchmarks" / "results" / "import.json").write_text(f"{text}\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
