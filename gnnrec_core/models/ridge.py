"""The ridge filter: what predicts each interaction of a person best from all of theirs, on the normalised graph.

Least squares with a penalty l on X B = X lets a direction of eigenvalue p through by p / (p + l) (Tikhonov's filter;
with a zero diagonal it is EASE, Steck 2019). On interactions weighed by the degrees of both ends, popular items and
busy people shape it less. How much less, and the penalty, differ from log to log: a fit chooses them on the validation
part.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.polynomial import Chebyshev
from numpy.typing import NDArray
from pydantic import Field

from gnnrec_core.base.settings import Search
from gnnrec_core.models.ops.filters.graph_filter import Filter
from gnnrec_core.models.ops.filters.related_filter import RelatedFilter, RelatedSettings


class RidgeSettings(RelatedSettings):
    """Settings of the ridge filter. Those that nobody gives are chosen on the validation part, if there is one."""

    penalty: Annotated[float, Search(1.0, 100.0, log=True)] = Field(
        8.0, gt=0, le=1e6, description="ridge penalty in mean eigenvalues of the graph; not given: by validation"
    )
    user_power: Annotated[float, Search(0.0, 0.5)] = Field(
        0.25, ge=0, le=1, description="how much less busy people count: power of degrees; not given: by validation"
    )
    item_power: Annotated[float, Search(0.0, 0.5)] = Field(
        0.25, ge=0, le=1, description="how much less popular items count; not given: by validation"
    )
    degree_power: Annotated[float, Search(-0.2, 0.6)] = Field(
        0.2, ge=-1, le=2, description="how much popular items gain after it; not given: by validation"
    )
    order: int = Field(12, ge=1, le=64, description="order of the polynomial: two sparse products each")


def passed(x: NDArray[np.float64], penalty: float) -> NDArray[np.float64]:
    """p / (p + penalty) at x = 1 - 2p in -1..1 (-1: the smoothest signals)."""
    share = (1 - x) / 2
    result: NDArray[np.float64] = share / (share + penalty)
    return result


class RidgeFilter(RelatedFilter):
    """score(u, .) = x_u D_i^-t h(P) D_i^c, h(p) = p / (p + l) by Chebyshev interpolation, P = R^T R / its largest
    eigenvalue, R = D_u^-s X D_i^-t; and what relations add (`RelatedFilter`)."""

    name: ClassVar[str] = "ridge"
    settings_type: ClassVar[type[RidgeSettings]] = RidgeSettings
    tried: ClassVar[tuple[tuple[str, tuple[Any, ...]], ...]] = (
        ("degree_power", (0.0, 0.1, 0.3, 0.5)),
        ("penalty", (4.0, 16.0, 64.0)),
        ("item_power", (0.0, 0.4)),
        ("user_power", (0.0, 0.4)),
        ("degree_power", (0.0, 0.1, 0.3, 0.4)),
    )

    @staticmethod
    def filter(settings: Any, spread: float = 1.0) -> Filter:
        """h(P) between the powers of the degrees, without V."""
        s = settings
        polynomial = Chebyshev.interpolate(passed, s.order, args=(s.penalty / spread,)).coef.astype(np.float64)
        return Filter(polynomial, (s.item_power, s.degree_power), 0.0, 0.0, None, (s.user_power, s.item_power))
