"""Which group is served worst, and how much a grouping has to tell."""

from __future__ import annotations

import numpy as np

from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.audit.report import Difference
from gnnrec_core.audit.scorecard import WorstGroup


def worst_group(differences: tuple[Difference, ...]) -> WorstGroup | None:
    """The difference that does most harm: one that stands before one that does not, accuracy before other figures, the
    largest share of the others' figure first; where the caveat of a figure explains it, only if there is no other. Of
    those that do not stand, the group with the lowest NDCG."""
    harms = [d for d in differences if d.finding == "worse"]
    if harms:
        chosen = min(harms, key=_harm)
    else:
        ranked = [d for d in differences if d.metric == "ndcg" and np.isfinite(d.value)]
        if not ranked:
            return None
        chosen = min(ranked, key=lambda d: d.value)
    return WorstGroup(
        chosen.group, chosen.metric, chosen.relative, chosen.n_group, chosen.finding == "worse", chosen.sentence
    )


def _harm(difference: Difference) -> tuple[bool, bool, float]:
    size = abs(difference.relative) if np.isfinite(difference.relative) else float("inf")
    return bool(difference.caveat), METRICS[difference.metric].family != "accuracy", -size


def harm_of(differences: tuple[Difference, ...]) -> tuple[float, int, int]:
    """How much a grouping has to tell, for comparing several: the largest accuracy gap that stands without a caveat,
    how many harms stand without one, and how many differences stand."""
    harms = [d for d in differences if d.finding == "worse" and not d.caveat]
    gaps = [-_harm(d)[2] for d in harms if METRICS[d.metric].family == "accuracy"]
    return max(gaps, default=0.0), len(harms), sum(d.stands for d in differences)
