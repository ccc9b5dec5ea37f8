"""Lists: ranked lists of any recommender, brought in as they are.

Not trained: `runs.lists.run_of_lists` makes such a run. Nothing is known of items that are in no list.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from gnnrec_core.base.settings import Settings
from gnnrec_core.models.ops.stored_lists import StoredLists


class ListsSettings(Settings):
    """Where the lists come from; what is not known stays unknown."""

    source: str = Field(default="", max_length=500, description="the file that the lists were read from")
    sha256: str = Field(default="", max_length=64, description="its checksum")
    longest: int = Field(default=0, ge=0, description="length of the longest list")


class Lists(StoredLists):
    """Lists that end where they end: an item that is in none has no score (-infinity), so no list is filled up."""

    name: ClassVar[str] = "lists"
    settings_type: ClassVar[type[ListsSettings]] = ListsSettings
    no_parts: ClassVar[str] = "only its lists are known, not how it made them"
    not_trained: ClassVar[str] = "Bring in a table of lists instead."

    def unlisted(self, length: int) -> float:
        """No score: such an item is never put on a list."""
        return -np.inf
