"""Conditions on an audit that a pipeline can fail on: "ndcg.gap.gender>0.05"."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gnnrec_core.audit.report import AuditReport
from gnnrec_core.base.errors import RequestError
from gnnrec_core.base.registry import did_you_mean

OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
GRAMMAR = (
    "Write METRIC<0.1, METRIC.gap.GROUPING>0.05 (largest minus smallest shown group), "
    "METRIC.ratio.GROUPING<0.8 (smallest / largest) or METRIC.p.GROUPING<0.05 (least adjusted p-value)."
)


@dataclass(frozen=True)
class Check:
    """A condition and what came of it. `value` is NaN where nothing could be measured; such a check fails."""

    expression: str
    value: float
    failed: bool
    reason: str


@dataclass(frozen=True)
class Condition:
    """The parts of "METRIC[.KIND.GROUPING] OPERATOR NUMBER"; `kind` is value, gap, ratio or p."""

    expression: str
    metric: str
    kind: str
    grouping: str
    sign: str
    bound: float


def parse_condition(expression: str) -> Condition:
    """Read a condition; RequestError that shows the grammar where it cannot be read.

    >>> parse_condition("ndcg.gap.gender>0.05").kind
    'gap'
    """
    found = re.fullmatch(r"\s*(\w+)(?:\.(gap|ratio|p)(?:\.(.+?))?)?\s*(>=|<=|>|<)\s*([-+.\deE]+)\s*", expression)
    try:
        bound = float(found.group(5)) if found else float("nan")
    except ValueError:
        bound = float("nan")
    if found is None or not np.isfinite(bound):
        raise RequestError(f"The condition {expression!r} cannot be read.", GRAMMAR, value=expression)
    metric, kind, grouping, sign, _ = found.groups()
    return Condition(expression, metric, kind or "value", grouping or "", sign, bound)


def check(report: AuditReport, condition: Condition) -> Check:
    """Whether `condition` holds in `report`: then the check has failed. Also where nothing could be measured.

    Raises RequestError where the metric or the grouping is not in the report.
    """
    known = (*report.overall, *report.items)
    if condition.metric not in known:
        raise RequestError(
            f"The audit has no metric {condition.metric!r}.",
            did_you_mean(condition.metric, known),
            value=condition.metric,
        )
    if condition.grouping and condition.grouping != report.scope.group_by:
        raise RequestError(
            f"The audit is by {report.scope.group_by or 'nothing'}, not by {condition.grouping!r}.",
            f"Pass --group-by {condition.grouping}.",
            value=condition.grouping,
        )
    value = _value(report, condition)
    if not np.isfinite(value):
        figure = report.overall.get(condition.metric) or report.items[condition.metric]
        why = figure.reason if condition.kind == "value" else "no two groups that may be shown"
        return Check(condition.expression, value, True, f"nothing to measure it by: {why}")
    failed = OPERATORS[condition.sign](value, condition.bound)
    return Check(condition.expression, value, failed, f"it is {value:.4g}")


def _value(report: AuditReport, condition: Condition) -> float:
    if condition.kind == "value":
        found = report.overall.get(condition.metric) or report.items[condition.metric]
        return found.value
    if condition.kind == "p":
        p = [d.p_adjusted for d in report.differences if d.metric == condition.metric and np.isfinite(d.p_adjusted)]
        return min(p) if p else float("nan")
    values = [group.metrics[condition.metric].value for group in report.by_group if condition.metric in group.metrics]
    values = [value for value in values if np.isfinite(value)]
    if len(values) < 2:
        return float("nan")
    if condition.kind == "gap":
        return max(values) - min(values)
    return min(values) / max(values) if max(values) > 0 else float("nan")
