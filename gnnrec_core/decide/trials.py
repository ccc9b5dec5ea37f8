"""What a search is made of and what it finds: its settings, where it looks, its trials and their front."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from pydantic import Field

from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.settings import Search, Settings, describe_settings, split_assignments
from gnnrec_core.decide.objectives import OBJECTIVES

FRONT = ("accuracy", "exposure", "gap")
"""What the front is drawn over where there is one objective; with several, over those."""


class SearchSettings(Settings):
    """How a search goes on."""

    objectives: tuple[str, ...] = Field(
        default=("accuracy",), min_length=1, description="accuracy, exposure, gap, seconds"
    )
    group_by: str = Field(default="activity", description="the groups whose gap is measured")
    first_rung: int = Field(default=8, ge=1, le=10_000, description="epochs before a trial can be ended early")
    reduction: int = Field(default=3, ge=2, le=10, description="one in how many goes on past a rung")
    startup: int = Field(default=10, ge=1, le=1000, description="trials at random before any is proposed from others")


@dataclass(frozen=True)
class Trial:
    """One training: `settings` that were tried, `figures` on validation (objective by name), the epochs it ran, and
    whether it was ended early."""

    number: int
    settings: dict[str, Any]
    figures: dict[str, float]
    epochs: int
    ended_early: bool


@dataclass(frozen=True)
class Found:
    """A search: `best` by the first objective, `front` the trials that no other beats in every figure of `over`,
    `importance` the share of each setting in how the first objective varies (None: too few trials)."""

    model: str
    dataset: str
    trials: tuple[Trial, ...]
    best: Trial
    front: tuple[Trial, ...]
    over: tuple[str, ...]
    importance: dict[str, float] | None
    settings: SearchSettings
    start: dict[str, Any]
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """The JSON of the contract, with more beside it."""
        return {
            "model": self.model, "dataset": self.dataset,
            "best": {"settings": self.best.settings, "validation": self.best.figures, "trial": self.best.number},
            "trials": len(self.trials), "ended_early": sum(trial.ended_early for trial in self.trials),
            "front": [asdict(trial) for trial in self.front], "over": list(self.over),
            "importance": self.importance, "all": [asdict(trial) for trial in self.trials],
            "settings": self.settings.model_dump(), "seed": self.seed,
        }  # fmt: skip


def front(trials: Sequence[Trial], over: Sequence[str]) -> tuple[Trial, ...]:
    """The trials that no other beats: at least as good in every figure of `over` and better in one."""
    signs = np.array([1.0 if OBJECTIVES[name].higher else -1.0 for name in over])
    values = np.array([[trial.figures[name] for name in over] for trial in trials]) * signs
    beaten = [((values >= own).all(1) & (values > own).any(1)).any() for own in values]
    return tuple(trial for trial, is_beaten in zip(trials, beaten, strict=True) if not is_beaten)


def declared(kind: type[Settings]) -> dict[str, Search]:
    """Where the settings of a model say that one may look."""
    return {field.name: field.search for field in describe_settings(kind) if field.search is not None}


def read_space(assignments: Sequence[str]) -> dict[str, Search]:
    """`["l2=0.01:1:log", "n_layers=1,2,3"]` as places to look.

    >>> read_space(["l2=0.01:1:log"])["l2"]
    Search(low=0.01, high=1.0, log=True, choices=())
    """
    found = {}
    for name, text in split_assignments(assignments, "--space").items():
        parts = text.split(":")
        try:
            if len(parts) == 1:
                found[name] = Search(choices=tuple(_value(part) for part in text.split(",")))
            else:
                found[name] = Search(float(parts[0]), float(parts[1]), parts[2:] == ["log"])
        except (ValueError, IndexError):
            raise RequestError(
                f"--space {name}={text!r} cannot be read.", "Write name=low:high, name=low:high:log or name=a,b,c."
            ) from None
    return found


def _value(text: str) -> Any:
    """A choice as it stands: a number, true, false, or text."""
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
