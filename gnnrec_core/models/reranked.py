"""Re-ranked: lists that were made out of another run's candidates, stored as they are.

Not trained: `audit.mitigation.save` writes such a run. Its record names the base run, the method and its settings.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from gnnrec_core.base.settings import Settings
from gnnrec_core.models.ops.stored_lists import StoredLists


class RerankedSettings(Settings):
    """Where the lists come from; what the method was set to stands in `method_settings` as JSON."""

    base_run: str = Field(default="", description="the folder of the run whose candidates were re-ranked")
    base_model: str = Field(default="", description="the model of that run")
    method: str = Field(default="", description="the re-ranker")
    method_settings: str = Field(default="{}", description="its settings")
    k: int = Field(default=20, ge=1, description="length of the lists that were re-ranked")
    n_candidates: int = Field(default=100, ge=1, description="candidates of each user that were stored")


class Reranked(StoredLists):
    """Stored candidates, the re-ranked ones first; every item that is not among them stands behind, by index."""

    name: ClassVar[str] = "reranked"
    settings_type: ClassVar[type[RerankedSettings]] = RerankedSettings
    no_parts: ClassVar[str] = "it is a place in a stored list; explain the run that the list was made from"
    not_trained: ClassVar[str] = "Save a setting on the Audit page instead."
