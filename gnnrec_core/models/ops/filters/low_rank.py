"""The smoothest directions of a graph: leading eigenvectors of P = R^T R for the normalised interactions R.

Small catalogues are decomposed exactly. Large ones by subspace iteration from a random start (Halko et al. 2011) in
which nothing tall is ever factorised: a basis is made orthonormal through its small Gram matrix, and P is applied to a
few columns at a time, so that memory holds a few tables of items by vectors and no table of people.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch import Tensor

from gnnrec_core.data.dataset import FloatArray
from gnnrec_core.models.ops.sparse import csr_tensor, product

MAX_EXACT = 2048
"""Up to so many items the Gram matrix is decomposed as a whole."""
ROUNDS = 3
"""Of subspace iteration, beside the last product."""
SPARE = 16
"""Vectors iterated beside those that are kept, so that the last kept ones settle as well."""
COLUMNS = 64
"""Columns that P is applied to at once: a table of people by so many columns still fits the cache (measured)."""
MOST_POWERS, TOO_LARGE = 100, 1e-3
"""Of the power iteration: steps at most, and how much too large its bound may be."""
LOWEST = 1e-6
"""Directions whose share of the Gram matrix is below are rounding: the graph has no more."""


class Smoothing:
    """P = R^T R for R `[n_users, n_items]`, as an operator on columns `[n_items, b]`."""

    def __init__(self, interactions: sp.csr_array, dtype: type = np.float32) -> None:
        self.by_user, self.by_item = interactions, interactions.T.tocsr()
        self._to_users, self._to_items = csr_tensor(self.by_user, dtype=dtype), csr_tensor(self.by_item, dtype=dtype)

    def __call__(self, columns: Tensor) -> Tensor:
        """P @ columns."""
        return product(self._to_items, product(self._to_users, columns))

    def on_table(self, table: FloatArray) -> FloatArray:
        """P @ table, a few columns at a time."""
        result = np.empty_like(table)
        for start in range(0, table.shape[1], COLUMNS):
            columns = np.ascontiguousarray(table[:, start : start + COLUMNS])
            result[:, start : start + COLUMNS] = self(torch.from_numpy(columns)).numpy()
        return result


def normalised(interactions: sp.csr_array, user_power: float = 0.5, item_power: float = 0.5) -> sp.csr_array:
    """R = D_u^-s X D_i^-t of weighted interactions X `[n_users, n_items]`; with both powers 1/2 the largest singular
    value is 1."""
    users, items = degrees(interactions)
    rows = np.repeat(users, np.diff(interactions.indptr))
    result = interactions.copy()
    result.data = interactions.data / (rows**user_power * items[interactions.indices] ** item_power)
    return result


def largest_eigenvalue(interactions: sp.csr_array) -> float:
    """Of R^T R for R `[n_users, n_items]` of no negative numbers; 1 where R is 0.

    By powers of a positive vector v: (R^T R v)_i / v_i is an upper bound at its largest (Collatz, Wielandt) that falls
    to the eigenvalue, from which it is less than a thousandth away unless the steps run out.
    """
    v = (np.asarray(interactions.sum(axis=0)).ravel() > 0).astype(np.float64)
    highest = 1.0
    for _ in range(MOST_POWERS if v.any() else 0):
        some = v > np.finfo(np.float64).tiny
        following = interactions.T @ (interactions @ v)
        highest = float((following[some] / v[some]).max())
        if highest <= float(v @ following / (v @ v)) * (1 + TOO_LARGE):
            break
        v = following / np.linalg.norm(following)
    return highest


def degrees(interactions: sp.csr_array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums of the weights of each user `[n_users]` and of each item `[n_items]`."""
    n_users, n_items = interactions.shape
    return np.asarray(interactions @ np.ones(n_items)), np.asarray(interactions.T @ np.ones(n_users))


def leading_vectors(interactions: sp.csr_array, n: int, seed: int) -> FloatArray:
    """Orthonormal eigenvectors of P with the `n` largest eigenvalues, float32 `[n_items, n]`, largest first.

    `interactions` is R, `[n_users, n_items]`. Where P has fewer eigenvalues above zero the columns left over are 0.
    """
    n_items = interactions.shape[1]
    result = np.zeros((n_items, n), np.float32)
    if n == 0 or interactions.nnz == 0:
        return result
    found = _exact(interactions, n) if n_items <= MAX_EXACT else _sketched(interactions, n, seed)
    result[:, : found.shape[1]] = found
    return result


def _exact(interactions: sp.csr_array, n: int) -> NDArray[np.float64]:
    gram = (interactions.T @ interactions).toarray()
    n = min(n, len(gram))
    values, vectors = scipy.linalg.eigh(gram, subset_by_index=(len(gram) - n, len(gram) - 1), overwrite_a=True)
    return np.asarray(vectors[:, ::-1][:, values[::-1] > LOWEST])


def _sketched(interactions: sp.csr_array, n: int, seed: int) -> FloatArray:
    smooth = Smoothing(interactions)
    width = min(n + SPARE, *interactions.shape)
    start = np.random.default_rng((seed, 0)).standard_normal((interactions.shape[1], width), dtype=np.float32)
    basis = _orthonormal(start)
    for _ in range(ROUNDS):
        basis = _orthonormal(smooth.on_table(basis))
    values, vectors = np.linalg.eigh((basis.T @ smooth.on_table(basis)).astype(np.float64))
    kept = vectors[:, ::-1][:, :n][:, values[::-1][:n] > LOWEST]
    found: FloatArray = basis @ kept.astype(np.float32)
    return found


def _orthonormal(table: FloatArray) -> FloatArray:
    """An orthonormal basis of the columns of a tall table, from its Gram matrix G: table V diag(values)^-1/2."""
    values, vectors = np.linalg.eigh((table.T @ table).astype(np.float64))
    kept = values > LOWEST * values[-1]
    found: FloatArray = table @ (vectors[:, kept] / np.sqrt(values[kept])).astype(np.float32)
    return found
