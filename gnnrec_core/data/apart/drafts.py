"""A source that has been read, as files: Parquet for its columns, JSON for the rest. Parsing children hand it back."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from gnnrec_core.base.checked import parse, read_bytes
from gnnrec_core.base.errors import DataError
from gnnrec_core.data.dataset import Problem
from gnnrec_core.data.formats.source import EdgeTable, Part, Roles, SourceLog, Table

MOST_BYTES = 2**30
"""Memory that the columns of a draft may take in the server."""


def save_log(log: SourceLog, folder: Path) -> None:
    """Write `log` into the existing `folder`. DataError where its columns take more than `MOST_BYTES` of memory."""
    tables = [part.table for part in log.parts] + [edge.table for edge in log.edges]
    tables += [table for table in (log.users, log.items) if table is not None]
    size = sum(int(table.frame.estimated_size()) for table in tables)
    if size > MOST_BYTES:
        raise DataError(
            f"{log.name} takes {size / 2**20:,.0f} MiB of memory; the page tries choices on at most "
            f"{MOST_BYTES // 2**20:,}.",
            "Import it with `gnnrec data import`.",
            file=log.name,
        )
    card = {
        "name": log.name,
        "format": log.format,
        "location": log.location,
        "shown": log.shown is not None,
        "problems": [asdict(problem) for problem in log.problems],
        "parts": [
            {"roles": asdict(part.roles), "split": part.split, "table": _save_table(part.table, folder, f"part_{n}")}
            for n, part in enumerate(log.parts)
        ],
        "edges": [
            {"name": edge.name, "kind": edge.kind, "table": _save_table(edge.table, folder, f"edges_{n}")}
            for n, edge in enumerate(log.edges)
        ],
        "users": None if log.users is None else _save_table(log.users, folder, "users"),
        "items": None if log.items is None else _save_table(log.items, folder, "items"),
    }
    if log.shown is not None:
        log.shown.write_parquet(folder / "shown.parquet", compression="lz4")
    (folder / "log.json").write_text(json.dumps(card, ensure_ascii=True, default=str), encoding="utf-8")


def load_log(folder: Path) -> SourceLog:
    """The log that `save_log` wrote into `folder`."""
    card = parse(read_bytes(folder / "log.json"))
    return SourceLog(
        card["name"],
        card["format"],
        tuple(
            Part(_load_table(part["table"], folder, f"part_{n}"), _roles(part["roles"]), part["split"])
            for n, part in enumerate(card["parts"])
        ),
        None if card["users"] is None else _load_table(card["users"], folder, "users"),
        None if card["items"] is None else _load_table(card["items"], folder, "items"),
        tuple(
            EdgeTable(edge["name"], edge["kind"], _load_table(edge["table"], folder, f"edges_{n}"))
            for n, edge in enumerate(card["edges"])
        ),
        _problems(card["problems"]),
        pl.read_parquet(folder / "shown.parquet") if card["shown"] else None,
        card["location"],
    )


def _roles(card: dict[str, Any]) -> Roles:
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in card.items()}
    return Roles(**values)


def _save_table(table: Table, folder: Path, stem: str) -> dict[str, Any]:
    table.frame.write_parquet(folder / f"{stem}.parquet", compression="lz4")
    if table.lines is not None:
        pl.DataFrame({"line": np.asarray(table.lines)}).write_parquet(folder / f"{stem}.lines.parquet")
    return {
        "file": table.file,
        "n_in": int(table.n_in),
        "first_line": int(table.first_line),
        "has_lines": table.lines is not None,
        "codes": table.codes,
        "amounts": table.amounts,
        "problems": [asdict(problem) for problem in table.problems],
    }


def _load_table(card: dict[str, Any], folder: Path, stem: str) -> Table:
    lines = pl.read_parquet(folder / f"{stem}.lines.parquet")["line"].to_numpy() if card["has_lines"] else None
    frame = pl.read_parquet(folder / f"{stem}.parquet")
    declared = tuple(card["codes"]), tuple(card["amounts"])
    return Table(card["file"], frame, card["n_in"], card["first_line"], lines, _problems(card["problems"]), *declared)


def _problems(cards: list[dict[str, Any]]) -> tuple[Problem, ...]:
    return tuple(Problem(**{**card, "lines": tuple(card["lines"])}) for card in cards)
