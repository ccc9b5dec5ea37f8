"""GF-CF (Shen et al. 2021, "How Powerful is Graph Convolution for Recommendation?"): one smoothing and a low-pass."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from gnnrec_core.base.settings import Live, Search
from gnnrec_core.models.ops.edges.operator_settings import OperatorSettings
from gnnrec_core.models.ops.filters.graph_filter import Filter, GraphFilter


class GFCFSettings(OperatorSettings):
    """Settings of GF-CF."""

    n_vectors: int = Field(0, ge=0, le=4096, description="smoothest directions the low-pass keeps; 0: by the catalogue")
    low_pass_weight: Annotated[float, Live(0.0, 1.0), Search(0.0, 1.0)] = Field(
        0.3, ge=0, le=100, description="weight of the low-pass beside the smoothing"
    )


class GFCF(GraphFilter):
    """score(u, .) = x_u D_i^-q (P + w D_i^-1/2 V V^T D_i^1/2) D_i^q, q the degree power (0: GF-CF as published)."""

    name: ClassVar[str] = "gfcf"
    settings_type: ClassVar[type[GFCFSettings]] = GFCFSettings

    @staticmethod
    def filter(settings: Any, spread: float = 1.0) -> Filter:
        """h(P) = P = (I - (I - 2P)) / 2."""
        power = settings.degree_power
        polynomial, powers = np.array([0.5, -0.5]), (power, power)
        return Filter(polynomial, powers, settings.low_pass_weight, 0.5 + power, settings.n_vectors)
