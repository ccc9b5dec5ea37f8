"""Tail boost: adds `strength` to the scaled score of every item that is not in the popular head."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from gnnrec_core.audit.rerankers.protocol import Candidates, best_k
from gnnrec_core.audit.segments import head
from gnnrec_core.base.settings import Settings
from gnnrec_core.ranking.recommendations import Recommendations


class TailBoostSettings(Settings):
    """`strength` 0 leaves the lists as they are."""

    strength: float = Field(default=0.1, ge=0.0, le=1.0, description="what an item of the tail gets")


class TailBoost:
    """score + strength x [item in the tail]."""

    name: ClassVar[str] = "tail_boost"
    settings_type = TailBoostSettings
    neutral: ClassVar[Mapping[str, Any]] = {"strength": 0.0}

    def rerank(self, candidates: Candidates, settings: TailBoostSettings, k: int) -> Recommendations:
        """The k best by boosted score."""
        tail = ~head(candidates.evidence.popularity)
        return best_k(candidates, candidates.scaled + np.float32(settings.strength) * tail[candidates.items], k)
