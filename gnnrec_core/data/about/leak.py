"""What a split lets a model know of the future: measured, with the words for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gnnrec_core.data.clean.blocks import blocks, in_blocks
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
    times, held, parts = log.timestamp, log.split, blocks(len(log))
    train, test = SPLITS.index("train"), SPLITS.index("test")
    latest = in_blocks(parts, lambda part: int(np.where(held[part] == train, times[part], NO_TIME).max()))
    cut = max(latest, default=NO_TIME)

    def counts(part: slice) -> tuple[int, int]:
        tested = times[part][held[part] == test]
        tested = tested[tested != NO_TIME]
        return len(tested), int(np.count_nonzero(tested < cut))

    n_test, n_early = np.sum([(0, 0), *in_blocks(parts, counts)], axis=0).tolist()
    if not n_test or cut == NO_TIME:
        return Leak(None, "No interactions with a time stand on both sides of the split, so nothing can be told.")
    share = n_early / n_test
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
