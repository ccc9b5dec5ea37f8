"""What a search may look for, measured on the validation part: accuracy, exposure, the gap between groups, seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gnnrec_core.audit.evidence import Evidence
from gnnrec_core.audit.gate import gate_of
from gnnrec_core.audit.groups import group_users
from gnnrec_core.audit.metrics import METRICS
from gnnrec_core.audit.sources import evidence_of, ranked
from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.registry import did_you_mean
from gnnrec_core.data.dataset import Dataset
from gnnrec_core.runs.run import Run
from gnnrec_core.runs.validation import K


@dataclass(frozen=True)
class Trained:
    """What a trial ended in: its run, its lists on the validation part, and whose gap is measured."""

    run: Run
    evidence: Evidence
    group_by: str


@dataclass(frozen=True)
class Objective:
    """A figure to look for; `higher` says which way is better."""

    name: str
    title: str
    higher: bool
    measure: Callable[[Trained], float]


def _accuracy(trained: Trained) -> float:
    return METRICS["ndcg"].value(trained.evidence)


def _exposure(trained: Trained) -> float:
    return METRICS["gini_exposure"].value(trained.evidence)


def _gap(trained: Trained) -> float:
    """Largest less smallest NDCG of the groups that may be shown; 0 where fewer than two may."""
    grouping = group_users(trained.run.dataset, trained.group_by)
    top, bottom = METRICS["ndcg"].parts(trained.evidence)
    shown = gate_of(trained.run.dataset).shown(grouping, bottom > 0)
    n = grouping.member.T.astype(np.float64) @ bottom
    kept = shown & (n > 0)
    values = (grouping.member.T.astype(np.float64) @ top)[kept] / n[kept]
    return float(values.max() - values.min()) if len(values) > 1 else 0.0


def _seconds(trained: Trained) -> float:
    return float(trained.run.record.figures["seconds"])


OBJECTIVES = {
    objective.name: objective
    for objective in (
        Objective("accuracy", f"NDCG@{K}, validation", True, _accuracy),
        Objective("exposure", f"Gini of exposure in lists of {K}, validation", False, _exposure),
        Objective("gap", f"gap of NDCG@{K} between groups, validation", False, _gap),
        Objective("seconds", "seconds of training", False, _seconds),
    )
}


def find_objectives(names: tuple[str, ...]) -> tuple[Objective, ...]:
    """The objectives of these names; RequestError for an unknown one."""
    for name in names:
        if name not in OBJECTIVES:
            raise RequestError(f"There is no objective {name!r}.", did_you_mean(name, tuple(OBJECTIVES)), value=name)
    return tuple(OBJECTIVES[name] for name in dict.fromkeys(names))


def measured(run: Run, dataset: Dataset, group_by: str) -> dict[str, float]:
    """Every objective of a run on the validation part of `dataset`."""
    lists = ranked(dataset, run.model.score, min(K, dataset.n_items), "validation")
    trained = Trained(run, evidence_of(dataset, lists, "validation"), group_by)
    return {name: objective.measure(trained) for name, objective in OBJECTIVES.items()}
