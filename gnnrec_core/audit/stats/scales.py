"""The order of labels that are steps of one scale: numbers and ranges of numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NUMBER = r"(-?\d+(?:\.\d+)?)"
_STEPS = (
    (re.compile(rf"(?:under|below|less than|up to|<=?|≤)\s*{_NUMBER}"), -1),
    (re.compile(rf"{_NUMBER}(?:\s*(?:to|-|–)\s*{_NUMBER})?"), 0),
    (re.compile(rf"{_NUMBER}\s*(?:and over|and above|or more|\+)"), 1),
    (re.compile(rf"(?:over|above|more than|>=?|≥)\s*{_NUMBER}"), 1),
)


def scale_order(labels: Sequence[str]) -> list[int] | None:
    """Places of `labels` in the order of their scale; None where one of them is no step of a scale.

    >>> scale_order(["25 to 39", "60 and over", "under 25"]), scale_order(["10", "9"]), scale_order(["9", "North"])
    ([2, 0, 1], [1, 0], None)
    >>> scale_order(["2024-03", "2023-12", "2024-01"])
    [1, 2, 0]
    """
    keys = [_key(label) for label in labels]
    known = [key for key in keys if key is not None]
    return None if len(known) < len(keys) else sorted(range(len(keys)), key=known.__getitem__)


def _key(label: str) -> tuple[float, int, float] | None:
    for pattern, side in _STEPS:
        found = pattern.fullmatch(label.strip().lower())
        if found:
            ends = [float(number) for number in found.groups() if number]
            return ends[0], side, ends[-1]
    return None
