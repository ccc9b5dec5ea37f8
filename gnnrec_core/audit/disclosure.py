"""Which groups may be shown, so that no figure of fewer people than the threshold is shown or can be worked out.

A reader who knows the sums of all users and of the shown groups can add and subtract them. We look at the atoms (sets
of users that are in the same groups): whatever can be worked out is a linear combination of the shown sums, and one
that leaves only small atoms gives them away. So groups are hidden, smallest first, until there is no such combination
but the total of at least `threshold` people.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]
Matrix = NDArray[np.float64]
TOLERANCE = 1e-9


def showable(member: Flags, counted: Flags, threshold: int) -> Flags:
    """Which groups `[n_groups]` may be shown.

    `member` boolean `[n, n_groups]`; `counted` `[n]` the users a figure is made of (those measurable). Public are the
    figure of all counted users and that of each shown group, hence that of its rest.
    """
    sizes = (member & counted[:, None]).sum(0)
    shown: Flags = np.asarray((sizes >= threshold) | (sizes == 0))
    rest = counted.sum() - sizes
    shown &= (rest >= threshold) | (rest == 0) | (sizes == 0)
    atoms, weight = _atoms(member[counted])
    while True:
        chosen = np.flatnonzero(shown & (sizes > 0))
        guilty = _guilty(np.concatenate([atoms[:1], atoms[1:][chosen]]), weight, threshold)
        if guilty is None:
            return shown
        candidates = chosen[guilty[1:]] if guilty[1:].any() else chosen
        if not len(candidates):
            return shown
        shown[candidates[np.argmin(sizes[candidates])]] = False


def _atoms(member: Flags) -> tuple[Matrix, NDArray[np.int64]]:
    """Rows all, group 0, group 1, .. over the distinct patterns of membership, and the users of each pattern."""
    patterns = np.concatenate([np.ones((len(member), 1), bool), member], axis=1)
    distinct, counts = np.unique(patterns, axis=0, return_counts=True)
    return distinct.T.astype(np.float64), counts


def _guilty(public: Matrix, weight: NDArray[np.int64], threshold: int) -> Flags | None:
    """Which public rows take part in a combination that gives a small set away; None where there is none."""
    small = weight < threshold
    if not small.any():
        return None
    combinations = _left_null_space(public[:, ~small])
    revealed = combinations @ public[:, small]
    rank = int(np.linalg.matrix_rank(revealed, tol=TOLERANCE)) if revealed.size else 0
    if rank == 0 or (rank == 1 and _is_large_total(revealed, weight[small], threshold)):
        return None
    useful = np.abs(revealed).max(1) > TOLERANCE
    return np.asarray(np.abs(combinations[useful]).max(0) > TOLERANCE)


def _is_large_total(revealed: Matrix, weight: NDArray[np.int64], threshold: int) -> bool:
    """Whether all that comes out is one plain total of at least `threshold` people."""
    row = revealed[np.abs(revealed).max(1).argmax()]
    inside = np.abs(row) > TOLERANCE
    same = np.allclose(row[inside], row[inside][0], rtol=1e-6)
    return bool(same and weight[inside].sum() >= threshold)


def _left_null_space(matrix: Matrix) -> Matrix:
    """Rows that span {c: c @ matrix = 0} `[r, n_rows]`."""
    if matrix.shape[1] == 0:
        return np.eye(len(matrix))
    left, values, _ = np.linalg.svd(matrix, full_matrices=True)
    rank = int((values > values.max(initial=0.0) * 1e-10).sum())
    result: Matrix = left[:, rank:].T
    return result
