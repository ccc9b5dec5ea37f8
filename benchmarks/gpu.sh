#!/bin/sh
# Everything on one card (or all of a machine) in ten minutes: sh benchmarks/gpu.sh [PYTHON]
# results/gpu.json has the figures; the last lines are a training with tables divided among all cards by NCCL.
set -eu
cd "$(dirname "$0")/.."
PYTHON="${1:-.venv/bin/python}"
OUT="$(mktemp -d)"
trap 'rm -rf "$OUT"' EXIT
"$PYTHON" -c 'import torch; torch.cuda.is_available() or print("No card that torch can use: this measures the CPU.")'
timeout 480 "$PYTHON" benchmarks/bench_gpu.py --minutes 8
CARDS="$("$PYTHON" -c 'import torch; print(max(1, torch.cuda.device_count()))')"
"$PYTHON" -c '
import sys; sys.path.insert(0, "benchmarks")
from pathlib import Path
from growth_world import growth_dataset
from gnnrec_core.data.store import save_dataset
save_dataset(growth_dataset("M"), Path(sys.argv[1]) / "data")' "$OUT"
timeout 110 "$PYTHON" -m torch.distributed.run --standalone --nproc-per-node="$CARDS" -m gnnrec_core train "$OUT/data" \
  --model lightgcn --divide --set start=random --set epochs=3 --set validate_every=3 --calibrate no --out "$OUT/run"
