"""Popularity penalty: (score scaled to 0..1) - strength x log(1 + popularity) / log(1 + largest popularity)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from gnnrec_core.audit.rerankers.protocol import Candidates, best_k
from gnnrec_core.base.settings import Settings
from gnnrec_core.ranking.recommendations import Recommendations


class PopularityPenaltySettings(Settings):
    """`strength` 0 leaves the lists as they are."""

    strength: float = Field(
        default=0.2, ge=0.0, le=1.0, description="how much of the log popularity is taken off the score"
    )


class PopularityPenalty:
    """Re-ranks by score less a share of log popularity (compare Abdollahpouri et al. 2017)."""

    name: ClassVar[str] = "popularity_penalty"
    settings_type = PopularityPenaltySettings
    neutral: ClassVar[Mapping[str, Any]] = {"strength": 0.0}

    def rerank(self, candidates: Candidates, settings: PopularityPenaltySettings, k: int) -> Recommendations:
        """The k best by penalised score."""
        popularity = np.log1p(candidates.evidence.popularity)
        share = (popularity / max(np.log(2.0), popularity.max())).astype(np.float32)
        return best_k(candidates, candidates.scaled - np.float32(settings.strength) * share[candidates.items], k)
