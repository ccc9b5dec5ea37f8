"""Side edges: friends, similar items, authors and genres, as typed relations of the graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, cast

import numpy as np
import polars as pl

from gnnrec_core.base.errors import DataError
from gnnrec_core.data.attribute_edges import AttributeEdges, between_attributes
from gnnrec_core.data.attributes import AttributeNodes, file_name
from gnnrec_core.data.dataset import FloatArray, IntArray, Problem, Relation, Vocabulary
from gnnrec_core.data.formats.roles import plain_name
from gnnrec_core.data.formats.source import EdgeTable, Table, need_file
from gnnrec_core.data.formats.text_file import file_dialect, read_text
from gnnrec_core.data.options import ImportOptions

ATTRIBUTES: Literal["attribute-attribute"] = "attribute-attribute"
_WEIGHTS = ("weight", "strength", "value", "score", "count")


def read_edge_files(options: ImportOptions) -> tuple[EdgeTable, ...]:
    """The files of `options.edges`: first column source, second target, and a weight column by name or as the third."""
    tables = []
    for edge in options.edges:
        path = need_file(edge.path)
        plain = options.model_copy(update={"header": "auto", "delimiter": None})
        dialect = file_dialect(path, plain)
        names = dialect.names
        if len(names) < 2:
            raise DataError(
                f"{path.name} has one column; side edges need source and target.",
                "Write source,target[,weight].",
                file=path.name,
                line=1,
                value=names[0],
            )
        weight = next((name for name in names[2:] if plain_name(name) in _WEIGHTS), None)
        weight = weight or (names[2] if len(names) == 3 else None)
        columns = (*names[:2], *((weight,) if weight else ()))
        table = read_text(path, dialect, columns, options.encoding, options.bad_rows == "drop")
        tables.append(EdgeTable(edge.name or file_name(edge.path), edge.kind, table))
    return tuple(tables)


def side_relations(
    edges: tuple[EdgeTable, ...],
    item_nodes: tuple[AttributeNodes, ...],
    user_nodes: tuple[AttributeNodes, ...],
    vocabularies: tuple[Vocabulary, Vocabulary],
    filtered: Mapping[str, frozenset[str]],
) -> tuple[pl.DataFrame, tuple[Relation, ...], tuple[Problem, ...]]:
    """The table of attribute nodes, the relations in node indices, and what was met. `filtered` are the ids of users
    and of items that stood in the source and that a filter left out: edges to them are dropped, and counted apart."""
    problems: list[Problem] = []
    users, items = vocabularies
    between: list[tuple[str, str, pl.DataFrame]] = []
    to_labels: list[tuple[str, str, pl.DataFrame]] = []
    for nodes in (*item_nodes, *user_nodes):
        frame = pl.DataFrame({"source": nodes.entity, "label": list(nodes.label)}).with_columns(weight=pl.lit(1.0))
        to_labels.append((nodes.name, nodes.kind, frame))
    joined = [edge for edge in edges if edge.kind == ATTRIBUTES]
    for edge in edges:
        if edge in joined:
            continue
        ids = users if edge.kind.startswith("user") else items
        frame = _resolved(edge, ids, problems, filtered.get(ids.kind, frozenset()))
        (to_labels if edge.kind.endswith("attribute") else between).append((edge.name, edge.kind, frame))
    named = [name for name, _, _ in (*to_labels, *between)]
    names = _distinct_names([*named, *(edge.name for edge in joined)])
    rows = {(name, label) for (_, _, frame), name in zip(to_labels, names) for label in frame["label"]}
    hierarchies = []
    for edge, name in zip(joined, names[len(named) :]):
        found = between_attributes(edge, _weights(edge.table), (label for _, label in rows), problems)
        rows |= {(name, label) for label in found.new}
        hierarchies.append(replace(found, name=name))
    label_table, places = _label_table(rows)
    n_entities = len(users) + len(items)
    relations = []
    for (_, kind, frame), name in zip((*to_labels, *between), names):
        offset = len(users) if kind.startswith("item") else 0
        source = frame["source"].to_numpy() + offset
        if kind.endswith("attribute"):
            target = np.array([places[name, label] for label in frame["label"]], np.int64) + n_entities
        else:
            target = frame["target"].to_numpy() + offset
        weight = frame["weight"].to_numpy()
        relations.append(Relation(name, cast(Literal["user-user"], kind), source, target, weight))
    relations += [Relation(found.name, ATTRIBUTES, *_joined(found, places, n_entities)) for found in hierarchies]
    return label_table, tuple(relations), tuple(problems)


def _joined(
    found: AttributeEdges, places: dict[tuple[str, str], int], first: int
) -> tuple[IntArray, IntArray, FloatArray]:
    """The nodes at both ends and the weight of each edge; a label that several attributes have stands for all."""
    nodes: dict[str, list[int]] = {}
    for (_, label), place in places.items():
        nodes.setdefault(label, []).append(first + place)
    ends = [(a, b, weight) for one, other, weight in found.frame.iter_rows() for a in nodes[one] for b in nodes[other]]
    source, target, weights = (list(column) for column in zip(*ends)) if ends else ([], [], [])
    return np.array(source, np.int64), np.array(target, np.int64), np.array(weights, np.float32)


def _distinct_names(names: list[str]) -> list[str]:
    found: list[str] = []
    for name in names:
        number, unique = 2, name
        while unique in found:
            unique, number = f"{name} {number}", number + 1
        found.append(unique)
    return found


def _label_table(nodes: set[tuple[str, str]]) -> tuple[pl.DataFrame, dict[tuple[str, str], int]]:
    """Attribute nodes (relation, label) sorted, and the position of each."""
    rows = sorted(nodes)
    table = pl.DataFrame(
        {
            "attribute_index": range(len(rows)),
            "relation": [relation for relation, _ in rows],
            "label": [label for _, label in rows],
        },
        schema={"attribute_index": pl.Int64, "relation": pl.Utf8, "label": pl.Utf8},
    )
    return table, {row: place for place, row in enumerate(rows)}


def _resolved(edge: EdgeTable, ids: Vocabulary, problems: list[Problem], filtered: frozenset[str]) -> pl.DataFrame:
    """Edges as indices (`source`, `target` or `label`, `weight`), sorted, each once; what was left out is reported."""
    table = edge.table
    problems.extend(table.problems)
    frame = table.frame.with_row_index("row").rename(dict(zip(table.frame.columns, ("source", "target", "weight"))))
    text = [
        pl.col(name).cast(pl.String).fill_null("").str.strip_chars().str.normalize("NFC")
        for name in ("source", "target")
    ]
    frame = frame.with_columns(*text, weight=_weights(table))
    entities = pl.DataFrame({"id": list(ids.ids), "index": pl.Series(range(len(ids)), dtype=pl.Int64)})
    frame = frame.join(entities.rename({"id": "source", "index": "source_index"}), on="source", how="left")
    if edge.kind.endswith("attribute"):
        frame = frame.with_columns(target_index=pl.when(pl.col("target") != "").then(pl.lit(0, pl.Int64)))
    else:
        frame = frame.join(entities.rename({"id": "target", "index": "target_index"}), on="target", how="left")
    frame = frame.sort("row")
    frame = _without_filtered(frame, edge, ids.kind, problems, filtered)
    frame = _without_unknown(frame, edge, ids.kind, problems)
    if edge.kind.endswith("attribute"):
        merged = (
            frame.group_by(source="source_index", label="target").agg(pl.col("weight").max()).sort("source", "label")
        )
    else:
        frame = _without_loops(frame, edge, problems)
        low, high = pl.min_horizontal("source_index", "target_index"), pl.max_horizontal("source_index", "target_index")
        merged = frame.group_by(source=low, target=high).agg(pl.col("weight").max()).sort("source", "target")
    if merged.height < frame.height:
        n = frame.height - merged.height
        message = f"{n:,} edges of {edge.name!r} stand there more than once (in either direction); each was kept once."
        problems.append(Problem("duplicate_edges", "info", n, "merged", message, table.file))
    return merged


def _weights(table: Table) -> pl.Series:
    """Weights as positive numbers; 1 where there is no such column. DataError with line and value otherwise."""
    if table.frame.width < 3:
        return pl.Series("weight", np.ones(table.frame.height))
    name = table.frame.columns[2]
    text = table.frame[name].cast(pl.String)
    weight = text.str.strip_chars().cast(pl.Float64, strict=False).fill_null(-1.0)
    bad = np.flatnonzero(~((weight > 0) & weight.is_finite()).to_numpy())
    if len(bad):
        line, value = table.line(bad[0]), text[int(bad[0])] or ""
        raise DataError(
            f"{table.file} line {line:,}, column {name!r}: {value!r} is not a positive weight.",
            "Repair the line, or leave the column out.",
            file=table.file,
            line=line,
            column=name,
            value=value,
            count=len(bad),
        )
    return weight.alias("weight")


def _without_filtered(
    frame: pl.DataFrame, edge: EdgeTable, kind: str, problems: list[Problem], filtered: frozenset[str]
) -> pl.DataFrame:
    """Without the edges to ids that a filter of this import left out of the log."""
    ends = ["source"] if edge.kind.endswith("attribute") else ["source", "target"]
    gone = pl.any_horizontal(pl.col(end).is_in(list(filtered)) for end in ends)
    left = frame.filter(gone) if filtered else frame.clear()
    if not left.height:
        return frame
    lines = edge.table.where(left["row"].to_numpy())
    message = (
        f"{left.height:,} edges of {edge.name!r} lead to a {kind} that a filter left out (k-core, --keep, rating, "
        "time ...) and were left out with it."
    )
    problems.append(
        Problem("edges_to_filtered", "info", left.height, "left out", message, edge.table.file, lines[0], lines=lines)
    )
    return frame.filter(~gone)


def _without_unknown(frame: pl.DataFrame, edge: EdgeTable, kind: str, problems: list[Problem]) -> pl.DataFrame:
    known = frame.filter(pl.col("source_index").is_not_null() & pl.col("target_index").is_not_null())
    n_gone = frame.height - known.height
    if not n_gone:
        return known
    gone = frame.filter(pl.col("source_index").is_null() | pl.col("target_index").is_null())
    first = gone.row(0, named=True)
    value = first["source"] if first["source_index"] is None else first["target"]
    line = edge.table.line(first["row"])
    if known.height < frame.height / 2:
        raise DataError(
            f"{edge.table.file}: {n_gone:,} of {frame.height:,} edges name a {kind} that is not in the log.",
            f"Check that its ids are those of the log ({value!r} on line {line:,} is not).",
            file=edge.table.file,
            line=line,
            value=value,
            count=n_gone,
        )
    message = f"{n_gone:,} edges of {edge.name!r} name a {kind} that is not in the log and were left out."
    lines = edge.table.where(gone["row"].to_numpy())
    problems.append(
        Problem("unknown_edge_ends", "warning", n_gone, "dropped", message, edge.table.file, line, None, value, lines)
    )
    return known


def _without_loops(frame: pl.DataFrame, edge: EdgeTable, problems: list[Problem]) -> pl.DataFrame:
    loops = frame.filter(pl.col("source_index") == pl.col("target_index"))
    if loops.height:
        message = f"{loops.height:,} edges of {edge.name!r} join a node with itself and were left out."
        lines = edge.table.where(loops["row"].to_numpy())
        problems.append(
            Problem("self_loops", "warning", loops.height, "dropped", message, edge.table.file, lines[0], lines=lines)
        )
    return frame.filter(pl.col("source_index") != pl.col("target_index"))
