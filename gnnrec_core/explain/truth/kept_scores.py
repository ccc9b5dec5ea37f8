"""Scores of one person after a training without some interactions, kept in the run folder so that nobody trains twice.

A file is named by what was removed, the person, the seed, the epochs and the run; what is damaged, or belongs to other
data, counts as not there.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from gnnrec_core.base.errors import LensError, RequestError
from gnnrec_core.data.dataset import FloatArray, IntArray
from gnnrec_core.models.ops.checkpoint import load_tensors, save_tensors
from gnnrec_core.runs.run import Run

FOLDER = "retrained"
SCORES = "scores"
MAX_KEPT = 2000
"""Score files in one run folder; the oldest go first."""


def epochs_of(run: Run) -> int:
    """Epochs whose parameters the run holds."""
    return int(run.record.figures.get("best_epoch") or run.record.figures.get("epochs_run") or 1)


def _path(run: Run, user_index: int, edges: IntArray, seed: int) -> Path:
    pairs = run.graph.ends(np.unique(np.asarray(edges, np.int64) % max(1, run.graph.n_edges // 2)))
    mark = hashlib.sha256(np.ascontiguousarray(pairs, np.int64).tobytes())
    mark.update(f"|{user_index}|{seed}|{epochs_of(run)}|{run.record.created}".encode())
    return run.place / FOLDER / f"{mark.hexdigest()[:32]}.safetensors"


def kept_scores(run: Run, user_index: int, edges: IntArray, seed: int) -> FloatArray | None:
    """Scores `[n_items]` from disk; None where there are none, or they are damaged: then they are computed again."""
    path = None if run.folder is None else _path(run, user_index, edges, seed)
    if path is None or not path.is_file():
        return None
    try:
        tensors, card = load_tensors(path)
    except LensError:
        return None
    scores = tensors.get(SCORES)
    same = card.get("dataset_fingerprint") == run.dataset.fingerprint and card.get("seed") == seed
    if scores is None or not same or scores.shape != (run.dataset.n_items,):
        return None
    return np.asarray(scores, np.float32)


def keep_scores(run: Run, user_index: int, edges: IntArray, seed: int, scores: FloatArray) -> None:
    """Keep the scores beside the run; where the run lies on a disk that cannot be written to they are not kept."""
    path = _path(run, user_index, edges, seed)
    try:
        path.parent.mkdir(exist_ok=True)
        kept = sorted(path.parent.glob("*.safetensors"), key=lambda file: file.stat().st_mtime)
        for old in kept[: max(0, len(kept) + 1 - MAX_KEPT)]:
            old.unlink(missing_ok=True)
        card = {"dataset_fingerprint": run.dataset.fingerprint, "model": run.record.model, "seed": seed}
        save_tensors(path, {SCORES: np.asarray(scores, np.float32)}, card)
    except (OSError, RequestError):
        return
