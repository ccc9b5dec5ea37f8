"""Logs of experiments whose truth is known."""

from __future__ import annotations

import numpy as np
import polars as pl

DAY = 86_400
BEGIN = 1_700_000_000 // DAY * DAY


def make_log(n: int = 400, effect: float = 0.0, seed: int = 0, n_days: int = 8) -> pl.DataFrame:
    """One row a visit: how much a person clicks is their own (`taste`, known before), an arm adds `effect` a visit."""
    rng = np.random.default_rng(seed)
    arm, taste, visits = rng.integers(0, 2, n), rng.gamma(2.0, 1.0, n), rng.integers(1, 8, n)
    person = np.repeat(np.arange(n), visits)
    day = rng.integers(0, n_days, len(person))
    views = rng.integers(1, 6, len(person))
    clicks = taste[person] + effect * arm[person] + rng.normal(size=len(person))
    return pl.DataFrame(
        {
            "user": [f"p{place:04}" for place in person],
            "arm": np.array(["control", "new"])[arm[person]],
            "time": BEGIN + day * DAY + rng.integers(0, DAY, len(person)),
            "clicks": clicks,
            "views": views,
            "taste": taste[person],
            "club": np.array(["odd", "even"])[person % 2],
        }
    )
