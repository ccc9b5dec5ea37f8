"""People and items in two dimensions so that neighbours stand together: computed once per run, kept beside it.

t-SNE (van der Maaten and Hinton 2008) of the directions of the final embeddings (cosine), by openTSNE (Poličar et al.
2024). Of more than `MOST_LAID_OUT` nodes so many, drawn by chance, are laid out, and each other node stands at the
weighted mean of those that it is most similar to.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.base import progress
from gnnrec_core.base.errors import RunError, UnsupportedError
from gnnrec_core.data.dataset import FloatArray, IntArray
from gnnrec_core.models import able
from gnnrec_core.models.ops.checkpoint import load_tensors, save_tensors
from gnnrec_core.models.protocol import EmbeddingRecommender
from gnnrec_core.runs.run import Run

FILE = "map.safetensors"
MOST_LAID_OUT = 20_000
FEWEST = 20
"""With fewer nodes neighbours mean little, and the two main directions are shown."""
PERPLEXITY = 30.0
N_NEAREST = 10
STEPS = 750
BLOCK = 1024


@dataclass(frozen=True)
class Layout:
    """`position` float32 `[n_users + n_items, 2]`, inside -1..1; of them `n_laid_out` were laid out, the others placed
    beside those that they are most similar to."""

    position: FloatArray
    n_laid_out: int
    seed: int


def vectors_of(run: Run) -> NDArray[np.float32]:
    """Embeddings of people and items at length 1 (0 where there are none) `[n_users + n_items, d]`.

    UnsupportedError for a model without embeddings.
    """
    check_has_embeddings(run)
    table = np.asarray(run.model.embeddings()[: run.dataset.n_users + run.dataset.n_items], dtype=np.float32)
    lengths = np.linalg.norm(table, axis=1, keepdims=True)
    unit: NDArray[np.float32] = np.divide(table, lengths, out=np.zeros_like(table), where=lengths > 0)
    return unit


def check_has_embeddings(run: Run) -> None:
    """UnsupportedError for a model without embeddings."""
    if not isinstance(run.model, EmbeddingRecommender):
        raise UnsupportedError(
            f"A {run.record.model} run has no embeddings, so there is no map of it.",
            f"Choose a run of {able(EmbeddingRecommender)}.",
        )


def map_layout(run: Run, seed: int = 0) -> Layout:
    """The layout that lies beside the run, where it is of these embeddings; else a new one, kept there if that can be
    written to. The same seed and embeddings give the same picture on the same machine."""
    held = held_layout(run)
    if held is not None:
        return held
    found = lay_out(vectors_of(run), seed)
    if os.access(run.place, os.W_OK):
        card = {"embeddings": fingerprint_of(run), "n_laid_out": found.n_laid_out, "seed": seed}
        save_tensors(run.place / FILE, {"position": found.position}, card)
    return found


def held_layout(run: Run) -> Layout | None:
    """The layout beside the run; None where there is none of its embeddings, or it is damaged: it can be made anew."""
    path = run.place / FILE
    if not path.is_file():
        return None
    try:
        tensors, card = load_tensors(path)
    except RunError:
        return None
    n = run.dataset.n_users + run.dataset.n_items
    position, n_laid_out, seed = tensors.get("position"), card.get("n_laid_out"), card.get("seed", 0)
    if position is None or position.shape != (n, 2) or position.dtype.kind != "f" or np.abs(position).max() > 1.001:
        return None
    if type(n_laid_out) is not int or not 0 <= n_laid_out <= n or type(seed) is not int:
        return None
    if card.get("embeddings") != fingerprint_of(run):
        return None
    return Layout(np.asarray(position, dtype=np.float32), n_laid_out, seed)


def fingerprint_of(run: Run) -> str:
    """What a kept layout names its embeddings by."""
    return hashlib.sha256(vectors_of(run).tobytes()).hexdigest()


def lay_out(vectors: NDArray[np.float32], seed: int = 0, most: int = MOST_LAID_OUT) -> Layout:
    """The layout of vectors of length 1 `[n, d]`."""
    n = len(vectors)
    if n < FEWEST:
        return Layout(principal_plane(vectors), n, seed)
    chosen = np.arange(n) if n <= most else np.sort(np.random.default_rng(seed).choice(n, most, replace=False))
    position = np.empty((n, 2), dtype=np.float32)
    position[chosen] = _scaled(_tsne(vectors[chosen], seed))
    others = np.setdiff1d(np.arange(n), chosen, assume_unique=True)
    for start in range(0, len(others), BLOCK):
        progress.report(len(others) + start, 2 * len(others), "placing the others")
        rows = others[start : start + BLOCK]
        position[rows] = _beside(vectors[rows] @ vectors[chosen].T, position[chosen])
    return Layout(position, len(chosen), seed)


def principal_plane(vectors: NDArray[Any]) -> FloatArray:
    """The two main directions (principal component analysis) of `[n, d]`, inside -1..1: what there is at once. The sign
    makes the largest loading positive, so the same vectors give the same picture.

    >>> principal_plane(np.array([[0.0, 0.0], [2.0, 0.0], [4.0, 0.0]]))[:, 0].tolist()
    [-1.0, 0.0, 1.0]
    """
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    axes = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :2]
    if axes.shape[1] < 2:
        axes = np.concatenate([axes, np.zeros((len(axes), 2 - axes.shape[1]))], axis=1)
    return _scaled(centred @ (axes * np.where(axes[np.abs(axes).argmax(axis=0), [0, 1]] < 0, -1.0, 1.0)))


def _tsne(vectors: NDArray[np.float32], seed: int) -> NDArray[Any]:
    from openTSNE import TSNE

    done = 0

    def hear(*_: Any) -> bool:
        nonlocal done
        done += 50
        progress.report(min(done, STEPS), STEPS + 50, "laying the map out")
        return False

    tsne = TSNE(
        perplexity=min(PERPLEXITY, (len(vectors) - 1) / 3), metric="cosine", initialization="pca", n_jobs=1,
        random_state=seed, callbacks=hear, callbacks_every_iters=50, n_iter=STEPS - 250,
    )  # fmt: skip
    return np.asarray(tsne.fit(vectors.astype(np.float64)))


def _beside(similar: NDArray[np.float32], position: FloatArray) -> NDArray[np.float32]:
    """The mean place of the `N_NEAREST` most similar `[b, m]`, weighed by how similar they are."""
    nearest: IntArray = np.argpartition(-similar, N_NEAREST - 1, axis=1)[:, :N_NEAREST]
    weight = np.maximum(np.take_along_axis(similar, nearest, axis=1), 1e-6) ** 4
    weight /= weight.sum(1, keepdims=True)
    return np.asarray(np.einsum("bm,bmd->bd", weight, position[nearest]), dtype=np.float32)


def _scaled(points: NDArray[Any]) -> NDArray[np.float32]:
    """Centred and divided by the greatest distance along an axis."""
    centred = points - (points.max(0) + points.min(0)) / 2
    return np.asarray(centred / max(float(np.abs(centred).max()), 1e-12), dtype=np.float32)
