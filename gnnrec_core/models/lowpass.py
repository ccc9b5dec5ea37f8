"""An ideal low-pass filter of the graph: the part of GF-CF (Shen et al. 2021) that large data can afford."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from gnnrec_core.base.settings import Search, Settings
from gnnrec_core.models.graph_filter import Filter, GraphFilter


class LowPassSettings(Settings):
    """Settings of the low-pass filter."""

    n_vectors: Annotated[int, Search(16, 512, log=True)] = Field(
        0, ge=0, le=4096, description="smoothest directions the low-pass keeps; 0: by the catalogue"
    )
    degree_power: Annotated[float, Search(-0.2, 0.6)] = Field(
        0.35, ge=-1, le=2, description="how much popular items gain: power of degrees after it"
    )


class LowPass(GraphFilter):
    """score(u, .) = x_u D_i^-b V V^T D_i^b: fitted in blocks, scored by one dense product."""

    name: ClassVar[str] = "lowpass"
    settings_type: ClassVar[type[LowPassSettings]] = LowPassSettings

    @staticmethod
    def filter(settings: Any, spread: float = 1.0) -> Filter:
        """V V^T alone."""
        return Filter(np.zeros(0), (0.0, 0.0), 1.0, settings.degree_power, settings.n_vectors)
