"""FA*IR: each prefix of a list holds at least as many protected items as chance would with probability 1 - alpha."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field
from scipy.stats import binom

from gnnrec_core.audit.rerankers.protocol import Candidates, ProtectedSettings, take
from gnnrec_core.base import progress
from gnnrec_core.data.dataset import IntArray
from gnnrec_core.ranking.recommendations import Recommendations


class FaStarIRSettings(ProtectedSettings):
    """`share` 0 leaves the lists as they are."""

    share: float = Field(
        default=0.5, ge=0.0, le=0.99, description="the share p of protected items that a prefix is tested on"
    )
    alpha: float = Field(default=0.1, gt=0.0, lt=1.0, description="the significance of the test at each prefix")


class FaStarIR:
    """Zehlike et al. 2017, with the table that is not adjusted for testing every prefix (alpha is for each prefix)."""

    name: ClassVar[str] = "fa_star_ir"
    settings_type = FaStarIRSettings
    neutral: ClassVar[Mapping[str, Any]] = {"share": 0.0}

    def rerank(self, candidates: Candidates, settings: FaStarIRSettings, k: int) -> Recommendations:
        """Lists of k; where a user's protected candidates run out, the best others follow."""
        queues = candidates.queues(settings.segment)
        n, _, c = queues.position.shape
        needed = minimum_protected(k, settings.share, settings.alpha)
        at = np.zeros((n, 2), dtype=np.int64)
        rows = np.arange(n)
        order = np.zeros((n, k), dtype=np.int64)
        value = np.full((n, k), -np.inf)
        for place in range(min(k, c - 1)):
            progress.check()
            best = [queues.score[rows, queue, at[:, queue]] for queue in (0, 1)]
            from_protected = queues.position[rows, 0, at[:, 0]] < queues.position[rows, 1, at[:, 1]]
            must = (at[:, 0] < needed[place]) & np.isfinite(best[0])
            queue = np.where(must | (np.isfinite(best[0]) & (from_protected | ~np.isfinite(best[1]))), 0, 1)
            order[:, place] = queues.position[rows, queue, at[rows, queue]]
            left = np.isfinite(best[0]) | np.isfinite(best[1])
            value[left, place] = 1.0 - place / k  # lists are ordered by rule, not by score
            at[rows[left], queue[left]] += 1
        return take(candidates, order, value)


def minimum_protected(k: int, share: float, alpha: float) -> IntArray:
    """m(i), the least number of protected items among the first i = 1 .. k: the alpha-quantile of Binomial(i, share).

    >>> minimum_protected(6, 0.5, 0.1).tolist()
    [0, 0, 0, 1, 1, 1]
    """
    return np.maximum(0, binom.ppf(alpha, np.arange(1, k + 1), share)).astype(np.int64)
