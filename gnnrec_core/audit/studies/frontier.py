"""Accuracy against another figure, over runs, baselines and tried settings, and which of them no other beats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gnnrec_core.audit.studies.comparing import Comparison


@dataclass(frozen=True)
class Point:
    """One run, baseline or setting; `y_low`, `y_high` NaN where there is no interval.
    `is_chance`: lists drawn at random, the floor of accuracy."""

    name: str
    kind: Literal["run", "baseline", "what if"]
    x: float
    y: float
    y_low: float = float("nan")
    y_high: float = float("nan")
    is_chance: bool = False


def comparison_points(comparison: Comparison, x_metric: str, y_metric: str = "ndcg") -> tuple[Point, ...]:
    """The rows of a comparison; those that lack a figure are left out."""
    found = []
    for row in comparison.rows:
        x = row.metrics[x_metric].value if x_metric in row.metrics else row.items.get(x_metric, float("nan"))
        y = row.metrics.get(y_metric)
        if y is not None and np.isfinite(x):
            kind: Literal["run", "baseline"] = "baseline" if row.is_baseline else "run"
            found.append(Point(row.name, kind, x, y.value, y.low, y.high, row.is_chance))
    return tuple(found)


def pareto_front(points: Sequence[Point], x_higher: bool = True, y_higher: bool = True) -> tuple[Point, ...]:
    """The points that no other beats in one figure without losing in the other, by ascending x. Chance, and what does
    not get beyond what chance may reach, is no trade and left out.

    >>> a, b, c = Point("a", "run", 1, 3), Point("b", "run", 2, 2), Point("c", "run", 1, 2)
    >>> [point.name for point in pareto_front((a, b, c))]
    ['a', 'b']
    """
    signs = (1.0 if x_higher else -1.0, 1.0 if y_higher else -1.0)

    def beats(one: Point, other: Point) -> bool:
        gains = ((one.x - other.x) * signs[0], (one.y - other.y) * signs[1])
        return min(gains) >= 0 and max(gains) > 0

    reach = [point.y_high if np.isfinite(point.y_high) else point.y for point in points if point.is_chance]
    sound = [p for p in points if not p.is_chance and all((p.y - chance) * signs[1] > 0 for chance in reach)]
    kept = [point for point in sound if not any(beats(other, point) for other in sound)]
    return tuple(sorted(kept, key=lambda point: point.x))
