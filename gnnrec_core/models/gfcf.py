"""GF-CF (Shen et al. 2021, "How Powerful is Graph Convolution for Recommendation?"): one smoothing and a low-pass."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from gnnrec_core.base.settings import Search, Settings
from gnnrec_core.models.graph_filter import Filter, GraphFilter


class GFCFSettings(Settings):
    """Settings of GF-CF."""

    n_vectors: int = Field(0, ge=0, le=4096, description="smoothest directions the low-pass keeps; 0: by the catalogue")
    low_pass_weight: Annotated[float, Search(0.0, 1.0)] = Field(
        0.3, ge=0, le=100, description="weight of the low-pass beside the smoothing"
    )


class GFCF(GraphFilter):
    """score(u, .) = x_u P + w x_u D_i^-1/2 V V^T D_i^1/2."""

    name: ClassVar[str] = "gfcf"
    settings_type: ClassVar[type[GFCFSettings]] = GFCFSettings

    @staticmethod
    def filter(settings: Any, spread: float = 1.0) -> Filter:
        """h(P) = P = (I - (I - 2P)) / 2."""
        return Filter(np.array([0.5, -0.5]), (0.0, 0.0), settings.low_pass_weight, 0.5, settings.n_vectors)
