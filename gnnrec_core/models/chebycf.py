"""ChebyCF (Kim et al. 2025, arXiv 2505.00552): a flexible filter by Chebyshev interpolation, and a low-pass."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.polynomial import Chebyshev
from numpy.typing import NDArray
from pydantic import Field

from gnnrec_core.base.settings import Live, Search
from gnnrec_core.models.ops.edges.operator_settings import AgedSettings
from gnnrec_core.models.ops.filters.graph_filter import Filter, GraphFilter

ROUNDING = 1e-12
"""Last coefficients below are 0: an odd whole number as flatness is a polynomial of that order, and costs no more."""


class ChebyCFSettings(AgedSettings):
    """Settings of ChebyCF."""

    order: int = Field(8, ge=1, le=64, description="order of the polynomial: two sparse products each")
    flatness: Annotated[float, Live(1.0, 10.0), Search(1.0, 10.0)] = Field(
        5.0, ge=0.1, le=20, description="how flat the filter is at its middle; 1: straight"
    )
    n_vectors: int = Field(0, ge=0, le=4096, description="smoothest directions the low-pass keeps; 0: by the catalogue")
    low_pass_weight: Annotated[float, Live(0.0, 1.0), Search(0.0, 1.0)] = Field(
        0.4, ge=0, le=100, description="weight of the low-pass beside the polynomial"
    )
    degree_power: Annotated[float, Live(-0.6, 1.0), Search(-0.2, 0.6)] = Field(
        0.2, ge=-1, le=2, description="how much popular items gain: power of degrees after it"
    )


def plateau(x: NDArray[np.float64], flatness: float) -> NDArray[np.float64]:
    """What is let through at x in -1..1 (-1: the smoothest signals): from 1 to 0, flat in the middle.

    (1 - sign(x) |x|^flatness) / 2.
    """
    passed: NDArray[np.float64] = (1 - np.sign(x) * np.abs(x) ** flatness) / 2
    return passed


class ChebyCF(GraphFilter):
    """score(u, .) = x_u D_i^-b (h(P) + w V V^T) D_i^b, h the interpolated plateau at I - 2P."""

    name: ClassVar[str] = "chebycf"
    settings_type: ClassVar[type[ChebyCFSettings]] = ChebyCFSettings

    @staticmethod
    def filter(settings: Any, spread: float = 1.0) -> Filter:
        """h(P) + w V V^T, both between the same powers of the degrees."""
        s = settings
        polynomial = Chebyshev.interpolate(plateau, s.order, args=(s.flatness,)).trim(ROUNDING).coef
        powers = (s.degree_power, s.degree_power)
        return Filter(polynomial.astype(np.float64), powers, s.low_pass_weight, s.degree_power, s.n_vectors)
