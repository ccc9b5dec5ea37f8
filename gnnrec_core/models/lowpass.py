"""An ideal low-pass filter of the graph: the part of GF-CF (Shen et al. 2021) that large data can afford."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import Field

from gnnrec_core.base.settings import Live, Search
from gnnrec_core.data.dataset import Dataset, FloatArray, IntArray
from gnnrec_core.graph import RecGraph
from gnnrec_core.models.ops.edges.operator_settings import AgedSettings
from gnnrec_core.models.ops.filters.graph_filter import VECTORS, Filter, GraphFilter
from gnnrec_core.models.protocol import Tensors


class LowPassSettings(AgedSettings):
    """Settings of the low-pass filter."""

    n_vectors: Annotated[int, Search(16, 512, log=True)] = Field(
        0, ge=0, le=4096, description="smoothest directions the low-pass keeps; 0: by the catalogue"
    )
    degree_power: Annotated[float, Live(-0.6, 1.0), Search(-0.2, 0.6)] = Field(
        0.35, ge=-1, le=2, description="how much popular items gain: power of degrees after it"
    )


class LowPass(GraphFilter):
    """score(u, .) = x_u D_i^-b V V^T D_i^b: fitted in blocks, scored by one dense product."""

    name: ClassVar[str] = "lowpass"
    settings_type: ClassVar[type[LowPassSettings]] = LowPassSettings

    @classmethod
    def kept_parts(cls, settings: Any) -> float | None:
        """No side edges; with a half-life there are two graphs."""
        return None if settings.half_life_days else 0.0

    def kept_tables(self) -> Tensors:
        """V and the items' degrees."""
        return self._tensors

    @classmethod
    def over_tables(cls, dataset: Dataset, settings: Any, graph: RecGraph, tables: Tensors) -> Self:
        """RunError where the tables do not fit."""
        cls.check(graph, settings, tables)
        return cls(graph, settings, tables)

    def user_factors(self, users: IntArray) -> FloatArray:
        """x_u D_i^-b V `[n, d]`."""
        down = self._scales(self.settings.degree_power, self.settings.degree_power)[0]
        found: FloatArray = (self.rows_of(users) * down).astype(np.float32) @ self._tensors[VECTORS]
        return found

    def item_factors(self) -> FloatArray:
        """Rows of V times D_i^b `[n_items, d]`."""
        return self._scaled

    @cached_property
    def _scaled(self) -> FloatArray:
        up = self._scales(self.settings.degree_power, self.settings.degree_power)[1].astype(np.float32)
        scaled: FloatArray = self._tensors[VECTORS] * up[:, None]
        return scaled

    def _set(self, tensors: Tensors) -> None:
        super()._set(tensors)
        self.__dict__.pop("_scaled", None)

    @staticmethod
    def filter(settings: Any, spread: float = 1.0) -> Filter:
        """V V^T alone."""
        return Filter(np.zeros(0), (0.0, 0.0), 1.0, settings.degree_power, settings.n_vectors)
