"""All metrics by name. A new one is a function with its `Metric` in a family file; a new family is a line here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

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
from gnnrec_core.audit.metrics.definition import Metric, Study, Variant
from gnnrec_core.base.errors import RequestError, UnsupportedError
from gnnrec_core.base.outside import note
from gnnrec_core.base.registry import Registry, did_you_mean

FAMILIES = (accuracy, coverage, popularity, diversity, calibration, users, providers, individual, cold_start)


class _Metrics(Mapping[str, Metric]):
    """All metrics by name: those of `FAMILIES`, then those that other packages declare, read on first use."""

    @cached_property
    def _all(self) -> dict[str, Metric]:
        found = {metric.name: metric for family in FAMILIES for metric in family.METRICS}
        for plugin in Registry("metric", taken=tuple(found)):
            try:
                found[plugin.name] = _checked(plugin.name, plugin.load())
            except UnsupportedError:  # noted by `load`
                continue
            except ValueError as error:
                note(plugin.package, str(error))
        return found

    def __getitem__(self, name: str) -> Metric:
        return self._all[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


def _checked(name: str, metric: object) -> Metric:
    """ValueError where it is no metric of that name, or one whose definition nobody has worked out on an example."""
    if not isinstance(metric, Metric) or metric.name != name:
        raise ValueError(f"{name!r} is declared as a metric and is no Metric of that name")
    if metric.worked is None:
        raise ValueError(f"the metric {name!r} has no worked example (`worked`)")
    return metric


METRICS = _Metrics()


def conventions() -> tuple[str, ...]:
    """Whose definitions can be chosen where one name has several."""
    return ("ours", *sorted({variant.convention for metric in METRICS.values() for variant in metric.variants}))


def default_tests(study: Study) -> tuple[str, ...]:
    """The metrics whose differences a study tests unless it is told others."""
    return tuple(metric.name for metric in METRICS.values() if study in metric.tested_in)


def find_metric(name: str) -> Metric:
    """The metric of that name; RequestError with near names where there is none."""
    if name not in METRICS:
        raise RequestError(f"There is no metric named {name!r}.", did_you_mean(name, tuple(METRICS)), value=name)
    return METRICS[name]


def find_convention(name: str) -> str:
    """The spelling in `conventions()`; RequestError where there is none."""
    for known in conventions():
        if known.lower() == name.lower():
            return known
    raise RequestError(f"There is no convention named {name!r}.", did_you_mean(name, conventions()), value=name)


def measurable(evidence: Evidence, all_metrics: bool = False) -> tuple[Metric, ...]:
    """The metrics that `evidence` has everything for; slow ones only where asked."""
    return tuple(
        metric for metric in METRICS.values() if (metric.default or all_metrics) and not metric.missing(evidence)
    )


__all__ = [
    "METRICS",
    "Metric",
    "Variant",
    "conventions",
    "default_tests",
    "find_convention",
    "find_metric",
    "measurable",
]
