"""A filter fitted without some interactions of one person, from the decomposition of the whole graph: exact, no refit.

Let E be the columns of the items that lose the person, T = diag(sqrt(d / d')) there (1 elsewhere, 0 where nobody is
left), and R_u, R'_u the person's row of R before and after. Then

    P' = T (P - R_u R_u^T) T + R'_u R'_u^T = P + X C X^T,    X = [E, P E, T R_u, R'_u],

of rank 2 |E| + 2. A polynomial of P' needs P' on vectors. The low-pass needs the projector on the leading eigenvectors
of P', which is (1 + sign(P' - m)) / 2 for an m between the last eigenvalue that is kept and the first that is not. With

    sign(x) = 2 / pi * integral of e^s Re 1 / (x + i e^s) ds

by the trapezoidal rule (its error falls as exp(-pi^2 / step): Trefethen and Weideman 2014) each term is one solution in
the eigenvectors of P, by Woodbury's identity. How many eigenvalues lie above an m follows from Sylvester's inertia.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch import Tensor

from gnnrec_core.data.dataset import IntArray
from gnnrec_core.models.ops.filters.low_rank import LOWEST, Smoothing, degrees

Float = NDArray[np.float64]
MOST_ITEMS = 20
"""Interactions that are taken away at once: with more, fitting anew is as fast."""
STEP, TAIL = 0.4, 1e-10
"""Of the trapezoidal rule, and where its sum is cut off, as a share of the gap and of the whole: both leave 1e-10."""
HALVINGS, NARROWEST = 48, 1e-11
"""Of a bracket around an eigenvalue; and the gap at the cut below which what is kept is rounding."""
GONE = 1e-9
"""A degree below this share of the old one is rounding left over from removing the last interaction: it is zero."""


@dataclass(frozen=True)
class Decomposition:
    """P = vectors diag(values) vectors^T, values ascending `[n_items]`."""

    values: Float
    vectors: Float

    @classmethod
    def of(cls, normalised: sp.csr_array) -> Decomposition:
        """Of P = R^T R for R `[n_users, n_items]`."""
        return cls(*scipy.linalg.eigh((normalised.T @ normalised).toarray(), overwrite_a=True, driver="evd"))


@dataclass(frozen=True)
class Changed:
    """P' = P + X C X^T: `columns` X `[n_items, r]`, `core` C `[r, r]`; `degree` of the items in it `[n_items]`."""

    smooth: Smoothing
    columns: Float
    core: Float
    degree: Float

    @classmethod
    def without(cls, interactions: sp.csr_array, smooth: Smoothing, user: int, items: IntArray) -> Changed:
        """The graph without the interactions of `user` with `items` (a part of what they have); `smooth` is P."""
        own = slice(*interactions.indptr[user : user + 2])
        places, weight = interactions.indices[own], interactions.data[own]
        kept, (_, degree) = ~np.isin(places, items), degrees(interactions)
        gone, m, n_items = places[~kept], int((~kept).sum()), len(degree)
        less = degree.copy()
        less[gone] -= weight[~kept]
        less[less <= GONE * degree] = 0.0
        grow = np.sqrt(less[gone] > 0) * np.sqrt(degree[gone] / np.where(less[gone] > 0, less[gone], 1.0)) - 1.0
        columns = np.zeros((n_items, 2 * m + 2))
        columns[gone, np.arange(m)] = 1.0
        columns[:, m : 2 * m] = smooth(torch.from_numpy(columns[:, :m].copy())).numpy()
        columns[places, 2 * m] = smooth.by_user.data[own]
        columns[gone, 2 * m] *= grow + 1.0
        columns[places[kept], 2 * m + 1] = weight[kept] / np.sqrt(weight[kept].sum() * degree[places[kept]])
        core = np.zeros((2 * m + 2, 2 * m + 2))
        core[:m, :m] = grow[:, None] * columns[gone, m : 2 * m] * grow
        core[:m, m : 2 * m] = core[m : 2 * m, :m] = np.diag(grow)
        core[2 * m, 2 * m], core[2 * m + 1, 2 * m + 1] = -1.0, 1.0
        return cls(smooth, columns, core, less)

    def __call__(self, signal: Tensor) -> Tensor:
        """P' @ signal `[n_items, c]`."""
        moved = self.columns @ (self.core @ (self.columns.T @ signal.numpy()))
        return self.smooth(signal) + torch.from_numpy(moved)

    def low_pass(self, whole: Decomposition, n: int, signal: Float) -> Float | None:
        """V' V'^T signal `[n_items]` for the `n` leading eigenvectors V' of P'; None where the cut is not sharp."""
        values, inside = whole.values, whole.vectors.T @ self.columns  # [n_items], [n_items, r]
        inverse, width = np.linalg.inv(self.core), len(self.core)
        if not width < n < len(values) - width or values[-n - width] <= LOWEST:
            return None
        shared = (inside[:, :, None] * inside[:, None, :]).reshape(len(values), -1)  # [n_items, r * r]
        count = _Count(values, shared, np.asarray(inverse, np.float64))
        bracket = float(values[-n - width]) - LOWEST, float(values[-n + width]) + LOWEST
        last, first_out = count.largest(n, *bracket), count.largest(n + 1, *bracket)
        gap = (last - first_out) / 2
        if gap <= NARROWEST:
            return None
        known = whole.vectors.T @ signal
        shifted = values - (last + first_out) / 2
        at = np.exp(np.arange(np.log(TAIL * gap), -np.log(TAIL), STEP))  # [s]
        resolvent = 1.0 / (shifted + 1j * at[:, None])  # [s, n_items]
        small = inverse + (resolvent @ shared).reshape(-1, width, width)
        weight = at[:, None] * np.linalg.solve(small, (resolvent @ (inside * known[:, None]))[:, :, None])[:, :, 0]
        turned = ((resolvent.T @ weight).real * inside).sum(axis=1)  # of sign(P' - m) - sign(P - m), times -pi / 2 step
        found: Float = whole.vectors @ (known * (shifted > 0) - STEP / np.pi * turned)
        return found


@dataclass(frozen=True)
class _Count:
    """Eigenvalues of diag(values) + W C W^T above a number; `shared` are the products of the columns of W by pairs."""

    values: Float
    shared: Float
    inverse: Float

    def above(self, number: float) -> int:
        """How many lie above `number`: those of `values` that do, and what the signs of the small matrix add."""
        inner = ((1.0 / (self.values - number)) @ self.shared).reshape(self.inverse.shape)
        more = _positive(-self.inverse - inner) - _positive(-self.inverse)
        return int(np.count_nonzero(self.values > number)) + more

    def largest(self, n: int, low: float, high: float) -> float:
        """The `n`-th largest, which lies between `low` and `high`."""
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if self.above(middle) >= n else (low, middle)
        return (low + high) / 2


def _positive(matrix: Any) -> int:
    return int(np.count_nonzero(np.linalg.eigvalsh(matrix) > 0))
