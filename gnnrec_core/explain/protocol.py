"""What an explainer is, and the few lines that every explainer's answer ends with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Protocol

from gnnrec_core.base.settings import Settings
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.explain.explanation import Case, Contribution, Explanation


class Explainer(Protocol):
    """A method that answers "why this item, for this user?".

    An explainer never changes the model; all its randomness comes from `seed`. It fills everything but the checks, the
    faithfulness and the narrative, which `explaining.explain` and its callers add.
    """

    name: ClassVar[str]
    settings_type: ClassVar[type[Settings]]
    is_stochastic: ClassVar[bool]
    """Whether another seed gives another answer: then stability over seeds is measured."""

    def supports(self, model: Any) -> None:
        """UnsupportedError with the reason where this method cannot serve `model`."""
        ...

    def explain(self, model: Any, dataset: Dataset, case: Case, settings: Any, seed: int) -> Explanation:
        """The parts of `case.explained`, largest |value| first."""
        ...


class NoSettings(Settings):
    """A method without choices."""


def answer(
    case: Case, explainer: Explainer, settings: Settings, contributions: Iterable[Contribution], **fields: Any
) -> Explanation:
    """An Explanation with its parts in order and, where `is_additive`, its completeness error measured.

    The error is |baseline + sum of all contributions - the model's own answer|, absolute, in units of the score.
    """
    parts = tuple(sorted(contributions, key=lambda part: -abs(part.value)))
    baseline = fields.pop("baseline", 0.0)
    error = None
    if fields.setdefault("is_additive", False):
        error = abs(baseline + sum(part.value for part in parts) - case.explained)
    return Explanation(
        case=case,
        method=explainer.name,
        score=case.explained,
        rank=case.rank,
        baseline=float(baseline),
        completeness_error=error,
        contributions=parts,
        settings=settings.model_dump(),
        **fields,
    )


def frozen_warning(frozen: tuple[str, ...]) -> tuple[str, ...]:
    """What has to be said where something was held fixed to make the score a sum."""
    return tuple(
        f"{part.capitalize()} frozen: the parts sum to the score with {part} held at its present values."
        for part in frozen
    )
