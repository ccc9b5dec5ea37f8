"""Main parameters: as JSON, as rows, and as blocks."""

from __future__ import annotations

from typing import Any

from gnnrec_core.render.blocks import Section, Table, Text, Verdict
from gnnrec_core.whole.parameters import Parameter, Parameters

WHAT = (
    "Each input is taken out of the trained model, everybody is ranked again, and the lists are compared. Without "
    "effect means that no change of accuracy could be measured; how far the lists moved is said beside it.",
    "Nothing is trained again: a model trained without the input may do better than this.",
)


def parameters_json(found: Parameters) -> dict[str, Any]:
    """Every input with its figures."""
    return {
        "k": found.k,
        "split": found.split,
        "n_users": found.n_users,
        "n_judged": found.n_judged,
        "ndcg": found.accuracy.to_dict(),
        "parameters": list(parameter_rows(found)),
        "without_profiling": _row(found.without_profiling),
    }


def parameter_rows(found: Parameters) -> tuple[dict[str, Any], ...]:
    """One row an input."""
    return tuple(_row(row) for row in found.rows)


def parameters_sections(found: Parameters) -> tuple[Section, ...]:
    """What was measured, in sentences and as a table."""
    rows = tuple(
        (row.name, row.overlap.value, row.accuracy.value, row.accuracy.low, row.accuracy.high, row.definition)
        for row in (*found.rows, found.without_profiling)
    )
    caption = (
        f"Lists of {found.k}; overlap over {found.n_users:,} people, NDCG over {found.n_judged:,} with {found.split} "
        "items; intervals hold for all inputs together with 95 %."
    )
    columns = ("without", "overlap", "NDCG change", "low", "high", "what is removed")
    said = tuple(Verdict(row.sentence) for row in found.rows)
    return (Section("Main parameters", (Text(WHAT), *said)), Section("Figures", (Table(columns, rows, caption),)))


def _row(row: Parameter) -> dict[str, Any]:
    return {
        "name": row.name,
        "definition": row.definition,
        "is_used": row.is_used,
        "overlap": row.overlap.to_dict(),
        "ndcg_change": row.accuracy.to_dict(),
        "has_effect": row.has_effect,
        "sentence": row.sentence,
    }
