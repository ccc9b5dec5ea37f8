"""How long an epoch will take and how much memory, measured before a training starts."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.base.settings import Settings, read_settings
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.models import MODELS
from gnnrec_core.models.ops.device import choose_device, free_bytes
from gnnrec_core.models.ops.fitting import GradientFit
from gnnrec_core.models.ops.gradient import GradientRecommender
from gnnrec_core.models.protocol import CautiousRecommender, FitOptions, SizedRecommender
from gnnrec_core.runs.validation import Validation

TRIED_STEPS = 3
WORTH = 3600.0
"""Seconds that all epochs may take before others are proposed."""
FEWEST_EPOCHS = 5
ROOM = 0.8
"""Of the free memory that what is proposed may take."""
SMALLEST = {"embedding_dim": 8, "batch_size": 256, "n_negatives": 16}
"""Settings that memory hangs on, and how small they are proposed at least."""
TRIED_USERS = 256


@dataclass(frozen=True)
class Estimate:
    """Of one training. `seconds_per_epoch` None: this model has no epochs, it is fitted in one go.

    `seconds_at_most` is for all epochs of the settings; early stopping ends most trainings sooner. `n_bytes` 0 says
    that the model does not tell. `warnings` say what is too much (memory, or more than `WORTH` seconds) and that the
    data do not suit the model, `proposed` which settings would fit, `models` which models are fitted in one go and
    fit into the memory of this machine.
    """

    seconds_per_epoch: float | None
    seconds_at_most: float | None
    n_bytes: int
    free_bytes: int
    warnings: tuple[str, ...] = ()
    proposed: dict[str, Any] = field(default_factory=dict)
    models: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether the memory that is free now will do."""
        return self.n_bytes <= self.free_bytes


def estimate(
    dataset: Dataset, model_name: str, settings: Mapping[str, Any] | Settings, device: str = "auto"
) -> Estimate:
    """Run a few steps and a part of one validation on a model that is thrown away, and scale up.

    Raises RequestError for an unknown model or setting. Nothing is run where the memory would not do.
    """
    device = choose_device(device)
    model_type = MODELS.load(model_name)
    checked = settings if isinstance(settings, Settings) else read_settings(model_type.settings_type, settings)
    n_bytes = model_type.memory_bytes(dataset, checked) if isinstance(model_type, SizedRecommender) else 0
    found = _measured(dataset, model_type, checked, device, n_bytes)
    said = caution(dataset, model_type, checked)
    return replace(found, warnings=(said, *found.warnings)) if said else found


def caution(dataset: Dataset, model_type: Any, settings: Settings) -> str:
    """What the model says of data that do not suit it, "" where they do."""
    return model_type.caution(dataset, settings) if isinstance(model_type, CautiousRecommender) else ""


def _measured(dataset: Dataset, model_type: Any, s: Any, device: str, n_bytes: int) -> Estimate:
    free = free_bytes(device)
    if n_bytes > free:
        return _too_large(model_type, dataset, s, Estimate(None, None, n_bytes, free))
    if not issubclass(model_type, GradientRecommender):
        return Estimate(None, None, n_bytes, free)
    model = model_type.create(dataset, s, 0, device)
    fit = GradientFit(model, FitOptions())
    step = _step_seconds(fit)
    seconds = fit.n_steps * step + _validation_seconds(model, dataset) / s.validate_every
    found = Estimate(seconds, seconds * s.epochs, n_bytes, free)
    return found if seconds * s.epochs <= WORTH else _too_long(dataset, s, found, fit.n_steps, step)


def _too_large(kind: Any, dataset: Dataset, settings: Any, found: Estimate) -> Estimate:
    """With a warning, and the first of ever smaller settings that fit."""
    said = f"It needs {found.n_bytes / 1e9:.1f} GB of memory; {found.free_bytes / 1e9:.1f} GB are free."
    known = settings.model_dump()
    for step in range(1, 9):
        halved = {name: max(low, known[name] >> step) for name, low in SMALLEST.items() if known.get(name, 0) > low}
        if halved and kind.memory_bytes(dataset, settings.model_copy(update=halved)) <= ROOM * found.free_bytes:
            return replace(found, warnings=(said,), proposed=halved, models=_in_one_go(dataset, found.free_bytes))
    return replace(found, warnings=(said,), models=_in_one_go(dataset, found.free_bytes))


def _too_long(dataset: Dataset, settings: Any, found: Estimate, n_steps: int, step: float) -> Estimate:
    """With a warning, and as many epochs as an hour has room for: of fewer steps where it has room for no five."""
    epoch = found.seconds_per_epoch or 0.0
    said = f"All epochs may take {(found.seconds_at_most or 0.0) / 3600:,.1f} hours; most stop earlier."
    proposed = {"epochs": int(WORTH / epoch)}
    if proposed["epochs"] < FEWEST_EPOCHS:
        left = WORTH / FEWEST_EPOCHS - (epoch - n_steps * step)
        proposed = {"epochs": FEWEST_EPOCHS, "steps": max(1, int(left / step))}
    return replace(found, warnings=(said,), proposed=proposed, models=_in_one_go(dataset, found.free_bytes))


def _in_one_go(dataset: Dataset, free: int) -> tuple[str, ...]:
    """Models without epochs that know their size at their defaults, and fit."""
    found = []
    for plugin in MODELS:
        try:
            kind: Any = plugin.load()
        except UnsupportedError:  # noted: a model of another package that does not even load
            continue
        if issubclass(kind, GradientRecommender) or not isinstance(kind, SizedRecommender):
            continue
        if kind.memory_bytes(dataset, plugin.load().settings_type()) <= ROOM * free:
            found.append(plugin.name)
    return tuple(found)


def _step_seconds(fit: GradientFit) -> float:
    """Mean over a few steps after a first one, which builds the graph's tensors."""
    batches = list(islice(fit.batches(1), TRIED_STEPS + 1))
    float(fit.step(batches[0]))
    start = time.perf_counter()
    for batch in batches[1:] or batches:
        float(fit.step(batch))
    return (time.perf_counter() - start) / max(1, len(batches) - 1)


def _validation_seconds(model: Any, dataset: Dataset) -> float:
    """Of ranking for all users with validation items, from a few of them."""
    validation = Validation(dataset)
    n_users = len(validation.users)  # a sample of very many
    if n_users == 0:
        return 0.0
    validation.users = validation.users[:TRIED_USERS]
    model.embeddings()
    start = time.perf_counter()
    validation(model)
    return (time.perf_counter() - start) * n_users / len(validation.users)
