"""Where training starts: embeddings from the leading singular vectors of the train graph.

Random embeddings spend most of their training on finding what a few sparse products give at once (Shen et al. 2021 show
how far such a low-pass filter alone goes). Training then starts near the end.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnnrec_core.data.dataset import Dataset, FloatArray
from gnnrec_core.graph import RecGraph
from gnnrec_core.models.ops.filters.low_rank import leading_vectors
from gnnrec_core.models.protocol import Tensors

ROUNDS = 8
"""Of subspace iteration; each squares the spectrum once."""
SPARE = 16
"""Columns iterated beside those that are kept, so that the last kept ones settle as well."""

TALL = 200_000
"""With more people than this nothing tall is factorised: `models.ops.filters.low_rank`."""

EMBEDDING = "embedding.weight"
INITIAL_STD = 0.1


def spectral_embedding(
    graph: RecGraph, embedding_dim: int, seed: int, std: float, near: RecGraph | None = None
) -> FloatArray:
    """D^1/2 times the leading singular vectors of D_u^-1/2 R D_i^-1/2, float32 `[n_nodes, d]`.

    The standard deviation of all numbers is `std`. R is the user-item part of the adjacency. Attribute nodes take the
    degree-weighted mean of their neighbours. What the graph has no direction for (more columns than its rank, isolated
    nodes) is normal noise a tenth as large; all draws come from `seed`. Singular vectors are free up to signs and
    rotations: with `near`, a graph of the same nodes, they are turned to lie nearest to those of `near` (orthogonal
    Procrustes, Schonemann 1966).
    """
    rng = np.random.default_rng((seed, 0))
    noise = rng.standard_normal((graph.n_nodes, embedding_dim), dtype=np.float32)
    found = _directions(graph, embedding_dim, rng)
    if near is not None:
        rng = np.random.default_rng((seed, 0))
        rng.standard_normal((graph.n_nodes, embedding_dim), dtype=np.float32)
        left, _, right = np.linalg.svd(found.T.astype(np.float64) @ _directions(near, embedding_dim, rng))
        found = (found @ (left @ right)).astype(np.float32)
    size = found.std()
    scaled: FloatArray = (found / (size if size > 0 else 1) * std + noise * np.float32(std / 10)).astype(np.float32)
    return scaled


def item_shares(graph: RecGraph, embedding_dim: int, seed: int) -> NDArray[np.float64]:
    """Q `[n_items, d]`: a user starts, but for the noise, as the sum of w_uj Q_j over the items j of the history.

    With R = U S V^T that follows from U = R V S^-1: Q_j is V_j over sqrt(d_j) and the singular values, scaled as the
    start is. The directions are those of a training on this graph with this seed.
    """
    rng = np.random.default_rng((seed, 0))
    rng.standard_normal((graph.n_nodes, embedding_dim), dtype=np.float32)
    found = _directions(graph, embedding_dim, rng).astype(np.float64)
    items = slice(graph.n_users, graph.n_users + graph.n_items)
    root = np.sqrt(np.maximum(graph.degree[items, None], 1e-12))
    vectors, size = found[items] / root, float(found.std())
    singular = np.linalg.norm(graph.normalised_adjacency[: graph.n_users, items] @ vectors, axis=0)
    shares: NDArray[np.float64] = vectors / (root * np.maximum(singular, 1e-6)) * (INITIAL_STD / (size or 1.0))
    return shares


def _directions(graph: RecGraph, embedding_dim: int, rng: np.random.Generator) -> FloatArray:
    """D^1/2 times the singular vectors, attribute nodes as the mean of their neighbours `[n_nodes, d]`."""
    n_users, last = graph.n_users, graph.n_users + graph.n_items
    block = graph.normalised_adjacency[:n_users, n_users:last].astype(np.float32)
    users, items = _singular_vectors(block, embedding_dim, rng)
    found = np.zeros((graph.n_nodes, embedding_dim), np.float32)
    found[:n_users, : users.shape[1]] = users
    found[n_users:last, : items.shape[1]] = items
    found *= np.sqrt(graph.degree, dtype=np.float64).astype(np.float32)[:, None]
    found[last:] = (graph.adjacency[last:] @ found) / np.maximum(graph.degree[last:, None], 1e-12)
    return found


def _singular_vectors(block: sp.csr_array, n: int, rng: np.random.Generator) -> tuple[NDArray, NDArray]:  # type: ignore[type-arg]
    """At most `n` leading left and right singular vectors of `block` (subspace iteration, Halko et al. 2011)."""
    if block.shape[0] > TALL:
        right_vectors = leading_vectors(block, n, int(rng.integers(2**31)))
        left_vectors = block @ right_vectors
        lengths = np.linalg.norm(left_vectors, axis=0)
        kept_columns = lengths > 1e-6
        return (left_vectors / np.maximum(lengths, 1e-6))[:, kept_columns], right_vectors[:, kept_columns]
    width = min(n + SPARE, *block.shape)
    basis = rng.standard_normal((block.shape[1], width), dtype=np.float32)
    for _ in range(ROUNDS):
        basis, _ = np.linalg.qr(basis)
        basis = block.T @ (block @ basis)
    basis, _ = np.linalg.qr(basis)
    left, values, right = np.linalg.svd(block @ basis, full_matrices=False)
    kept = slice(0, min(n, int(np.count_nonzero(values > 1e-6))))
    return left[:, kept], (basis @ right.T)[:, kept]


def initial_embedding(graph: RecGraph, settings: Any, seed: int, near: RecGraph | None = None) -> Tensors:
    """Layer-0 embeddings before training, standard deviation 0.1, `[n_nodes, d]`; turned towards those of `near`."""
    d = settings.embedding_dim
    if settings.start == "spectral":
        return {EMBEDDING: spectral_embedding(graph, d, seed, INITIAL_STD, near)}
    draws = np.random.default_rng((seed, 0)).standard_normal((graph.n_nodes, d), dtype=np.float32)
    return {EMBEDDING: draws * np.float32(INITIAL_STD)}


def memory_bytes(dataset: Dataset, settings: Any) -> int:
    """Bytes that training a full-graph model holds at once (upper estimate)."""
    n_edges = 2 * (len(dataset.interactions.rows("train")) + sum(len(relation) for relation in dataset.relations))
    tables = dataset.n_nodes * settings.embedding_dim * 4 * 10  # weights, 2 moments, gradient, best, layers
    nodes_in_step = settings.batch_size * (2 + (settings.negatives if settings.loss == "bpr" else 0))
    if settings.loss == "bpr":
        step = nodes_in_step * settings.embedding_dim * 4 * 3
    else:
        n_shared = min(settings.negatives, dataset.n_items)
        step = settings.batch_size * n_shared * 4 * 4 + nodes_in_step * settings.embedding_dim * 4 * 3
    return int(tables + n_edges * 60 + step + 2**26)
