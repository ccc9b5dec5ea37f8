"""Rounded: another model with its tables in 8 or 4 bits, read back when it is opened.

Not trained: `decide.compression.save` writes such a run. What is opened is the other model itself, so it explains and
scores as that does.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from gnnrec_core.base.checked import parse
from gnnrec_core.base.errors import RequestError, RunError, UnsupportedError
from gnnrec_core.base.settings import Settings, read_settings
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.models import MODELS
from gnnrec_core.models.ops.rounding import read_back
from gnnrec_core.models.protocol import Tensors


class RoundedSettings(Settings):
    """Which model it is, how it was trained, and in how many bits its tables are."""

    base_run: str = Field(default="", max_length=500, description="the folder of the run that was rounded")
    base_model: str = Field(default="", max_length=100, description="the model of that run")
    base_settings: str = Field(default="{}", max_length=10_000, description="its settings, as JSON")
    bits: Literal[4, 8] = Field(default=8, description="bits of each number")


class Rounded:
    """Opens the other model with the tables that were kept."""

    name: ClassVar[str] = "rounded"
    settings_type: ClassVar[type[RoundedSettings]] = RoundedSettings

    @classmethod
    def create(cls, dataset: Dataset, settings: Any, seed: int, device: str) -> Any:
        """Refused: there is nothing to train."""
        raise UnsupportedError("A rounded model is not trained.", "Train the other one, and compress it.")

    @classmethod
    def restore(cls, dataset: Dataset, settings: RoundedSettings, tensors: Tensors) -> Any:
        """The other model; RunError where its settings or tables do not fit."""
        if settings.base_model not in MODELS:
            raise RunError(f"There is no model {settings.base_model!r} to open.", "Compress the run again.")
        kind = MODELS.load(settings.base_model)
        try:
            base = read_settings(kind.settings_type, dict(parse(settings.base_settings)))
        except (ValueError, TypeError, RequestError) as error:
            raise RunError(f"The settings of the rounded model are damaged: {error}.", "Compress it again.") from error
        return kind.restore(dataset, base, read_back(tensors, settings.bits))
