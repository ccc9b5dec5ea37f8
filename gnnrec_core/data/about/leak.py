"""What a split lets a model know of the future: measured, with the words for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gnnrec_core.data.clean.columns_read import day
from gnnrec_core.data.dataset import NO_TIME, SPLITS, Interactions


@dataclass(frozen=True)
class Leak:
    """`share` of the test interactions with a time that happened before the last train interaction; None where there
    are no times or no test part. 0: the test part lies in the future of all that was learned from."""

    share: float | None
    meaning: str


def measure_leak(log: Interactions, split: str) -> Leak:
    """The leak of a split.

    share = |{test interactions earlier than the latest train interaction of anybody}| / |{test interactions}|, over
    interactions with a time; range [0, 1], lower is better (Ji et al., ACM TOIS 2023, call it data leakage).
    """
    if log.timestamp is None:
        return Leak(None, "The log has no times, so it cannot be told what the split lets a model know of the future.")
    timed = log.timestamp != NO_TIME
    test, train = (log.timestamp[timed & (log.split == SPLITS.index(part))] for part in ("test", "train"))
    if not len(test) or not len(train):
        return Leak(None, "No interactions with a time stand on both sides of the split, so nothing can be told.")
    cut = int(train.max())
    share = float(np.count_nonzero(test < cut) / len(test))
    if share == 0:
        return Leak(
            share, f"No test interaction is earlier than the last train interaction ({day(cut)}): nothing leaks."
        )
    text = (
        f"{share:.1%} of the test interactions are earlier than the last train interaction ({day(cut)}): the model has "
        "seen what came after them."
    )
    advice = " A split by date has no such leak: --split temporal." if split != "temporal" else ""
    return Leak(share, text + advice)
