"""Settings of the operator itself: how old interactions and popular nodes count. They need no training (`Live`)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from gnnrec_core.base.settings import Live, Search, Settings


class AgedSettings(Settings):
    """Of models whose graph may weigh old interactions less."""

    half_life_days: Annotated[float, Live(0, 1000)] = Field(
        0.0, ge=0, le=36_500, description="age in days at which an interaction counts half; 0: all ages count alike"
    )


class OperatorSettings(AgedSettings):
    """Of linear models: scores are (degree of the item) ^ `degree_power` after it and ^ -`degree_power` before it."""

    degree_power: Annotated[float, Live(-0.6, 0.6), Search(-0.2, 0.2)] = Field(
        0.0, ge=-1, le=2, description="how much popular items gain (below 0: lose): power of degrees after the operator"
    )
