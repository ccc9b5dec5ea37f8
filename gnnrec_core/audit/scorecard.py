"""Five plain verdicts on the lists of a run, and the one group that is served worst: the values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Quality = Literal["accurate", "fair", "broad", "diverse", "calibrated"]
Answer = Literal["yes", "no", "cannot tell", "not measured"]
QUESTIONS: dict[Quality, str] = {
    "accurate": "Do the lists hold what people chose later?",
    "fair": "Is every group served alike?",
    "broad": "Does the catalogue get shown?",
    "diverse": "Are the items of a list different from each other?",
    "calibrated": "Does a list have the person's own mix?",
}


@dataclass(frozen=True)
class Verdict:
    """One answer. `value` is the figure of `metric`, `yardstick_value` that of the `yardstick`; `low`, `high` is the
    95 % interval of their difference, NaN where there is none. Whole sentences: what is `good`, the `reason`, how
    certain it is."""

    quality: Quality
    question: str
    answer: Answer
    metric: str
    value: float
    yardstick: str
    yardstick_value: float
    low: float
    high: float
    good: str
    reason: str
    certainty: str


@dataclass(frozen=True)
class WorstGroup:
    """The group that is served worst: its difference, and whether it `stands` up to the tests."""

    group: str
    metric: str
    relative: float
    n: int
    stands: bool
    sentence: str


@dataclass(frozen=True)
class Scorecard:
    """The five verdicts in the order of `QUESTIONS`; `worst` None where no two groups can be compared."""

    verdicts: tuple[Verdict, ...]
    worst: WorstGroup | None
    n_cannot_tell: int
    n_comparisons: int

    def to_dict(self) -> dict[str, Any]:
        """As `audit` prints it."""
        return asdict(self)
