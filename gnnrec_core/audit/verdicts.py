"""From figures to findings and sentences: what can be said, and when it is only that one cannot tell."""

from __future__ import annotations

import math

from gnnrec_core.audit.metrics.definition import Metric
from gnnrec_core.audit.report import Finding

MIN_FOR_VERDICT = 50
ALPHA = 0.05


def finding_of(
    metric: Metric, value: float, relative: float, p_adjusted: float, n: int, detectable: float, practical: float
) -> Finding:
    """The verdict on one difference.

    "cannot tell": fewer than 50 measurable users on a side, or no significance where a difference that matters (the
    practical threshold) could not have been found. Otherwise significant and at least `practical` (relative):
    worse or better where the metric has a direction, else lower or higher; significant but less: "small".
    """
    if n < MIN_FOR_VERDICT or not math.isfinite(p_adjusted):
        return "cannot tell"
    if p_adjusted >= ALPHA:
        threshold = practical * abs(value / relative) if relative else 0.0
        return "none" if relative and detectable <= threshold else "cannot tell"
    if abs(relative) < practical:
        return "small"
    if metric.direction == "neither":
        return "higher" if value > 0 else "lower"
    return "better" if (value > 0) == (metric.direction == "higher") else "worse"


def sentence_of(
    metric: Metric,
    group: str,
    own: float,
    n: int,
    interval: tuple[float, float, float],
    relative: float,
    p_adjusted: float,
    finding: Finding,
    detectable: float,
) -> str:
    """One sentence a manager can read and a statistician can check."""
    value, low, high = interval
    who = f"{group} (n = {n:,})"
    if finding == "cannot tell" and n < MIN_FOR_VERDICT:
        return f"{who}: cannot tell whether {metric.title} differs with {n:,} measurable users on the smaller side."
    if finding == "cannot tell":
        return (
            f"{who}: cannot tell; {metric.title} differs by {figure(value, True)} "
            f"({figure(low, True)} to {figure(high, True)}), "
            f"and with this many users only a difference of about {figure(detectable)} would be found."
        )
    if finding == "none":
        return f"{who}: no difference in {metric.title} that matters ({figure(low, True)} to {figure(high, True)})."
    way = "above" if value > 0 else "below"
    tail = f"95 % interval {figure(low, True)} to {figure(high, True)}, adjusted p {p_text(p_adjusted)}"
    verdict = "; real but small" if finding == "small" else ""
    return (
        f"{who}: {metric.title} {figure(own)}, {100 * abs(relative):.0f} % {way} all others "
        f"({figure(value, True)}; {tail}){verdict}."
    )


def figure(value: float, sign: bool = False) -> str:
    """Three significant digits, trailing zeros too, with a real minus sign.

    >>> figure(0.04567), figure(-0.5, True), figure(1234.5), figure(120.0), figure(0.0)
    ('0.0457', '−0.500', '1,234', '120', '0')
    """
    if not math.isfinite(value):
        return "unknown"
    plus = "+" if sign else ""
    text = f"{value:{plus},.0f}" if abs(value) >= 1000 or value == 0 else f"{value:{plus}#.3g}".rstrip(".")
    return text.replace("-", "−")


def p_text(p: float) -> str:
    """A p-value as text.

    >>> p_text(0.0312), p_text(0.00002)
    ('= 0.031', '< 0.001')
    """
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"
