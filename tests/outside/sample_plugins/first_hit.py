"""First hit: the share of users whose first item is a held-out one."""

from __future__ import annotations

import numpy as np

from gnnrec_core.audit.evidence import Evidence, PerUser
from gnnrec_core.audit.metrics.definition import EVALUABLE, Metric
from gnnrec_core.audit.metrics.worked import small_world


def first_hit(e: Evidence) -> PerUser:
    """1 where the first item is a hit `[n]`, NaN where nothing is held out."""
    return np.where(e.evaluable, e.hit[:, 0], np.nan)


def worked() -> tuple[Evidence, float]:
    """The second of two users has the hit at rank 1."""
    return small_world([[0, 1], [1, 0]], relevant=[[1], [1]]), 0.5


FIRST_HIT = Metric(
    "first_hit",
    "First hit",
    "accuracy",
    "user",
    "The share of users whose first item is one that was held out.",
    "1 where the item at rank 1 is held out, else 0",
    "0 to 1",
    "higher",
    EVALUABLE,
    "hit rate at 1",
    "One of two users has the hit at rank 1: 0.5.",
    first_hit,
    worked=worked,
)
