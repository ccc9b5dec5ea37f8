"""On which side of its point a label stands, so that labels do not write over each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float64]
"""`[..., 4]`: left, low, right and high end."""
SIDES = ("top right", "bottom right", "top left", "bottom left", "top center", "bottom center")
"""As plotly names them; of two that are as good the earlier is taken."""
WIDTH, HEIGHT = 480.0, 330.0
"""Pixels that a plot is taken to have: those of a narrow window, where labels are closest."""
LETTER, LINE, POINT = 7.0, 17.0, 7.0
COVERING = 50.0
"""A pixel that is covered is so much worse than one out of the plot, where there is a margin."""
STARTS, ROUNDS = 16, 4


def label_sides(
    points: Sequence[tuple[float, float]], lengths: Sequence[int], bars: Sequence[tuple[float, float]] | None = None
) -> list[str]:
    """The side of each label (`lengths` in letters) on which it covers least of the points, their error bars (`bars`:
    low and high ends) and the other labels, and leaves the plot least.

    Several starts, the first with all labels at the first side; in each every label in turn takes its best side, given
    those of the others, and the best end counts. Not always the best there is.

    >>> label_sides([(0.0, 0.0), (1.0, 1.0)], [5, 5])
    ['top right', 'bottom left']
    """
    n = len(points)
    if not n:
        return []
    dots, labels = places(points, lengths, bars)
    alone = outside(labels) + COVERING * shared(labels[:, :, None], dots).sum(2)  # [n, side]
    between = COVERING * shared(labels[:, :, None, None], labels)  # [n, side, n, side]
    between[np.arange(n), :, np.arange(n)] = 0.0
    rng = np.random.default_rng(0)
    best, least = np.zeros(n, int), np.inf
    for start in range(STARTS):
        chosen = rng.integers(len(SIDES), size=n) if start else np.zeros(n, int)
        for own in np.tile(np.arange(n), ROUNDS):
            chosen[own] = np.argmin(np.round(alone[own] + between[own][:, np.arange(n), chosen].sum(1), 6))
        cost = alone[np.arange(n), chosen].sum()
        cost += between[np.arange(n)[:, None], chosen[:, None], np.arange(n), chosen].sum() / 2
        if cost < least - 1e-6:
            best, least = chosen, cost
    return [SIDES[side] for side in best]


def places(
    points: Sequence[tuple[float, float]], lengths: Sequence[int], bars: Sequence[tuple[float, float]] | None = None
) -> tuple[Boxes, Boxes]:
    """The room of each point with its bar `[n, 4]`, and of its label on each side `[n, side, 4]`, in a plot that the
    points fill but for a margin as plotly leaves it. A point without a number stands in a corner."""
    at = np.array(points, dtype=float)
    ends = np.repeat(at[:, 1:], 2, axis=1) if bars is None else np.array(bars, dtype=float)
    ends = np.where(np.isfinite(ends), ends, at[:, 1:])
    low, high = np.nanmin(at, axis=0), np.nanmax(at, axis=0)
    span = np.where(high > low, high - low, 1.0)
    at = np.nan_to_num(0.06 + 0.88 * (at - low) / span) * (WIDTH, HEIGHT)
    ends = np.nan_to_num(0.06 + 0.88 * (ends - low[1]) / span[1]) * HEIGHT
    width = LETTER * np.asarray(lengths, dtype=float)
    labels = np.empty((len(at), len(SIDES), 4))
    for number, side in enumerate(SIDES):
        up, along = side.split()
        labels[:, number, 0] = at[:, 0] + {"right": POINT, "left": -POINT - width, "center": -width / 2}[along]
        labels[:, number, 1] = at[:, 1] + (POINT if up == "top" else -POINT - LINE)
    labels[:, :, 2] = labels[:, :, 0] + width[:, None]
    labels[:, :, 3] = labels[:, :, 1] + LINE
    dots = np.concatenate([at - POINT, at + POINT], axis=1)
    dots[:, 1], dots[:, 3] = np.minimum(dots[:, 1], ends[:, 0]), np.maximum(dots[:, 3], ends[:, 1])
    return dots, labels


def shared(one: Boxes, other: Boxes) -> NDArray[np.float64]:
    """Pixels that two boxes have in common, broadcast over all but the last axis."""
    size = np.minimum(one[..., 2:], other[..., 2:]) - np.maximum(one[..., :2], other[..., :2])
    found: NDArray[np.float64] = np.clip(size, 0, None).prod(-1)
    return found


def outside(boxes: Boxes) -> NDArray[np.float64]:
    """Pixels of boxes that lie outside the plot."""
    whole: NDArray[np.float64] = (boxes[..., 2:] - boxes[..., :2]).prod(-1)
    return whole - shared(boxes, np.array([0.0, 0.0, WIDTH, HEIGHT]))
