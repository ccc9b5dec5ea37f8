"""How long an epoch will take and how much memory, measured before a training starts."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from gnnrec_core.base.settings import Settings, read_settings
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.models import MODELS
from gnnrec_core.models.ops.device import choose_device, free_bytes
from gnnrec_core.models.ops.fitting import GradientFit
from gnnrec_core.models.ops.gradient import GradientRecommender
from gnnrec_core.models.protocol import FitOptions, SizedRecommender
from gnnrec_core.runs.validation import Validation

TRIED_STEPS = 3
TRIED_USERS = 256


@dataclass(frozen=True)
class Estimate:
    """Of one training. `seconds_per_epoch` None: this model has no epochs, it is fitted in one go.

    `seconds_at_most` is for all epochs of the settings; early stopping ends most trainings sooner. `n_bytes` 0 says
    that the model does not tell.
    """

    seconds_per_epoch: float | None
    seconds_at_most: float | None
    n_bytes: int
    free_bytes: int

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
    free = free_bytes(device)
    if n_bytes > free or not issubclass(model_type, GradientRecommender):
        return Estimate(None, None, n_bytes, free)
    s: Any = checked
    model = model_type.create(dataset, checked, 0, device)
    fit = GradientFit(model, FitOptions())
    n_steps = -(-len(fit.sampler) // s.batch_size)
    seconds = n_steps * _step_seconds(fit) + _validation_seconds(model, dataset) / s.validate_every
    return Estimate(seconds, seconds * s.epochs, n_bytes, free)


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
