"""Decisions in words, and figures as text."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from gnnrec_core.audit.decision import Decision, Effect
from gnnrec_core.audit.metrics.definition import Metric
from gnnrec_core.ranking.intervals import Interval


def group_sentence(
    metric: Metric, group: str, figures: Sequence[float], effect: Effect, decision: Decision, practical: float
) -> str:
    """One sentence on a group (`figures`: its own and that of all others) that a manager can read and a statistician
    can check."""
    who = f"{group} (n = {effect.n_group:,})"
    if decision.finding == "none":
        return f"{who}: no difference in {metric.title} of {_share(practical)} or more ({interval_text(effect)})."
    if not decision.stands:
        size = f" of {_share(practical)}" if effect.base else ""
        return (
            f"{who}: cannot tell whether there is a difference{size} in {metric.title} "
            f"({figure(effect.value, True)}; {interval_text(effect)}){needed_text(effect, decision)}."
        )
    tail = f"({figure(effect.value, True)}; {interval_text(effect)})"
    return f"{who}: {metric.title} {_against(figures, effect, 'all others')} {tail}{_remarks(effect, decision)}."


def pair_sentence(
    metric: Metric, run: str, other: str, figures: Sequence[float], effect: Effect, decision: Decision, practical: float
) -> str:
    """One sentence on two runs over the same users."""
    if decision.finding == "none":
        return f"{metric.title}: {run} and {other} differ by less than {_share(practical)} ({interval_text(effect)})."
    if not decision.stands:
        return (
            f"{metric.title}: {run} and {other} cannot be told apart "
            f"({figure(effect.value, True)}; {interval_text(effect)})"
            f"{needed_text(effect, decision).replace(' on the smaller side, which has', '; there are')}."
        )
    tail = f"({figure(effect.value, True)}; {interval_text(effect)})"
    return f"{metric.title}: {run} {_against(figures, effect, other)} {tail}{_remarks(effect, decision)}."


def _against(figures: Sequence[float], effect: Effect, others: str) -> str:
    """The figure beside what it is compared with; where one of the two is 0 in words, not as a ratio."""
    own, rest = figures
    if effect.base == 0:
        return f"{figure(own)}, {others} {figure(rest)}"
    if abs(own - (rest - effect.base)) < 1e-12:
        return f"{figure(own)}: nothing, against {figure(rest)} for {others}"
    way = "above" if effect.value > 0 else "below"
    return f"{figure(own)}, {_share(abs(effect.relative))} {way} {others}"


def _share(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 else f"{100 * share:.1g} %" if share else "any size"


def _remarks(effect: Effect, decision: Decision) -> str:
    small = "; real but small" if decision.finding == "small" else ""
    few = (
        f"; on few people ({effect.n:,} on the smaller side), so its size is uncertain" if decision.is_qualified else ""
    )
    return small + few


def interval_text(effect: Effect) -> str:
    """The interval that the decision rests on, and its p-value."""
    span = f"95 % interval {span_text(effect.low, effect.high)}" if math.isfinite(effect.low) else "no interval"
    return f"{span} and p {p_text(effect.p_adjusted)}, adjusted for all that was tested"


def span_text(low: float, high: float) -> str:
    """Both ends with their signs.

    >>> span_text(-0.0123, 0.5), span_text(float("nan"), 1.0)
    ('−0.0123 to +0.500', '–')
    """
    return f"{figure(low, True)} to {figure(high, True)}" if math.isfinite(low) and math.isfinite(high) else "–"


def needed_text(effect: Effect, decision: Decision) -> str:
    """What would settle a "cannot tell"."""
    if decision.needed is None:
        return ""
    return f": that would need about {decision.needed:,} people on the smaller side, which has {effect.n:,}"


def figure(value: float, sign: bool = False) -> str:
    """Three significant digits, trailing zeros too, with a real minus sign.

    >>> figure(0.04567), figure(-0.5, True), figure(1234.5), figure(120.0), figure(0.0), figure(0.0000582, True)
    ('0.0457', '−0.500', '1,234', '120', '0', '+0.0000582')
    """
    if not math.isfinite(value):
        return "–"
    plus = "+" if sign and value else ""
    if abs(value) >= 1000 or value == 0:
        text = f"{value:{plus},.0f}"
    elif abs(value) < 1e-4:  # no powers of ten for people
        text = f"{value:{plus}.{min(12, 2 - math.floor(math.log10(abs(value))))}f}"
    else:
        text = f"{value:{plus}#.3g}".rstrip(".")
    return text.replace("-", "−")


def of_people(text: str) -> str:
    """A definition in the words of the app, where users are people.

    >>> of_people("The share of users whose list holds the user's own items; over users with a list")
    "The share of people whose list holds the person's own items; over people with a list"
    >>> of_people("Users without a list count as 0.")
    'People without a list count as 0.'
    """
    words = {"user": "person", "users": "people", "User": "Person", "Users": "People"}
    return re.sub(r"\b[uU]sers?\b", lambda found: words[found[0]], text)


def with_interval(found: Interval) -> str:
    """A figure and its 95 % interval.

    >>> with_interval(Interval(0.3123, 0.2951, 0.33)), with_interval(Interval(0.5))
    ('0.312 (0.295 to 0.330)', '0.500')
    """
    if not math.isfinite(found.low):
        return figure(found.value)
    return f"{figure(found.value)} ({figure(found.low)} to {figure(found.high)})"


def p_text(p: float) -> str:
    """A p-value as text.

    >>> p_text(0.0312), p_text(0.00002), p_text(0.0497), p_text(0.0499999)
    ('= 0.031', '< 0.001', '= 0.0497', '= 0.04999')
    """
    if 0.045 < p < 0.05:  # not to be rounded to the other side of 0.05
        return f"= {math.floor(p * 1e5) / 1e5:.5f}".removesuffix("0")
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"
