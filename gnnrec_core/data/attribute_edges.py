"""Edges between attributes: a genre of a wider genre, an author of a movement, a town in a country."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from gnnrec_core.base.errors import DataError
from gnnrec_core.data.dataset import Problem
from gnnrec_core.data.formats.source import EdgeTable

ENDS = ("source", "target")


@dataclass(frozen=True)
class AttributeEdges:
    """Edges between labels (`source`, `target`, `weight`), each once, and the labels that are new with them."""

    name: str
    frame: pl.DataFrame
    new: tuple[str, ...]


def between_attributes(
    edge: EdgeTable, weight: pl.Series, known: Iterable[str], problems: list[Problem]
) -> AttributeEdges:
    """Edges from labels in `known` to any label; a target that is not known becomes an attribute node of this relation.

    Edges from an unknown label, and from a label to itself, are left out and reported. DataError where that is more
    than half of them.
    """
    frame = edge.table.frame.with_row_index("row").rename(dict(zip(edge.table.frame.columns, (*ENDS, "weight"))))
    problems.extend(edge.table.problems)
    text = [pl.col(end).cast(pl.String).fill_null("").str.strip_chars().str.normalize("NFC") for end in ENDS]
    frame = frame.with_columns(*text, weight=weight)
    labels = sorted(set(known))
    fits = pl.col("source").is_in(labels) & (pl.col("target") != "") & (pl.col("source") != pl.col("target"))
    kept, gone = frame.filter(fits), frame.filter(~fits)
    if gone.height:
        _report(edge, gone, frame.height, problems)
    once = kept.group_by(*ENDS).agg(pl.col("weight").max()).sort(*ENDS)
    return AttributeEdges(edge.name, once, tuple(sorted(set(once["target"]) - set(labels))))


def _report(edge: EdgeTable, gone: pl.DataFrame, n: int, problems: list[Problem]) -> None:
    file, lines, value = edge.table.file, edge.table.where(gone["row"].to_numpy()), str(gone["source"][0])
    if gone.height > n / 2:
        raise DataError(
            f"{file}: {gone.height:,} of {n:,} edges do not start at an attribute of the data.",
            f"Write labels as the attribute columns have them ({value!r} on line {lines[0]:,} is none).",
            file=file,
            line=lines[0],
            value=value,
            count=gone.height,
        )
    message = (
        f"{gone.height:,} edges of {edge.name!r} do not start at another attribute of the data; they were left out."
    )
    problems.append(
        Problem("unknown_edge_ends", "warning", gone.height, "dropped", message, file, lines[0], None, value, lines)
    )
