"""Any JSON object as blocks: values as facts, lists of objects as tables, warnings as what stands out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gnnrec_core.render.blocks import Block, Facts, Section, Table, Verdict


def fact_sections(content: Mapping[str, Any], title: str = "Answer") -> tuple[Section, ...]:
    """One section of everything in `content`."""
    return (Section(title, fact_blocks(content)),)


def fact_blocks(content: Mapping[str, Any]) -> tuple[Block, ...]:
    """Plain values first, then a table for each list of objects, then warnings.

    >>> [type(block).__name__ for block in fact_blocks({"n": 3, "edges": [{"a": 1}], "warnings": ["few"]})]
    ['Facts', 'Table', 'Verdict']
    """
    values = {name: value for name, value in content.items() if name != "warnings" and not _is_table(value)}
    tables = tuple(table(words(name), value) for name, value in content.items() if _is_table(value))
    cautions = tuple(Verdict(str(sentence), "warning") for sentence in content.get("warnings", ()))
    return (*([Facts(named(values))] if values else []), *tables, *cautions)


def table(caption: str, rows: Iterable[Mapping[str, Any]]) -> Table:
    """Objects with the same keys as a table."""
    entries = list(rows)
    names = tuple(dict.fromkeys(name for entry in entries for name in entry))
    return Table(
        tuple(map(words, names)), tuple(tuple(flat(entry.get(name)) for name in names) for entry in entries), caption
    )


def problem_blocks(content: Mapping[str, Any]) -> tuple[Block, ...]:
    """What an import or a check found, each with its first lines where they are known."""
    return tuple(
        Verdict(problem["message"] + _lines(problem["lines"]), "note" if problem["severity"] == "info" else "warning")
        for problem in content["problems"]
    )


def _lines(lines: Sequence[int]) -> str:
    return f" (lines {', '.join(map(str, lines[:3]))})" if lines else ""


def named(values: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Names in words with their values on one line."""
    return tuple((words(name), flat(value)) for name, value in values.items())


def words(name: str) -> str:
    """A key as it is read."""
    return name.replace("_", " ")


def flat(value: Any) -> Any:
    """A value on one line; plain ones as they are."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {flat(entry)}" for name, entry in value.items())
    return " ".join(str(flat(entry)) for entry in value) if isinstance(value, (list, tuple)) else value


def _is_table(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(entry, dict) for entry in value)
