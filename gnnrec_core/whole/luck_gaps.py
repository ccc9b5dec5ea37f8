"""Gaps between groups, as figures of a model that luck is asked about: which of them would another seed keep?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gnnrec_core.audit.gate import gate_of
from gnnrec_core.audit.groups import available_groupings, group_users
from gnnrec_core.audit.metrics import find_convention, find_metric
from gnnrec_core.audit.sources import gather
from gnnrec_core.runs.run import Run

METRICS = ("ndcg", "long_tail_share")


def group_gaps(run: Run, k: int = 10) -> Callable[[Any], dict[str, float]]:
    """What to measure on each model of `run.dataset`: for every group that may be spoken of its figure less that of all
    others, by "figure: grouping, group"."""
    groupings = [group_users(run.dataset, choice.name) for choice in available_groupings(run.dataset)]
    gate = gate_of(run.dataset)

    def gaps(model: Any) -> dict[str, float]:
        evidence = gather(Run.of(model, run.dataset, run.record.seed), k, "test")
        found = {}
        for name in METRICS:
            metric = find_metric(name)
            top, bottom = metric.parts(evidence, find_convention("ours"))
            counted = bottom > 0
            for grouping in groupings:
                for place in np.flatnonzero(gate.shown(grouping, counted)).tolist():
                    own, rest = counted & grouping.member[:, place], counted & ~grouping.member[:, place]
                    if own.any() and rest.any():
                        means = [float(top[who].sum() / bottom[who].sum()) for who in (own, rest)]
                        found[f"{metric.title}: {grouping.name}, {grouping.labels[place]}"] = means[0] - means[1]
        return found

    return gaps
