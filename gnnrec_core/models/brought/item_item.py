"""Item-item: a matrix S of SLIM, EASE, item neighbours or a linear autoencoder, brought in as it is.

Not trained: `runs.bringing` makes such a run. score(u, i) = sum over the user's train items j of weight * S[j, i].
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from gnnrec_core.base.errors import UnsupportedError
from gnnrec_core.base.settings import Settings
from gnnrec_core.models.ops.closed_form import SparseItemItem
from gnnrec_core.models.protocol import Tensors


class ItemItemSettings(Settings):
    """Where the matrix comes from."""

    source: str = Field("", max_length=1000, description="name of the file that was brought in")
    sha256: str = Field("", max_length=64, description="its checksum")


class ItemItem(SparseItemItem):
    """S as it was given, stored sparse; exact parts are read off the sum."""

    name: ClassVar[str] = "item_item"
    settings_type: ClassVar[type[Settings]] = ItemItemSettings

    def compute(self) -> Tensors:
        """Refused: there is nothing to train."""
        raise UnsupportedError("A matrix that was brought in is not trained here.", "Use `gnnrec run import`.")
