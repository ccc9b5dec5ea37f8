"""What bombs cost: seconds until they are refused, memory of the child that reads them and growth of the server.

`python benchmarks/bench_uploads.py` prints one line a file and writes benchmarks/results/uploads.json. `cpu_seconds` is
the child's processor time, which does not depend on what else the machine does; starting it takes most of it.
"""

from __future__ import annotations

import gzip
import json
import os
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
import psutil
from common import RESULTS

from gnnrec_core.base.errors import DataError
from gnnrec_core.data.apart.sandbox import draft_apart

HEAD = b"user_id,item_id,rating,timestamp\n"


def write_bombs(folder: Path) -> list[Path]:
    """Files that are small on disk and large in memory, and one that is large in one dimension."""
    gz, parquet, wide, line, plain = (
        folder / name for name in ("gz.csv.gz", "rows.parquet", "wide.csv", "line.csv", "plain.csv")
    )
    with gzip.open(gz, "wb") as file:
        file.write(HEAD)
        for _ in range(550):
            file.write(b"u1,i1,3,1600000000\n" * 50_000)
    n = 40_000_000
    zeros = np.zeros(n, np.int64)
    pl.DataFrame({"user_id": zeros, "item_id": zeros, "rating": zeros}).write_parquet(parquet, compression="zstd")
    wide.write_bytes(b",".join(b"c%d" % n for n in range(300_000)) + b"\n" + b"1," * 299_999 + b"1\n")
    with line.open("wb") as file:
        file.write(HEAD)
        for _ in range(300):
            file.write(b"x" * 2**20)
    rows = (f"u{n % 500},i{n % 700},3,{10**9 + n}\n" for n in range(10_000))
    plain.write_bytes(HEAD + "".join(rows).encode())
    return [plain, gz, parquet, wide, line]


def cpu_of_children() -> float:
    """Processor seconds of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Read each file as the Data page would."""
    own, found = psutil.Process(os.getpid()), {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path in write_bombs(folder):
            before, start, cpu = own.memory_info().rss, time.perf_counter(), cpu_of_children()
            try:
                draft_apart(path, folder)
                said = "read"
            except DataError as error:
                said = error.message
            found[path.name] = {
                "bytes": path.stat().st_size,
                "seconds": round(time.perf_counter() - start, 2),
                "cpu_seconds": round(cpu_of_children() - cpu, 2),
                "server_growth_mb": round((own.memory_info().rss - before) / 1e6, 1),
                "largest_child_so_far_mb": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3),
                "answer": said,
            }
            print(path.name, found[path.name], flush=True)
    (RESULTS / "uploads.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
