"""What models that were made smaller share: each is another model, opened again with its own settings."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from gnnrec_core.base.checked import parse
from gnnrec_core.base.errors import RequestError, RunError, UnsupportedError
from gnnrec_core.base.settings import Settings, read_settings
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.models import MODELS


class CompressedSettings(Settings):
    """Which model it is, and how it was trained."""

    base_run: str = Field(default="", max_length=500, description="the folder of the run that was made smaller")
    base_model: str = Field(default="", max_length=100, description="the model of that run")
    base_settings: str = Field(default="{}", max_length=10_000, description="its settings, as JSON")


class Compressed:
    """Not trained: a subclass opens the other model (`other`) with what was kept of it."""

    name: ClassVar[str]

    @classmethod
    def create(cls, dataset: Dataset, settings: Any, seed: int, device: str) -> Any:
        """Refused: there is nothing to train."""
        raise UnsupportedError(f"A {cls.name} model is not trained.", "Train the other one, and compress it.")

    @classmethod
    def other(cls, settings: CompressedSettings) -> tuple[Any, Settings]:
        """Class and settings of the other model; RunError where they are not ours or damaged."""
        if settings.base_model not in MODELS:
            raise RunError(f"There is no model {settings.base_model!r} to open.", "Compress the run again.")
        kind = MODELS.load(settings.base_model)
        try:
            return kind, read_settings(kind.settings_type, dict(parse(settings.base_settings)))
        except (ValueError, TypeError, RequestError) as error:
            raise RunError(
                f"The settings of the {cls.name} model are damaged: {error}.", "Compress it again."
            ) from error
