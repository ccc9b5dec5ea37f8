"""Runs side by side, as blocks."""

from __future__ import annotations

from gnnrec_core.audit.metrics import METRICS, default_tests
from gnnrec_core.audit.studies.comparing import Comparison
from gnnrec_core.render.blocks import Section, Table, Verdict
from gnnrec_core.views.lists import published_sections


def comparison_sections(found: Comparison) -> tuple[Section, ...]:
    """What can be said of the differences, then every figure of every run with its interval."""
    said = [Verdict(difference.sentence) for difference in found.differences]
    said += [Verdict(sentence, "warning") for sentence in found.warnings]
    rows = tuple(
        (row.name, METRICS[name].title, figure.value, figure.low, figure.high)
        for row in found.rows
        for name, figure in row.metrics.items()
        if name in default_tests("compare")
    ) + tuple((row.name, METRICS["coverage"].title, row.items["coverage"], None, None) for row in found.rows)
    table = Table(
        ("run", "figure", "value", "low", "high"),
        rows,
        f"Lists of {found.k}, judged on {found.split}; 95 % intervals over people.",
    )
    return (Section("Differences", tuple(said)), Section("Figures", (table,)), *published_sections(found.published))
