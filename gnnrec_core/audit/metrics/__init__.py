"""All metrics by name. A new one is a function with its `Metric` in a family file; a new family is a line here."""

from __future__ import annotations

from gnnrec_core.audit.evidence import Evidence
from gnnrec_core.audit.metrics import (
    accuracy,
    calibration,
    cold_start,
    coverage,
    diversity,
    individual,
    popularity,
    providers,
    users,
)
from gnnrec_core.audit.metrics.definition import Metric, Variant
from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.registry import did_you_mean

FAMILIES = (accuracy, coverage, popularity, diversity, calibration, users, providers, individual, cold_start)
METRICS: dict[str, Metric] = {metric.name: metric for family in FAMILIES for metric in family.METRICS}
CONVENTIONS = ("ours", *sorted({variant.convention for metric in METRICS.values() for variant in metric.variants}))
"""Whose definitions can be chosen where one name has several."""


def find_metric(name: str) -> Metric:
    """The metric of that name; RequestError with near names where there is none."""
    if name not in METRICS:
        raise RequestError(f"There is no metric named {name!r}.", did_you_mean(name, tuple(METRICS)), value=name)
    return METRICS[name]


def find_convention(name: str) -> str:
    """The spelling in `CONVENTIONS`; RequestError where there is none."""
    for known in CONVENTIONS:
        if known.lower() == name.lower():
            return known
    raise RequestError(f"There is no convention named {name!r}.", did_you_mean(name, CONVENTIONS), value=name)


def measurable(evidence: Evidence, all_metrics: bool = False) -> tuple[Metric, ...]:
    """The metrics that `evidence` has everything for; slow ones only where asked."""
    return tuple(
        metric for metric in METRICS.values() if (metric.default or all_metrics) and not metric.missing(evidence)
    )


__all__ = ["CONVENTIONS", "METRICS", "Metric", "Variant", "find_convention", "find_metric", "measurable"]
