"""Where a run stands beside popularity, item neighbours, EASE and a graph filter, on the validation part."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from gnnrec_core.base import progress
from gnnrec_core.base.settings import read_settings
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.models import FIRST_CHOICE, LARGE_CHOICE, MODELS
from gnnrec_core.models.protocol import SizedRecommender
from gnnrec_core.ranking.intervals import mean_interval
from gnnrec_core.runs.run import Run
from gnnrec_core.runs.training import fit_model
from gnnrec_core.runs.validation import K, Validation

MOST_PEOPLE = 1000
"""People that models are compared on."""
MOST_BYTES, MOST_INTERACTIONS = 2**29, 1_000_000
"""What a model beside the run may take; of larger data, only popularity and the filter for large data are fitted."""


@dataclass(frozen=True)
class Beside:
    """NDCG@20 of one model, and what the run has more than it: the paired mean with its 95 % interval, which is
    None where all people differ alike."""

    model: str
    value: float
    more: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Standing:
    """NDCG@20 `value` of a run over `n_people` of the validation part, and of models at their defaults beside it.

    `use` is the model with the highest figure, unless the run is level with it (its interval holds 0): then the run's.
    """

    model: str
    n_people: int
    value: float
    beside: tuple[Beside, ...]
    use: str

    def to_dict(self) -> dict[str, Any]:
        """As it is printed and stored."""
        return {**asdict(self), "figure": f"ndcg@{K}", "sentence": self.sentence()}

    def sentence(self) -> str:
        """Where the run stands and what to use, in words."""
        others = ", ".join(f"{_title(row.model)} {row.value:.3f}" for row in self.beside)
        told = f"On validation ({self.n_people:,} people) its NDCG@{K} is {self.value:.3f}; {others}, with defaults."
        best = max(self.beside, key=lambda row: row.value)
        if self.use != self.model:
            return f"{told} {_title(self.use)} is better by {-best.more:.3f}{_interval(best)}: use that."
        if best.value >= self.value:
            return f"{told} It is level with the best, {_title(best.model)}: use either."
        return f"{told} It is the best of them: use it."


def _title(name: str) -> str:
    return MODELS[name].title if name in MODELS else name


def _interval(row: Beside) -> str:
    return "" if row.low is None or row.high is None else f" ({-row.high:.3f} to {-row.low:.3f})"


def standing(run: Run) -> Standing | None:
    """`run` on some people of its validation part beside other models; None where fewer than two have one."""
    dataset, validation = run.dataset, Validation(run.dataset)
    if not validation:
        return None
    people = validation.some(MOST_PEOPLE)
    if len(people) < 2:  # a difference has no interval
        return None
    own = validation.values(run.model, people)[0]
    beside = []
    names = [name for name in references(dataset) if name != run.record.model]
    for number, name in enumerate(names):
        progress.report(number, len(names), name)
        more = own - validation.values(_fitted(name, dataset), people)[0]
        found = mean_interval(more)
        low, high = (None if math.isnan(end) else end for end in (found.low, found.high))
        beside.append(Beside(name, float((own - more).mean()), found.value, low, high))
    best = max(beside, key=lambda row: row.value)
    is_behind = best.value > own.mean() and (best.high is None or best.high < 0)
    use = best.model if is_behind else run.record.model
    return Standing(run.record.model, len(people), float(own.mean()), tuple(beside), use)


def references(dataset: Dataset) -> tuple[str, ...]:
    """The models that a run on `dataset` is held against: baselines and the graph filter, as far as they are cheap."""
    is_large = dataset.interactions.n_by_split["train"] > MOST_INTERACTIONS
    graph_filter = LARGE_CHOICE if is_large else FIRST_CHOICE
    cheap = tuple(name for name in MODELS.having("baseline") if _is_cheap(name, dataset, is_large))
    return (*cheap, graph_filter)


def _is_cheap(name: str, dataset: Dataset, is_large: bool) -> bool:
    if not MODELS[name].traits["personal"]:
        return True
    kind = MODELS.load(name)
    sized = isinstance(kind, SizedRecommender)
    return not is_large and not (sized and kind.memory_bytes(dataset, kind.settings_type()) > MOST_BYTES)


def _fitted(name: str, dataset: Dataset) -> Any:
    """A model at its defaults, nothing chosen."""
    kind = MODELS.load(name)
    model = kind.create(dataset, read_settings(kind.settings_type, {}), 0, "cpu")
    fit_model(model)
    return model
